// SPDX-License-Identifier: GPL-2.0-or-later
//
// One loop: send what may be sent, read what came, look every now and then for what was lost. Everything goes
// in batches, so that the load costs less than what it measures.
#include "load.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "frame.h"
#include "port.h"
#include "wire/nhrp_msg.h"

#define BATCH          64
#define FIRST_SPOKE    1   ///< of each block of addresses the first is left out
#define REPEAT_AFTER   1.0 ///< seconds
#define TRIES          10
#define SCAN_INTERVAL  0.1  ///< seconds between two looks at what was lost
#define SETTLE_SECONDS 0.5  ///< of silence after a run
#define DATA_SECONDS   3.0  ///< of silence, where data is on its way
#define PATIENCE       10.0 ///< seconds for the first answer of a run with a rate
#define DATA_SPOKES    500  ///< between which data goes: see send_data()
#define RESOLVE_STRIDE                                                                                       \
	7919 ///< a spoke asks for the one so many behind it: a prime, so that all are asked for

struct spoke {
	uint32_t request_id;
	uint8_t tries; ///< 0: nothing is outstanding
	double first_sent;
	double last_sent;
};

struct load {
	int fd;
	unsigned spokes;
	uint16_t holding_time;
	struct spoke *spoke;
	uint32_t next_id;
	double repeat; ///< seconds
	const struct nhrp_auth_key *key;
	bool claims; ///< registrations are unique
	struct mmsghdr out[BATCH];
	struct iovec out_iov[BATCH];
	uint8_t (*out_frames)[FRAME_SIZE];
	unsigned out_count;
	struct mmsghdr in[BATCH];
	struct iovec in_iov[BATCH];
	uint8_t (*in_frames)[FRAME_SIZE];
	_Alignas(struct cmsghdr) uint8_t in_control[BATCH][PORT_CONTROL_SIZE];
	/* the run under way */
	const struct load_plan *plan;
	struct load_result *result;
	unsigned outstanding;
	double now;
	double arrived; ///< what is being read
	double last_answer;
	float *times; ///< seconds, of each answer
	size_t times_capacity;
};

double load_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct addr load_nbma(unsigned spoke)
{
	return addr_from_ipv4(LOAD_NBMA + FIRST_SPOKE + spoke);
}

struct addr load_tunnel(unsigned spoke)
{
	return addr_from_ipv4(LOAD_TUNNEL + FIRST_SPOKE + spoke);
}

/* Sending */

static void flush(struct load *load)
{
	unsigned done = 0;

	while (done < load->out_count) {
		int sent = sendmmsg(load->fd, load->out + done, load->out_count - done, 0);

		/* A full queue is loss in the network: it is repeated like any other. */
		done += sent > 0 ? (unsigned)sent : 1;
	}
	load->out_count = 0;
}

uint8_t *load_next_frame(struct load *load)
{
	if (load->out_count == BATCH)
		flush(load);
	return load->out_frames[load->out_count];
}

void load_queue(struct load *load, size_t length)
{
	load->out_iov[load->out_count++].iov_len = length;
}

static void add_ext(struct nhrp_msg *msg, uint16_t type, bool compulsory)
{
	if (!nhrp_ext_add(msg, type, compulsory, NULL, 0))
		abort();
}

static unsigned asked_for(const struct load *load, unsigned index)
{
	return (index + RESOLVE_STRIDE) % load->spokes == index ? (index + 1) % load->spokes
								: (index + RESOLVE_STRIDE) % load->spokes;
}

static void fill(const struct load *load, unsigned index, struct nhrp_msg *msg)
{
	memset(msg, 0, sizeof(*msg));
	msg->hop_count = NHRP_DEFAULT_HOP_COUNT;
	msg->protocol_family = ADDR_IPV4;
	msg->request_id = load->spoke[index].request_id;
	msg->src_nbma = load_nbma(index);
	msg->src_protocol = load_tunnel(index);
	msg->dst_protocol = addr_from_ipv4(LOAD_HUB_TUNNEL);
	msg->flags = NHRP_FLAG_NAT |
		     (load->claims && load->plan->message == LOAD_REGISTER ? NHRP_FLAG_REG_UNIQUE : 0);
	msg->cie_count = 1;
	msg->cies[0] = (struct nhrp_cie) {
		.prefix_length = 32,
		.mtu = 1400,
		.holding_time = load->holding_time,
	};
	switch (load->plan->message) {
	case LOAD_NOTHING:
		break;
	case LOAD_REGISTER:
		msg->type = NHRP_REGISTRATION_REQUEST;
		break;
	case LOAD_RESOLVE_HUB:
		msg->type = NHRP_RESOLUTION_REQUEST;
		msg->flags |= NHRP_FLAG_ROUTER | NHRP_FLAG_AUTHORITATIVE | NHRP_FLAG_SRC_STABLE;
		msg->dst_protocol = addr_from_ipv4(LOAD_HUB_LAN + 1);
		break;
	case LOAD_RESOLVE_SPOKE:
		msg->type = NHRP_RESOLUTION_REQUEST;
		msg->flags |= NHRP_FLAG_ROUTER | NHRP_FLAG_AUTHORITATIVE | NHRP_FLAG_SRC_STABLE;
		msg->dst_protocol = load_tunnel(asked_for(load, index));
		break;
	}
	add_ext(msg, NHRP_EXT_RESPONDER, true);
	add_ext(msg, NHRP_EXT_FORWARD_TRANSIT, true);
	add_ext(msg, NHRP_EXT_REVERSE_TRANSIT, true);
	add_ext(msg, NHRP_EXT_NAT_ADDRESS, false);
}

/// Sends the spoke's message, the first time or again.
static void send_message(struct load *load, unsigned index)
{
	struct spoke *spoke = &load->spoke[index];
	struct nhrp_msg msg;
	uint8_t *frame;

	if (spoke->tries == 0) {
		spoke->request_id = load->next_id++;
		spoke->first_sent = load->now;
		load->outstanding++;
		load->result->sent++;
	} else {
		load->result->repeated++;
	}
	spoke->tries++;
	spoke->last_sent = load->now;
	fill(load, index, &msg);
	frame = load_next_frame(load);
	load_queue(load, frame_write_nhrp(frame, addr_to_ipv4(load_nbma(index)), &msg, load->key));
}

/// Not all of many spokes: a kernel has room for 1,024 neighbours that are not resolved yet, in all its
/// network namespaces together, and more of them at once cost others their packets.
static void send_data(struct load *load, uint64_t number)
{
	unsigned among = load->spokes < DATA_SPOKES ? load->spokes : DATA_SPOKES;
	unsigned from = (unsigned)(number * 31 % among);
	unsigned to = (unsigned)((number * 31 + among / 2 + 1) % among);
	uint8_t *frame = load_next_frame(load);

	load_queue(load, frame_write_data(frame, addr_to_ipv4(load_nbma(from)),
				 addr_to_ipv4(load_tunnel(from)), addr_to_ipv4(load_tunnel(to))));
	load->result->data_sent++;
}

/* Receiving */

static void on_answer(struct load *load, struct spoke *spoke, uint8_t code)
{
	struct load_result *result = load->result;

	if (code != NHRP_CODE_OK) {
		result->refused++;
	} else {
		if (result->answered == load->times_capacity) {
			load->times_capacity = load->times_capacity ? 2 * load->times_capacity : 1024;
			load->times = alloc_resize(load->times, load->times_capacity, sizeof(*load->times));
		}
		load->times[result->answered++] = (float)(load->arrived - spoke->first_sent);
		load->last_answer = load->arrived;
	}
	spoke->tries = 0;
	load->outstanding--;
}

static struct spoke *spoke_of(struct load *load, struct addr tunnel)
{
	uint32_t index = addr_to_ipv4(tunnel) - LOAD_TUNNEL - FIRST_SPOKE;

	return index < load->spokes ? &load->spoke[index] : NULL;
}

static void on_nhrp(struct load *load, const struct frame *frame)
{
	struct nhrp_msg msg;
	struct spoke *spoke;

	if (nhrp_msg_decode(frame->payload, frame->length, &msg, NULL) != NHRP_DECODE_OK)
		return;
	spoke = spoke_of(load, msg.src_protocol);
	if (!spoke)
		return;
	if (spoke->request_id != msg.request_id && msg.type == NHRP_REGISTRATION_REPLY)
		load->result->late++;
	if (spoke->tries == 0 || spoke->request_id != msg.request_id)
		return;
	switch (load->plan->message) {
	case LOAD_NOTHING:
		return;
	case LOAD_REGISTER:
		if (msg.type != NHRP_REGISTRATION_REPLY || msg.cie_count < 1)
			return;
		break;
	case LOAD_RESOLVE_HUB:
		if (msg.type != NHRP_RESOLUTION_REPLY || msg.cie_count < 1)
			return;
		break;
	case LOAD_RESOLVE_SPOKE:
		if (msg.type == NHRP_RESOLUTION_REQUEST) {
			on_answer(load, spoke, NHRP_CODE_OK);
			return;
		}
		if (msg.type != NHRP_RESOLUTION_REPLY || msg.cie_count < 1)
			return;
		break;
	}
	on_answer(load, spoke, msg.cies[0].code);
}

/// Reads all that is there; true where there was anything.
static bool receive(struct load *load)
{
	bool any = false;
	int count;

	do {
		struct port_clock clock;

		for (unsigned i = 0; i < BATCH; i++)
			load->in[i].msg_hdr.msg_controllen = PORT_CONTROL_SIZE;
		count = recvmmsg(load->fd, load->in, BATCH, MSG_DONTWAIT, NULL);
		clock = port_clock_read();
		load->now = clock.now;
		for (int i = 0; i < count; i++) {
			struct frame frame;

			any = true;
			if (!frame_read(load->in_frames[i], load->in[i].msg_len, &frame))
				continue;
			load->arrived = port_arrival(&load->in[i].msg_hdr, &clock);
			if (frame.protocol == NHRP_ETHERTYPE)
				on_nhrp(load, &frame);
			else
				load->result->data_received++;
		}
	} while (count == BATCH);
	return any;
}

/* A run */

static void give_up(struct load *load, unsigned index)
{
	load->spoke[index].tries = 0;
	load->outstanding--;
	load->result->lost++;
}

static void scan(struct load *load)
{
	for (unsigned i = 0; i < load->plan->count; i++) {
		struct spoke *spoke = &load->spoke[i];

		if (spoke->tries == 0 || load->now - spoke->last_sent < load->repeat)
			continue;
		if (spoke->tries < TRIES) {
			send_message(load, i);
			continue;
		}
		give_up(load, i);
	}
}

/// A run with a rate goes on until there is something to tell: the machine may have had other work for so
/// long.
static bool is_over(const struct load *load, double start, uint64_t next)
{
	const struct load_plan *plan = load->plan;
	const bool heard = load->result->answered + load->result->late > 0;
	double elapsed = load->now - start;

	if (plan->rate > 0)
		return elapsed >= plan->seconds && (heard || elapsed >= plan->seconds + PATIENCE);
	if (plan->message == LOAD_NOTHING)
		return elapsed >= plan->seconds;
	return (next == plan->count && load->outstanding == 0) || elapsed >= plan->seconds;
}

/// Sends the messages that are due; `*next` counts them.
static void send_due(struct load *load, double start, uint64_t *next)
{
	const struct load_plan *plan = load->plan;
	double due = (load->now - start) * plan->rate;

	if (plan->message == LOAD_NOTHING)
		return;
	if (plan->rate <= 0) {
		while (*next < plan->count && load->outstanding < plan->window)
			send_message(load, (unsigned)(*next)++);
		return;
	}
	for (; (double)*next < due; ++*next) {
		unsigned index = (unsigned)(*next % plan->count);

		if (plan->impatient && load->spoke[index].tries > 0)
			give_up(load, index);
		/* Where the answer to the one before is still missing the spoke is not asked twice. */
		if (load->spoke[index].tries == 0)
			send_message(load, index);
	}
}

/// Waits for what is still on its way when a run is over: data, and what a hub that had too much to do still
/// answers.
static void settle(struct load *load)
{
	struct pollfd poll_fd = { .fd = load->fd, .events = POLLIN };
	double heard = load->now;

	while ((load->plan->impatient && load->now - heard < SETTLE_SECONDS) ||
		(load->result->data_received < load->result->data_sent && load->now - heard < DATA_SECONDS)) {
		if (receive(load))
			heard = load->now;
		else
			poll(&poll_fd, 1, 1);
		load->now = load_now();
	}
}

static int compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static double percentile(const struct load *load, double share)
{
	size_t count = load->result->answered;

	return count ? (double)load->times[(size_t)((double)(count - 1) * share)] * 1000 : NAN;
}

static void sum_up(struct load *load, double start)
{
	struct load_result *result = load->result;

	qsort(load->times, result->answered, sizeof(*load->times), compare);
	result->seconds = result->answered ? load->last_answer - start : 0;
	result->p50_ms = percentile(load, 0.50);
	result->p99_ms = percentile(load, 0.99);
	result->max_ms = percentile(load, 1);
}

void load_run(struct load *load, const struct load_plan *plan, struct load_result *ret)
{
	struct pollfd poll_fd = { .fd = load->fd, .events = POLLIN };
	struct load_result over;
	double start, scanned;
	uint64_t next = 0;

	*ret = (struct load_result) { 0 };
	load->plan = plan;
	load->result = ret;
	load->outstanding = 0;
	for (unsigned i = 0; i < load->spokes; i++)
		load->spoke[i].tries = 0;
	receive(load);
	*ret = (struct load_result) { 0 };
	start = scanned = load->now = load_now();
	while (!is_over(load, start, next)) {
		send_due(load, start, &next);
		while ((double)ret->data_sent < (load->now - start) * plan->data_rate)
			send_data(load, ret->data_sent);
		flush(load);
		if (!receive(load))
			poll(&poll_fd, 1, 1);
		load->now = load_now();
		if (load->now - scanned < SCAN_INTERVAL)
			continue;
		scanned = load->now;
		if (!plan->impatient)
			scan(load);
	}
	over = *ret;
	settle(load);
	over.data_received = ret->data_received;
	*ret = over;
	sum_up(load, start);
}

/* Start and end */

static void set_up(struct mmsghdr *messages, struct iovec *iov, uint8_t (*frames)[FRAME_SIZE])
{
	for (unsigned i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec) { frames[i], FRAME_SIZE };
		messages[i].msg_hdr = (struct msghdr) { .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
}

struct load *load_open(unsigned spokes, uint16_t holding_time, struct err *err)
{
	struct load *load = alloc_zeroed(1, sizeof(*load));

	load->spokes = spokes;
	load->fd = port_open(spokes, err);
	if (load->fd < 0) {
		free(load);
		return NULL;
	}
	load->holding_time = holding_time;
	load->next_id = 1;
	load->repeat = REPEAT_AFTER;
	load->spoke = alloc_zeroed(spokes, sizeof(*load->spoke));
	load->out_frames = alloc_zeroed(BATCH, FRAME_SIZE);
	load->in_frames = alloc_zeroed(BATCH, FRAME_SIZE);
	set_up(load->out, load->out_iov, load->out_frames);
	set_up(load->in, load->in_iov, load->in_frames);
	for (unsigned i = 0; i < BATCH; i++)
		load->in[i].msg_hdr.msg_control = load->in_control[i];
	return load;
}

void load_set_repeat(struct load *load, double seconds)
{
	load->repeat = seconds;
}

void load_authenticate(struct load *load, const struct nhrp_auth_key *key)
{
	load->key = key;
}

void load_claim(struct load *load)
{
	load->claims = true;
}

void load_close(struct load *load)
{
	if (!load)
		return;
	close(load->fd);
	free(load->times);
	free(load->spoke);
	free(load->out_frames);
	free(load->in_frames);
	free(load);
}
