// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/nhrp_ext.h"

#include "wire/nhrp_msg.h"

const struct nhrp_ext *nhrp_ext_find(const struct nhrp_msg *msg, uint16_t type)
{
	for (size_t i = 0; i < msg->extension_count; i++) {
		if (msg->extensions[i].type == type)
			return &msg->extensions[i];
	}
	return NULL;
}

bool nhrp_ext_add(struct nhrp_msg *msg, uint16_t type, bool compulsory, const uint8_t *data, size_t length)
{
	if (msg->extension_count == NHRP_MAX_EXTENSIONS || type == NHRP_EXT_END)
		return false;
	msg->extensions[msg->extension_count++] = (struct nhrp_ext) {
		.type = type,
		.compulsory = compulsory,
		.data = data,
		.length = length,
	};
	return true;
}

bool nhrp_ext_replace(struct nhrp_msg *msg, uint16_t type, const uint8_t *data, size_t length)
{
	for (size_t i = 0; i < msg->extension_count; i++) {
		if (msg->extensions[i].type == type) {
			msg->extensions[i].data = data;
			msg->extensions[i].length = length;
			return true;
		}
	}
	return false;
}

void nhrp_ext_remove(struct nhrp_msg *msg, uint16_t type)
{
	uint8_t kept = 0;

	for (size_t i = 0; i < msg->extension_count; i++) {
		if (msg->extensions[i].type != type)
			msg->extensions[kept++] = msg->extensions[i];
	}
	msg->extension_count = kept;
}

int nhrp_ext_cies(const struct nhrp_ext *ext, uint8_t protocol_family, struct nhrp_cie *ret, int limit)
{
	struct rd rd = rd_make(ext->data, ext->length);
	int count = 0;

	while (rd_left(&rd) > 0) {
		struct nhrp_cie cie;

		nhrp_cie_read(&rd, ADDR_NONE, &cie);
		if (!rd_ok(&rd) || count == limit)
			return -1;
		if (cie.protocol.family != protocol_family)
			cie.protocol = (struct addr) { 0 };
		ret[count++] = cie;
	}
	return count;
}

size_t nhrp_ext_append_cie(
	const struct nhrp_ext *ext, const struct nhrp_cie *cie, uint8_t *buffer, size_t capacity)
{
	struct wr wr = wr_make(buffer, capacity);

	if (ext)
		wr_bytes(&wr, ext->data, ext->length);
	nhrp_cie_write(&wr, cie);
	return wr_finish(&wr);
}
