// SPDX-License-Identifier: GPL-2.0-or-later
// Packets of VICI. Law: a packet that was read, written again element by element, is the same bytes.
#include <stdlib.h>
#include <string.h>

#include "wire/vici.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool law)
{
	if (!law)
		abort();
}

/// The name as a string; false where a NUL in it makes that impossible.
static bool name_of(struct vici_text text, char name[static VICI_NAME_MAX + 1])
{
	require(text.length <= VICI_NAME_MAX);
	memcpy(name, text.bytes, text.length);
	name[text.length] = '\0';
	return strlen(name) == text.length;
}

static bool copy(struct vici_writer *writer, struct vici_section section, unsigned depth)
{
	struct vici_element element;
	char name[VICI_NAME_MAX + 1];

	require(depth <= VICI_DEPTH_MAX + 1);
	while (vici_next(&section, &element)) {
		if (!name_of(element.name, name))
			return false;
		switch (element.kind) {
		case VICI_SECTION:
			vici_put_section(writer, name);
			if (!copy(writer, element.body, depth + 1))
				return false;
			vici_end_section(writer);
			break;
		case VICI_LIST:
			vici_put_list(writer, name);
			if (!copy(writer, element.body, depth + 1))
				return false;
			vici_end_list(writer);
			break;
		case VICI_VALUE:
			vici_put_bytes(writer, name, element.value.bytes, element.value.length);
			break;
		case VICI_ITEM:
			vici_put_item(writer, element.value.bytes, element.value.length);
			break;
		}
	}
	require(section.length == 0);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vici_packet packet;
	struct vici_writer writer;
	char name[VICI_NAME_MAX + 1], text[32];
	const uint8_t *again;
	size_t length = 0;

	if (size > VICI_PACKET_MAX || !vici_packet_read(data, size, &packet))
		return 0;
	vici_text_copy(vici_value(packet.message, "state"), text, sizeof(text));
	vici_number(packet.message, "uniqueid", 0);
	if (!name_of(packet.name, name))
		return 0;
	writer = vici_writer_make(packet.type, packet.type == VICI_REQUEST || packet.type == VICI_EVENT ||
							       packet.type == VICI_EVENT_REGISTER ||
							       packet.type == VICI_EVENT_UNREGISTER
						       ? name
						       : NULL);
	if (copy(&writer, packet.message, 0)) {
		again = vici_writer_finish(&writer, &length);
		require(again && length == size + VICI_HEADER_SIZE);
		require(memcmp(again + VICI_HEADER_SIZE, data, size) == 0);
	}
	vici_writer_done(&writer);
	return 0;
}
