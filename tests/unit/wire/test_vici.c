// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/vici.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct vici_packet finish_and_read(struct vici_writer *writer)
{
	struct vici_packet packet;
	size_t length = 0;
	const uint8_t *data = vici_writer_finish(writer, &length);

	assert_non_null(data);
	assert_int_equal(vici_header_read(data), length - VICI_HEADER_SIZE);
	assert_true(vici_packet_read(data + VICI_HEADER_SIZE, length - VICI_HEADER_SIZE, &packet));
	return packet;
}

/// The example of strongSwan's description of the protocol, byte by byte.
static void test_bytes(void **state)
{
	static const uint8_t expected[] = { 0, 0, 0, 51, 0, 1, 'x', 3, 4, 'k', 'e', 'y', '1', 0, 6, 'v', 'a',
		'l', 'u', 'e', '1', 1, 8, 's', 'e', 'c', 't', 'i', 'o', 'n', '1', 4, 5, 'l', 'i', 's', 't',
		'1', 5, 0, 2, 'i', '1', 5, 0, 2, 'i', '2', 6, 3, 1, 'k', 0, 0, 2 };
	struct vici_writer writer = vici_writer_make(VICI_REQUEST, "x");
	const uint8_t *data;
	size_t length;

	(void)state;
	vici_put(&writer, "key1", "value1");
	vici_put_section(&writer, "section1");
	vici_put_list(&writer, "list1");
	vici_put_item(&writer, "i1", 2);
	vici_put_item(&writer, "i2", 2);
	vici_end_list(&writer);
	vici_put(&writer, "k", "");
	vici_end_section(&writer);
	data = vici_writer_finish(&writer, &length);
	assert_non_null(data);
	assert_int_equal(length, sizeof(expected));
	assert_memory_equal(data, expected, length);
	vici_writer_done(&writer);
}

static void test_read_back(void **state)
{
	struct vici_writer writer = vici_writer_make(VICI_EVENT, "list-sa");
	struct vici_element sa, children, child, list, item;
	struct vici_section rest;
	struct vici_packet packet;
	char text[8];

	(void)state;
	vici_put_section(&writer, "conn");
	vici_put_format(&writer, "uniqueid", "%u", 17u);
	vici_put_bytes(&writer, "raw", "a\0b\n", 4);
	vici_put_section(&writer, "child-sas");
	vici_put_section(&writer, "gre-1");
	vici_put(&writer, "state", "INSTALLED");
	vici_put_single(&writer, "remote-ts", "10.0.0.1/32[gre]");
	vici_end_section(&writer);
	vici_end_section(&writer);
	vici_put(&writer, "after", "yes");
	vici_end_section(&writer);
	packet = finish_and_read(&writer);

	assert_int_equal(packet.type, VICI_EVENT);
	assert_true(vici_text_is(packet.name, "list-sa"));
	assert_true(vici_find(packet.message, VICI_SECTION, "conn", &sa));
	assert_int_equal(vici_number(sa.body, "uniqueid", 0), 17);
	assert_int_equal(vici_number(sa.body, "raw", 5), 5);
	assert_int_equal(vici_number(sa.body, "none", 6), 6);
	assert_true(vici_text_is(vici_value(sa.body, "after"), "yes"));
	assert_int_equal(vici_value(sa.body, "child-sas").length, 0); // a section, no value
	assert_string_equal(vici_text_copy(vici_value(sa.body, "raw"), text, sizeof(text)), "a?b?");
	assert_string_equal(vici_text_copy(vici_value(sa.body, "raw"), text, 3), "a?");
	assert_string_equal(vici_text_copy(vici_value(sa.body, "none"), text, sizeof(text)), "");
	assert_true(vici_find(sa.body, VICI_SECTION, "child-sas", &children));
	rest = children.body;
	assert_true(vici_next(&rest, &child));
	assert_true(vici_text_is(child.name, "gre-1"));
	assert_false(vici_next(&rest, &item));
	assert_true(vici_find(child.body, VICI_LIST, "remote-ts", &list));
	assert_true(vici_next(&list.body, &item));
	assert_int_equal(item.kind, VICI_ITEM);
	assert_true(vici_text_is(item.value, "10.0.0.1/32[gre]"));
	assert_false(vici_next(&list.body, &item));
	vici_writer_done(&writer);
}

static void test_malformed(void **state)
{
	static const struct {
		const char *what;
		uint8_t bytes[24];
		size_t length;
	} cases[] = {
		{ "empty", { 0 }, 0 },
		{ "unknown type", { 8 }, 1 },
		{ "no name", { 0 }, 1 },
		{ "name too long", { 0, 3, 'a' }, 3 },
		{ "unknown element", { 1, 7 }, 2 },
		{ "element 0", { 1, 0 }, 2 },
		{ "open section", { 1, 1, 1, 's' }, 4 },
		{ "open list", { 1, 4, 1, 'l' }, 4 },
		{ "end without section", { 1, 2 }, 2 },
		{ "end without list", { 1, 6 }, 2 },
		{ "item without list", { 1, 5, 0, 1, 'a' }, 5 },
		{ "section in list", { 1, 4, 1, 'l', 1, 1, 's', 2, 6 }, 9 },
		{ "key in list", { 1, 4, 1, 'l', 3, 1, 'k', 0, 1, 'v', 6 }, 11 },
		{ "list in list", { 1, 4, 1, 'l', 4, 1, 'l', 6, 6 }, 9 },
		{ "section's end in list", { 1, 1, 1, 's', 4, 1, 'l', 2, 6 }, 9 },
		{ "value too long", { 1, 3, 1, 'k', 0, 2, 'v' }, 7 },
		{ "value without length", { 1, 3, 1, 'k', 0 }, 5 },
	};
	uint8_t deep[1 + 4 * (VICI_DEPTH_MAX + 1)] = { VICI_RESPONSE };
	struct vici_packet packet;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		print_message("%s\n", cases[i].what);
		assert_false(vici_packet_read(cases[i].bytes, cases[i].length, &packet));
	}
	for (size_t depth = VICI_DEPTH_MAX; depth <= VICI_DEPTH_MAX + 1; depth++) {
		for (size_t i = 0; i < depth; i++) {
			memcpy(deep + 1 + 3 * i, (const uint8_t[]) { 1, 1, 's' }, 3);
			deep[1 + 3 * depth + i] = 2;
		}
		assert_int_equal(vici_packet_read(deep, 1 + 4 * depth, &packet), depth == VICI_DEPTH_MAX);
	}
}

static void test_header(void **state)
{
	(void)state;
	assert_int_equal(vici_header_read((const uint8_t[]) { 0, 0, 1, 2 }), 0x102);
	assert_int_equal(vici_header_read((const uint8_t[]) { 0, 8, 0, 0 }), VICI_PACKET_MAX);
	assert_int_equal(vici_header_read((const uint8_t[]) { 0, 8, 0, 1 }), 0);
	assert_int_equal(vici_header_read((const uint8_t[]) { 0xff, 0xff, 0xff, 0xff }), 0);
}

static void write_key_in_list(struct vici_writer *writer)
{
	vici_put_list(writer, "l");
	vici_put(writer, "k", "v");
	vici_end_list(writer);
}

static void write_item_alone(struct vici_writer *writer)
{
	vici_put_item(writer, "i", 1);
}

static void write_open_section(struct vici_writer *writer)
{
	vici_put_section(writer, "s");
}

static void write_end_alone(struct vici_writer *writer)
{
	vici_end_section(writer);
	vici_put_section(writer, "s");
}

static void write_long_name(struct vici_writer *writer)
{
	char name[VICI_NAME_MAX + 2];

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	vici_put(writer, name, "v");
}

static void write_long_value(struct vici_writer *writer)
{
	static const uint8_t value[VICI_VALUE_MAX + 1];

	vici_put_bytes(writer, "k", value, sizeof(value));
}

static void write_too_much(struct vici_writer *writer)
{
	static const uint8_t value[VICI_VALUE_MAX];

	for (size_t i = 0; i < VICI_PACKET_MAX / sizeof(value) + 1; i++)
		vici_put_bytes(writer, "k", value, sizeof(value));
}

static void test_writer_refuses(void **state)
{
	static void (*const faults[])(struct vici_writer *) = { write_key_in_list, write_item_alone,
		write_open_section, write_end_alone, write_long_name, write_long_value, write_too_much };
	size_t length;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct vici_writer writer = vici_writer_make(VICI_REQUEST, "x");

		faults[i](&writer);
		assert_null(vici_writer_finish(&writer, &length));
		vici_writer_done(&writer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_read_back),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_writer_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
