// SPDX-License-Identifier: GPL-2.0-or-later
//
// What has come in of strangers and is not read yet is known by two counts: the filter's, and what it was
// when the socket was last empty. So nothing has to be told for each packet, and one that the socket had no
// room for is not missed for longer than until then.
#include "link/admission.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/alloc.h"
#include "base/log.h"
#include "link/admission_maps.h"
#include "link/bpf.h"

/* Generated, and not as strict as we are. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
#include "link/admission.skel.h"
#pragma GCC diagnostic pop

#define FIRST_ROOM 64   ///< until the owner says how much it has
#define COST       2304 ///< bytes of the socket's buffer that a packet of ADMISSION_SIZE takes
#define BATCH      64   ///< peers that the kernel is told of together
#define PACE       1000 ///< peers that the kernel is told of in a second, while strangers leave room

struct admission {
	struct admission_bpf *program;
	uint32_t emptied; ///< packets of strangers that had come in when the socket was empty
	unsigned room, room_limit;
	uint64_t told; ///< of the refused
	/// New peers that the kernel does not know yet are added[added_told] to added[added_count - 1].
	uint32_t *added;
	size_t added_told, added_count, added_size;
	unsigned pace; ///< so many more may be told in this second
};

static volatile struct admission_rules *rules(const struct admission *admission)
{
	return &admission->program->bss->rules;
}

/// Strangers get half of the buffer, so that known peers always find room in it.
static unsigned room_in_buffer(int fd)
{
	int size = 0;
	socklen_t length = sizeof(size);

	(void)getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &length);
	return (unsigned)size / 2 / COST;
}

static void let_in(struct admission *admission)
{
	rules(admission)->limit = admission->emptied + admission->room;
}

/// NULL and errno on failure.
static struct admission_bpf *load(const struct link_config *config, enum admission_socket kind, int fd)
{
	struct admission_bpf *program = admission_bpf__open_and_load();
	int filter;

	if (!program)
		return NULL;
	program->bss->rules.destination =
		addr_is_set(config->destination) ? htonl(addr_to_ipv4(config->destination)) : 0;
	program->bss->rules.key = htonl(config->key);
	program->bss->rules.has_key = config->has_key;
	filter = bpf_program__fd(
		kind == ADMISSION_UNDERLAY ? program->progs.from_underlay : program->progs.from_device);
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &filter, sizeof(filter)) == 0)
		return program;
	admission_bpf__destroy(program);
	return NULL;
}

void admission_open(struct link *link, const struct link_config *config, enum admission_socket kind, int fd)
{
	struct admission *admission;
	struct admission_bpf *program;

	if (config->protected) {
		snprintf(link->filter, sizeof(link->filter), "none (IPsec keeps strangers out)");
		return;
	}
	bpf_be_silent();
	program = load(config, kind, fd);
	if (!program) {
		snprintf(link->filter, sizeof(link->filter),
			"none (the kernel does not take its program: %s; it needs the capabilities CAP_BPF and "
			"CAP_NET_ADMIN)",
			strerror(errno));
		log_info("%s: in a flood of NHRP known peers wait with strangers: filter by eBPF: %s",
			config->name, link->filter);
		return;
	}
	snprintf(link->filter, sizeof(link->filter), "eBPF");
	admission = link->admission = alloc_zeroed(1, sizeof(*admission));
	admission->program = program;
	admission->room = FIRST_ROOM;
	admission->pace = PACE;
	admission->room_limit = room_in_buffer(fd);
	let_in(admission);
}

void admission_close(struct admission *admission)
{
	if (!admission)
		return;
	admission_bpf__destroy(admission->program);
	free(admission->added);
	free(admission);
}

static size_t waiting(const struct admission *admission)
{
	return admission->added_count - admission->added_told;
}

static void tell_kernel(struct admission *admission, size_t most)
{
	static const struct admission_peer none[BATCH];
	__u32 count;

	for (; most > 0 && waiting(admission) > 0; most -= count) {
		const uint32_t *peers = admission->added + admission->added_told;

		count = (__u32)(most < waiting(admission) ? most : waiting(admission));
		count = count < BATCH ? count : BATCH;
		admission->added_told += count;
		/* One that finds no room remains a stranger. */
		(void)bpf_map_update_batch(
			bpf_map__fd(admission->program->maps.known), peers, none, &(__u32) { count }, NULL);
	}
	if (waiting(admission) == 0)
		admission->added_told = admission->added_count = 0;
}

/// Are there so many strangers that it matters who is one? Those count, too, that came in since the socket
/// was last empty: among them may be peers who are known by now.
static bool is_pressed(const struct admission *admission)
{
	int32_t left = (int32_t)(rules(admission)->limit - rules(admission)->admitted);

	return left < (int32_t)admission->room_limit / 2;
}

void admission_flush(struct admission *admission)
{
	size_t before;

	if (!admission)
		return;
	before = waiting(admission);
	tell_kernel(admission, is_pressed(admission) ? before : admission->pace);
	before -= waiting(admission);
	admission->pace -= before < admission->pace ? (unsigned)before : admission->pace;
}

void admission_on_second(struct admission *admission)
{
	if (admission)
		admission->pace = PACE;
}

static void add(struct admission *admission, uint32_t key)
{
	if (admission->added_count == admission->added_size) {
		admission->added_size = 2 * admission->added_size + BATCH;
		admission->added =
			alloc_resize(admission->added, admission->added_size, sizeof(admission->added[0]));
	}
	admission->added[admission->added_count++] = key;
}

void admission_know(struct admission *admission, struct addr nbma, bool known)
{
	uint32_t key;

	if (!admission || nbma.family != ADDR_IPV4)
		return;
	key = htonl(addr_to_ipv4(nbma));
	if (known) {
		add(admission, key);
		return;
	}
	/* It may be among those who wait. */
	tell_kernel(admission, waiting(admission));
	bpf_map_delete_elem(bpf_map__fd(admission->program->maps.known), &key);
}

uint32_t admission_count(const struct admission *admission)
{
	return admission ? rules(admission)->admitted : 0;
}

void admission_emptied(struct admission *admission, uint32_t count)
{
	if (!admission)
		return;
	admission->emptied = count;
	let_in(admission);
}

void admission_set_room(struct admission *admission, unsigned room)
{
	if (!admission)
		return;
	admission->room = room < admission->room_limit ? room : admission->room_limit;
	let_in(admission);
}

void admission_each_refused(struct admission *admission,
	void (*tell)(void *context, struct addr from, uint64_t count), void *context)
{
	uint64_t refused;

	if (!admission)
		return;
	refused = rules(admission)->refused;
	if (refused != admission->told)
		tell_kernel(admission, waiting(admission));
	if (refused - admission->told > ADMISSION_NOTED) {
		tell(context, (struct addr) { 0 }, refused - admission->told - ADMISSION_NOTED);
		admission->told = refused - ADMISSION_NOTED;
	}
	for (; admission->told != refused; admission->told++) {
		uint32_t from = rules(admission)->refused_from[admission->told % ADMISSION_NOTED];

		tell(context, addr_from_ipv4(ntohl(from)), 1);
	}
}
