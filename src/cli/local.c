// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/local.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "cli/field.h"
#include "cli/support.h"
#include "cli/top.h"
#include "cli/topology.h"

static enum exit_status set_length(struct cli *cli, const json_t *what, struct err *err)
{
	const char *text = field_text(what, "argument");
	char *end;
	unsigned long lines = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || lines > 512) {
		err_set(err, "\"%s\" is no length of a page: 0 (no paging) to 512.", text);
		return EXIT_REFUSED;
	}
	cli->page = (unsigned)lines;
	return EXIT_OK;
}

static enum exit_status from(bool done)
{
	return done ? EXIT_OK : EXIT_REFUSED;
}

enum exit_status local_run(struct cli *cli, const json_t *what, FILE *out, bool json, struct err *err)
{
	const char *name = field_text(what, "do");
	if (strcmp(name, "exit") == 0) {
		cli->ended = true;
		return EXIT_OK;
	}
	if (strcmp(name, "length") == 0)
		return set_length(cli, what, err);
	if (strcmp(name, "tech-support") == 0)
		return from(support_print(cli, out, json, err));
	if (strcmp(name, "top") == 0)
		return from(top_run(cli, err));
	if (strcmp(name, "topology-dot") == 0)
		return from(topology_print(cli, out, TOPOLOGY_DOT, err));
	if (strcmp(name, "topology-svg") == 0)
		return from(topology_print(cli, out, TOPOLOGY_SVG, err));
	if (strcmp(name, "topology-json") == 0 || (strcmp(name, "topology") == 0 && json))
		return from(topology_print(cli, out, TOPOLOGY_JSON, err));
	if (strcmp(name, "topology") == 0)
		return from(topology_print(cli, out, TOPOLOGY_TEXT, err));
	err_set(err, "This dmvpnctl does not know how to do \"%s\": it is older than the daemon.", name);
	return EXIT_REFUSED;
}
