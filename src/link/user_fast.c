// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/user_fast.h"

#include <errno.h>
#include <ifaddrs.h>
#include <libmnl/libmnl.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/alloc.h"
#include "link/bpf.h"
#include "link/user_fast_maps.h"
#include "linux/rtnl.h"

/* Generated, and not as strict as we are. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "link/user_fast.skel.h"
#pragma GCC diagnostic pop

#define TCX_INGRESS 46 ///< of enum bpf_attach_type in newer headers
#define TCX_EGRESS  47
#define PRIORITY    0xd4            ///< of our filters among those of an interface
#define OUR_NAME    "from_underlay" ///< of a filter at an underlay, with more behind it

/// A program at an interface.
struct attachment {
	unsigned ifindex;
	enum bpf_tc_attach_point point;
	int link; ///< that holds it; -1: it is a filter of a clsact qdisc
};

struct user_fast {
	struct user_fast_bpf *programs;
	struct mnl_socket *policies; ///< where to ask for them; NULL: the kernel knows none
	unsigned device;             ///< index of the TAP device, and handle of our filters
	struct attachment egress;    ///< at the device
	struct attachment underlays[FAST_UNDERLAYS];
	unsigned underlay_count;
};

static uint32_t network_order(struct addr nbma)
{
	return htonl(addr_to_ipv4(nbma));
}

/* IPsec that somebody else set up: the programs send past its policies, which would be in clear text. */

static int read_policies(const struct nlmsghdr *message, void *context)
{
	struct nlattr *attr;
	bool *any = context;

	mnl_attr_for_each (attr, message, sizeof(uint32_t)) {
		struct xfrmu_spdinfo info;

		if (mnl_attr_get_type(attr) != XFRMA_SPD_INFO ||
			mnl_attr_get_payload_len(attr) < sizeof(info))
			continue;
		memcpy(&info, mnl_attr_get_payload(attr), sizeof(info));
		*any = info.incnt > 0 || info.outcnt > 0;
	}
	return MNL_CB_STOP;
}

static bool has_policies(const struct user_fast *fast)
{
	_Alignas(struct nlmsghdr) uint8_t buffer[1024];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	bool any = true;
	uint32_t *flags;
	ssize_t length;

	if (!fast->policies)
		return false;
	request->nlmsg_type = XFRM_MSG_GETSPDINFO;
	request->nlmsg_flags = NLM_F_REQUEST;
	flags = mnl_nlmsg_put_extra_header(request, sizeof(*flags));
	*flags = UINT32_MAX;
	if (mnl_socket_sendto(fast->policies, request, request->nlmsg_len) < 0)
		return true;
	length = mnl_socket_recvfrom(fast->policies, buffer, sizeof(buffer));
	return length < 0 || mnl_cb_run(buffer, (size_t)length, 0, 0, read_policies, &any) < 0 || any;
}

/* Attaching to interfaces */

/// As the kernel likes it since Linux 6.6 (TCX): the program goes with the link, and so with our process.
static bool attach_link(struct attachment *attachment, int program)
{
	int type = attachment->point == BPF_TC_INGRESS ? TCX_INGRESS : TCX_EGRESS;

	attachment->link =
		bpf_link_create(program, (int)attachment->ifindex, (enum bpf_attach_type)type, NULL);
	return attachment->link >= 0;
}

/// As older kernels have it. To add the qdisc can cost packets that are on their way at this moment.
static bool attach_filter(const struct user_fast *fast, const struct attachment *attachment, int program)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)attachment->ifindex,
		.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, filter, .handle = fast->device, .priority = PRIORITY,
		.prog_fd = program, .flags = BPF_TC_F_REPLACE);
	int result = bpf_tc_hook_create(&hook);

	if (result == 0 || result == -EEXIST) {
		hook.attach_point = attachment->point;
		result = bpf_tc_attach(&hook, &filter);
	}
	errno = -result;
	return result == 0;
}

static bool attach(const struct user_fast *fast, struct attachment *attachment)
{
	const struct bpf_program *program = attachment->point == BPF_TC_EGRESS
						    ? fast->programs->progs.to_underlay
						    : fast->programs->progs.from_underlay;
	int fd = bpf_program__fd(program);

	return attach_link(attachment, fd) || attach_filter(fast, attachment, fd);
}

static void detach(const struct user_fast *fast, const struct attachment *attachment)
{
	DECLARE_LIBBPF_OPTS(
		bpf_tc_hook, hook, .ifindex = (int)attachment->ifindex, .attach_point = attachment->point);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, filter, .handle = fast->device, .priority = PRIORITY);

	if (attachment->link >= 0)
		close(attachment->link);
	else
		bpf_tc_detach(&hook, &filter);
}

/// The filters of a process that was killed stay; TCX links do not.
void user_fast_remove_stale(const char *name)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, filter, .handle = if_nametoindex(name), .priority = PRIORITY);
	struct if_nameindex *interfaces = filter.handle ? if_nameindex() : NULL;

	bpf_be_silent();
	for (const struct if_nameindex *i = interfaces; i && i->if_index != 0; i++) {
		bool is_device = i->if_index == filter.handle;
		DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)i->if_index,
			.attach_point = is_device ? BPF_TC_EGRESS : BPF_TC_INGRESS);
		struct bpf_tc_opts wanted = filter;

		// Most have none, which libbpf calls an error.
		(void)bpf_tc_detach(&hook, &wanted);
	}
	if (interfaces)
		if_freenameindex(interfaces);
}

static int read_options(const struct nlattr *attr, void *context)
{
	bool *is_ours = context;

	if (mnl_attr_get_type(attr) == TCA_BPF_NAME && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
		*is_ours = strncmp(mnl_attr_get_str(attr), OUR_NAME, strlen(OUR_NAME)) == 0;
	return MNL_CB_OK;
}

/// Takes the filter away where it is ours and its device is gone.
static void judge_filter(void *context, const struct nlmsghdr *message)
{
	const struct tcmsg *filter = mnl_nlmsg_get_payload(message);
	const struct user_fast gone = { .device = filter->tcm_handle };
	const struct attachment attachment = {
		.ifindex = (unsigned)filter->tcm_ifindex, .point = BPF_TC_INGRESS, .link = -1
	};
	struct nlattr *attr;
	char name[IF_NAMESIZE];
	bool is_ours = false;

	(void)context;
	mnl_attr_for_each (attr, message, sizeof(*filter))
		if (mnl_attr_get_type(attr) == TCA_OPTIONS)
			(void)mnl_attr_parse_nested(attr, read_options, &is_ours);
	if (is_ours && filter->tcm_info >> 16 == PRIORITY && !if_indextoname(filter->tcm_handle, name))
		detach(&gone, &attachment);
}

void user_fast_remove_orphans(void)
{
	struct err err;
	struct rtnl *rtnl = rtnl_open(&err);
	struct if_nameindex *interfaces = rtnl ? if_nameindex() : NULL;

	bpf_be_silent();
	for (const struct if_nameindex *i = interfaces; i && i->if_index != 0; i++) {
		struct nlmsghdr *request = rtnl_begin(rtnl, RTM_GETTFILTER, 0);
		struct tcmsg *wanted = mnl_nlmsg_put_extra_header(request, sizeof(*wanted));

		wanted->tcm_ifindex = (int)i->if_index;
		wanted->tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
		/* Most have no filters, which the kernel calls an error. */
		(void)!rtnl_dump(rtnl, judge_filter, NULL);
	}
	if (interfaces)
		if_freenameindex(interfaces);
	rtnl_close(rtnl);
}

/// The programs read Ethernet headers.
static bool is_ethernet(unsigned ifindex)
{
	int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };
	bool result;

	if (control < 0)
		return false;
	result = if_indextoname(ifindex, request.ifr_name) && ioctl(control, SIOCGIFHWADDR, &request) == 0 &&
		 request.ifr_hwaddr.sa_family == ARPHRD_ETHER;
	close(control);
	return result;
}

static void attach_underlay(struct user_fast *fast, uint32_t ifindex)
{
	struct attachment *attachment = &fast->underlays[fast->underlay_count];
	uint32_t yes = 1;

	if (fast->underlay_count == FAST_UNDERLAYS || !is_ethernet(ifindex))
		return;
	*attachment = (struct attachment) { .ifindex = ifindex, .point = BPF_TC_INGRESS };
	if (attach(fast, attachment)) {
		fast->underlay_count++;
		bpf_map_update_elem(bpf_map__fd(fast->programs->maps.underlays), &ifindex, &yes, BPF_ANY);
	}
}

static void forget_underlay(struct user_fast *fast, uint32_t ifindex)
{
	for (unsigned i = 0; i < fast->underlay_count; i++) {
		if (fast->underlays[i].ifindex != ifindex)
			continue;
		detach(fast, &fast->underlays[i]);
		fast->underlays[i] = fast->underlays[--fast->underlay_count];
		break;
	}
	bpf_map_delete_elem(bpf_map__fd(fast->programs->maps.underlays), &ifindex);
}

/// Attaches to interfaces by which packets left and to which nothing is attached yet; forgets those that are
/// gone.
static void follow_underlays(struct user_fast *fast)
{
	int map = bpf_map__fd(fast->programs->maps.underlays);
	uint32_t found[FAST_UNDERLAYS], ifindex = 0, attached;
	char name[IF_NAMESIZE];
	unsigned count = 0;

	while (count < FAST_UNDERLAYS && bpf_map_get_next_key(map, count ? &ifindex : NULL, &ifindex) == 0)
		found[count++] = ifindex;
	for (unsigned i = 0; i < count; i++) {
		if (!if_indextoname(found[i], name))
			forget_underlay(fast, found[i]);
		else if (bpf_map_lookup_elem(map, &found[i], &attached) == 0 && !attached)
			attach_underlay(fast, found[i]);
	}
}

/// The interface that has our NBMA address is most probably the underlay: better before there is traffic.
static void attach_source(struct user_fast *fast, struct addr nbma)
{
	struct ifaddrs *addresses = NULL;

	if (getifaddrs(&addresses) != 0)
		return;
	for (const struct ifaddrs *one = addresses; one; one = one->ifa_next) {
		struct sockaddr_in address;

		if (!one->ifa_addr || one->ifa_addr->sa_family != AF_INET || (one->ifa_flags & IFF_LOOPBACK))
			continue;
		memcpy(&address, one->ifa_addr, sizeof(address));
		if (address.sin_addr.s_addr == network_order(nbma))
			attach_underlay(fast, if_nametoindex(one->ifa_name));
	}
	freeifaddrs(addresses);
}

/* The interface */

static bool load(struct user_fast *fast, const struct link_config *config, struct err *err)
{
	fast->programs = user_fast_bpf__open_and_load();
	if (!fast->programs)
		return err_set(err,
			"the kernel does not take its programs: %s (it needs the capabilities CAP_BPF and "
			"CAP_NET_ADMIN)",
			strerror(errno));
	fast->programs->bss->tunnel = (struct fast_tunnel) {
		.device = fast->device,
		.nbma = network_order(config->nbma),
		.destination = addr_is_set(config->destination) ? network_order(config->destination) : 0,
		.has_key = config->has_key,
		.key = htonl(config->key),
		.mtu = config->mtu,
		.hairpin = config->hairpin,
		.epoch = 1,
		.paused = has_policies(fast),
	};
	return true;
}

static void close_policies(struct user_fast *fast)
{
	if (fast->policies)
		mnl_socket_close(fast->policies);
}

struct user_fast *user_fast_open(const struct link_config *config, struct err *err)
{
	struct user_fast *fast = alloc_zeroed(1, sizeof(*fast));

	bpf_be_silent();
	fast->device = if_nametoindex(config->name);
	fast->policies = mnl_socket_open2(NETLINK_XFRM, SOCK_CLOEXEC);
	if (!load(fast, config, err)) {
		close_policies(fast);
		free(fast);
		return NULL;
	}
	fast->egress = (struct attachment) { .ifindex = fast->device, .point = BPF_TC_EGRESS };
	if (!attach(fast, &fast->egress)) {
		err_set_errno(err, errno, "the kernel does not take a program at %s", config->name);
		user_fast_bpf__destroy(fast->programs);
		close_policies(fast);
		free(fast);
		return NULL;
	}
	attach_source(fast, config->nbma);
	if (addr_is_set(config->destination))
		user_fast_add_peer(fast, config->destination);
	return fast;
}

static bool next_peer(const struct user_fast *fast, const uint32_t *last, uint32_t *ret)
{
	return bpf_map_get_next_key(bpf_map__fd(fast->programs->maps.peers), last, ret) == 0;
}

void user_fast_close(struct user_fast *fast,
	void (*visit)(void *context, struct addr nbma, const struct link_counters *counted), void *context)
{
	uint32_t key;

	if (!fast)
		return;
	detach(fast, &fast->egress);
	for (unsigned i = 0; i < fast->underlay_count; i++)
		detach(fast, &fast->underlays[i]);
	for (uint32_t *last = NULL; visit && next_peer(fast, last, &key); last = &key) {
		struct link_counters counted = { 0 };
		struct addr nbma = addr_from_ipv4(ntohl(key));

		user_fast_add_counters(fast, nbma, &counted);
		visit(context, nbma, &counted);
	}
	user_fast_bpf__destroy(fast->programs);
	close_policies(fast);
	free(fast);
}

/// Is forwarding on for lo, in whose name the programs ask for ways? Where nobody tells, we suppose so.
static bool forwards(void)
{
	FILE *file = fopen("/proc/sys/net/ipv4/conf/lo/forwarding", "re");
	int value;

	if (!file || fscanf(file, "%d", &value) != 1)
		value = 1;
	if (file)
		(void)fclose(file);
	return value != 0;
}

const char *user_fast_text(const struct user_fast *fast)
{
	if (fast->programs->bss->tunnel.paused)
		return "threads (no eBPF: there are IPsec policies)";
	return forwards() ? "eBPF"
			  : "eBPF for what comes in, threads for what is sent (no eBPF: "
			    "net.ipv4.conf.lo.forwarding is 0)";
}

void user_fast_add_peer(struct user_fast *fast, struct addr nbma)
{
	const struct fast_peer none = { 0 };
	uint32_t key = network_order(nbma);

	/* One that finds no room goes by the threads. */
	if (fast)
		bpf_map_update_elem(bpf_map__fd(fast->programs->maps.peers), &key, &none, BPF_NOEXIST);
}

void user_fast_remove_peer(struct user_fast *fast, struct addr nbma)
{
	uint32_t key = network_order(nbma);

	if (fast)
		bpf_map_delete_elem(bpf_map__fd(fast->programs->maps.peers), &key);
}

void user_fast_set_nbma(struct user_fast *fast, struct addr nbma)
{
	if (fast)
		fast->programs->bss->tunnel.nbma = network_order(nbma);
}

void user_fast_configure(struct user_fast *fast, const struct link_config *config)
{
	if (!fast)
		return;
	fast->programs->bss->tunnel.mtu = config->mtu;
	fast->programs->bss->tunnel.hairpin = config->hairpin;
}

void user_fast_add_counters(const struct user_fast *fast, struct addr nbma, struct link_counters *counters)
{
	uint32_t key = network_order(nbma);
	struct fast_peer peer;

	if (!fast || bpf_map_lookup_elem(bpf_map__fd(fast->programs->maps.peers), &key, &peer) != 0)
		return;
	counters->sent_packets += peer.sent_packets;
	counters->sent_bytes += peer.sent_bytes;
	counters->received_packets += peer.received_packets;
	counters->received_bytes += peer.received_bytes;
}

void user_fast_each_active(struct user_fast *fast,
	void (*visit)(void *context, struct addr nbma, bool sent, bool received), void *context)
{
	struct fast_use use;

	if (!fast)
		return;
	fast->programs->bss->tunnel.paused = has_policies(fast);
	follow_underlays(fast);
	/* Uses from now on belong to the next walk. */
	fast->programs->bss->tunnel.epoch++;
	for (unsigned i = 0; i < FAST_ACTIVE; i++) {
		if (bpf_map_lookup_and_delete_elem(bpf_map__fd(fast->programs->maps.active), NULL, &use) != 0)
			break;
		visit(context, addr_from_ipv4(ntohl(use.nbma)), use.direction == FAST_SENT,
			use.direction == FAST_RECEIVED);
	}
}
