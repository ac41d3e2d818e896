// SPDX-License-Identifier: GPL-2.0-or-later
/// The types of arguments in a command's syntax: which words they accept, and the values of these words.
/// Numbers are written <LOW-HIGH>, the other types are names in capital letters.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define ARG_DESCRIPTION_SIZE 80

/// Is this element of a syntax an argument, not a keyword?
bool arg_is(const char *element);
/// Does it take nearly every word, so that an abbreviated keyword is not to be told from it?
bool arg_is_free_text(const char *element);
/// Is it a secret, not to be shown?
bool arg_is_secret(const char *element);
/// Does it take the whole rest of the line?
bool arg_is_line(const char *element);
bool arg_accepts(const char *element, const char *word);
/// What it accepts, for a person: "a number from 2 to 30". Returns `buffer`.
const char *arg_describe(const char *element, char buffer[static ARG_DESCRIPTION_SIZE]);

/// Decimal digits only, up to UINT32_MAX.
bool arg_number(const char *word, uint32_t *ret) MUST_CHECK;
bool arg_ipv4(const char *word, struct addr *ret) MUST_CHECK;
/// The length of a dotted mask.
bool arg_mask(const char *word, uint8_t *ret_length) MUST_CHECK;
/// "192.0.2.1/24"; `ret->addr` keeps the host's bits.
bool arg_prefix(const char *word, struct prefix *ret) MUST_CHECK;
