// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/routes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "linux/device.h"
#include "linux/rtnl.h"

static struct nlmsghdr *begin_static(
	struct rtnl *rtnl, uint16_t type, uint16_t flags, const struct routes_static *route)
{
	struct nlmsghdr *message = rtnl_begin(rtnl, type, flags);
	struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	bool discard = !addr_is_set(route->next_hop) && !route->device;

	header->rtm_family = rtnl_family(route->prefix.addr);
	header->rtm_dst_len = route->prefix.length;
	header->rtm_table = RT_TABLE_MAIN;
	header->rtm_protocol = ROUTES_STATIC_PROTOCOL;
	header->rtm_type = discard ? RTN_BLACKHOLE : RTN_UNICAST;
	if (type == RTM_DELROUTE)
		header->rtm_scope = RT_SCOPE_NOWHERE; /* any */
	else if (!discard && !addr_is_set(route->next_hop))
		header->rtm_scope = RT_SCOPE_LINK;
	rtnl_put_addr(message, RTA_DST, route->prefix.addr);
	if (addr_is_set(route->next_hop))
		rtnl_put_addr(message, RTA_GATEWAY, route->next_hop);
	if (route->device)
		mnl_attr_put_u32(message, RTA_OIF, route->device);
	if (route->metric)
		mnl_attr_put_u32(message, RTA_PRIORITY, route->metric);
	return message;
}

static bool fail(
	const struct rtnl *rtnl, const struct routes_static *route, const char *verb, struct err *err)
{
	char text[PREFIX_TEXT_SIZE], next_hop[ADDR_TEXT_SIZE], name[DEVICE_NAME_TEXT_SIZE];

	prefix_format(route->prefix, text);
	if (addr_is_set(route->next_hop))
		return rtnl_fail(rtnl, err, "%s the route %s via %s", verb, text,
			addr_format(route->next_hop, next_hop));
	return rtnl_fail(rtnl, err, "%s the route %s by %s", verb, text,
		route->device ? device_name(route->device, name) : "Null0");
}

bool routes_static_add(struct rtnl *rtnl, const struct routes_static *route, struct err *err)
{
	begin_static(rtnl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, route);
	return rtnl_send(rtnl) || rtnl_code(rtnl) == EEXIST || fail(rtnl, route, "add", err);
}

bool routes_static_delete(struct rtnl *rtnl, const struct routes_static *route, struct err *err)
{
	begin_static(rtnl, RTM_DELROUTE, 0, route);
	return rtnl_send(rtnl) || rtnl_code(rtnl) == ESRCH || rtnl_code(rtnl) == ENODEV ||
	       fail(rtnl, route, "delete", err);
}

struct flush {
	struct rtnl *rtnl;
	bool (*wanted)(void *context, const struct routes_static *route);
	void *context;
	struct err *err;
	unsigned count;
	bool ok;
};

static void flush_route(void *context, const struct nlmsghdr *message)
{
	struct flush *flush = context;
	struct rib_route hops[ROUTES_HOPS_MAX];
	struct routes_entry entry = { .hops = hops };

	if (!routes_read(message, &entry) || entry.table != RT_TABLE_MAIN ||
		entry.protocol != ROUTES_STATIC_PROTOCOL)
		return;
	for (unsigned i = 0; i < entry.count; i++) {
		struct routes_static route = {
			.prefix = hops[i].prefix,
			.next_hop = hops[i].next_hop,
			.device = hops[i].device,
			.metric = hops[i].metric,
		};

		if (flush->wanted && flush->wanted(flush->context, &route))
			continue;
		flush->count++;
		if (!routes_static_delete(flush->rtnl, &route, flush->ok ? flush->err : NULL))
			flush->ok = false;
	}
}

bool routes_static_flush(struct rtnl *rtnl, bool (*wanted)(void *context, const struct routes_static *route),
	void *context, unsigned *ret_count, struct err *err)
{
	struct flush flush = { rtnl, wanted, context, err, 0, true };

	if (!routes_dump(rtnl, flush_route, &flush, err) || !flush.ok)
		return false;
	*ret_count = flush.count;
	return true;
}

/* Reading */

static bool kind_of(uint8_t type, enum rib_kind *ret)
{
	switch (type) {
	case RTN_UNICAST:
		*ret = RIB_UNICAST;
		return true;
	case RTN_LOCAL:
		*ret = RIB_LOCAL;
		return true;
	case RTN_BLACKHOLE:
	case RTN_UNREACHABLE:
	case RTN_PROHIBIT:
		*ret = RIB_UNREACHABLE;
		return true;
	default:
		return false;
	}
}

/// RTA_VIA: a next hop of another family than the route's.
static struct addr read_via(const struct nlattr *attr)
{
	const struct rtvia *via = mnl_attr_get_payload(attr);
	uint16_t length = mnl_attr_get_payload_len(attr);

	if (length <= sizeof(*via))
		return (struct addr) { 0 };
	return addr_from_bytes(via->rtvia_addr, length - sizeof(*via));
}

static void add_hop(struct routes_entry *entry, const struct rib_route *common, uint32_t device,
	struct addr next_hop, unsigned flags, bool want_dead)
{
	struct rib_route *hop = &entry->hops[entry->count];

	if (entry->count == ROUTES_HOPS_MAX || (flags & RTNH_F_DEAD && !want_dead))
		return;
	*hop = *common;
	hop->device = device;
	hop->next_hop = next_hop;
	entry->count++;
}

static void add_multipath(struct routes_entry *entry, const struct rib_route *common,
	const struct nlattr *paths, bool want_dead)
{
	const struct rtnexthop *path = mnl_attr_get_payload(paths);
	int left = mnl_attr_get_payload_len(paths);

	while (RTNH_OK(path, left)) {
		const uint8_t *attributes = (const uint8_t *)path + sizeof(*path);
		size_t length = path->rtnh_len - sizeof(*path);
		struct addr next_hop = { 0 };
		struct nlattr *attr;

		mnl_attr_for_each_payload ((void *)(uintptr_t)attributes, length) {
			if (mnl_attr_get_type(attr) == RTA_GATEWAY)
				next_hop = rtnl_addr(attr);
			if (mnl_attr_get_type(attr) == RTA_VIA)
				next_hop = read_via(attr);
		}
		add_hop(entry, common, (uint32_t)path->rtnh_ifindex, next_hop, path->rtnh_flags, want_dead);
		left -= (int)RTNH_ALIGN(path->rtnh_len);
		path = (const void *)((const uint8_t *)path + RTNH_ALIGN(path->rtnh_len));
	}
}

bool routes_read(const struct nlmsghdr *message, struct routes_entry *ret)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	bool want_dead = message->nlmsg_type == RTM_DELROUTE;
	struct addr destination, next_hop = { 0 };
	const struct nlattr *paths = NULL;
	struct nlattr *attr;
	struct rib_route common = { 0 };
	uint32_t device = 0;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*header) ||
		!kind_of(header->rtm_type, &common.kind) || header->rtm_flags & RTM_F_CLONED ||
		header->rtm_family != AF_INET)
		return false;
	destination = addr_from_ipv4(0);
	ret->table = header->rtm_table;
	mnl_attr_for_each (attr, message, sizeof(*header)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_DST:
			destination = rtnl_addr(attr);
			break;
		case RTA_GATEWAY:
			next_hop = rtnl_addr(attr);
			break;
		case RTA_VIA:
			next_hop = read_via(attr);
			break;
		case RTA_OIF:
			device = mnl_attr_get_u32(attr);
			break;
		case RTA_PRIORITY:
			common.metric = mnl_attr_get_u32(attr);
			break;
		case RTA_TABLE:
			ret->table = mnl_attr_get_u32(attr);
			break;
		case RTA_MULTIPATH:
			paths = attr;
			break;
		}
	}
	common.prefix = prefix_make(destination, header->rtm_dst_len);
	common.protocol = header->rtm_protocol;
	ret->prefix = common.prefix;
	ret->metric = common.metric;
	ret->protocol = header->rtm_protocol;
	ret->count = 0;
	if (paths)
		add_multipath(ret, &common, paths, want_dead);
	else
		add_hop(ret, &common, device, next_hop, header->rtm_flags, want_dead);
	return true;
}

bool routes_dump(struct rtnl *rtnl, void (*visit)(void *context, const struct nlmsghdr *message),
	void *context, struct err *err)
{
	struct rtmsg *header = mnl_nlmsg_put_extra_header(rtnl_begin(rtnl, RTM_GETROUTE, 0), sizeof(*header));

	header->rtm_family = AF_INET;
	return rtnl_dump(rtnl, visit, context) || rtnl_fail(rtnl, err, "read the routing tables");
}
