// SPDX-License-Identifier: GPL-2.0-or-later
/// What those who load eBPF programs have in common.
#pragma once

/// libbpf explains failures on stderr, at length; from now on it is silent, and the log has one line for
/// each.
void bpf_be_silent(void);
