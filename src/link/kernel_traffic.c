// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/kernel_traffic.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/ip.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/log.h"
#include "link/kernel_table.h"

#define CHUNK_SIZE 32768 ///< what the kernel fills at most in a dump
#define DUMP_TRIES 4

struct count {
	uint64_t packets;
	uint64_t bytes;
};

/// One direction of a peer. The kernel's counts begin anew when an address comes back after a pause.
struct flow {
	struct count total;
	struct count before; ///< the kernel's, at the last walk
	struct count now;    ///< the kernel's, in this one
};

struct traffic_peer {
	uint32_t address; ///< host order; the key
	uint32_t mark;    ///< of what comes from it; the other key; 0: none
	unsigned roles;   ///< of enum kernel_role
	struct flow sent;
	struct flow received;
	UT_hash_handle hh, hh_mark;
};

struct kernel_traffic {
	struct link_config config;
	struct nft_ctx *nft;
	struct mnl_socket *netlink;
	uint32_t sequence;
	unsigned overhead; ///< bytes of the outer headers
	bool told_failure;
	struct traffic_peer *peers, *by_mark;
};

/* The sets of the table */

struct element {
	struct addr address;
	struct count count;
};

struct set_dump {
	struct kernel_traffic *traffic;
	size_t direction; ///< offset of the flow in struct traffic_peer
	bool by_mark;     ///< its keys are marks
};

static int on_counter_attribute(const struct nlattr *attr, void *context)
{
	struct count *count = context;
	uint64_t value;

	if (mnl_attr_get_payload_len(attr) != sizeof(value))
		return MNL_CB_OK;
	memcpy(&value, mnl_attr_get_payload(attr), sizeof(value));
	if (mnl_attr_get_type(attr) == NFTA_COUNTER_PACKETS)
		count->packets = be64toh(value);
	if (mnl_attr_get_type(attr) == NFTA_COUNTER_BYTES)
		count->bytes = be64toh(value);
	return MNL_CB_OK;
}

static int on_expression_attribute(const struct nlattr *attr, void *context)
{
	/* The counter is the only expression of our elements. */
	if (mnl_attr_get_type(attr) == NFTA_EXPR_DATA)
		mnl_attr_parse_nested(attr, on_counter_attribute, context);
	return MNL_CB_OK;
}

static int on_key_attribute(const struct nlattr *attr, void *context)
{
	if (mnl_attr_get_type(attr) == NFTA_DATA_VALUE)
		*(struct addr *)context =
			addr_from_bytes(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
	return MNL_CB_OK;
}

static int on_element_attribute(const struct nlattr *attr, void *context)
{
	struct element *element = context;

	if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_KEY)
		mnl_attr_parse_nested(attr, on_key_attribute, &element->address);
	if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_EXPR)
		mnl_attr_parse_nested(attr, on_expression_attribute, &element->count);
	return MNL_CB_OK;
}

static struct traffic_peer *find_peer(const struct kernel_traffic *traffic, struct addr nbma)
{
	uint32_t address = addr_to_ipv4(nbma);
	struct traffic_peer *peer;

	HASH_FIND(hh, traffic->peers, &address, sizeof(address), peer);
	return peer;
}

static struct traffic_peer *find_marked(const struct kernel_traffic *traffic, uint32_t mark)
{
	struct traffic_peer *peer;

	HASH_FIND(hh_mark, traffic->by_mark, &mark, sizeof(mark), peer);
	return peer;
}

/// A mark is a number of the host, which was read as the bytes of an address.
static uint32_t to_mark(struct addr address)
{
	uint32_t mark;

	memcpy(&mark, address.bytes, sizeof(mark));
	return mark;
}

static int on_list_element(const struct nlattr *attr, void *context)
{
	const struct set_dump *dump = context;
	struct element element = { 0 };
	struct traffic_peer *peer;

	mnl_attr_parse_nested(attr, on_element_attribute, &element);
	peer = dump->by_mark ? find_marked(dump->traffic, to_mark(element.address))
			     : find_peer(dump->traffic, element.address);
	if (peer) {
		struct count *now = &((struct flow *)(void *)((char *)peer + dump->direction))->now;
		now->packets += element.count.packets;
		now->bytes += element.count.bytes;
	}
	return MNL_CB_OK;
}

static int on_dump_attribute(const struct nlattr *attr, void *context)
{
	if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_LIST_ELEMENTS)
		mnl_attr_parse_nested(attr, on_list_element, context);
	return MNL_CB_OK;
}

static int on_dump_message(const struct nlmsghdr *message, void *context)
{
	return mnl_attr_parse(message, sizeof(struct nfgenmsg), on_dump_attribute, context);
}

static void request_set(struct kernel_traffic *traffic, const char *set, struct nlmsghdr *message)
{
	struct nfgenmsg *header;
	char table[sizeof(KERNEL_TABLE_PREFIX) + sizeof(traffic->config.name)];

	snprintf(table, sizeof(table), KERNEL_TABLE_PREFIX "%s", traffic->config.name);
	message->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = ++traffic->sequence;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->nfgen_family = NFPROTO_IPV4;
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, table);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, set);
}

/// Reads a set into the peers' flows. False, with errno, where it could not be read as a whole.
static bool read_set(struct kernel_traffic *traffic, const char *set, size_t direction, bool by_mark)
{
	struct set_dump dump = { traffic, direction, by_mark };
	_Alignas(struct nlmsghdr) uint8_t chunk[CHUNK_SIZE];
	int more = MNL_CB_OK;

	request_set(traffic, set, mnl_nlmsg_put_header(chunk));
	if (mnl_socket_sendto(traffic->netlink, chunk, ((struct nlmsghdr *)(void *)chunk)->nlmsg_len) < 0)
		return false;
	while (more > MNL_CB_STOP) {
		ssize_t length = mnl_socket_recvfrom(traffic->netlink, chunk, sizeof(chunk));

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return false;
		more = mnl_cb_run(chunk, (size_t)length, traffic->sequence,
			mnl_socket_get_portid(traffic->netlink), on_dump_message, &dump);
	}
	return more == MNL_CB_STOP;
}

static bool read_kernel(struct kernel_traffic *traffic)
{
	return read_set(traffic, "sent", offsetof(struct traffic_peer, sent), false) &&
	       read_set(traffic, "received", offsetof(struct traffic_peer, received), false) &&
	       (!traffic->config.marks ||
		       read_set(traffic, "marked", offsetof(struct traffic_peer, received), true));
}

/* The peers */

/// Takes over what this walk has read; true where something was counted since the last one.
static bool settle(struct flow *flow, unsigned overhead)
{
	struct count more = flow->now;

	if (flow->now.packets >= flow->before.packets) {
		more.packets -= flow->before.packets;
		more.bytes -= flow->before.bytes;
	}
	flow->total.packets += more.packets;
	flow->total.bytes += more.bytes - more.packets * overhead;
	flow->before = flow->now;
	return more.packets > 0;
}

struct active {
	struct addr nbma;
	bool sent;
	bool received;
};

/// Brings the totals up to date and returns how many peers were active. `ret` has room for all peers.
static size_t settle_all(struct kernel_traffic *traffic, struct active *ret)
{
	struct traffic_peer *peer, *next;
	size_t count = 0;

	HASH_ITER(hh, traffic->peers, peer, next)
	{
		bool sent = settle(&peer->sent, traffic->overhead);
		bool received = settle(&peer->received, traffic->overhead);

		if (sent || received)
			ret[count++] = (struct active) { addr_from_ipv4(peer->address), sent, received };
	}
	return count;
}

/// Reads what the kernel counted; false where it could not be read.
static bool refresh(struct kernel_traffic *traffic)
{
	struct traffic_peer *peer, *next;
	bool ok = false;

	/* A dump that the kernel changed under our eyes is tried again. */
	for (unsigned i = 0; i < DUMP_TRIES && !ok && (i == 0 || errno == EINTR); i++) {
		HASH_ITER(hh, traffic->peers, peer, next)
		peer->sent.now = peer->received.now = (struct count) { 0 };
		ok = read_kernel(traffic);
	}
	if (!ok && !traffic->told_failure)
		log_warning("%s: cannot read who uses the tunnel: %s; bindings in use may be taken for idle",
			traffic->config.name, strerror(errno));
	traffic->told_failure = !ok;
	return ok;
}

void kernel_traffic_walk(struct kernel_traffic *traffic,
	void (*visit)(void *context, struct addr nbma, bool sent, bool received), void *context)
{
	struct active *active;
	size_t count;

	if (!refresh(traffic))
		return;
	/* The visitor may add and remove peers. */
	active = alloc_zeroed(HASH_COUNT(traffic->peers) + 1, sizeof(*active));
	count = settle_all(traffic, active);
	for (size_t i = 0; i < count; i++)
		visit(context, active[i].nbma, active[i].sent, active[i].received);
	free(active);
}

static struct traffic_peer *get_peer(struct kernel_traffic *traffic, struct addr nbma)
{
	struct traffic_peer *peer = find_peer(traffic, nbma);

	if (peer)
		return peer;
	peer = alloc_zeroed(1, sizeof(*peer));
	peer->address = addr_to_ipv4(nbma);
	HASH_ADD(hh, traffic->peers, address, sizeof(peer->address), peer);
	return peer;
}

static void clear_mark(struct kernel_traffic *traffic, struct traffic_peer *peer)
{
	if (peer->mark)
		HASH_DELETE(hh_mark, traffic->by_mark, peer);
	peer->mark = 0;
}

static void forget_if_useless(struct kernel_traffic *traffic, struct traffic_peer *peer)
{
	if (peer->roles || peer->mark)
		return;
	HASH_DEL(traffic->peers, peer);
	free(peer);
}

void kernel_traffic_add(struct kernel_traffic *traffic, struct addr nbma, enum kernel_role role)
{
	get_peer(traffic, nbma)->roles |= role;
}

void kernel_traffic_remove(struct kernel_traffic *traffic, struct addr nbma, enum kernel_role role)
{
	struct traffic_peer *peer = find_peer(traffic, nbma);

	if (!peer)
		return;
	peer->roles &= ~(unsigned)role;
	forget_if_useless(traffic, peer);
}

void kernel_traffic_set_mark(struct kernel_traffic *traffic, struct addr nbma, uint32_t mark)
{
	struct traffic_peer *peer = get_peer(traffic, nbma), *other = find_marked(traffic, mark);

	if (other && other != peer)
		clear_mark(traffic, other);
	if (peer->mark != mark)
		clear_mark(traffic, peer);
	if (mark && !peer->mark) {
		peer->mark = mark;
		HASH_ADD(hh_mark, traffic->by_mark, mark, sizeof(peer->mark), peer);
	}
	forget_if_useless(traffic, peer);
}

bool kernel_traffic_counters(
	const struct kernel_traffic *traffic, struct addr nbma, struct link_counters *ret)
{
	const struct traffic_peer *peer = find_peer(traffic, nbma);

	if (!peer)
		return false;
	*ret = (struct link_counters) {
		.sent_packets = peer->sent.total.packets,
		.sent_bytes = peer->sent.total.bytes,
		.received_packets = peer->received.total.packets,
		.received_bytes = peer->received.total.bytes,
	};
	return true;
}

/* Start and end */

static bool open_netlink(struct kernel_traffic *traffic, struct err *err)
{
	traffic->netlink = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!traffic->netlink || mnl_socket_bind(traffic->netlink, 0, MNL_SOCKET_AUTOPID) < 0)
		return err_set_errno(err, errno, "cannot open a netlink socket");
	return true;
}

struct kernel_traffic *kernel_traffic_open(const struct link_config *config, struct err *err)
{
	struct kernel_traffic *traffic = alloc_zeroed(1, sizeof(*traffic));

	traffic->config = *config;
	traffic->overhead = sizeof(struct iphdr) + (config->has_key ? 8 : 4);
	if (open_netlink(traffic, err) && kernel_table_set(&traffic->nft, &traffic->config, err))
		return traffic;
	kernel_traffic_close(traffic);
	return NULL;
}

bool kernel_traffic_set_nbma(struct kernel_traffic *traffic, struct addr nbma, struct err *err)
{
	struct active *ignored;
	struct traffic_peer *peer, *next;

	/* What goes with the old table is taken over first; who was active shows in the next walk. */
	if (refresh(traffic)) {
		ignored = alloc_zeroed(HASH_COUNT(traffic->peers) + 1, sizeof(*ignored));
		settle_all(traffic, ignored);
		free(ignored);
	}
	HASH_ITER(hh, traffic->peers, peer, next)
	peer->sent.before = peer->received.before = (struct count) { 0 };
	traffic->config.nbma = nbma;
	return kernel_table_set(&traffic->nft, &traffic->config, err);
}

void kernel_traffic_close(struct kernel_traffic *traffic)
{
	struct traffic_peer *peer, *next;

	if (!traffic)
		return;
	/* The table goes with its owner, the socket of the context. */
	if (traffic->nft)
		nft_ctx_free(traffic->nft);
	if (traffic->netlink)
		mnl_socket_close(traffic->netlink);
	HASH_ITER(hh, traffic->peers, peer, next)
	{
		clear_mark(traffic, peer);
		HASH_DEL(traffic->peers, peer);
		free(peer);
	}
	free(traffic);
}
