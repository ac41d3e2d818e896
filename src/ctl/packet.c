// SPDX-License-Identifier: GPL-2.0-or-later
// The authentication extension is named but never shown: it may hold the password.
#include "ctl/packet.h"

#include "base/attr.h"
#include "ctl/view.h"
#include "wire/nhrp_msg.h"

static json_t *flag_names(const struct nhrp_msg *msg)
{
	static const struct {
		uint16_t flag;
		const char *resolution, *registration, *purge;
	} names[] = {
		{ 0x8000, "router", "unique", "no-reply" },
		{ NHRP_FLAG_AUTHORITATIVE, "auth", NULL, NULL },
		{ NHRP_FLAG_DST_STABLE, "dst-stable", NULL, NULL },
		{ NHRP_FLAG_UNIQUE, "unique", NULL, NULL },
		{ NHRP_FLAG_SRC_STABLE, "src-stable", NULL, NULL },
		{ NHRP_FLAG_NAT, "nat", "nat", NULL },
	};
	bool resolution = msg->type == NHRP_RESOLUTION_REQUEST || msg->type == NHRP_RESOLUTION_REPLY;
	bool registration = msg->type == NHRP_REGISTRATION_REQUEST || msg->type == NHRP_REGISTRATION_REPLY;
	json_t *list = json_array();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *name = resolution     ? names[i].resolution
				   : registration ? names[i].registration
						  : names[i].purge;
		if ((msg->flags & names[i].flag) && name != NULL)
			json_array_append_new(list, json_string(name));
	}
	return list;
}

static json_t *cie_view(const struct nhrp_cie *cie)
{
	return json_pack("{s:i, s:s, s:i, s:i, s:i, s:o, s:o, s:i}", "code", (int)cie->code, "code_name",
		nhrp_code_name(cie->code), "prefix_length", (int)cie->prefix_length, "mtu", (int)cie->mtu,
		"holding_time", (int)cie->holding_time, "nbma", view_addr(cie->nbma), "protocol",
		view_addr(cie->protocol), "preference", (int)cie->preference);
}

static json_t *cie_list(const struct nhrp_cie *cies, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, cie_view(&cies[i]));
	return list;
}

static const char *extension_name(uint16_t type)
{
	switch ((enum nhrp_ext_type)type) {
	case NHRP_EXT_RESPONDER:
		return "Responder Address";
	case NHRP_EXT_FORWARD_TRANSIT:
		return "Forward Transit NHS Record";
	case NHRP_EXT_REVERSE_TRANSIT:
		return "Reverse Transit NHS Record";
	case NHRP_EXT_AUTHENTICATION:
		return "Authentication";
	case NHRP_EXT_VENDOR:
		return "Vendor Private";
	case NHRP_EXT_NAT_ADDRESS:
		return "NAT address";
	case NHRP_EXT_END:
		break;
	}
	return "unknown";
}

static json_t *extension_view(const struct nhrp_ext *extension, uint8_t family)
{
	struct nhrp_cie cies[NHRP_MAX_CIES];
	int count = 0;
	if (extension->type != NHRP_EXT_AUTHENTICATION && extension->type != NHRP_EXT_VENDOR)
		count = nhrp_ext_cies(extension, family, cies, NHRP_MAX_CIES);
	return json_pack("{s:i, s:s, s:b, s:i, s:o}", "type", (int)extension->type, "name",
		extension_name(extension->type), "compulsory", extension->compulsory, "length",
		(int)extension->length, "cies", cie_list(cies, count > 0 ? (size_t)count : 0));
}

static void add_message(json_t *view, const struct nhrp_msg *msg)
{
	json_t *extensions = json_array();
	for (size_t i = 0; i < msg->extension_count; i++)
		json_array_append_new(extensions, extension_view(&msg->extensions[i], msg->protocol_family));
	json_t *fields = json_pack("{s:s, s:i, s:i, s:i, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "type",
		nhrp_type_name(msg->type), "afn", msg->src_nbma.family == ADDR_IPV6 ? 2 : 1, "protocol_type",
		msg->protocol_family == ADDR_IPV6 ? 0x86dd : 0x0800, "hop_count", (int)msg->hop_count,
		"request_id", (json_int_t)msg->request_id, "flags", flag_names(msg), "src_nbma",
		view_addr(msg->src_nbma), "src_protocol", view_addr(msg->src_protocol), "dst_protocol",
		view_addr(msg->dst_protocol), "cies", cie_list(msg->cies, msg->cie_count), "extensions",
		extensions);
	if (msg->type == NHRP_ERROR_INDICATION)
		json_object_set_new(fields, "error", json_string(nhrp_error_name(msg->error_code)));
	if (msg->type == NHRP_TRAFFIC_INDICATION)
		json_object_set_new(fields, "traffic_code", json_integer(msg->traffic_code));
	json_object_update(view, fields);
	json_decref(fields);
}

json_t *packet_view(const struct packet_report *report)
{
	struct nhrp_msg msg;
	enum nhrp_decode_status status = nhrp_msg_decode(report->packet, report->length, &msg, NULL);
	json_t *view = json_pack("{s:s, s:s, s:b, s:o, s:I}", "schema", "dmvpn/packet/1", "interface",
		report->interface, "received", report->received, "nbma", view_addr(report->nbma), "size",
		(json_int_t)report->length);
	if (report->length >= NHRP_FIXED_SIZE)
		json_object_set_new(view, "extension_offset",
			json_integer(report->packet[NHRP_OFFSET_EXTENSIONS] << 8 |
				     report->packet[NHRP_OFFSET_EXTENSIONS + 1]));
	if (status == NHRP_DECODE_OK)
		add_message(view, &msg);
	else
		json_object_set_new(view, "malformed", json_string(nhrp_decode_status_text(status)));
	return view;
}

bool packet_concerns(const struct packet_report *report, struct addr addr)
{
	struct nhrp_msg msg;
	if (addr_equal(report->nbma, addr))
		return true;
	if (nhrp_msg_decode(report->packet, report->length, &msg, NULL) != NHRP_DECODE_OK)
		return false;
	return addr_equal(msg.src_protocol, addr) || addr_equal(msg.dst_protocol, addr) ||
	       addr_equal(msg.src_nbma, addr);
}
