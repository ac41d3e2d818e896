// SPDX-License-Identifier: GPL-2.0-or-later
//
// Three dmvpnds, and numbered packets from one spoke's network to the other's. Who came straight lost one hop
// less on the way.
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "load.h"
#include "report.h"
#include "world.h"

#define ROUNDS     5
#define INTERVAL   0.001    ///< seconds between two packets
#define PATIENCE   30.0     ///< seconds for the direct path
#define LAST       5.0      ///< seconds for the last packet
#define QUEUE      16000000 ///< bytes that wait for a neighbour, or for us, while others have the processor
#define AFTERWARDS 0.2      ///< seconds of packets on the direct path
#define PORT       9000
#define TTL        64
#define SPOKES     2
#define COMMON     " ip nhrp map multicast dynamic\n tunnel source 198.18.%u.2\n"
#define SPOKE_HUB  " ip nhrp nhs 10.0.0.1 nbma 198.18.0.2 multicast\n ip nhrp registration timeout 2\n"

struct cloud {
	const struct bench_options *options;
	unsigned phase;
	struct world world;
	struct subject nodes[1 + SPOKES];
	char configs[1 + SPOKES][512];
	int from, to; ///< sockets in the spokes' networks
};

struct passage {
	double direct; ///< seconds from the first packet; NAN: never
	unsigned sent, lost;
};

/// Node 0 is the hub. The underlay is our own namespace, which routes between them.
static bool add_node(struct cloud *cloud, unsigned index, struct err *err)
{
	struct world_node *node = world_add(&cloud->world, err);

	cloud->nodes[index] = (struct subject) {
		.kind = SUBJECT_DMVPND,
		.name = (const char *const[]) { "hub", "spoke1", "spoke2" }[index],
		.link = cloud->options->link,
		.config = cloud->configs[index],
		.world = &cloud->world,
		.node = node,
	};
	return node &&
	       world_run(NULL, err,
		       "ip link add to%u type veth peer name underlay netns %d\n"
		       "ip address add 198.18.%u.1/30 dev to%u\n"
		       "ip link set to%u up\n"
		       "echo 1 >/proc/sys/net/ipv4/ip_forward\n",
		       index, (int)node->holder, index, index, index) &&
	       world_run(node, err,
		       "ip address add 198.18.%u.2/30 dev underlay\n"
		       "ip link set underlay up\n"
		       "ip route add default via 198.18.%u.1\n"
		       "ip link add lan type veth peer name hosts\n"
		       "for i in 1 2 3 4 5; do ip address add 192.168.%u.$i/24 dev lan; done\n"
		       "ip link set lan up\n"
		       "ip link set hosts up\n",
		       index, index, index);
}

static void write_configs(struct cloud *cloud)
{
	const bool shortcuts = cloud->phase == 3;

	snprintf(cloud->configs[0], sizeof(cloud->configs[0]),
		" ip address 10.0.0.1 255.255.255.0\n%s" COMMON
		"ip route 192.168.1.0 255.255.255.0 10.0.0.11\n"
		"ip route 192.168.2.0 255.255.255.0 10.0.0.12\n",
		shortcuts ? " ip nhrp redirect\n" : "", 0u);
	for (unsigned i = 1; i <= SPOKES; i++) {
		const unsigned other = SPOKES + 1 - i;
		char route[100];

		if (shortcuts)
			snprintf(route, sizeof(route), "ip route 192.168.0.0 255.255.0.0 10.0.0.1\n");
		else
			snprintf(route, sizeof(route), "ip route 192.168.%u.0 255.255.255.0 10.0.0.%u\n",
				other, 10 + other);
		snprintf(cloud->configs[i], sizeof(cloud->configs[i]),
			" ip address 10.0.0.%u 255.255.255.0\n%s" SPOKE_HUB COMMON "%s", 10 + i,
			shortcuts ? " ip nhrp shortcut\n" : "", i, route);
	}
}

static int open_socket(const struct cloud *cloud, unsigned spoke, const char *address, struct err *err)
{
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = world_socket(&cloud->world, cloud->nodes[spoke].node, SOCK_DGRAM | SOCK_NONBLOCK, err),
	    on = 1, size = QUEUE;

	if (fd < 0)
		return -1;
	inet_pton(AF_INET, address, &local.sin_addr);
	setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&local, sizeof(local)) == 0)
		return fd;
	err_set_errno(err, errno, "cannot use %s", address);
	close(fd);
	return -1;
}

/// Reads what arrived; returns how many, and whether one of them came straight.
static unsigned receive(int fd, bool *ret_direct)
{
	_Alignas(struct cmsghdr) uint8_t control[64];
	uint8_t data[64];
	struct iovec iov = { data, sizeof(data) };
	unsigned count = 0;

	for (;;) {
		struct msghdr message = { .msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control) };
		struct cmsghdr *header;
		int ttl = 0;

		if (recvmsg(fd, &message, 0) < 0)
			return count;
		header = CMSG_FIRSTHDR(&message);
		if (header && header->cmsg_type == IP_TTL)
			memcpy(&ttl, CMSG_DATA(header), sizeof(ttl));
		*ret_direct |= ttl == TTL;
		count++;
	}
}

/// Packets to one address of the other network until the direct path has been there for a while.
static void measure_passage(struct cloud *cloud, const char *destination, struct passage *ret)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct pollfd poll_fd = { .fd = cloud->to, .events = POLLIN };
	double start = load_now(), now = start;
	unsigned received = 0;
	bool direct = false;

	*ret = (struct passage) { .direct = NAN };
	inet_pton(AF_INET, destination, &to.sin_addr);
	while (now - start < PATIENCE && !(now - start > ret->direct + AFTERWARDS)) {
		if (now - start >= ret->sent * INTERVAL &&
			sendto(cloud->from, "packet", 6, 0, (struct sockaddr *)&to, sizeof(to)) == 6)
			ret->sent++;
		received += receive(cloud->to, &direct);
		now = load_now();
		if (direct && isnan(ret->direct))
			ret->direct = now - start;
		poll(&poll_fd, 1, 1);
		now = load_now();
	}
	for (double end = now + LAST; received < ret->sent && now < end; now = load_now()) {
		poll(&poll_fd, 1, 10);
		received += receive(cloud->to, &direct);
	}
	ret->lost = ret->sent - received;
}

/// Whether a spoke knows that it is registered: the hub knows sooner.
static bool is_registered(const struct subject *spoke)
{
	json_t *view = subject_ask(spoke, "show ip nhrp nhs"), *nhs;
	const char *state;
	bool up;

	nhs = json_array_get(
		json_object_get(json_array_get(json_object_get(view, "interfaces"), 0), "nhs"), 0);
	state = json_string_value(json_object_get(nhs, "state"));
	up = state && strcmp(state, "up") == 0;
	json_decref(view);
	return up;
}

static bool start(struct cloud *cloud, struct err *err)
{
	double begun = load_now();

	for (unsigned i = 0; i <= SPOKES; i++) {
		if (!subject_prepare(&cloud->nodes[i], err) || !subject_start(&cloud->nodes[i], err))
			return false;
	}
	while (!is_registered(&cloud->nodes[1]) || !is_registered(&cloud->nodes[2])) {
		if (load_now() - begun > 60) {
			subject_print_log(&cloud->nodes[1]);
			return err_set(
				err, "the spokes did not register with the hub; see the end of a log above");
		}
		poll(NULL, 0, 50);
	}
	for (unsigned i = 0; i <= SPOKES; i++)
		if (!world_run(cloud->nodes[i].node, err,
			    "echo %d >/proc/sys/net/ipv4/neigh/tunnel1/unres_qlen_bytes", QUEUE))
			return false;
	return true;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool measure(struct cloud *cloud, struct report *report, struct err *err)
{
	double times[ROUNDS];
	unsigned lost = 0, sent = 0;
	char key[64], text[80], destination[32];

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct passage passage;

		snprintf(destination, sizeof(destination), "192.168.2.%u", i + 1);
		for (unsigned spoke = 1; spoke <= SPOKES; spoke++)
			json_decref(subject_ask(&cloud->nodes[spoke], "clear ip nhrp"));
		cloud->to = open_socket(cloud, 2, destination, err);
		if (cloud->to < 0)
			return false;
		measure_passage(cloud, destination, &passage);
		close(cloud->to);
		if (isnan(passage.direct))
			return err_set(err, "no direct path in phase %u in %.0f s", cloud->phase, PATIENCE);
		times[i] = passage.direct * 1000;
		lost += passage.lost;
		sent += passage.sent;
	}
	qsort(times, ROUNDS, sizeof(times[0]), compare);
	snprintf(key, sizeof(key), "phase%u_direct_ms", cloud->phase);
	snprintf(text, sizeof(text), "ms from the first packet to the first direct one, phase %u, median",
		cloud->phase);
	report_number(report, key, times[ROUNDS / 2], 2, text);
	snprintf(key, sizeof(key), "phase%u_direct_max_ms", cloud->phase);
	report_number(report, key, times[ROUNDS - 1], 2, "ms, the longest");
	snprintf(key, sizeof(key), "phase%u_packets", cloud->phase);
	report_number(report, key, sent, 0, "packets sent meanwhile");
	snprintf(key, sizeof(key), "phase%u_lost", cloud->phase);
	report_number(report, key, lost, 0, "of them lost");
	return true;
}

static bool measure_phase(
	const struct bench_options *options, unsigned phase, struct report *report, struct err *err)
{
	struct cloud cloud = { .options = options, .phase = phase, .from = -1 };
	bool ok;

	if (!world_open(&cloud.world, err))
		return false;
	write_configs(&cloud);
	ok = add_node(&cloud, 0, err) && add_node(&cloud, 1, err) && add_node(&cloud, 2, err) &&
	     start(&cloud, err);
	if (ok)
		cloud.from = open_socket(&cloud, 1, "192.168.1.1", err);
	ok = ok && cloud.from >= 0 && measure(&cloud, report, err);
	if (cloud.from >= 0)
		close(cloud.from);
	for (unsigned i = 0; i <= SPOKES; i++)
		subject_stop(&cloud.nodes[i], SIGTERM);
	world_close(&cloud.world);
	return ok;
}

bool bench_convergence(const struct bench_options *options, struct err *err)
{
	struct report report =
		report_begin("From the first packet between two spokes to the direct path", options->json);
	bool ok = measure_phase(options, 2, &report, err) && measure_phase(options, 3, &report, err);

	report_end(&report);
	return ok;
}
