// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/kernel_device.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "link/kernel_table.h"
#include "linux/rtnl.h"

#define KIND        "gre"
#define ALIAS       "dmvpnd"
#define TTL         64
#define TOS_INHERIT 1

/* What is there */

struct found {
	uint32_t index; ///< 0: there is none
	char kind[16];
	bool ours;
	bool external; ///< its packets are told where to go by routes
	struct kernel_settings settings;
	struct rtnl_link_stats64 statistics;
};

static uint32_t read_be32(const struct nlattr *attr)
{
	return ntohl(mnl_attr_get_u32(attr));
}

static int on_gre_attribute(const struct nlattr *attr, void *context)
{
	struct found *found = context;
	struct kernel_settings *settings = &found->settings;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_GRE_LINK:
		settings->underlay = mnl_attr_get_u32(attr);
		break;
	case IFLA_GRE_LOCAL:
		settings->local = read_be32(attr);
		break;
	case IFLA_GRE_REMOTE:
		settings->remote = read_be32(attr);
		break;
	case IFLA_GRE_IKEY:
		settings->input_key = read_be32(attr);
		break;
	case IFLA_GRE_OKEY:
		settings->output_key = read_be32(attr);
		break;
	case IFLA_GRE_IFLAGS:
		settings->input_flags = ntohs(mnl_attr_get_u16(attr));
		break;
	case IFLA_GRE_OFLAGS:
		settings->output_flags = ntohs(mnl_attr_get_u16(attr));
		break;
	case IFLA_GRE_TTL:
		settings->ttl = mnl_attr_get_u8(attr);
		break;
	case IFLA_GRE_TOS:
		settings->tos = mnl_attr_get_u8(attr);
		break;
	case IFLA_GRE_PMTUDISC:
		settings->set_df = mnl_attr_get_u8(attr);
		break;
	case IFLA_GRE_FWMARK:
		settings->mark = mnl_attr_get_u32(attr);
		break;
	case IFLA_GRE_COLLECT_METADATA:
		found->external = true;
		break;
	}
	return MNL_CB_OK;
}

static int on_kind_attribute(const struct nlattr *attr, void *context)
{
	struct found *found = context;

	/* The kind comes before its data. */
	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
		snprintf(found->kind, sizeof(found->kind), "%s", mnl_attr_get_str(attr));
	if (mnl_attr_get_type(attr) == IFLA_INFO_DATA && strcmp(found->kind, KIND) == 0)
		mnl_attr_parse_nested(attr, on_gre_attribute, found);
	return MNL_CB_OK;
}

static int on_link_attribute(const struct nlattr *attr, void *context)
{
	struct found *found = context;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_LINKINFO:
		mnl_attr_parse_nested(attr, on_kind_attribute, found);
		break;
	case IFLA_IFALIAS:
		found->ours = strcmp(mnl_attr_get_str(attr), ALIAS) == 0;
		break;
	case IFLA_MTU:
		found->settings.mtu = (uint16_t)mnl_attr_get_u32(attr);
		break;
	case IFLA_BROADCAST:
		if (mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
			found->settings.broadcast = read_be32(attr);
		break;
	case IFLA_STATS64:
		/* It is aligned to four bytes only. */
		if (mnl_attr_get_payload_len(attr) >= sizeof(found->statistics))
			memcpy(&found->statistics, mnl_attr_get_payload(attr), sizeof(found->statistics));
		break;
	}
	return MNL_CB_OK;
}

static void on_link(void *context, const struct nlmsghdr *message)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	struct found *found = context;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*link))
		return;
	found->index = (uint32_t)link->ifi_index;
	found->settings.no_arp = link->ifi_flags & IFF_NOARP ? 1 : 0;
	found->settings.multicast = link->ifi_flags & IFF_MULTICAST ? 1 : 0;
	mnl_attr_parse(message, sizeof(*link), on_link_attribute, found);
}

/// Looks up a device by index, or by name where the index is 0. One that is not there is no error.
static bool find(struct rtnl *rtnl, uint32_t index, const char *name, struct found *ret, struct err *err)
{
	struct nlmsghdr *message = rtnl_begin(rtnl, RTM_GETLINK, 0);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(message, sizeof(*link));

	*ret = (struct found) { 0 };
	link->ifi_index = (int)index;
	if (name)
		mnl_attr_put_strz(message, IFLA_IFNAME, name);
	return rtnl_get(rtnl, on_link, ret) || rtnl_code(rtnl) == ENODEV ||
	       rtnl_fail(rtnl, err, "look up the device of the tunnel");
}

bool kernel_device_exists(struct rtnl *rtnl, const char *name)
{
	struct found found;

	return find(rtnl, 0, name, &found, NULL) && found.index != 0;
}

/* What it shall be */

static struct kernel_settings settings_for(const struct link_config *config)
{
	bool multipoint = !addr_is_set(config->destination);
	/* DF as in the payload: then packets without it may be fragmented on the way, and for those with it
	 * the kernel answers in the tunnel with the path's MTU, whatever ip_forward_use_pmtu says. */
	struct kernel_settings settings = {
		.local = addr_to_ipv4(config->nbma),
		.remote = addr_to_ipv4(config->destination),
		.mark = LINK_MARK,
		.broadcast = multipoint ? KERNEL_BROADCAST : addr_to_ipv4(config->destination),
		.ttl = TTL,
		.tos = TOS_INHERIT,
		.no_arp = multipoint ? 0 : 1,
		.multicast = 1,
		.mtu = config->mtu,
	};

	if (config->has_key) {
		settings.input_key = settings.output_key = config->key;
		settings.input_flags = settings.output_flags = ntohs(GRE_KEY);
	}
	return settings;
}

static bool same_settings(const struct kernel_settings *a, const struct kernel_settings *b)
{
	return a->underlay == b->underlay && a->local == b->local && a->remote == b->remote &&
	       a->input_key == b->input_key && a->output_key == b->output_key && a->mark == b->mark &&
	       a->broadcast == b->broadcast && a->input_flags == b->input_flags &&
	       a->output_flags == b->output_flags && a->ttl == b->ttl && a->tos == b->tos &&
	       a->set_df == b->set_df && a->no_arp == b->no_arp && a->multicast == b->multicast &&
	       a->mtu == b->mtu;
}

static void put_gre(struct nlmsghdr *message, const struct kernel_settings *settings)
{
	struct nlattr *info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	struct nlattr *data;

	mnl_attr_put_strz(message, IFLA_INFO_KIND, KIND);
	data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	if (settings->underlay)
		mnl_attr_put_u32(message, IFLA_GRE_LINK, settings->underlay);
	mnl_attr_put_u32(message, IFLA_GRE_LOCAL, htonl(settings->local));
	mnl_attr_put_u32(message, IFLA_GRE_REMOTE, htonl(settings->remote));
	mnl_attr_put_u32(message, IFLA_GRE_IKEY, htonl(settings->input_key));
	mnl_attr_put_u32(message, IFLA_GRE_OKEY, htonl(settings->output_key));
	mnl_attr_put_u16(message, IFLA_GRE_IFLAGS, htons(settings->input_flags));
	mnl_attr_put_u16(message, IFLA_GRE_OFLAGS, htons(settings->output_flags));
	mnl_attr_put_u8(message, IFLA_GRE_TTL, settings->ttl);
	mnl_attr_put_u8(message, IFLA_GRE_TOS, settings->tos);
	mnl_attr_put_u8(message, IFLA_GRE_PMTUDISC, settings->set_df);
	mnl_attr_put_u32(message, IFLA_GRE_FWMARK, settings->mark);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, info);
}

static struct ifinfomsg *begin(struct rtnl *rtnl, uint16_t flags, uint32_t index, struct nlmsghdr **ret)
{
	struct ifinfomsg *link;

	*ret = rtnl_begin(rtnl, RTM_NEWLINK, flags);
	link = mnl_nlmsg_put_extra_header(*ret, sizeof(*link));
	link->ifi_index = (int)index;
	return link;
}

static bool change(struct rtnl *rtnl, uint32_t index, const struct kernel_settings *settings, bool mark_ours)
{
	struct nlmsghdr *message;
	struct ifinfomsg *link = begin(rtnl, 0, index, &message);

	link->ifi_change = IFF_NOARP | IFF_MULTICAST;
	link->ifi_flags = (settings->no_arp ? IFF_NOARP : 0) | (settings->multicast ? IFF_MULTICAST : 0);
	mnl_attr_put_u32(message, IFLA_MTU, settings->mtu);
	put_gre(message, settings);
	/* A change of the tunnel undoes the broadcast address; the kernel looks at this one after it. */
	if (!settings->remote)
		mnl_attr_put_u32(message, IFLA_BROADCAST, htonl(settings->broadcast));
	if (mark_ours)
		mnl_attr_put_strz(message, IFLA_IFALIAS, ALIAS);
	return rtnl_send(rtnl);
}

static bool remove_device(struct rtnl *rtnl, uint32_t index)
{
	struct nlmsghdr *message = rtnl_begin(rtnl, RTM_DELLINK, 0);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(message, sizeof(*link));

	link->ifi_index = (int)index;
	return rtnl_send(rtnl) || rtnl_code(rtnl) == ENODEV;
}

static bool fail_unsupported(struct err *err)
{
	return err_set(err,
		"this kernel has no GRE devices; load the module ip_gre (`modprobe ip_gre`) or use "
		"`tunnel link user`");
}

static bool make(
	struct rtnl *rtnl, const struct link_config *config, struct kernel_device *device, struct err *err)
{
	struct nlmsghdr *message;
	struct found found;

	begin(rtnl, NLM_F_CREATE | NLM_F_EXCL, 0, &message);
	mnl_attr_put_strz(message, IFLA_IFNAME, config->name);
	mnl_attr_put_u32(message, IFLA_MTU, device->now.mtu);
	put_gre(message, &device->now);
	if (!rtnl_send(rtnl)) {
		if (rtnl_code(rtnl) == EOPNOTSUPP)
			return fail_unsupported(err);
		if (rtnl_code(rtnl) == EEXIST)
			return err_set(err,
				"another GRE device has the source, destination and key of %s; give it another "
				"`tunnel key`, or delete that device",
				config->name);
		return rtnl_fail(rtnl, err, "make the GRE device %s", config->name);
	}
	if (!find(rtnl, 0, config->name, &found, err))
		return false;
	device->index = found.index;
	device->ours = true;
	if (change(rtnl, device->index, &device->now, true))
		return true;
	rtnl_fail(rtnl, err, "set up the GRE device %s", config->name);
	remove_device(rtnl, device->index);
	return false;
}

/// Makes a device that is there what it shall be, or removes it where that cannot be and it is ours.
static bool adopt(struct rtnl *rtnl, const struct link_config *config, const struct found *found,
	struct kernel_device *device, bool *ret_removed, struct err *err)
{
	*ret_removed = false;
	if (strcmp(found->kind, KIND) != 0 || found->external)
		return err_set(err,
			"there is a device %s which is no plain GRE device; remove it (`ip link delete %s`) or give "
			"the tunnel another number",
			config->name, config->name);
	device->index = found->index;
	device->ours = found->ours;
	device->before = found->settings;
	device->adopted = true;
	if (same_settings(&found->settings, &device->now) ||
		change(rtnl, found->index, &device->now, found->ours))
		return true;
	/* A point-to-point device never becomes a multipoint one, nor the other way. */
	if (rtnl_code(rtnl) == EINVAL && found->ours && remove_device(rtnl, found->index)) {
		device->adopted = false;
		*ret_removed = true;
		return true;
	}
	if (rtnl_code(rtnl) == EINVAL)
		return err_set(err,
			"the GRE device %s that is there is point-to-point where the tunnel is multipoint, or the "
			"other way; remove it: `ip link delete %s`",
			config->name, config->name);
	return rtnl_fail(rtnl, err, "change the GRE device %s", config->name);
}

/* The operations */

bool kernel_device_possible(struct rtnl *rtnl, struct err *err)
{
	struct nlmsghdr *message;
	struct nlattr *info, *data;

	/* A request that every kernel refuses: one with GRE because of the flag, after it has loaded the
	 * module; one without it because it does not know the kind. */
	begin(rtnl, NLM_F_CREATE | NLM_F_EXCL, 0, &message);
	info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, KIND);
	data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	mnl_attr_put_u16(message, IFLA_GRE_IFLAGS, GRE_ROUTING);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, info);
	if (rtnl_send(rtnl) || rtnl_code(rtnl) == EINVAL)
		return true;
	if (rtnl_code(rtnl) == EOPNOTSUPP)
		return fail_unsupported(err);
	return rtnl_fail(rtnl, err, "ask the kernel for GRE devices");
}

bool kernel_device_open(
	struct rtnl *rtnl, const struct link_config *config, struct kernel_device *ret, struct err *err)
{
	struct kernel_device device = { .now = settings_for(config) };
	bool removed = false;
	struct found found;

	if (!find(rtnl, 0, config->name, &found, err))
		return false;
	if (found.index && !adopt(rtnl, config, &found, &device, &removed, err))
		return false;
	if ((!found.index || removed) && !make(rtnl, config, &device, err))
		return false;
	*ret = device;
	return true;
}

bool kernel_device_set_local(
	struct rtnl *rtnl, struct kernel_device *device, struct addr local, struct err *err)
{
	struct kernel_settings settings = device->now;
	char text[ADDR_TEXT_SIZE];

	settings.local = addr_to_ipv4(local);
	if (same_settings(&settings, &device->now))
		return true;
	if (!change(rtnl, device->index, &settings, device->ours))
		return rtnl_fail(
			rtnl, err, "give the GRE device the source address %s", addr_format(local, text));
	device->now = settings;
	return true;
}

void kernel_device_drops(struct rtnl *rtnl, const struct kernel_device *device, struct link_drops *drops)
{
	struct found found;

	if (!find(rtnl, device->index, NULL, &found, NULL))
		return;
	drops->not_wanted += found.statistics.rx_errors;
	drops->device_full += found.statistics.rx_dropped;
	drops->send_failed += found.statistics.tx_errors + found.statistics.tx_dropped;
}

bool kernel_device_remove_stale(const char *name)
{
	struct rtnl *rtnl = rtnl_open(NULL);
	struct found found;
	bool removed;

	removed = rtnl && find(rtnl, 0, name, &found, NULL) && strcmp(found.kind, KIND) == 0 && found.ours &&
		  !kernel_table_in_use(name) && remove_device(rtnl, found.index);
	rtnl_close(rtnl);
	return removed;
}

void kernel_device_close(struct rtnl *rtnl, const struct kernel_device *device)
{
	struct err err;

	if (device->ours ? remove_device(rtnl, device->index)
			 : same_settings(&device->before, &device->now) ||
				   change(rtnl, device->index, &device->before, false) ||
				   rtnl_code(rtnl) == ENODEV)
		return;
	rtnl_fail(
		rtnl, &err, device->ours ? "delete the GRE device" : "give the GRE device its settings back");
	log_warning("%s", err.text);
}
