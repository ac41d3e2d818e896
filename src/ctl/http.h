// SPDX-License-Identifier: GPL-2.0-or-later
/// The HTTP server for the metrics: GET /metrics and nothing else, in the event loop's thread.
#pragma once

#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

struct ctl_context;
struct http;
struct uv_loop_s;

/// Listens on an address and port of TCP. `context` is borrowed. NULL and `err` on failure.
struct http *http_open(struct uv_loop_s *loop, struct addr address, uint16_t port,
	const struct ctl_context *context, struct err *err) MUST_CHECK;
/// Frees it when the loop next runs. NULL does no harm.
void http_close(struct http *http);
