// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/user_gre.h"

#include <errno.h>
#include <linux/filter.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link/checksum.h"
#include "link/mark.h"
#include "link/socket.h"
#include "wire/gre.h"
#include "wire/nhrp_msg.h"

_Static_assert(CMSG_SPACE(sizeof(int)) <= USER_GRE_TOS_SIZE, "room for the type of service");

#define GRE_KEY_PRESENT      0x2000
#define GRE_CHECKSUM_PRESENT 0x8000
#define IPV4_SOURCE_OFFSET   12
#define RECEIVE_BUFFER       (8 * 1024 * 1024) ///< bytes: what arrives in the tens of milliseconds we may be busy
/// Bytes: beyond every queue. How much may wait for the underlay is for the queue of its interface to say, as
/// for any packet that is routed; were it the socket's, a slow way to one peer would be in the way of all
/// others.
#define SEND_BUFFER (256 * 1024 * 1024)
#define OUTER_TTL   64
#define TOS_NETWORK 0xc0 ///< internetwork control, for NHRP
#define ESP_IN_UDP  4500 ///< port (RFC 3948)

/// Every raw socket of the address gets every GRE packet; the filter keeps those of other tunnels, and of our
/// other socket, from waking us.
static bool filter(int fd, const struct link_config *config, enum user_gre_kind kind, unsigned share,
	unsigned shares, struct err *err)
{
	struct sock_filter code[32];
	unsigned short n = 0;

	if (addr_is_set(config->destination)) {
		code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, IPV4_SOURCE_OFFSET);
		code[n++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, addr_to_ipv4(config->destination), 1, 0);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	}
	if (shares > 1) { /* by the source, whose bits are mixed: addresses often have a pattern */
		code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, IPV4_SOURCE_OFFSET);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, 0x9e3779b1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 16);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, shares);
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, share, 1, 0);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	}
	code[n++] =
		(struct sock_filter)BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0); /* X = length of the IP header */
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2);
	code[n++] = kind == USER_GRE_NHRP
			    ? (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NHRP_ETHERTYPE, 1, 0)
			    : (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NHRP_ETHERTYPE, 0, 1);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0);
	if (config->has_key) {
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, GRE_KEY_PRESENT, 0, 5);
		code[n++] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, GRE_CHECKSUM_PRESENT, 2, 0);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_IND, 4);
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_IND, 8);
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, config->key, 1, 0);
	} else {
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, GRE_KEY_PRESENT, 0, 1);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);

	struct sock_fprog program = { .len = n, .filter = code };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		return err_set_errno(err, errno, "cannot filter the GRE socket of %s", config->name);
	return true;
}

static bool set_options(int fd, const struct link_config *config, enum user_gre_kind kind, struct err *err)
{
	int mark = LINK_MARK, ttl = OUTER_TTL, discover = IP_PMTUDISC_DONT;
	int tos = kind == USER_GRE_NHRP ? TOS_NETWORK : 0; /* of data it is said with each packet */

	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0)
		return err_set_errno(err, errno,
			"cannot mark the packets of %s, which needs the capability CAP_NET_ADMIN",
			config->name);
	if (setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl)) < 0 ||
		setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)) < 0 ||
		setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover, sizeof(discover)) < 0)
		return err_set_errno(err, errno, "cannot set up the GRE socket of %s", config->name);
	if (config->marks && !mark_enable(fd))
		return err_set_errno(err, errno, "cannot tell the peers of %s apart", config->name);
	socket_set_buffers(fd, RECEIVE_BUFFER, SEND_BUFFER);
	return true;
}

bool user_gre_bind(int fd, struct addr nbma, struct err *err)
{
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(addr_to_ipv4(nbma)) };
	char text[ADDR_TEXT_SIZE];

	if (bind(fd, (struct sockaddr *)&local, sizeof(local)) == 0)
		return true;
	if (errno == EADDRNOTAVAIL)
		return err_set(err, "the tunnel source %s is no address of this host; check `tunnel source`",
			addr_format(nbma, text));
	return err_set_errno(err, errno, "cannot use the tunnel source %s", addr_format(nbma, text));
}

int user_gre_open(const struct link_config *config, enum user_gre_kind kind, unsigned share, unsigned shares,
	struct err *err)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_GRE);

	if (fd < 0) {
		err_set_errno(err, errno,
			"cannot open a GRE socket for %s; run as root or with the capability CAP_NET_RAW",
			config->name);
		return -1;
	}
	if (filter(fd, config, kind, share, shares, err) && set_options(fd, config, kind, err) &&
		user_gre_bind(fd, config->nbma, err))
		return fd;
	close(fd);
	return -1;
}

void user_gre_set_tos(struct msghdr *message, void *control, uint8_t tos)
{
	int value = tos;
	struct cmsghdr *header = control;

	header->cmsg_level = IPPROTO_IP;
	header->cmsg_type = IP_TOS;
	header->cmsg_len = CMSG_LEN(sizeof(value));
	memcpy(CMSG_DATA(header), &value, sizeof(value));
	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(sizeof(value));
}

size_t user_gre_read(const uint8_t *packet, size_t length, struct gre_header *ret, struct addr *ret_from)
{
	size_t ip_length = length >= sizeof(struct iphdr) ? (size_t)(packet[0] & 0xf) * 4 : 0;
	size_t gre_length = 0;

	if (ip_length >= sizeof(struct iphdr) && ip_length < length)
		gre_length = gre_read(packet + ip_length, length - ip_length, ret);
	if (!gre_length)
		return 0;
	*ret_from = addr_from_bytes(packet + offsetof(struct iphdr, saddr), 4);
	return ip_length + gre_length;
}

bool user_gre_is_for(const struct link_config *config, const struct gre_header *header, struct addr from)
{
	return header->has_key == config->has_key && (!header->has_key || header->key == config->key) &&
	       (!addr_is_set(config->destination) || addr_equal(from, config->destination));
}

static bool is_esp(uint8_t protocol, const uint8_t *payload, size_t length)
{
	return protocol == IPPROTO_ESP ||
	       (protocol == IPPROTO_UDP && length >= 2 && checksum_read(payload) == ESP_IN_UDP);
}

bool user_gre_holds_own(const uint8_t *packet, size_t length, uint32_t nbma, bool protected)
{
	struct gre_header gre = { .protocol = ETHERTYPE_IP };
	struct iphdr ip;

	while (gre.protocol == ETHERTYPE_IP && length >= sizeof(ip)) {
		size_t header;

		memcpy(&ip, packet, sizeof(ip));
		header = (size_t)ip.ihl * 4;
		if (header < sizeof(ip) || header > length)
			return false;
		packet += header;
		length -= header;
		if (ip.saddr == nbma &&
			(ip.protocol == IPPROTO_GRE || (protected && is_esp(ip.protocol, packet, length))))
			return true;
		header = ip.protocol == IPPROTO_GRE ? gre_read(packet, length, &gre) : 0;
		if (header == 0)
			return false;
		packet += header;
		length -= header;
	}
	return false;
}
