// SPDX-License-Identifier: GPL-2.0-or-later
/// `topology`: who talks to whom by which path, as this node sees it.
#pragma once

#include "cli/cli.h"

enum topology_form {
	TOPOLOGY_TEXT,
	TOPOLOGY_DOT,
	TOPOLOGY_SVG,
	TOPOLOGY_JSON,
};

/// Asks the node what it knows and prints it; false and `err` where it does not answer.
bool topology_print(struct cli *cli, FILE *out, enum topology_form form, struct err *err) MUST_CHECK;
