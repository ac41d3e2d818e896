// SPDX-License-Identifier: GPL-2.0-or-later
#include "traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "base/attr.h"
#include "load.h"
#include "world.h"

#define PORT        5201
#define PAYLOAD     64
#define BATCH       64
#define SAMPLES_MAX 1000000
#define TRIES       100
#define RETRY       50 ///< milliseconds between two tries
#define DRAIN       10 ///< seconds

/// Processor time that the whole machine spent, seconds.
static double machine_cpu(void)
{
	unsigned long long user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0;
	FILE *file = fopen("/proc/stat", "re");

	if (!file)
		return NAN;
	if (fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &wait, &irq,
		    &softirq) != 7)
		user = 0;
	(void)fclose(file);
	return (double)(user + nice + system + irq + softirq) / (double)sysconf(_SC_CLK_TCK);
}

bool traffic_reaches(const struct world_node *from, const char *address)
{
	struct err err;

	return world_run(from, &err, "ping -c 1 -W 1 %s >/dev/null 2>&1", address);
}

/* TCP */

static pid_t start_server(const struct world_node *node, struct err *err)
{
	pid_t child = world_fork(node, err);

	if (child != 0)
		return child;
	if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
		_exit(EXIT_FAILURE);
	execlp("iperf3", "iperf3", "-s", "-1", (char *)NULL);
	_exit(EXIT_FAILURE);
}

/// What iperf3 said: bits per second that arrived.
static bool read_client(int fd, double *ret)
{
	FILE *file = fdopen(fd, "r");
	json_t *answer = file ? json_loadf(file, 0, NULL) : NULL;
	const json_t *end = json_object_get(answer, "end");
	const json_t *back = json_object_get(end, "sum_received_bidir_reverse");
	double there =
		json_number_value(json_object_get(json_object_get(end, "sum_received"), "bits_per_second"));

	*ret = there + json_number_value(json_object_get(back, "bits_per_second"));
	json_decref(answer);
	if (file)
		(void)fclose(file);
	return there > 0;
}

static _Noreturn void run_client(int out, const char *address, unsigned streams, bool both, double seconds)
{
	char count[16], time[16];

	snprintf(count, sizeof(count), "%u", streams);
	snprintf(time, sizeof(time), "%.0f", seconds < 1 ? 1 : seconds);
	dup2(out, STDOUT_FILENO);
	execlp("iperf3", "iperf3", "-c", address, "-C", "cubic", "-J", "-P", count, "-t", time,
		both ? "--bidir" : (char *)NULL, (char *)NULL);
	_exit(EXIT_FAILURE);
}

/// One try; the server may not listen yet.
static bool try_client(const struct world_node *from, const char *address, unsigned streams, bool both,
	double seconds, double *ret, struct err *err)
{
	int ends[2], status;
	pid_t child;
	bool ok;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set_errno(err, errno, "cannot make a pipe");
	child = world_fork(from, err);
	if (child == 0)
		run_client(ends[1], address, streams, both, seconds);
	close(ends[1]);
	ok = child > 0 && read_client(ends[0], ret);
	if (child > 0)
		waitpid(child, &status, 0);
	return ok || err_set(err, "iperf3 to %s failed; is the package iperf3 installed?", address);
}

bool traffic_tcp(const struct world_node *from, const struct world_node *to, const char *address,
	unsigned streams, bool both, double seconds, struct traffic_stream *ret, struct err *err)
{
	pid_t server = start_server(to, err);
	double before, start, took, rate = 0;
	bool ok = false;

	if (server < 0)
		return false;
	for (unsigned i = 0; !ok && i < TRIES; i++) {
		before = machine_cpu();
		start = load_now();
		ok = try_client(from, address, streams, both, seconds, &rate, err);
		took = load_now() - start;
		if (ok)
			*ret = (struct traffic_stream) {
				.gbit_per_second = rate / 1e9,
				.cpu_ms_per_gbit = 1e3 * (machine_cpu() - before) / (rate / 1e9 * took),
			};
		else
			poll(NULL, 0, RETRY);
	}
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return ok;
}

/* UDP */

static struct sockaddr_in endpoint(const char *address)
{
	struct sockaddr_in ret = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	if (inet_pton(AF_INET, address, &ret.sin_addr) != 1)
		abort();
	return ret;
}

/// Two sockets: one bound to the address, one connected to it. A second without a packet ends a wait.
static bool open_pair(const struct world *world, const struct world_node *from, const struct world_node *to,
	const char *address, int *ret_sender, int *ret_receiver, struct err *err)
{
	struct sockaddr_in there = endpoint(address);
	struct timeval patience = { .tv_sec = 1 };
	int size = 8 << 20;

	*ret_receiver = world_socket(world, to, SOCK_DGRAM, err);
	if (*ret_receiver < 0)
		return false;
	*ret_sender = world_socket(world, from, SOCK_DGRAM, err);
	if (*ret_sender >= 0 && bind(*ret_receiver, (struct sockaddr *)&there, sizeof(there)) == 0 &&
		connect(*ret_sender, (struct sockaddr *)&there, sizeof(there)) == 0 &&
		setsockopt(*ret_receiver, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
		setsockopt(*ret_sender, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
		setsockopt(*ret_receiver, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) == 0)
		return true;
	err_set_errno(err, errno, "cannot set up a pair of UDP sockets");
	close(*ret_receiver);
	if (*ret_sender >= 0)
		close(*ret_sender);
	return false;
}

/// Counts what it sends in `*sent`, which the parent shares.
static _Noreturn void blast(int fd, unsigned long *sent)
{
	static uint8_t payload[PAYLOAD];
	struct iovec iov = { payload, sizeof(payload) };
	struct mmsghdr messages[BATCH] = { 0 };

	for (unsigned i = 0; i < BATCH; i++) {
		messages[i].msg_hdr.msg_iov = &iov;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (;;) {
		int count = sendmmsg(fd, messages, BATCH, 0);

		if (count < 0 && errno != ENOBUFS && errno != EAGAIN)
			_exit(EXIT_FAILURE);
		if (count > 0)
			*sent += (unsigned)count;
	}
}

static unsigned receive(int fd)
{
	static uint8_t payloads[BATCH][PAYLOAD];
	struct mmsghdr messages[BATCH] = { 0 };
	struct iovec iov[BATCH];
	int count;

	for (unsigned i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec) { payloads[i], PAYLOAD };
		messages[i].msg_hdr.msg_iov = &iov[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	count = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
	return count > 0 ? (unsigned)count : 0;
}

static double seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

bool traffic_udp(const struct world *world, const struct world_node *from, const struct world_node *to,
	const char *address, double seconds, struct traffic_datagrams *ret, struct err *err)
{
	unsigned long *sent =
		mmap(NULL, sizeof(*sent), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double start, now, received = 0;
	struct rusage used = { 0 };
	int sender, receiver;
	pid_t child;

	if (sent == MAP_FAILED)
		abort();
	if (!open_pair(world, from, to, address, &sender, &receiver, err)) {
		munmap(sent, sizeof(*sent));
		return false;
	}
	child = world_fork(NULL, err);
	if (child == 0)
		blast(sender, sent);
	start = now = load_now();
	while (child > 0 && now - start < (received > 0 ? seconds : DRAIN)) {
		received += receive(receiver);
		now = load_now();
	}
	if (child > 0) {
		kill(child, SIGKILL);
		wait4(child, NULL, 0, &used);
	}
	close(sender);
	close(receiver);
	*ret = (struct traffic_datagrams) {
		.thousands_per_second = received / (now - start) / 1e3,
		.cpu_us = (seconds_of(used.ru_utime) + seconds_of(used.ru_stime)) * 1e6 /
			  (double)(*sent ? *sent : 1),
	};
	munmap(sent, sizeof(*sent));
	return child > 0 && (received > 0 || err_set(err, "no datagram to %s arrived", address));
}

static _Noreturn void send_back(int fd)
{
	uint8_t payload[PAYLOAD];
	struct sockaddr_in who;

	for (;;) {
		socklen_t length = sizeof(who);
		ssize_t got = recvfrom(fd, payload, sizeof(payload), 0, (struct sockaddr *)&who, &length);

		if (got > 0 && sendto(fd, payload, (size_t)got, 0, (struct sockaddr *)&who, length) < 0)
			continue; /* the other end counts what it misses */
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/// Sends a numbered datagram and waits for it to come back; older ones that come late are passed over.
static bool exchange(int fd, uint64_t number)
{
	uint8_t payload[PAYLOAD] = { 0 };
	uint64_t got;

	memcpy(payload, &number, sizeof(number));
	if (send(fd, payload, sizeof(payload), 0) < 0)
		return false;
	do {
		if (recv(fd, payload, sizeof(payload), 0) < 0)
			return false;
		memcpy(&got, payload, sizeof(got));
	} while (got != number);
	return true;
}

bool traffic_round_trip(const struct world *world, const struct world_node *from, const struct world_node *to,
	const char *address, double seconds, double *ret_us, struct err *err)
{
	double *samples = calloc(SAMPLES_MAX, sizeof(*samples)), start;
	int sender, receiver;
	uint64_t number = 0;
	size_t count = 0;
	pid_t child;

	if (!samples || !open_pair(world, from, to, address, &sender, &receiver, err)) {
		free(samples);
		return false;
	}
	child = world_fork(NULL, err);
	if (child == 0)
		send_back(receiver);
	/* What a test before left in queues has to go first. */
	for (start = load_now(); child > 0 && load_now() - start < DRAIN && !exchange(sender, ++number);)
		;
	for (start = load_now();
		child > 0 && count < SAMPLES_MAX && load_now() - start < (count ? seconds : DRAIN);) {
		double sent = load_now();

		if (exchange(sender, ++number))
			samples[count++] = load_now() - sent;
	}
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	close(sender);
	close(receiver);
	qsort(samples, count, sizeof(*samples), compare);
	*ret_us = count ? 1e6 * samples[count / 2] : NAN;
	free(samples);
	return child > 0 && (count > 0 || err_set(err, "no datagram came back from %s", address));
}
