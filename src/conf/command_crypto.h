// SPDX-License-Identifier: GPL-2.0-or-later
/// What the commands of all `crypto` blocks have in common.
#pragma once

#include <stdio.h>

#include "conf/command.h"

/// The name in a command that opens a block, `crypto … NAME …`.
const char *command_crypto_name(const struct match *match);
/// Index of the entry of that name in a list of structs that begin with their name, or `count`.
size_t command_crypto_find(const void *list, size_t count, size_t size, const char *name);
/// The same; where there is none, one is appended that has only the name. SIZE_MAX and an error where the
/// list is full.
size_t command_crypto_open(
	struct draft *draft, const struct match *match, void *list, size_t *count, size_t size);

/// Reads the names of algorithms of one kind from word `first` on; an unknown or weak one is an error, and
/// `list` stays as it was.
void command_algorithms(struct draft *draft, const struct match *match, size_t first,
	enum algorithm_kind kind, struct crypto_algorithms *list);
void command_print_algorithms(FILE *out, const char *keyword, const struct crypto_algorithms *list);
/// The secret in SECRET; NULL, and an error, where it is encrypted by a router. `match` is a line with
/// `[{0|6}] SECRET`.
struct secret *command_secret(struct draft *draft, const struct match *match);
void command_print_secret(FILE *out, const struct secret *secret, bool hide_secrets);
/// Puts the identity of the line into `identity`: `address NETWORK [MASK]`, `fqdn [domain] NAME`, …
void command_identity(const struct match *match, struct crypto_identity *identity);
void command_print_identity(FILE *out, const struct crypto_identity *identity);
/// Puts the line's NAME in place of what a name was, NULL with `no`, and notes that a block of that context
/// has to have it.
void command_reference(struct draft *draft, const struct match *match, unsigned context, char **name);
