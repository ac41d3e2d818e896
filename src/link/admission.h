// SPDX-License-Identifier: GPL-2.0-or-later
/// Which NHRP packets come in when there are more than we can handle: those of known peers always, those of
/// strangers as many as their queue has room for. The kernel drops the rest at the socket, by an eBPF filter
/// (admission.bpf.c), before they cost us anything; so known peers never wait behind a flood of strangers.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "link/link.h"

struct admission;

enum admission_socket {
	ADMISSION_UNDERLAY, ///< a raw socket for GRE; the filter looks at protocol, key and destination, too
	ADMISSION_DEVICE,   ///< a packet socket at a GRE device
};

/// Gives the socket of a link the filter, in place of the one that it has. All as it was where IPsec keeps
/// strangers out, and where the kernel, our privileges or the build do not allow it, which is logged.
/// `link->filter` tells which.
void admission_open(struct link *link, const struct link_config *config, enum admission_socket kind, int fd);
/// The filter goes with its socket. NULL does no harm, here and below.
void admission_close(struct admission *admission);
/// The peer at this address is known, or not any more. That it is known comes into force with
/// admission_flush(): at once where strangers take much of the room or were refused, and else for at most
/// 1,000 peers in a second, the others following. So a hub that thousands come to answers them first.
void admission_know(struct admission *admission, struct addr nbma, bool known);
void admission_flush(struct admission *admission);
/// Another second begins.
void admission_on_second(struct admission *admission);
/// How many packets of strangers have come in; to be asked before the socket is read, and told to
/// admission_emptied() once nothing more was in it.
uint32_t admission_count(const struct admission *admission);
void admission_emptied(struct admission *admission, uint32_t count);
/// The owner has room for so many packets of strangers beside those which were read.
void admission_set_room(struct admission *admission, unsigned room);
/// Tells of each packet that was dropped since the last call: `count` of them with their sender, or, for
/// those beyond the last 1,024, without.
void admission_each_refused(struct admission *admission,
	void (*tell)(void *context, struct addr from, uint64_t count), void *context);
