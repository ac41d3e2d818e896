// SPDX-License-Identifier: GPL-2.0-or-later
#include "link/bpf.h"

#include <stddef.h>

#include <bpf/libbpf.h>

void bpf_be_silent(void)
{
	(void)libbpf_set_print(NULL);
}
