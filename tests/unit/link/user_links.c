// SPDX-License-Identifier: GPL-2.0-or-later
#include "user_links.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "netns.h"

int here, there;

struct addr address(const char *text)
{
	struct addr result;

	assert_true(addr_parse(text, &result));
	return result;
}

static void on_nhrp_end(void *owner)
{
	struct heard *heard = owner;

	heard->ends++;
}

static void on_nhrp(void *owner, struct addr from, uint32_t mark, const uint8_t *packet, size_t length)
{
	struct heard *heard = owner;

	(void)mark;
	heard->count++;
	heard->from = from;
	heard->length = length;
	assert_true(length <= sizeof(heard->packet));
	memcpy(heard->packet, packet, length);
}

struct link_config config(const char *name, const char *nbma, uint32_t key)
{
	struct link_config result = { .nbma = address(nbma), .has_key = key != 0, .key = key, .mtu = 1400 };

	strcpy(result.name, name);
	return result;
}

struct link *try_open(uv_loop_t *loop, const struct link_config *wanted, struct heard *heard, bool *adopted,
	struct err *err)
{
	struct link_handler handler = { .on_nhrp = on_nhrp, .on_nhrp_end = on_nhrp_end, .owner = heard };

	return link_user.open(loop, wanted, &handler, adopted, err);
}

struct link *open_link(uv_loop_t *loop, const struct link_config *wanted, struct heard *heard)
{
	struct err err = { "" };
	bool adopted = true;
	struct link *link = try_open(loop, wanted, heard, &adopted, &err);

	if (!link)
		fail_msg("%s", err.text);
	assert_false(adopted);
	return link;
}

struct link *open_there(uv_loop_t *loop, const struct link_config *wanted, struct heard *heard)
{
	struct link *link;

	netns_use(there);
	link = open_link(loop, wanted, heard);
	netns_use(here);
	return link;
}

struct lladdr lladdr(struct link *link, const char *nbma)
{
	struct lladdr result;

	assert_true(link->ops->lladdr(link, address(nbma), &result, NULL));
	return result;
}

void address_link(const char *name, const char *local, const char *remote, const struct lladdr *to)
{
	netns_run("ip address add %s/24 dev %s && ip link set %s up", local, name, name);
	if (to)
		netns_run("ip neigh replace %s lladdr %02x:%02x:%02x:%02x:%02x:%02x nud permanent dev %s",
			remote, to->bytes[0], to->bytes[1], to->bytes[2], to->bytes[3], to->bytes[4],
			to->bytes[5], name);
}

int udp_socket(const char *local)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(5000) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(inet_pton(AF_INET, local, &to.sin_addr), 1);
	assert_return_code(bind(fd, (struct sockaddr *)&to, sizeof(to)), errno);
	return fd;
}

void udp_send(int fd, const char *remote, const char *text)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(5000) };

	assert_int_equal(inet_pton(AF_INET, remote, &to.sin_addr), 1);
	assert_int_equal(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof(to)), strlen(text));
}

bool has_datagram(void *context)
{
	uint8_t byte;

	return recv(*(int *)context, &byte, 1, MSG_PEEK) >= 0;
}

int user_links_set_up(void **state)
{
	(void)state;
	netns_enter();
	here = netns_current();
	there = netns_new();
	/* Its own multicast would be counted with ours. */
	netns_run("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6 || true");
	netns_use(there);
	netns_run("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6 || true");
	netns_use(here);
	netns_run("ip link add u1 type veth peer name u2");
	netns_run("ip link set u2 netns /proc/%d/fd/%d", getpid(), there);
	netns_run("ip address add 192.0.2.1/24 dev u1 && ip link set u1 up");
	netns_use(there);
	netns_run(
		"ip address add 192.0.2.2/24 dev u2 && ip address add 192.0.2.3/24 dev u2 && ip link set u2 up");
	netns_use(here);
	return 0;
}

void send_nhrp(struct link *link, const char *nbma, const char *text)
{
	assert_true(link->ops->send_nhrp(link, address(nbma), (const uint8_t *)text, strlen(text), NULL));
	link->ops->flush_nhrp(link);
}
