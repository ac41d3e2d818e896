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
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link/user_peers.h"

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

static bool attach(int fd, const char *name, bool adopted, struct err *err)
{
	struct ifreq request = request_for(name);

	request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
	if (ioctl(fd, TUNSETIFF, &request) == 0)
		return true;
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

static bool set_up(int fd, int control, const char *name, uint16_t mtu, bool adopted, struct err *err)
{
	struct ifreq request = request_for(name);
	int header_size = sizeof(struct virtio_net_hdr);

	if (ioctl(fd, TUNSETPERSIST, 1UL) < 0)
		return err_set_errno(err, errno, "cannot make the TAP device %s persistent", name);
	if (ioctl(fd, TUNSETVNETHDRSZ, &header_size) < 0 || ioctl(fd, TUNSETOFFLOAD, 0UL) < 0)
		return err_set_errno(err, errno, "cannot set up the offloads of %s", name);
	if (!adopted) {
		request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
		user_peers_write_mac(0, (uint8_t *)request.ifr_hwaddr.sa_data);
		if (ioctl(control, SIOCSIFHWADDR, &request) < 0)
			return err_set_errno(err, errno, "cannot set the Ethernet address of %s", name);
	}
	request.ifr_mtu = mtu;
	if (ioctl(control, SIOCSIFMTU, &request) < 0)
		return err_set_errno(err, errno, "cannot set the MTU of %s to %u", name, mtu);
	return true;
}

int user_tap_open(const char *name, uint16_t mtu, bool *ret_adopted, struct err *err)
{
	int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int fd = -1;
	bool ok, adopted = false;

	if (control < 0) {
		err_set_errno(err, errno, "cannot open a socket to set up the device %s", name);
		return -1;
	}
	ok = inspect(control, name, &adopted, err);
	if (ok) {
		fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
		ok = fd >= 0 ||
		     err_set_errno(err, errno,
			     "cannot open /dev/net/tun (load the module `tun`, or give the container the device)");
	}
	ok = ok && attach(fd, name, adopted, err);
	if (ok && !set_up(fd, control, name, mtu, adopted, err)) {
		ioctl(fd, TUNSETPERSIST, (unsigned long)adopted);
		ok = false;
	}
	close(control);
	if (!ok) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*ret_adopted = adopted;
	return fd;
}

void user_tap_close(int fd, bool keep)
{
	if (!keep)
		ioctl(fd, TUNSETPERSIST, 0UL);
	close(fd);
}

bool user_tap_remove_stale(const char *name)
{
	int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ours, exists = false;
	int fd;

	if (control < 0)
		return false;
	ours = inspect(control, name, &exists, NULL) && exists;
	close(control);
	fd = ours ? open("/dev/net/tun", O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return false;
	/* Attaching fails for what is in use, or is no TAP after all. */
	if (!attach(fd, name, true, NULL)) {
		close(fd);
		return false;
	}
	user_tap_close(fd, false);
	return true;
}
