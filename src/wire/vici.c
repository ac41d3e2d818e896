// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/vici.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/rd.h"
#include "base/wr.h"

/// The elements on the wire.
enum {
	SECTION_START = 1,
	SECTION_END = 2,
	KEY_VALUE = 3,
	LIST_START = 4,
	LIST_ITEM = 5,
	LIST_END = 6,
};

static bool has_name(enum vici_type type)
{
	return type == VICI_REQUEST || type == VICI_EVENT_REGISTER || type == VICI_EVENT_UNREGISTER ||
	       type == VICI_EVENT;
}

/* Reading. */

size_t vici_header_read(const uint8_t header[static VICI_HEADER_SIZE])
{
	struct rd rd = rd_make(header, VICI_HEADER_SIZE);
	uint32_t length = rd_u32(&rd);

	return length > VICI_PACKET_MAX ? 0 : length;
}

static struct vici_text read_text(struct rd *rd, size_t length)
{
	// Text of no length has an address all the same, so that it can be given to memcpy() and the like.
	const void *bytes = rd_bytes(rd, length);

	return (struct vici_text) { bytes ? bytes : "", bytes ? length : 0 };
}

/// Reads one element off the wire, flat: `body` stays empty. Its type on the wire, or 0 where it is
/// malformed.
static uint8_t read_element(struct rd *rd, struct vici_element *ret)
{
	uint8_t type = rd_u8(rd);

	*ret = (struct vici_element) { .name = { "", 0 }, .value = { "", 0 } };
	if (type == SECTION_START || type == KEY_VALUE || type == LIST_START)
		ret->name = read_text(rd, rd_u8(rd));
	if (type == KEY_VALUE || type == LIST_ITEM)
		ret->value = read_text(rd, rd_u16(rd));
	return rd_ok(rd) && type >= SECTION_START && type <= LIST_END ? type : 0;
}

/// Is it a whole and well-formed message?
static bool is_message(const uint8_t *data, size_t length)
{
	struct rd rd = rd_make(data, length);
	struct vici_element element;
	unsigned depth = 0;
	bool in_list = false;

	while (rd_left(&rd) > 0) {
		switch (read_element(&rd, &element)) {
		case SECTION_START:
			if (in_list || ++depth > VICI_DEPTH_MAX)
				return false;
			break;
		case SECTION_END:
			if (in_list || depth-- == 0)
				return false;
			break;
		case KEY_VALUE:
			if (in_list)
				return false;
			break;
		case LIST_START:
			if (in_list)
				return false;
			in_list = true;
			break;
		case LIST_ITEM:
			if (!in_list)
				return false;
			break;
		case LIST_END:
			if (!in_list)
				return false;
			in_list = false;
			break;
		default:
			return false;
		}
	}
	return rd_ok(&rd) && depth == 0 && !in_list;
}

bool vici_packet_read(const uint8_t *packet, size_t length, struct vici_packet *ret)
{
	struct rd rd = rd_make(packet, length);
	uint8_t type = rd_u8(&rd);
	struct vici_text name = { "", 0 };

	if (type > VICI_EVENT)
		return false;
	if (has_name(type))
		name = read_text(&rd, rd_u8(&rd));
	if (!rd_ok(&rd) || !is_message(packet + rd.offset, rd_left(&rd)))
		return false;
	*ret = (struct vici_packet) { type, name, { packet + rd.offset, rd_left(&rd) } };
	return true;
}

/// Moves the reader behind the end of the section or list that was just opened, and gives what is inside.
static struct vici_section read_body(struct rd *rd)
{
	size_t start = rd->offset, end = start;
	struct vici_element element;

	for (unsigned depth = 1; depth > 0;) {
		uint8_t type;

		end = rd->offset;
		type = read_element(rd, &element);
		if (type == SECTION_START || type == LIST_START)
			depth++;
		else if (type == SECTION_END || type == LIST_END)
			depth--;
		else if (type == 0)
			break;
	}
	return (struct vici_section) { rd->data + start, end - start };
}

bool vici_next(struct vici_section *rest, struct vici_element *ret)
{
	struct rd rd = rd_make(rest->data, rest->length);
	struct vici_element element;

	switch (rest->length == 0 ? 0 : read_element(&rd, &element)) {
	case SECTION_START:
		element.kind = VICI_SECTION;
		element.body = read_body(&rd);
		break;
	case LIST_START:
		element.kind = VICI_LIST;
		element.body = read_body(&rd);
		break;
	case KEY_VALUE:
		element.kind = VICI_VALUE;
		break;
	case LIST_ITEM:
		element.kind = VICI_ITEM;
		break;
	default:
		return false;
	}
	rest->data += rd.offset;
	rest->length -= rd.offset;
	*ret = element;
	return true;
}

bool vici_find(struct vici_section section, enum vici_kind kind, const char *name, struct vici_element *ret)
{
	struct vici_element element;

	while (vici_next(&section, &element)) {
		if (element.kind == kind && vici_text_is(element.name, name)) {
			*ret = element;
			return true;
		}
	}
	return false;
}

struct vici_text vici_value(struct vici_section section, const char *key)
{
	struct vici_element element;

	return vici_find(section, VICI_VALUE, key, &element) ? element.value : (struct vici_text) { "", 0 };
}

bool vici_text_is(struct vici_text text, const char *string)
{
	return text.length == strlen(string) && memcmp(text.bytes, string, text.length) == 0;
}

char *vici_text_copy(struct vici_text text, char *buffer, size_t size)
{
	size_t length = text.length < size ? text.length : size - 1;

	for (size_t i = 0; i < length; i++) {
		uint8_t c = (uint8_t)text.bytes[i];

		buffer[i] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
	}
	buffer[length] = '\0';
	return buffer;
}

uint64_t vici_number(struct vici_section section, const char *key, uint64_t otherwise)
{
	struct vici_text text = vici_value(section, key);
	uint64_t number = 0;

	if (text.length == 0 || text.length > 19)
		return otherwise;
	for (size_t i = 0; i < text.length; i++) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9')
			return otherwise;
		number = number * 10 + (uint64_t)(text.bytes[i] - '0');
	}
	return number;
}

/* Writing. */

static void erase(uint8_t *data, size_t length)
{
	if (data)
		explicit_bzero(data, length);
}

/// Room for `length` more bytes, as a writer over just them. What grows is copied by hand, so that no secret
/// stays behind in memory that was given back.
static struct wr reserve(struct vici_writer *writer, size_t length)
{
	size_t needed = writer->length + length;
	struct wr wr;

	if (needed > VICI_HEADER_SIZE + VICI_PACKET_MAX)
		writer->failed = true;
	if (writer->failed)
		return (struct wr) { .failed = true };
	if (needed > writer->capacity) {
		size_t capacity = needed < 512 ? 512 : needed * 2;
		uint8_t *data = alloc_zeroed(capacity, 1);

		if (writer->length > 0)
			memcpy(data, writer->data, writer->length);
		erase(writer->data, writer->length);
		free(writer->data);
		writer->data = data;
		writer->capacity = capacity;
	}
	wr = wr_make(writer->data + writer->length, length);
	writer->length = needed;
	return wr;
}

/// Writes an element; `name` and `value` are NULL where it has none.
static void put(struct vici_writer *writer, uint8_t type, const char *name, const void *value, size_t length)
{
	size_t name_length = name ? strlen(name) : 0;
	struct wr wr;

	if (name_length > VICI_NAME_MAX || length > VICI_VALUE_MAX) {
		writer->failed = true;
		return;
	}
	wr = reserve(writer, 1 + (name ? 1 + name_length : 0) + (value ? 2 + length : 0));
	wr_u8(&wr, type);
	if (name) {
		wr_u8(&wr, name_length);
		wr_bytes(&wr, name, name_length);
	}
	if (value) {
		wr_u16(&wr, length);
		wr_bytes(&wr, value, length);
	}
}

/// Makes the writer fail where an element has no business here.
static void require(struct vici_writer *writer, bool condition)
{
	if (!condition)
		writer->failed = true;
}

struct vici_writer vici_writer_make(enum vici_type type, const char *name)
{
	struct vici_writer writer = { 0 };
	struct wr header = reserve(&writer, VICI_HEADER_SIZE);

	wr_zeros(&header, VICI_HEADER_SIZE);
	require(&writer, has_name(type) == (name != NULL));
	put(&writer, (uint8_t)type, name, NULL, 0);
	return writer;
}

void vici_put_section(struct vici_writer *writer, const char *name)
{
	require(writer, !writer->in_list && writer->depth < VICI_DEPTH_MAX);
	writer->depth++;
	put(writer, SECTION_START, name, NULL, 0);
}

void vici_end_section(struct vici_writer *writer)
{
	require(writer, !writer->in_list && writer->depth > 0);
	writer->depth--;
	put(writer, SECTION_END, NULL, NULL, 0);
}

void vici_put_bytes(struct vici_writer *writer, const char *key, const void *bytes, size_t length)
{
	require(writer, !writer->in_list);
	put(writer, KEY_VALUE, key, length > 0 ? bytes : "", length);
}

void vici_put(struct vici_writer *writer, const char *key, const char *value)
{
	vici_put_bytes(writer, key, value, strlen(value));
}

void vici_put_format(struct vici_writer *writer, const char *key, const char *format, ...)
{
	char text[512];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	require(writer, length >= 0 && (size_t)length < sizeof(text));
	vici_put(writer, key, text);
}

void vici_put_list(struct vici_writer *writer, const char *name)
{
	require(writer, !writer->in_list);
	writer->in_list = true;
	put(writer, LIST_START, name, NULL, 0);
}

void vici_put_item(struct vici_writer *writer, const void *bytes, size_t length)
{
	require(writer, writer->in_list);
	put(writer, LIST_ITEM, NULL, length > 0 ? bytes : "", length);
}

void vici_end_list(struct vici_writer *writer)
{
	require(writer, writer->in_list);
	writer->in_list = false;
	put(writer, LIST_END, NULL, NULL, 0);
}

void vici_put_single(struct vici_writer *writer, const char *name, const char *value)
{
	vici_put_list(writer, name);
	vici_put_item(writer, value, strlen(value));
	vici_end_list(writer);
}

const uint8_t *vici_writer_finish(struct vici_writer *writer, size_t *ret_length)
{
	struct wr header;

	if (writer->failed || writer->depth > 0 || writer->in_list)
		return NULL;
	header = wr_make(writer->data, VICI_HEADER_SIZE);
	wr_u32(&header, writer->length - VICI_HEADER_SIZE);
	*ret_length = writer->length;
	return writer->data;
}

void vici_writer_done(struct vici_writer *writer)
{
	erase(writer->data, writer->length);
	free(writer->data);
	*writer = (struct vici_writer) { .failed = true };
}
