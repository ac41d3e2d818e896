// SPDX-License-Identifier: GPL-2.0-or-later
/// The TAP device of a user link.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/// Makes the device `name`, persistent, with our Ethernet address and the MTU, or adopts the one that an
/// earlier process of ours left. Returns its file descriptor, not blocking, or -1. Each frame has a struct
/// virtio_net_hdr before it; those that are read are finished packets within the MTU.
int user_tap_open(const char *name, uint16_t mtu, bool *ret_adopted, struct err *err) MUST_CHECK;
/// Closes it; the device goes unless `keep`.
void user_tap_close(int fd, bool keep);
/// Removes the device if it is a TAP that an earlier process of ours left and nobody uses.
bool user_tap_remove_stale(const char *name);
