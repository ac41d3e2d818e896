// SPDX-License-Identifier: GPL-2.0-or-later
//
// The kernel link: a GRE device of the kernel carries the data; we send and receive NHRP by a packet socket
// on it, and copy multicast (kernel_multicast.h).
#include "link/link.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/alloc.h"
#include "link/admission.h"
#include "link/kernel_device.h"
#include "link/kernel_multicast.h"
#include "link/kernel_packet.h"
#include "link/kernel_table.h"
#include "link/kernel_traffic.h"
#include "link/nhrp_socket.h"
#include "link/socket.h"
#include "link/user_fast.h"
#include "link/user_tap.h"
#include "linux/rtnl.h"
#include "wire/nhrp_msg.h"

struct kernel_link {
	struct link link;
	struct link_config config;
	struct link_handler handler;
	struct rtnl *rtnl;
	struct kernel_device device;
	struct kernel_traffic *traffic;
	struct kernel_multicast *multicast;
	int packet; ///< packet socket on the device: NHRP both ways, copies of multicast
	struct nhrp_socket *nhrp;
};

static struct kernel_link *kernel_link_of(struct link *link)
{
	return container_of(link, struct kernel_link, link);
}

static bool is_multipoint(const struct kernel_link *kernel)
{
	return !addr_is_set(kernel->config.destination);
}

/* NHRP */

static void receive_nhrp(struct link *link, const struct nhrp_arrival *arrival)
{
	struct kernel_link *kernel = kernel_link_of(link);
	const struct sockaddr_ll *from = &arrival->from->device;
	struct addr nbma = kernel->config.destination;

	if (is_multipoint(kernel))
		nbma = addr_from_bytes(
			from->sll_addr, from->sll_halen == KERNEL_NBMA_SIZE ? KERNEL_NBMA_SIZE : 0);
	if (addr_is_set(nbma))
		kernel->handler.on_nhrp(
			kernel->handler.owner, nbma, arrival->mark, arrival->packet, arrival->length);
}

static void kernel_flush_nhrp(struct link *link)
{
	nhrp_socket_flush(kernel_link_of(link)->nhrp);
}

static bool kernel_send_nhrp(
	struct link *link, struct addr nbma, const uint8_t *packet, size_t length, struct err *err)
{
	struct kernel_link *kernel = kernel_link_of(link);
	char text[ADDR_TEXT_SIZE];

	if (nbma.family != ADDR_IPV4)
		return err_set(err, "the NBMA address %s is not IPv4, which alone the kernel link can use",
			addr_format(nbma, text));
	if (length > NHRP_MAX_PACKET)
		return err_set(
			err, "an NHRP packet of %zu bytes is too large for %s", length, kernel->config.name);
	nhrp_socket_send(kernel->nhrp,
		&(struct nhrp_departure) {
			.to.device = kernel_packet_address(kernel->device.index, NHRP_ETHERTYPE, nbma),
			.packet = packet,
			.length = length,
		});
	return true;
}

/* Multicast */

static void kernel_add_receiver(struct link *link, struct prefix group, struct addr nbma)
{
	struct kernel_link *kernel = kernel_link_of(link);

	if (kernel_multicast_add(kernel->multicast, group, nbma))
		kernel_traffic_add(kernel->traffic, nbma, KERNEL_RECEIVER);
}

static void kernel_remove_receiver(struct link *link, struct prefix group, struct addr nbma)
{
	struct kernel_link *kernel = kernel_link_of(link);

	if (kernel_multicast_remove(kernel->multicast, group, nbma))
		kernel_traffic_remove(kernel->traffic, nbma, KERNEL_RECEIVER);
}

/* Opening and closing */

/// All but the memory.
static void stop(struct kernel_link *kernel, bool keep_device)
{
	if (kernel->device.index && !keep_device)
		kernel_device_close(kernel->rtnl, &kernel->device);
	kernel_multicast_close(kernel->multicast);
	if (kernel->packet >= 0)
		close(kernel->packet);
	kernel_traffic_close(kernel->traffic);
	admission_close(kernel->link.admission);
	rtnl_close(kernel->rtnl);
}

static bool check_ipv4(const char *what, struct addr nbma, struct err *err)
{
	char text[ADDR_TEXT_SIZE];

	return nbma.family == ADDR_IPV4 ||
	       err_set(err,
		       "the %s %s is not IPv4, which alone the kernel link can use; take an IPv4 address",
		       what, addr_format(nbma, text));
}

static bool set_up(struct kernel_link *kernel, uv_loop_t *loop, struct err *err)
{
	const struct link_config *config = &kernel->config;

	if (!check_ipv4("tunnel source", config->nbma, err) ||
		(!is_multipoint(kernel) && !check_ipv4("tunnel destination", config->destination, err)))
		return false;
	if (kernel_table_in_use(config->name))
		return err_set(err, "the device %s is in use by another process; is a second daemon running?",
			config->name);
	kernel->rtnl = rtnl_open(err);
	if (!kernel->rtnl)
		return false;
	/* An earlier run may have had the other kind of link. */
	if (kernel_device_exists(kernel->rtnl, config->name)) {
		user_fast_remove_stale(config->name);
		user_tap_remove_stale(config->name);
	}
	if (!kernel_device_open(kernel->rtnl, config, &kernel->device, err))
		return false;
	kernel->packet = kernel_packet_open(kernel->device.index, config, NHRP_ETHERTYPE, err);
	if (kernel->packet < 0)
		return false;
	kernel->multicast = kernel_multicast_open(loop, config, kernel->device.index, kernel->packet, err);
	if (!kernel->multicast)
		return false;
	kernel->traffic = kernel_traffic_open(config, err);
	return kernel->traffic != NULL;
}

static struct link *kernel_open(uv_loop_t *loop, const struct link_config *config,
	const struct link_handler *handler, bool *ret_adopted, struct err *err)
{
	struct kernel_link *kernel = alloc_zeroed(1, sizeof(*kernel));

	kernel->link.ops = &link_kernel;
	kernel->config = *config;
	kernel->handler = *handler;
	kernel->packet = -1;
	if (!set_up(kernel, loop, err)) {
		stop(kernel, kernel->device.adopted && kernel->device.ours);
		free(kernel);
		return NULL;
	}
	admission_open(&kernel->link, config, ADMISSION_DEVICE, kernel->packet);
	if (!is_multipoint(kernel))
		kernel_traffic_add(kernel->traffic, config->destination, KERNEL_DESTINATION);
	kernel->nhrp = nhrp_socket_open(loop, &kernel->link, kernel->packet, handler, receive_nhrp);
	*ret_adopted = kernel->device.adopted;
	return &kernel->link;
}

static void kernel_close(struct link *link, bool keep_device)
{
	struct kernel_link *kernel = kernel_link_of(link);

	nhrp_socket_close(kernel->nhrp);
	stop(kernel, keep_device);
	free(kernel);
}

/* The other operations */

static bool kernel_lladdr(struct link *link, struct addr nbma, struct lladdr *ret, struct err *err)
{
	struct kernel_link *kernel = kernel_link_of(link);

	if (!check_ipv4("NBMA address", nbma, err))
		return false;
	kernel_traffic_add(kernel->traffic, nbma, KERNEL_NEIGHBOUR);
	*ret = (struct lladdr) { .length = KERNEL_NBMA_SIZE };
	memcpy(ret->bytes, nbma.bytes, KERNEL_NBMA_SIZE);
	return true;
}

static void kernel_forget(struct link *link, struct addr nbma)
{
	kernel_traffic_remove(kernel_link_of(link)->traffic, nbma, KERNEL_NEIGHBOUR);
}

static void kernel_set_mark(struct link *link, struct addr nbma, uint32_t mark)
{
	kernel_traffic_set_mark(kernel_link_of(link)->traffic, nbma, mark);
}

static bool kernel_set_nbma(struct link *link, struct addr nbma, struct err *err)
{
	struct kernel_link *kernel = kernel_link_of(link);

	if (!check_ipv4("tunnel source", nbma, err) ||
		!kernel_device_set_local(kernel->rtnl, &kernel->device, nbma, err))
		return false;
	kernel->config.nbma = nbma;
	kernel_multicast_set_nbma(kernel->multicast, nbma);
	return kernel_traffic_set_nbma(kernel->traffic, nbma, err);
}

/// The kernel looks at the device's own; this one is for when the device is changed next.
static void kernel_configure(struct link *link, const struct link_config *config)
{
	kernel_link_of(link)->device.now.mtu = config->mtu;
}

static void kernel_each_active(struct link *link,
	void (*visit)(void *context, struct addr nbma, bool sent, bool received), void *context)
{
	kernel_traffic_walk(kernel_link_of(link)->traffic, visit, context);
}

static bool kernel_counters(struct link *link, struct addr nbma, struct link_counters *ret)
{
	return kernel_traffic_counters(kernel_link_of(link)->traffic, nbma, ret);
}

static void kernel_drops(struct link *link, struct link_drops *ret)
{
	struct kernel_link *kernel = kernel_link_of(link);

	*ret = (struct link_drops) {
		.send_failed =
			nhrp_socket_refused(kernel->nhrp) + kernel_multicast_refused(kernel->multicast),
		.socket_full = socket_dropped(kernel->packet),
	};
	kernel_device_drops(kernel->rtnl, &kernel->device, ret);
}

static const char *kernel_data_path(struct link *link)
{
	(void)link;
	return "the kernel's GRE device";
}

const struct link_ops link_kernel = {
	.name = "kernel",
	.open = kernel_open,
	.close = kernel_close,
	.send_nhrp = kernel_send_nhrp,
	.flush_nhrp = kernel_flush_nhrp,
	.lladdr = kernel_lladdr,
	.forget = kernel_forget,
	.multicast_add = kernel_add_receiver,
	.multicast_remove = kernel_remove_receiver,
	.set_mark = kernel_set_mark,
	.set_nbma = kernel_set_nbma,
	.configure = kernel_configure,
	.each_active = kernel_each_active,
	.counters = kernel_counters,
	.drops = kernel_drops,
	.data_path = kernel_data_path,
};
