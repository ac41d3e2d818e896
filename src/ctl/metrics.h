// SPDX-License-Identifier: GPL-2.0-or-later
/// The state of the daemon as metrics, in the text format of OpenMetrics 1.0 or in the older one of
/// Prometheus.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct ctl_context;

#define METRICS_OPEN_TYPE  "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define METRICS_PLAIN_TYPE "text/plain; version=0.0.4; charset=utf-8"

/// All metrics; docs/metrics.md lists them. `is_open`: OpenMetrics. The caller frees the text.
char *metrics_text(const struct ctl_context *context, bool is_open, size_t *ret_length);
