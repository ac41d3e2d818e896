// SPDX-License-Identifier: GPL-2.0-or-later
/// Receives the packets which rules of the guard log.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct nflog;
struct uv_loop_s;

/// A packet came in by device `in` and leaves by device `out` (indices). `packet` begins with its IP header
/// and may be cut.
typedef void nflog_on_packet(void *owner, uint32_t in, uint32_t out, const uint8_t *packet, size_t length);

/// Binds to an NFLOG group; each packet comes at once.
struct nflog *nflog_open(struct uv_loop_s *loop, uint16_t group, nflog_on_packet *on_packet, void *owner,
	struct err *err) MUST_CHECK;
/// Frees it when the loop next runs. NULL does no harm.
void nflog_close(struct nflog *nflog);
