// SPDX-License-Identifier: GPL-2.0-or-later
/// NHRP packets for `debug nhrp packet`.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/addr.h"

/// A packet that was received from or sent to an NBMA address.
struct packet_report {
	const char *interface; ///< the device
	bool received;
	struct addr nbma;
	const uint8_t *packet; ///< NHRP without GRE
	size_t length;
};

/// As an object with the fields of dmvpn/packet/1.
json_t *packet_view(const struct packet_report *report);
/// Does the packet come from, go to, or speak of this address?
bool packet_concerns(const struct packet_report *report, struct addr addr);
