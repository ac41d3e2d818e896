// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/override.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "link/link.h"
#include "linux/device.h"
#include "linux/rtnl.h"

static struct nlmsghdr *begin_route(struct rtnl *rtnl, uint16_t type, uint16_t flags, struct prefix prefix)
{
	struct nlmsghdr *message = rtnl_begin(rtnl, type, flags);
	struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->rtm_family = rtnl_family(prefix.addr);
	header->rtm_dst_len = prefix.length;
	header->rtm_table = RT_TABLE_UNSPEC; /* the attribute tells */
	header->rtm_protocol = RTNL_PROTOCOL;
	header->rtm_type = RTN_UNICAST;
	if (type == RTM_DELROUTE)
		header->rtm_scope = RT_SCOPE_NOWHERE; /* any */
	else
		header->rtm_flags = RTNH_F_ONLINK;
	rtnl_put_addr(message, RTA_DST, prefix.addr);
	mnl_attr_put_u32(message, RTA_TABLE, OVERRIDE_TABLE);
	return message;
}

bool override_set(struct rtnl *rtnl, const struct override_route *route, struct err *err)
{
	struct nlmsghdr *message =
		begin_route(rtnl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route->prefix);
	char text[PREFIX_TEXT_SIZE], next_hop[ADDR_TEXT_SIZE], name[DEVICE_NAME_TEXT_SIZE];

	rtnl_put_addr(message, RTA_GATEWAY, route->next_hop);
	mnl_attr_put_u32(message, RTA_OIF, route->device);
	if (route->mtu) {
		struct nlattr *metrics = mnl_attr_nest_start(message, RTA_METRICS);

		mnl_attr_put_u32(message, RTAX_MTU, route->mtu);
		mnl_attr_nest_end(message, metrics);
	}
	return rtnl_send(rtnl) ||
	       rtnl_fail(rtnl, err, "set the next-hop override %s via %s on %s",
		       prefix_format(route->prefix, text), addr_format(route->next_hop, next_hop),
		       device_name(route->device, name));
}

bool override_delete(struct rtnl *rtnl, struct prefix prefix, uint32_t device, struct err *err)
{
	struct nlmsghdr *message = begin_route(rtnl, RTM_DELROUTE, 0, prefix);
	char text[PREFIX_TEXT_SIZE];

	if (device)
		mnl_attr_put_u32(message, RTA_OIF, device);
	return rtnl_send(rtnl) || rtnl_code(rtnl) == ESRCH || rtnl_code(rtnl) == ENODEV ||
	       rtnl_fail(rtnl, err, "delete the next-hop override %s", prefix_format(prefix, text));
}

struct dump {
	void (*visit)(void *context, const struct override_route *route);
	void *context;
};

static uint16_t read_mtu(const struct nlattr *metrics)
{
	struct nlattr *attr;

	mnl_attr_for_each_nested (attr, metrics)
		if (mnl_attr_get_type(attr) == RTAX_MTU)
			return (uint16_t)mnl_attr_get_u32(attr);
	return 0;
}

static void on_route(void *context, const struct nlmsghdr *message)
{
	const struct dump *dump = context;
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	struct addr destination = { .family = ADDR_IPV4 };
	struct override_route route = { 0 };
	struct nlattr *attr;
	uint32_t table = 0;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*header) || header->rtm_protocol != RTNL_PROTOCOL)
		return;
	mnl_attr_for_each (attr, message, sizeof(*header)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_DST:
			destination = rtnl_addr(attr);
			break;
		case RTA_GATEWAY:
			route.next_hop = rtnl_addr(attr);
			break;
		case RTA_OIF:
			route.device = mnl_attr_get_u32(attr);
			break;
		case RTA_TABLE:
			table = mnl_attr_get_u32(attr);
			break;
		case RTA_METRICS:
			route.mtu = read_mtu(attr);
			break;
		}
	}
	if (table != OVERRIDE_TABLE)
		return;
	route.prefix = prefix_make(destination, header->rtm_dst_len);
	dump->visit(dump->context, &route);
}

bool override_dump(struct rtnl *rtnl, void (*visit)(void *context, const struct override_route *route),
	void *context, struct err *err)
{
	struct nlmsghdr *message = rtnl_begin(rtnl, RTM_GETROUTE, 0);
	struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	struct dump dump = { visit, context };

	header->rtm_family = AF_INET;
	mnl_attr_put_u32(message, RTA_TABLE, OVERRIDE_TABLE);
	/* A table that never had a route does not exist. */
	return rtnl_dump(rtnl, on_route, &dump) || rtnl_code(rtnl) == ENOENT ||
	       rtnl_fail(rtnl, err, "list the next-hop overrides");
}

static void begin_rule(struct rtnl *rtnl, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message = rtnl_begin(rtnl, type, flags);
	struct fib_rule_hdr *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->family = AF_INET;
	header->action = FR_ACT_TO_TBL;
	header->flags = FIB_RULE_INVERT;
	mnl_attr_put_u32(message, FRA_TABLE, OVERRIDE_TABLE);
	mnl_attr_put_u32(message, FRA_PRIORITY, OVERRIDE_PRIORITY);
	mnl_attr_put_u32(message, FRA_FWMARK, LINK_MARK);
	mnl_attr_put_u32(message, FRA_FWMASK, LINK_MARK_MASK);
	mnl_attr_put_u8(message, FRA_PROTOCOL, RTNL_PROTOCOL);
}

bool override_rule_add(struct rtnl *rtnl, bool *ret_existed, struct err *err)
{
	begin_rule(rtnl, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL);
	if (!rtnl_send(rtnl) && rtnl_code(rtnl) != EEXIST)
		return rtnl_fail(
			rtnl, err, "add the routing rule for next-hop overrides (table %d)", OVERRIDE_TABLE);
	*ret_existed = rtnl_code(rtnl) == EEXIST;
	return true;
}

bool override_rule_delete(struct rtnl *rtnl, struct err *err)
{
	begin_rule(rtnl, RTM_DELRULE, 0);
	return rtnl_send(rtnl) || rtnl_code(rtnl) == ENOENT ||
	       rtnl_fail(rtnl, err, "delete the routing rule for next-hop overrides (table %d)",
		       OVERRIDE_TABLE);
}
