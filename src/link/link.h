// SPDX-License-Identifier: GPL-2.0-or-later
/// The overlay device of a tunnel, whoever implements it: the place where packets of the cloud enter and
/// leave the host. Each kind of link is one struct link_ops.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"
#include "conf/conf.h"

#define LINK_LLADDR_SIZE 32 ///< largest link-layer address the kernel takes
/// SO_MARK of what a link sends: the override rule leaves alone what has these bits of LINK_MARK_MASK.
#define LINK_MARK      0xd4000000U
#define LINK_MARK_MASK 0xff000000U

struct admission;
struct link;
struct uv_loop_s;

/// What a link has to tell. Calls come from the event loop; the link may be used in them but not closed.
struct link_handler {
	/// An NHRP packet (without GRE) came from an NBMA address; `mark` is that of the packet, where
	/// link_config.marks asks for it.
	void (*on_nhrp)(void *owner, struct addr from, uint32_t mark, const uint8_t *packet, size_t length);
	/// That was the last of those that came together.
	void (*on_nhrp_end)(void *owner);
	void *owner;
};

struct link_config {
	char name[16];           ///< the device
	struct addr nbma;        ///< our own address in the underlay: source of all that is sent
	struct addr destination; ///< point-to-point: the one peer; unset: multipoint
	bool has_key;
	uint32_t key;      ///< host order
	uint16_t mtu;      ///< of the tunnel device, bytes
	bool no_fast_path; ///< user link: every packet goes by its threads
	bool hairpin;    ///< user link: its fast path may send what leads back into the tunnel past the host
	bool one_by_one; ///< user link: no batches, no super-packets; to measure what those are worth
	unsigned pairs;  ///< user link: of threads; 0: as many as suit the processors
	bool marks;      ///< peers are told apart by the marks of their packets, too
	bool protected;  ///< IPsec keeps strangers out
};

/// A link-layer address for the neighbour table.
struct lladdr {
	uint8_t length;
	uint8_t bytes[LINK_LLADDR_SIZE];
};

/// Data packets of one peer since the link was opened.
struct link_counters {
	uint64_t sent_packets;
	uint64_t sent_bytes;
	uint64_t received_packets;
	uint64_t received_bytes;
};

struct link_drops {
	uint64_t unknown_peer; ///< frame to a link-layer address that has no peer
	uint64_t not_wanted;   ///< GRE that is malformed, carries what a device cannot, was led back into
			       ///< the tunnel, or merged UDP datagrams
	uint64_t send_failed;  ///< the underlay refused it
	uint64_t device_full;  ///< the tunnel device refused it
	uint64_t socket_full;  ///< it came while the buffer of our socket was full, NHRP too
};

struct link_ops {
	const char *name; ///< "user", "kernel"
	/// Makes the device or adopts the one that is there, leaves it down, and starts to receive. NULL and
	/// `err` on failure. `*ret_adopted` tells that the device was there before.
	struct link *(*open)(struct uv_loop_s *loop, const struct link_config *config,
		const struct link_handler *handler, bool *ret_adopted, struct err *err);
	/// Stops. With `keep_device` the device stays for the next start, else it goes.
	void (*close)(struct link *link, bool keep_device);
	/// Sends an NHRP packet (without GRE) to an NBMA address, at the latest when `flush_nhrp` is called;
	/// what the underlay then refuses is counted.
	bool (*send_nhrp)(
		struct link *link, struct addr nbma, const uint8_t *packet, size_t length, struct err *err);
	void (*flush_nhrp)(struct link *link);
	/// The link-layer address which stands for an NBMA address, for the neighbour table; stays valid
	/// until `forget`.
	bool (*lladdr)(struct link *link, struct addr nbma, struct lladdr *ret, struct err *err);
	/// No neighbour points to this NBMA address any more.
	void (*forget)(struct link *link, struct addr nbma);
	/// Makes `nbma` receive what is sent to a multicast group, or, where `group` is not set, whatever
	/// multicast and broadcast is in no group of its own. Without `nbma`: the group is there, whether it
	/// has receivers or not. The NBMA address of a group has been asked of `lladdr` before.
	void (*multicast_add)(struct link *link, struct prefix group, struct addr nbma);
	void (*multicast_remove)(struct link *link, struct prefix group, struct addr nbma);
	/// Data with this mark came from the peer with this NBMA address, whatever its source; 0: none does.
	/// NULL: the link counts by address alone.
	void (*set_mark)(struct link *link, struct addr nbma, uint32_t mark);
	/// Our own NBMA address changed.
	bool (*set_nbma)(struct link *link, struct addr nbma, struct err *err);
	/// Takes over what may change while it is open, `mtu`, `no_fast_path` and `hairpin`; no packet is
	/// lost by it.
	void (*configure)(struct link *link, const struct link_config *config);
	/// Walks over the peers whose counters changed since the last such walk.
	void (*each_active)(struct link *link,
		void (*visit)(void *context, struct addr nbma, bool sent, bool received), void *context);
	/// False where the peer is not known.
	bool (*counters)(struct link *link, struct addr nbma, struct link_counters *ret);
	void (*drops)(struct link *link, struct link_drops *ret);
	/// What carries the data, in words, and why nothing faster does; valid until the link is closed.
	const char *(*data_path)(struct link *link);
};

/// Every link begins with this.
struct link {
	const struct link_ops *ops;
	struct admission *admission; ///< of NHRP; NULL: all that is ours comes in
	char filter[160];            ///< of NHRP, for a person: "eBPF", or "none" and why
};

/// A GRE device of the kernel.
extern const struct link_ops link_kernel;
/// A TAP device and a GRE socket, for systems without.
extern const struct link_ops link_user;

/// A socket that takes GRE packets and gives them to nobody, while links are closed to be opened anew:
/// without any, the kernel answers that it does not know the protocol. -1 where we may not; the caller closes
/// it.
int link_hold_protocol(void);
/// Can a link tell the marks of packets on this system (Linux 5.19)?
bool link_has_marks(void);

/// The operations for a kind of link, or NULL and `err` where this system has it not. The kernel is asked,
/// and loads its module for GRE where it can.
const struct link_ops *link_by_kind(enum tunnel_link kind, struct err *err) MUST_CHECK;

/// Removes the tunnel devices, of either kind, which an earlier run left and that `wanted` does not claim. A
/// device in use by another process stays. Returns how many went.
unsigned link_sweep(bool (*wanted)(void *context, const char *name), void *context);
