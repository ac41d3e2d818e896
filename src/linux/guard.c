// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/guard.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

#include "base/alloc.h"
#include "base/log.h"

#define SEEN_LIMIT 65535 ///< pairs of a cloud that are remembered; beyond it nothing is logged
#define SLACK      100   ///< ms by which a pair is remembered longer than the core does, lest it refuse it

#define AGAIN     1000 ///< ms after which the table of marks is tried again
#define READ_SIZE 16384
#define READS     64 ///< per wake-up, so that the loop stays fair

struct guard {
	struct nft_ctx *nft;
	char *text;          ///< of the table that shall be there; NULL: none
	char *seal;          ///< the same for the one of seal.h
	struct marks *marks; ///< what shall be in the one of marks.h
	bool marking;        ///< and that it shall be there
	bool told_failure;   ///< the log said that it cannot be set
	uv_prepare_t turn;   ///< changes of it are made once in each turn of the loop
	uv_timer_t again;    ///< but not while this runs: they failed
	unsigned handles_open;
	struct mnl_socket *events; ///< NULL: not watching
	uv_poll_t poll;
};

struct guard *guard_open(struct err *err)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	struct guard *guard;

	if (!nft) {
		err_set(err, "cannot set up nftables");
		return NULL;
	}
	nft_ctx_buffer_output(nft);
	nft_ctx_buffer_error(nft);
	guard = alloc_zeroed(1, sizeof(*guard));
	guard->nft = nft;
	guard->marks = marks_new();
	return guard;
}

static bool run(struct guard *guard, const char *commands, const char *what, struct err *err)
{
	const char *text;

	if (nft_run_cmd_from_buffer(guard->nft, commands) == 0) {
		nft_ctx_get_output_buffer(guard->nft);
		return true;
	}
	text = nft_ctx_get_error_buffer(guard->nft);
	return err_set(
		err, "cannot %s (is nf_tables in the kernel?): %.*s", what, (int)strcspn(text, "\n"), text);
}

/* The text of the table. Set members stand on lines of their own: nft takes no "} }" on one line. */

static bool in_cloud(const struct guard_tunnel *tunnel, uint32_t network_id)
{
	return tunnel->redirect && tunnel->network_id == network_id;
}

/// Whether tunnel `index` is the first of a cloud with redirects.
static bool begins_cloud(const struct guard_tunnel *tunnels, size_t index)
{
	if (!tunnels[index].redirect || !tunnels[index].network_id)
		return false;
	for (size_t i = 0; i < index; i++)
		if (in_cloud(&tunnels[i], tunnels[index].network_id))
			return false;
	return true;
}

static uint32_t cloud_timeout(const struct guard_tunnel *tunnels, size_t count, uint32_t network_id)
{
	uint32_t timeout = UINT16_MAX;

	for (size_t i = 0; i < count; i++)
		if (in_cloud(&tunnels[i], network_id) && tunnels[i].redirect_timeout < timeout)
			timeout = tunnels[i].redirect_timeout;
	return timeout ? timeout : 1;
}

static void write_cloud_devices(
	FILE *out, const struct guard_tunnel *tunnels, size_t count, uint32_t network_id)
{
	const char *separator = "{ ";

	for (size_t i = 0; i < count; i++) {
		if (!in_cloud(&tunnels[i], network_id))
			continue;
		fprintf(out, "%s\"%s\"", separator, tunnels[i].name);
		separator = ", ";
	}
	fprintf(out, " }");
}

static void write_cloud_sets(FILE *out, const struct guard_tunnel *tunnels, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (begins_cloud(tunnels, i))
			fprintf(out,
				"\tset redirected_%u {\n"
				"\t\ttype ipv4_addr . ipv4_addr\n"
				"\t\tflags dynamic,timeout\n"
				"\t\ttimeout %us%ums\n"
				"\t\tsize %d\n"
				"\t}\n",
				tunnels[i].network_id, cloud_timeout(tunnels, count, tunnels[i].network_id),
				SLACK, SEEN_LIMIT);
}

static void write_redirects(FILE *out, const struct guard_tunnel *tunnels, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t id = tunnels[i].network_id;

		if (!begins_cloud(tunnels, i))
			continue;
		fprintf(out, "\t\tiifname ");
		write_cloud_devices(out, tunnels, count, id);
		fprintf(out, " oifname ");
		write_cloud_devices(out, tunnels, count, id);
		fprintf(out,
			" ip saddr . ip daddr != @redirected_%u"
			" add @redirected_%u { ip saddr . ip daddr }"
			" log group %d snaplen %d queue-threshold 1\n",
			id, id, GUARD_NFLOG_GROUP, GUARD_SNAPLEN);
	}
}

static void write_clamps(FILE *out, const struct guard_tunnel *tunnels, size_t count)
{
	static const char *const directions[] = { "iifname", "oifname" };

	for (size_t i = 0; i < count; i++)
		for (size_t way = 0; tunnels[i].mss && way < 2; way++)
			fprintf(out,
				"\t\t%s \"%s\" tcp flags syn tcp option maxseg size > %u"
				" tcp option maxseg size set %u\n",
				directions[way], tunnels[i].name, tunnels[i].mss, tunnels[i].mss);
}

/// On a tunnel's subnet an ICMP redirect would have one spoke bypass the hub behind NHRP's back; the
/// system's own switches for it hold for all devices at once.
static void write_icmp(FILE *out, const struct guard_tunnel *tunnels, size_t count, const char *direction)
{
	for (size_t i = 0; i < count; i++)
		fprintf(out, "\t\ticmp type redirect %s \"%s\" drop\n", direction, tunnels[i].name);
}

static void write_table(FILE *out, const struct guard_tunnel *tunnels, size_t count)
{
	fprintf(out, "table inet " GUARD_TABLE "\n"
		     "delete table inet " GUARD_TABLE "\n"
		     "table inet " GUARD_TABLE " {\n");
	write_cloud_sets(out, tunnels, count);
	fprintf(out, "\tchain clamp {\n"
		     "\t\ttype filter hook forward priority mangle; policy accept;\n");
	write_clamps(out, tunnels, count);
	/* Behind the administrator's filters: what they drop is not forwarded. */
	fprintf(out, "\t}\n"
		     "\tchain forwarded {\n"
		     "\t\ttype filter hook forward priority filter + 10; policy accept;\n");
	write_redirects(out, tunnels, count);
	fprintf(out, "\t}\n"
		     "\tchain icmp_in {\n"
		     "\t\ttype filter hook input priority filter; policy accept;\n");
	write_icmp(out, tunnels, count, "iifname");
	fprintf(out, "\t}\n"
		     "\tchain icmp_out {\n"
		     "\t\ttype filter hook output priority filter; policy accept;\n");
	write_icmp(out, tunnels, count, "oifname");
	fprintf(out, "\t}\n}\n");
}

bool guard_set(struct guard *guard, const struct guard_tunnel *tunnels, size_t count, struct err *err)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return err_set(err, "out of memory for the nftables rules");
	write_table(out, tunnels, count);
	fclose(out);
	free(guard->text);
	guard->text = text;
	return run(guard, text, "set the nftables table inet " GUARD_TABLE, err);
}

bool guard_remove(struct guard *guard, struct err *err)
{
	free(guard->text);
	guard->text = NULL;
	return run(guard,
		"table inet " GUARD_TABLE "\n"
		"delete table inet " GUARD_TABLE "\n",
		"delete the nftables table inet " GUARD_TABLE, err);
}

bool guard_seal(struct guard *guard, const struct seal *seals, size_t count, struct err *err)
{
	char *text = seal_commands(seals, count, true);

	// Where the kernel does not know IPsec at all, it does not know how to ask for it either.
	if (!run(guard, text, "seal protected tunnels", NULL)) {
		free(text);
		text = seal_commands(seals, count, false);
		if (!run(guard, text,
			    "set the nftables table inet " SEAL_TABLE ", without which nothing may "
			    "be protected",
			    err)) {
			free(text);
			return false;
		}
	}
	free(guard->seal);
	guard->seal = count > 0 ? text : NULL;
	if (count == 0)
		free(text);
	return true;
}

struct marks *guard_marks(struct guard *guard)
{
	return guard->marks;
}

static void on_again(uv_timer_t *timer)
{
	guard_apply_marks(timer->data);
}

/// Somebody else may have a table of this name, whose end is no event.
static void try_again(struct guard *guard)
{
	marks_failed(guard->marks);
	guard->told_failure = true;
	if (guard->events)
		uv_timer_start(&guard->again, on_again, AGAIN, 0);
}

void guard_apply_marks(struct guard *guard)
{
	bool waits = guard->events && uv_is_active((uv_handle_t *)&guard->again);
	char *text = waits ? NULL : marks_commands(guard->marks, false);
	struct err err = { "out of memory" };
	bool done;

	if (!text)
		return;
	guard->marking = true;
	done = run(guard, text, "set the nftables table inet " MARKS_TABLE, NULL);
	free(text);
	if (!done) {
		// Somebody else may have been at it.
		text = marks_commands(guard->marks, true);
		done = text && run(guard, text, "set the nftables table inet " MARKS_TABLE, &err);
		free(text);
	}
	if (!done) {
		if (!guard->told_failure)
			log_warning("%s; protected tunnels carry nothing without it; trying again", err.text);
		try_again(guard);
		return;
	}
	if (guard->told_failure)
		log_notice("set the nftables table inet " MARKS_TABLE);
	guard->told_failure = false;
}

void guard_remove_marks(struct guard *guard)
{
	struct err err;

	marks_set_tunnels(guard->marks, NULL, 0);
	guard->marking = guard->told_failure = false;
	if (run(guard, "list table inet " MARKS_TABLE "\n", "find the table", NULL) &&
		!run(guard, "delete table inet " MARKS_TABLE "\n",
			"delete the nftables table inet " MARKS_TABLE, &err))
		log_warning("%s", err.text);
}

/* Watching */

static bool is_about_our_table(const struct nlmsghdr *message)
{
	struct nlattr *attr;

	if (message->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE))
		return false;
	mnl_attr_for_each (attr, message, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == NFTA_TABLE_NAME)
			return strcmp(mnl_attr_get_str(attr), GUARD_TABLE) == 0 ||
			       strcmp(mnl_attr_get_str(attr), SEAL_TABLE) == 0 ||
			       strcmp(mnl_attr_get_str(attr), MARKS_TABLE) == 0;
	return false;
}

/// Reads what is there; true where our table was deleted, or that cannot be told.
static bool read_events(struct guard *guard)
{
	_Alignas(struct nlmsghdr) uint8_t buffer[READ_SIZE];
	bool deleted = false;

	for (int i = 0; i < READS; i++) {
		ssize_t length = mnl_socket_recvfrom(guard->events, buffer, sizeof(buffer));
		const struct nlmsghdr *message = (void *)buffer;
		int left = (int)length;

		if (length < 0 && errno == ENOBUFS) {
			deleted = true;
			continue;
		}
		if (length <= 0)
			break;
		for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
			deleted |= is_about_our_table(message);
	}
	return deleted;
}

/// Puts a table back where it is not there. Our own replacing deletes the old one as well: what counts is
/// whether there is one now. False, which the log has then: that cannot be done.
static bool put_back(struct guard *guard, const char *name, const char *text)
{
	char command[64];
	struct err err;

	snprintf(command, sizeof(command), "list table inet %s\n", name);
	if (!text || run(guard, command, "find the table", NULL))
		return true;
	if (!run(guard, text, "put back a deleted nftables table", &err)) {
		log_warning("%s", err.text);
		return false;
	}
	log_notice("put back the nftables table inet %s, which somebody deleted", name);
	return true;
}

static void put_back_marks(struct guard *guard)
{
	char *text;

	if (!guard->marking || run(guard, "list table inet " MARKS_TABLE "\n", "find the table", NULL))
		return;
	text = marks_commands(guard->marks, true);
	if (!put_back(guard, MARKS_TABLE, text))
		try_again(guard);
	free(text);
}

static void on_turn(uv_prepare_t *turn)
{
	guard_apply_marks(turn->data);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct guard *guard = poll->data;

	(void)events;
	/* libuv stops at a pending error of the socket, which the read will tell. */
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, on_readable);
	if (!read_events(guard))
		return;
	(void)put_back(guard, SEAL_TABLE, guard->seal);
	put_back_marks(guard);
	(void)put_back(guard, GUARD_TABLE, guard->text);
}

bool guard_watch(struct guard *guard, struct uv_loop_s *loop, struct err *err)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int group = NFNLGRP_NFTABLES;

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
		mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0) {
		err_set_errno(err, errno, "cannot watch the nftables table inet " GUARD_TABLE);
		if (socket)
			mnl_socket_close(socket);
		return false;
	}
	guard->events = socket;
	guard->poll.data = guard->turn.data = guard->again.data = guard;
	guard->handles_open = 3;
	uv_timer_init(loop, &guard->again);
	uv_prepare_init(loop, &guard->turn);
	uv_prepare_start(&guard->turn, on_turn);
	uv_poll_init(loop, &guard->poll, mnl_socket_get_fd(socket));
	uv_poll_start(&guard->poll, UV_READABLE, on_readable);
	return true;
}

static void free_guard(struct guard *guard)
{
	nft_ctx_free(guard->nft);
	marks_free(guard->marks);
	free(guard->text);
	free(guard->seal);
	free(guard);
}

static void on_closed(uv_handle_t *handle)
{
	struct guard *guard = handle->data;

	if (--guard->handles_open == 0)
		free_guard(guard);
}

void guard_close(struct guard *guard)
{
	if (!guard)
		return;
	if (!guard->events) {
		free_guard(guard);
		return;
	}
	uv_close((uv_handle_t *)&guard->turn, on_closed);
	uv_close((uv_handle_t *)&guard->poll, on_closed);
	uv_close((uv_handle_t *)&guard->again, on_closed);
	mnl_socket_close(guard->events);
}
