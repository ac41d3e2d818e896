// SPDX-License-Identifier: GPL-2.0-or-later
/// Fields of views, and the forms in which routers write them. A field that is missing or null reads as
/// an empty string, zero or false, so that a newer or older daemon never breaks the client.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

const char *field_text(const json_t *object, const char *key);
long long field_number(const json_t *object, const char *key);
bool field_true(const json_t *object, const char *key);
bool field_is_null(const json_t *object, const char *key);
/// Is `text` in the list of strings `key`?
bool field_lists(const json_t *object, const char *key, const char *text);

#define FIELD_SIZE 32

/// Seconds as "00:01:07", "1d02h", "3w4d" or "1y10w"; "never" where the field is null.
char *field_time(const json_t *object, const char *key, char buffer[static FIELD_SIZE]);
/// The device "tunnel1" as "Tunnel1"; other names as they are.
char *field_interface(const json_t *object, char buffer[static FIELD_SIZE]);
/// The device "tunnel1" as "Tu1"; other names as they are.
char *field_interface_short(const json_t *object, char buffer[static FIELD_SIZE]);
/// The two halves of "up/up" of an interface: what the administrator wants, and whether it works. Where the
/// kernel's device is shown as waiting, routing daemons take it for down, and so do we.
const char *field_admin_state(const json_t *interface);
const char *field_line_protocol(const json_t *interface);
/// A prefix "10.0.0.1/24" without its length.
char *field_address(const json_t *object, const char *key, char *buffer, size_t size);
