// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/device.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "linux/rtnl.h"

/* Not in <net/if.h>'s company: it and <linux/if.h> define the same names. */
extern char *if_indextoname(unsigned index, char *name);

const char *device_name(uint32_t device, char buffer[static DEVICE_NAME_TEXT_SIZE])
{
	if (!if_indextoname(device, buffer))
		snprintf(buffer, DEVICE_NAME_TEXT_SIZE, "device %u", device);
	return buffer;
}

static int on_link_attribute(const struct nlattr *attr, void *context)
{
	struct device_info *info = context;

	if (mnl_attr_get_type(attr) == IFLA_IFNAME)
		snprintf(info->name, sizeof(info->name), "%s", mnl_attr_get_str(attr));
	if (mnl_attr_get_type(attr) == IFLA_MTU)
		info->mtu = mnl_attr_get_u32(attr);
	if (mnl_attr_get_type(attr) == IFLA_OPERSTATE)
		info->dormant = mnl_attr_get_u8(attr) == IF_OPER_DORMANT;
	return MNL_CB_OK;
}

bool device_read(const struct nlmsghdr *message, struct device_info *ret)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*link) || link->ifi_family != AF_UNSPEC)
		return false;
	*ret = (struct device_info) {
		.index = (uint32_t)link->ifi_index,
		.up = link->ifi_flags & IFF_UP,
		.carrier = link->ifi_flags & IFF_UP && link->ifi_flags & IFF_LOWER_UP,
	};
	mnl_attr_parse(message, sizeof(*link), on_link_attribute, ret);
	return true;
}

static void on_device(void *context, const struct nlmsghdr *message)
{
	struct device_info info;

	if (device_read(message, &info))
		*(struct device_info *)context = info;
}

bool device_get(struct rtnl *rtnl, const char *name, struct device_info *ret, struct err *err)
{
	struct nlmsghdr *message = rtnl_begin(rtnl, RTM_GETLINK, 0);

	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	if (rtnl_get(rtnl, on_device, ret))
		return true;
	if (rtnl_code(rtnl) == ENODEV)
		return err_set(err, "there is no device %s", name);
	return rtnl_fail(rtnl, err, "look up the device %s", name);
}

const char *device_state(const struct device_info *device)
{
	if (!device->up)
		return "down";
	if (device->dormant)
		return "dormant";
	return device->carrier ? "up" : "no-carrier";
}

static struct nlmsghdr *begin_link(struct rtnl *rtnl, uint16_t type, uint32_t device, struct ifinfomsg **ret)
{
	struct nlmsghdr *message = rtnl_begin(rtnl, type, 0);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(message, sizeof(*link));

	link->ifi_index = (int)device;
	if (ret)
		*ret = link;
	return message;
}

bool device_set_up(struct rtnl *rtnl, uint32_t device, bool up, struct err *err)
{
	char name[DEVICE_NAME_TEXT_SIZE];
	struct ifinfomsg *link;

	begin_link(rtnl, RTM_NEWLINK, device, &link);
	link->ifi_change = IFF_UP;
	link->ifi_flags = up ? IFF_UP : 0;
	return rtnl_send(rtnl) ||
	       rtnl_fail(rtnl, err, "set %s %s", device_name(device, name), up ? "up" : "down");
}

bool device_set_dormant(struct rtnl *rtnl, uint32_t device, bool dormant, struct err *err)
{
	char name[DEVICE_NAME_TEXT_SIZE];
	struct nlmsghdr *message = begin_link(rtnl, RTM_NEWLINK, device, NULL);

	// The mode keeps the kernel from setting it up by itself when the device is.
	mnl_attr_put_u8(message, IFLA_LINKMODE, dormant ? IF_LINK_MODE_DORMANT : IF_LINK_MODE_DEFAULT);
	mnl_attr_put_u8(message, IFLA_OPERSTATE, dormant ? IF_OPER_DORMANT : IF_OPER_UP);
	return rtnl_send(rtnl) ||
	       rtnl_fail(rtnl, err, "show %s as %s", device_name(device, name), dormant ? "dormant" : "up");
}

bool device_set_mtu(struct rtnl *rtnl, uint32_t device, uint32_t mtu, struct err *err)
{
	char name[DEVICE_NAME_TEXT_SIZE];

	mnl_attr_put_u32(begin_link(rtnl, RTM_NEWLINK, device, NULL), IFLA_MTU, mtu);
	return rtnl_send(rtnl) ||
	       rtnl_fail(rtnl, err, "set the MTU of %s to %u", device_name(device, name), mtu);
}

/* Addresses */

static struct nlmsghdr *begin_address(
	struct rtnl *rtnl, uint16_t type, uint16_t flags, uint32_t device, struct prefix address)
{
	struct nlmsghdr *message = rtnl_begin(rtnl, type, flags);
	struct ifaddrmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->ifa_family = rtnl_family(address.addr);
	header->ifa_prefixlen = address.length;
	header->ifa_index = device;
	rtnl_put_addr(message, IFA_LOCAL, address.addr);
	rtnl_put_addr(message, IFA_ADDRESS, address.addr);
	return message;
}

bool device_add_address(struct rtnl *rtnl, uint32_t device, struct prefix address, struct err *err)
{
	struct nlmsghdr *message =
		begin_address(rtnl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, device, address);
	char text[PREFIX_TEXT_SIZE], name[DEVICE_NAME_TEXT_SIZE];

	if (address.addr.family == ADDR_IPV4 && address.length < 31)
		rtnl_put_addr(message, IFA_BROADCAST,
			addr_from_ipv4(addr_to_ipv4(address.addr) | UINT32_MAX >> address.length));
	return rtnl_send(rtnl) || rtnl_fail(rtnl, err, "add the address %s to %s",
					  prefix_format(address, text), device_name(device, name));
}

bool device_remove_address(struct rtnl *rtnl, uint32_t device, struct prefix address, struct err *err)
{
	char text[PREFIX_TEXT_SIZE], name[DEVICE_NAME_TEXT_SIZE];

	begin_address(rtnl, RTM_DELADDR, 0, device, address);
	return rtnl_send(rtnl) || rtnl_code(rtnl) == EADDRNOTAVAIL || rtnl_code(rtnl) == ENODEV ||
	       rtnl_fail(rtnl, err, "remove the address %s from %s", prefix_format(address, text),
		       device_name(device, name));
}

bool device_read_address(const struct nlmsghdr *message, struct device_address *ret)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	struct addr address = { 0 };
	struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		return false;
	/* IFA_LOCAL is ours; where it is missing (IPv6), IFA_ADDRESS is. */
	mnl_attr_for_each (attr, message, sizeof(*header))
		if (mnl_attr_get_type(attr) == IFA_LOCAL ||
			(mnl_attr_get_type(attr) == IFA_ADDRESS && !addr_is_set(address)))
			address = rtnl_addr(attr);
	*ret = (struct device_address) {
		.device = header->ifa_index,
		.address = { .addr = address, .length = header->ifa_prefixlen },
		.global = header->ifa_scope < RT_SCOPE_LINK,
		.secondary = header->ifa_flags & IFA_F_SECONDARY,
	};
	return addr_is_set(address);
}

struct address_list {
	uint32_t device;
	struct device_address *items;
	size_t count;
};

static void on_address(void *context, const struct nlmsghdr *message)
{
	struct address_list *list = context;
	struct device_address address;

	if (!device_read_address(message, &address) || address.device != list->device)
		return;
	list->items = alloc_resize(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = address;
}

/// The caller frees `ret->items`.
static bool list_addresses(
	struct rtnl *rtnl, uint32_t device, uint8_t family, struct address_list *ret, struct err *err)
{
	struct nlmsghdr *message = rtnl_begin(rtnl, RTM_GETADDR, 0);
	struct ifaddrmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	char name[DEVICE_NAME_TEXT_SIZE];

	*ret = (struct address_list) { .device = device };
	header->ifa_family = family;
	header->ifa_index = device;
	return rtnl_dump(rtnl, on_address, ret) ||
	       rtnl_fail(rtnl, err, "list the addresses of %s", device_name(device, name));
}

bool device_set_address(struct rtnl *rtnl, uint32_t device, struct prefix address, struct err *err)
{
	struct address_list list;
	bool ok = list_addresses(rtnl, device, rtnl_family(address.addr), &list, err);

	/* The others first: removing a primary address takes the secondaries of its subnet with it. */
	for (size_t i = 0; ok && i < list.count; i++)
		if (!prefix_equal(list.items[i].address, address))
			ok = device_remove_address(rtnl, device, list.items[i].address, err);
	free(list.items);
	return ok && (!addr_is_set(address.addr) || device_add_address(rtnl, device, address, err));
}

bool device_primary_address(struct rtnl *rtnl, uint32_t device, struct addr *ret, struct err *err)
{
	char name[DEVICE_NAME_TEXT_SIZE];
	struct address_list list;
	bool found = false;

	if (!list_addresses(rtnl, device, AF_INET, &list, err))
		return false;
	for (size_t i = 0; !found && i < list.count; i++) {
		found = list.items[i].global && !list.items[i].secondary;
		if (found)
			*ret = list.items[i].address.addr;
	}
	free(list.items);
	return found || err_set(err, "the device %s has no IPv4 address", device_name(device, name));
}

/* How a tunnel's device has to be */

static bool ask_for_misses(struct rtnl *rtnl, uint32_t device)
{
	struct nlmsghdr *message = rtnl_begin(rtnl, RTM_SETNEIGHTBL, NLM_F_REPLACE);
	struct ndtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	struct nlattr *parameters;

	header->ndtm_family = AF_INET;
	mnl_attr_put_strz(message, NDTA_NAME, "arp_cache");
	parameters = mnl_attr_nest_start(message, NDTA_PARMS);
	mnl_attr_put_u32(message, NDTPA_IFINDEX, device);
	mnl_attr_put_u32(message, NDTPA_APP_PROBES, 1);
	mnl_attr_put_u32(message, NDTPA_UCAST_PROBES, 0);
	mnl_attr_put_u32(message, NDTPA_MCAST_PROBES, 0);
	mnl_attr_nest_end(message, parameters);
	return rtnl_send(rtnl);
}

static bool set_ipv4_behaviour(struct rtnl *rtnl, uint32_t device)
{
	struct nlmsghdr *message = begin_link(rtnl, RTM_NEWLINK, device, NULL);
	struct nlattr *families = mnl_attr_nest_start(message, IFLA_AF_SPEC);
	struct nlattr *family = mnl_attr_nest_start(message, AF_INET);
	struct nlattr *settings = mnl_attr_nest_start(message, IFLA_INET_CONF);

	mnl_attr_put_u32(message, IPV4_DEVCONF_ACCEPT_REDIRECTS, 0);
	mnl_attr_put_u32(message, IPV4_DEVCONF_SEND_REDIRECTS, 0);
	/* Loose: the larger of this and the one for all devices holds, so 0 would not undo a strict one. */
	mnl_attr_put_u32(message, IPV4_DEVCONF_RP_FILTER, 2);
	mnl_attr_nest_end(message, settings);
	mnl_attr_nest_end(message, family);
	mnl_attr_nest_end(message, families);
	return rtnl_send(rtnl);
}

static bool forbid_ipv6_addresses(struct rtnl *rtnl, uint32_t device)
{
	struct nlmsghdr *message = begin_link(rtnl, RTM_NEWLINK, device, NULL);
	struct nlattr *families = mnl_attr_nest_start(message, IFLA_AF_SPEC);
	struct nlattr *family = mnl_attr_nest_start(message, AF_INET6);

	mnl_attr_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(message, family);
	mnl_attr_nest_end(message, families);
	/* A system without IPv6 makes no such addresses. */
	return rtnl_send(rtnl) || rtnl_code(rtnl) == EAFNOSUPPORT;
}

static void warn_once(const struct rtnl *rtnl, bool *warned, const char *what, const char *name)
{
	struct err err;

	if (*warned)
		return;
	*warned = true;
	rtnl_fail(rtnl, &err, "%s on %s", what, name);
	log_warning("%s", err.text);
}

bool device_prepare(struct rtnl *rtnl, uint32_t device, struct err *err)
{
	static bool warned_ipv4, warned_ipv6;
	char name[DEVICE_NAME_TEXT_SIZE];

	device_name(device, name);
	if (!ask_for_misses(rtnl, device))
		return rtnl_fail(rtnl, err, "have the kernel tell of missing neighbours on %s", name);
	if (!set_ipv4_behaviour(rtnl, device))
		warn_once(rtnl, &warned_ipv4, "turn off ICMP redirects and the strict reverse path filter",
			name);
	if (!forbid_ipv6_addresses(rtnl, device))
		warn_once(rtnl, &warned_ipv6, "turn off IPv6 link-local addresses", name);
	return true;
}
