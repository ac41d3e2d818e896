// SPDX-License-Identifier: GPL-2.0-or-later
/// Messages of VICI, strongSwan's control protocol: a packet has a type and, for some, a name; its message is
/// a tree of sections, lists and key-values. A message is written in order into memory that grows, and read
/// where it lies: a section is a span of bytes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define VICI_HEADER_SIZE 4            ///< before each packet on the socket: its length
#define VICI_PACKET_MAX  (512 * 1024) ///< bytes; strongSwan's own limit
#define VICI_DEPTH_MAX   16           ///< sections inside each other; more is refused
#define VICI_NAME_MAX    255          ///< bytes of a name
#define VICI_VALUE_MAX   65535        ///< bytes of a value

enum vici_type {
	VICI_REQUEST = 0,
	VICI_RESPONSE = 1,
	VICI_REQUEST_UNKNOWN = 2, ///< there is no such command
	VICI_EVENT_REGISTER = 3,
	VICI_EVENT_UNREGISTER = 4,
	VICI_EVENT_CONFIRM = 5,
	VICI_EVENT_UNKNOWN = 6, ///< there is no such event
	VICI_EVENT = 7,
};

/// Bytes in a packet, borrowed; they may hold anything, also NUL.
struct vici_text {
	const char *bytes;
	size_t length;
};

/// The elements of a section (or the items of a list) in a packet, borrowed.
struct vici_section {
	const uint8_t *data;
	size_t length;
};

struct vici_packet {
	enum vici_type type;
	struct vici_text name; ///< of REQUEST, EVENT_REGISTER, EVENT_UNREGISTER and EVENT
	struct vici_section message;
};

/// The length of the packet behind a header on the socket; 0 where it is not one that we take.
size_t vici_header_read(const uint8_t header[static VICI_HEADER_SIZE]);
/// Reads a packet (without the header) and checks the whole of its message.
bool vici_packet_read(const uint8_t *packet, size_t length, struct vici_packet *ret) MUST_CHECK;

enum vici_kind {
	VICI_SECTION,
	VICI_VALUE,
	VICI_LIST,
	VICI_ITEM, ///< in a list; without a name
};

struct vici_element {
	enum vici_kind kind;
	struct vici_text name;
	struct vici_text value;   ///< VALUE, ITEM
	struct vici_section body; ///< SECTION, LIST
};

/// Takes the next element off the front of `rest`; false at the end.
bool vici_next(struct vici_section *rest, struct vici_element *ret) MUST_CHECK;
/// The first element of this kind and name directly in the section.
bool vici_find(struct vici_section section, enum vici_kind kind, const char *name,
	struct vici_element *ret) MUST_CHECK;
/// The value of a key, empty where there is none.
struct vici_text vici_value(struct vici_section section, const char *key);
/// Is it exactly this string?
bool vici_text_is(struct vici_text text, const char *string);
/// Copies it as a string, cut to `size` (at least 1) with its NUL; bytes that are not printable become "?".
/// Returns `buffer`.
char *vici_text_copy(struct vici_text text, char *buffer, size_t size);
/// The number in a value; `otherwise` where it has none.
uint64_t vici_number(struct vici_section section, const char *key, uint64_t otherwise);

/// A packet being written, with its header. Sections and lists are to be closed in order. What does not fit
/// makes it fail for good.
struct vici_writer {
	uint8_t *data;
	size_t length;
	size_t capacity;
	unsigned depth;
	bool in_list;
	bool failed;
};

/// Starts a packet; `name` is NULL where the type has none. vici_writer_done() frees it.
struct vici_writer vici_writer_make(enum vici_type type, const char *name);
void vici_put_section(struct vici_writer *writer, const char *name);
void vici_end_section(struct vici_writer *writer);
void vici_put(struct vici_writer *writer, const char *key, const char *value);
void vici_put_bytes(struct vici_writer *writer, const char *key, const void *bytes, size_t length);
void vici_put_format(struct vici_writer *writer, const char *key, const char *format, ...) PRINTF_LIKE(3, 4);
void vici_put_list(struct vici_writer *writer, const char *name);
void vici_put_item(struct vici_writer *writer, const void *bytes, size_t length);
void vici_end_list(struct vici_writer *writer);
/// A list of one string.
void vici_put_single(struct vici_writer *writer, const char *name, const char *value);
/// The packet with its header, which belongs to the writer; NULL where it is not whole, or too large.
const uint8_t *vici_writer_finish(struct vici_writer *writer, size_t *ret_length) MUST_CHECK;
/// Frees it, after overwriting it: there may be secrets in it.
void vici_writer_done(struct vici_writer *writer);
