// SPDX-License-Identifier: GPL-2.0-or-later
//
// A persistent TAP device outlives its process, and with it the addresses and routes on it: after a crash
// the next process adopts it by its name. What tells it from somebody else's is its Ethernet address.
#include "link/user_tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link/user_peers.h"

#define CLAIM_PREFIX "dmvpn-user-"

#ifndef TUN_F_USO4 /* Linux 6.2 */
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

static struct ifreq request_for(const char *name)
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return request;
}

/// Whether there is a device of this name, and if so, that it is a TAP of ours.
static bool inspect(int control, const char *name, bool *ret_exists, struct err *err)
{
	struct ifreq request = request_for(name);
	uint8_t mac[USER_MAC_SIZE];

	*ret_exists = ioctl(control, SIOCGIFHWADDR, &request) == 0;
	if (!*ret_exists)
		return errno == ENODEV || err_set_errno(err, errno, "cannot look for the device %s", name);
	user_peers_write_mac(0, mac);
	if (request.ifr_hwaddr.sa_family != ARPHRD_ETHER ||
		memcmp(request.ifr_hwaddr.sa_data, mac, sizeof(mac)) != 0)
		return err_set(err,
			"there is a device %s which is no TAP device of ours; remove it (`ip link delete %s`) or give "
			"the tunnel another number",
			name, name);
	return true;
}

static bool attach_error(const char *name, bool adopted, struct err *err)
{
	if (errno == EBUSY)
		return err_set(
			err, "the device %s is in use by another process; is a second daemon running?", name);
	if (errno == EPERM)
		return err_set(err,
			"not allowed to make the TAP device %s; run as root or with the capability CAP_NET_ADMIN",
			name);
	if (errno == EINVAL && adopted)
		return err_set(err,
			"the device %s that is there is no TAP device; remove it (`ip link delete %s`) or give the tunnel "
			"another number",
			name, name);
	return err_set_errno(err, errno, "cannot make the TAP device %s", name);
}

/// One that somebody made with one queue stays so; `*several` tells.
static bool attach(int fd, const char *name, bool adopted, bool *several, struct err *err)
{
	struct ifreq request = request_for(name);

	for (*several = true;; *several = false) {
		request.ifr_flags =
			(short)(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (*several ? IFF_MULTI_QUEUE : 0));
		if (ioctl(fd, TUNSETIFF, &request) == 0)
			return true;
		if (!adopted || errno != EINVAL || !*several)
			return attach_error(name, adopted, err);
	}
}

/// Why /dev/net/tun cannot be opened, by errno, and what to do about it.
static void tell_no_tun(struct err *err)
{
	if (errno == ENOENT)
		(void)err_set(err,
			"/dev/net/tun is not there, which the user link needs; load the module (`modprobe tun`), "
			"or give the container the device (`--device /dev/net/tun`)");
	else if (errno == EPERM || errno == EACCES)
		(void)err_set(err,
			"not allowed to open /dev/net/tun, which the user link needs; run as root, or give the "
			"container the device (`--device /dev/net/tun`)");
	else
		(void)err_set_errno(err, errno,
			"cannot open /dev/net/tun, which the user link needs (is the module `tun` there?)");
}

/// One file descriptor, attached to a queue of its own; -1 on failure.
static int open_queue(const char *name, bool adopted, bool *several, struct err *err)
{
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		tell_no_tun(err);
		return -1;
	}
	if (attach(fd, name, adopted, several, err))
		return fd;
	close(fd);
	return -1;
}

/// A device with several queues does not refuse another process. So whoever uses one of ours owns a table of
/// its name in nftables, which like the device belongs to the network namespace, ends with its owner, and can
/// be made by nobody who may not use the device. NULL on failure.
static struct nft_ctx *claim(const char *name, struct err *err)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	char command[128];
	const char *reason;

	if (!nft) {
		err_set(err, "cannot set up nftables");
		return NULL;
	}
	nft_ctx_buffer_output(nft);
	nft_ctx_buffer_error(nft);
	snprintf(command, sizeof(command), "create table inet " CLAIM_PREFIX "%s { flags owner; }", name);
	if (nft_run_cmd_from_buffer(nft, command) == 0)
		return nft;
	reason = nft_ctx_get_error_buffer(nft);
	if (strstr(reason, strerror(EPERM)) || strstr(reason, strerror(EEXIST)))
		err_set(err, "the device %s is in use by another process; is a second daemon running?", name);
	else
		err_set(err, "cannot claim the device %s (is nf_tables in the kernel?): %.*s", name,
			(int)strcspn(reason, "\n"), reason);
	nft_ctx_free(nft);
	return NULL;
}

/// What the kernel may leave to us.
static bool set_offloads(int fd, const struct link_config *config, struct user_tap *tap)
{
	unsigned long offloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
	int header_size = sizeof(struct virtio_net_hdr);

	if (ioctl(fd, TUNSETVNETHDRSZ, &header_size) < 0)
		return false;
	if (config->one_by_one)
		return ioctl(fd, TUNSETOFFLOAD, 0UL) == 0;
	tap->takes_udp = ioctl(fd, TUNSETOFFLOAD, offloads | TUN_F_USO4 | TUN_F_USO6) == 0;
	return tap->takes_udp || ioctl(fd, TUNSETOFFLOAD, offloads) == 0;
}

static bool set_up(
	struct user_tap *tap, int control, const struct link_config *config, bool adopted, struct err *err)
{
	const char *name = config->name;
	struct ifreq request = request_for(name);
	int fd = tap->queues[0];

	if (ioctl(fd, TUNSETPERSIST, 1UL) < 0)
		return err_set_errno(err, errno, "cannot make the TAP device %s persistent", name);
	if (!set_offloads(fd, config, tap))
		return err_set_errno(err, errno, "cannot set up the offloads of %s", name);
	if (!adopted) {
		request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
		user_peers_write_mac(0, (uint8_t *)request.ifr_hwaddr.sa_data);
		if (ioctl(control, SIOCSIFHWADDR, &request) < 0)
			return err_set_errno(err, errno, "cannot set the Ethernet address of %s", name);
	}
	request.ifr_mtu = config->mtu;
	if (ioctl(control, SIOCSIFMTU, &request) < 0)
		return err_set_errno(err, errno, "cannot set the MTU of %s to %u", name, config->mtu);
	return true;
}

unsigned user_tap_queues(const struct link_config *config)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned wanted = config->pairs ? config->pairs : processors < 4 ? 1 : (unsigned)processors / 2;

	return wanted < USER_TAP_QUEUES ? wanted : USER_TAP_QUEUES;
}

static void close_queues(struct user_tap *tap)
{
	while (tap->count)
		close(tap->queues[--tap->count]);
	nft_ctx_free(tap->claim);
}

static bool open_queues(struct user_tap *tap, const struct link_config *config, bool adopted, struct err *err)
{
	const char *name = config->name;
	bool several = true;

	for (unsigned wanted = user_tap_queues(config); several && tap->count < wanted; tap->count++) {
		tap->queues[tap->count] = open_queue(name, adopted || tap->count, &several, err);
		if (tap->queues[tap->count] < 0)
			return false;
	}
	return true;
}

bool user_tap_open(const struct link_config *config, struct user_tap *ret, bool *ret_adopted, struct err *err)
{
	const char *name = config->name;
	int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct user_tap tap = { .claim = claim(name, err) };
	bool ok, adopted = false;

	if (!tap.claim) {
		if (control >= 0)
			close(control);
		return false;
	}
	if (control < 0) {
		nft_ctx_free(tap.claim);
		return err_set_errno(err, errno, "cannot open a socket to set up the device %s", name);
	}
	ok = inspect(control, name, &adopted, err) && open_queues(&tap, config, adopted, err);
	if (ok && !set_up(&tap, control, config, adopted, err)) {
		ioctl(tap.queues[0], TUNSETPERSIST, (unsigned long)adopted);
		ok = false;
	}
	close(control);
	if (!ok) {
		close_queues(&tap);
		return false;
	}
	*ret = tap;
	*ret_adopted = adopted;
	return true;
}

void user_tap_close(struct user_tap *tap, bool keep)
{
	if (!keep)
		ioctl(tap->queues[0], TUNSETPERSIST, 0UL);
	close_queues(tap);
}

bool user_tap_remove_stale(const char *name)
{
	int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct user_tap tap = { .claim = claim(name, NULL) };
	bool exists = false, removed = false, several;

	/* Attaching fails for what is no TAP after all. */
	if (control >= 0 && tap.claim && inspect(control, name, &exists, NULL) && exists) {
		tap.queues[0] = open_queue(name, true, &several, NULL);
		removed = tap.queues[0] >= 0;
		tap.count = removed;
	}
	if (removed)
		ioctl(tap.queues[0], TUNSETPERSIST, 0UL);
	if (control >= 0)
		close(control);
	if (tap.claim)
		close_queues(&tap);
	return removed;
}
