// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/neigh.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>

#include "linux/device.h"
#include "linux/rtnl.h"

static struct nlmsghdr *begin(
	struct rtnl *rtnl, uint16_t type, uint16_t flags, uint32_t device, struct addr address)
{
	struct nlmsghdr *message = rtnl_begin(rtnl, type, flags);
	struct ndmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->ndm_family = rtnl_family(address);
	header->ndm_ifindex = (int)device;
	header->ndm_state = type == RTM_NEWNEIGH ? NUD_PERMANENT : 0;
	rtnl_put_addr(message, NDA_DST, address);
	return message;
}

bool neigh_set(struct rtnl *rtnl, const struct neighbour *neighbour, struct err *err)
{
	struct nlmsghdr *message = begin(
		rtnl, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, neighbour->device, neighbour->address);
	char text[ADDR_TEXT_SIZE], name[DEVICE_NAME_TEXT_SIZE];

	mnl_attr_put(message, NDA_LLADDR, neighbour->lladdr.length, neighbour->lladdr.bytes);
	mnl_attr_put_u8(message, NDA_PROTOCOL, RTNL_PROTOCOL);
	return rtnl_send(rtnl) ||
	       rtnl_fail(rtnl, err, "set the neighbour %s on %s", addr_format(neighbour->address, text),
		       device_name(neighbour->device, name));
}

bool neigh_delete(struct rtnl *rtnl, uint32_t device, struct addr address, struct err *err)
{
	char text[ADDR_TEXT_SIZE], name[DEVICE_NAME_TEXT_SIZE];

	begin(rtnl, RTM_DELNEIGH, 0, device, address);
	return rtnl_send(rtnl) || rtnl_code(rtnl) == ENOENT || rtnl_code(rtnl) == ENODEV ||
	       rtnl_fail(rtnl, err, "delete the neighbour %s on %s", addr_format(address, text),
		       device_name(device, name));
}

bool neigh_read(const struct nlmsghdr *message, struct neighbour *ret, uint8_t *ret_protocol)
{
	const struct ndmsg *header = mnl_nlmsg_get_payload(message);
	struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		return false;
	*ret = (struct neighbour) { .device = (uint32_t)header->ndm_ifindex };
	*ret_protocol = 0;
	mnl_attr_for_each (attr, message, sizeof(*header)) {
		uint16_t length = mnl_attr_get_payload_len(attr);

		switch (mnl_attr_get_type(attr)) {
		case NDA_DST:
			ret->address = rtnl_addr(attr);
			break;
		case NDA_LLADDR:
			if (length > sizeof(ret->lladdr.bytes))
				return false;
			ret->lladdr.length = (uint8_t)length;
			memcpy(ret->lladdr.bytes, mnl_attr_get_payload(attr), length);
			break;
		case NDA_PROTOCOL:
			*ret_protocol = mnl_attr_get_u8(attr);
			break;
		}
	}
	return addr_is_set(ret->address);
}

struct dump {
	void (*visit)(void *context, const struct neighbour *neighbour);
	void *context;
};

static void on_message(void *context, const struct nlmsghdr *message)
{
	const struct dump *dump = context;
	struct neighbour neighbour;
	uint8_t protocol;

	if (neigh_read(message, &neighbour, &protocol) && protocol == RTNL_PROTOCOL)
		dump->visit(dump->context, &neighbour);
}

bool neigh_dump(struct rtnl *rtnl, void (*visit)(void *context, const struct neighbour *neighbour),
	void *context, struct err *err)
{
	struct dump dump = { visit, context };
	struct ndmsg *header = mnl_nlmsg_put_extra_header(rtnl_begin(rtnl, RTM_GETNEIGH, 0), sizeof(*header));

	header->ndm_family = AF_INET;
	return rtnl_dump(rtnl, on_message, &dump) || rtnl_fail(rtnl, err, "list the neighbours");
}
