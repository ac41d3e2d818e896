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
#include "link/kernel_device.h"

#define TABLE_PREFIX "dmvpn-"
#define PEERS_LIMIT  65535 ///< addresses in a set; beyond it the newest are not counted
#define CHUNK_SIZE   32768 ///< what the kernel fills at most in a dump
#define DUMP_TRIES   4

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

/* The table */

/// Matches the tunnel's GRE header, which comes after 20 bytes of IP: nft 1.0.6 breaks down when it lists
/// raw matches of @th without a protocol that it knows. A sequence number comes after the key; a checksum
/// would come before it, but the kernel's device drops such packets.
static void write_match(FILE *out, const struct link_config *config, const char *our_side)
{
	char text[ADDR_TEXT_SIZE];

	fprintf(out, "ip protocol gre ip %s %s", our_side, addr_format(config->nbma, text));
	if (config->has_key)
		fprintf(out, " @nh,160,16 & 0xa000 == 0x2000 @nh,192,32 %u", config->key);
	else
		fprintf(out, " @nh,160,16 & 0x2000 == 0");
}

static const struct {
	const char *name, *type, *any;
} sets[] = {
	{ "sent", "ipv4_addr", "0.0.0.0" },
	{ "received", "ipv4_addr", "0.0.0.0" },
	{ "marked", "mark", "0" },
};

static void write_set(FILE *out, const char *name, const char *type)
{
	fprintf(out,
		"\tset %s {\n"
		"\t\ttype %s\n"
		"\t\tflags dynamic,timeout\n"
		"\t\ttimeout 1m\n"
		"\t\tsize %d\n"
		"\t}\n",
		name, type, PEERS_LIMIT);
}

static void write_table(FILE *out, const struct link_config *config)
{
	char broadcast[ADDR_TEXT_SIZE];

	addr_format(addr_from_ipv4(KERNEL_BROADCAST), broadcast);
	fprintf(out,
		"table ip " TABLE_PREFIX "%s {\n"
		"\tflags owner\n",
		config->name);
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		write_set(out, sets[i].name, sets[i].type);
	/* NHRP is no use of a peer, and is internetwork control. */
	fprintf(out,
		"\tchain outgoing {\n"
		"\t\t@nh,176,16 0x2001 ip dscp set cs6 return\n"
		"\t\tip daddr != %s update @sent { ip daddr counter }\n"
		"\t}\n"
		"\tchain output {\n"
		"\t\ttype filter hook output priority mangle; policy accept;\n"
		"\t\t",
		broadcast);
	write_match(out, config, "saddr");
	fprintf(out, " jump outgoing\n"
		     "\t}\n"
		     "\tchain input {\n"
		     "\t\ttype filter hook input priority filter + 10; policy accept;\n");
	if (config->marks) {
		fprintf(out, "\t\t");
		write_match(out, config, "daddr");
		fprintf(out, " meta mark != 0 @nh,176,16 != 0x2001 update @marked { meta mark counter }\n");
	}
	fprintf(out, "\t\t");
	write_match(out, config, "daddr");
	fprintf(out,
		"%s @nh,176,16 != 0x2001 update @received { ip saddr counter }\n"
		"\t}\n"
		"}\n",
		config->marks ? " meta mark 0" : "");
}

/// The kernel makes a set at once as large as it may become, a megabyte here, and walks through all of it
/// each time that it is read. When an element goes it becomes as small as what is in it.
static void write_shrinking(FILE *out, const struct link_config *config)
{
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		for (size_t j = 0; j < 2; j++)
			fprintf(out, "%s element ip " TABLE_PREFIX "%s %s { %s }\n", j ? "delete" : "add",
				config->name, sets[i].name, sets[i].any);
}

static struct nft_ctx *open_nft(void)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);

	if (!nft)
		return NULL;
	nft_ctx_buffer_output(nft);
	nft_ctx_buffer_error(nft);
	return nft;
}

/// Makes the table; the one of before goes with the socket that owned it.
static bool set_table(struct kernel_traffic *traffic, struct err *err)
{
	size_t length = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &length);
	const char *reason;
	bool ok;

	if (!out)
		return err_set(err, "out of memory for the nftables rules");
	if (traffic->nft)
		nft_ctx_free(traffic->nft);
	traffic->nft = open_nft();
	if (!traffic->nft) {
		fclose(out);
		free(text);
		return err_set(err, "cannot set up nftables");
	}
	write_table(out, &traffic->config);
	write_shrinking(out, &traffic->config);
	fclose(out);
	ok = nft_run_cmd_from_buffer(traffic->nft, text) == 0;
	free(text);
	nft_ctx_get_output_buffer(traffic->nft);
	reason = nft_ctx_get_error_buffer(traffic->nft);
	return ok || err_set(err,
			     "cannot set the nftables table ip " TABLE_PREFIX
			     "%s (is nf_tables in the kernel?): %.*s",
			     traffic->config.name, (int)strcspn(reason, "\n"), reason);
}

/* Its sets */

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
	char table[sizeof(TABLE_PREFIX) + sizeof(traffic->config.name)];

	snprintf(table, sizeof(table), TABLE_PREFIX "%s", traffic->config.name);
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

bool kernel_traffic_in_use(const char *device)
{
	struct nft_ctx *nft = open_nft();
	char command[64];
	bool found;

	if (!nft)
		return false;
	snprintf(command, sizeof(command), "list chain ip " TABLE_PREFIX "%s input", device);
	found = nft_run_cmd_from_buffer(nft, command) == 0;
	nft_ctx_free(nft);
	return found;
}

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
	if (open_netlink(traffic, err) && set_table(traffic, err))
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
	return set_table(traffic, err);
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
