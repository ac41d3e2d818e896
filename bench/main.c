// SPDX-License-Identifier: GPL-2.0-or-later
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "load.h"

#define EXIT_USAGE 2

static const char usage[] =
	"Usage: dmvpn-bench COMMAND [OPTION]...\n"
	"\n"
	"Measures a hub with many spokes. The hub is the dmvpnd of this build in a network namespace; the load is N\n"
	"spokes in another, with real NHRP in GRE from N underlay addresses. Needs root; makes what it needs and\n"
	"removes it. docs/performance.md explains the figures.\n"
	"\n"
	"Commands:\n"
	"  hub          registrations from cold, refreshes, memory, steady state, restart\n"
	"  rival        one server, dmvpnd or another, from cold to beyond its limit: what bench/compare compares\n"
	"  resolve      resolutions that the hub answers and passes on\n"
	"  convergence  from the first packet between two spokes to the direct path, phases 2 and 3\n"
	"  hostile      what the spokes notice of an attack on their hub\n"
	"  forward      TCP, small packets and round trip through a tunnel, beside the plain wire\n"
	"\n"
	"Options:\n"
	"  --spokes N   1 to 1000000 (default 1000)\n"
	"  --window N   requests outstanding at a time (default 256)\n"
	"  --seconds S  of each phase with a rate (default 10)\n"
	"  --repeat S   until a request without an answer is sent again (default 1)\n"
	"  --holdtime S holding time, 3 to 65535 seconds (default 600): spokes refresh after a third of it\n"
	"  --server X   dmvpnd (default), frr (nhrpd and zebra of FRR), echo (a canned server alone), echo-single (the\n"
	"               same, one packet at a time) or echo-filtered (the spokes' packets alone come in)\n"
	"  --frr DIR    where FRR's programs are (default /usr/lib/frr)\n"
	"  --link X     auto, kernel, user (default; forward: its threads alone) or bpf (with its fast path);\n"
	"               forward: naive (the threads, one packet at a time)\n"
	"  --underlay X forward: virt (default: super-packets cross it whole) or wire (every packet fits the MTU)\n"
	"  --flood N    hostile: packets a second at most (default: as many as it can)\n"
	"  --rounds N   hub, forward, hostile: 1 to 31 (default 3), of which the median is told\n"
	"  --peers N    forward: in the table of a node, 2 to 20000 (default 2)\n"
	"  --mtu N      forward: of the tunnel, 576 to 1472 (default 1472, what the wire leaves it)\n"
	"  --rival CMD  forward: in place of dmvpnd, this command with the side (from, to) and a folder as arguments; it makes a\n"
	"               tunnel from 172.31.0.1 to 172.31.0.2 between 198.18.0.1 and 198.18.0.2, and stays\n"
	"  --via-hub    forward: from spoke to spoke by a hub, beside plain IP routed by it\n"
	"  --hairpin    forward: the same, and the hub has `tunnel hairpin fast`\n"
	"  --json       one JSON object in place of the lines\n"
	"  --help\n";

static const struct option options[] = {
	{ "spokes", required_argument, NULL, 'n' },
	{ "window", required_argument, NULL, 'w' },
	{ "seconds", required_argument, NULL, 's' },
	{ "repeat", required_argument, NULL, 'r' },
	{ "holdtime", required_argument, NULL, 't' },
	{ "server", required_argument, NULL, 'x' },
	{ "frr", required_argument, NULL, 'f' },
	{ "link", required_argument, NULL, 'l' },
	{ "underlay", required_argument, NULL, 'u' },
	{ "flood", required_argument, NULL, 'F' },
	{ "rounds", required_argument, NULL, 'o' },
	{ "peers", required_argument, NULL, 'p' },
	{ "mtu", required_argument, NULL, 'm' },
	{ "rival", required_argument, NULL, 'R' },
	{ "via-hub", no_argument, NULL, 'v' },
	{ "hairpin", no_argument, NULL, 'S' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const struct {
	const char *name;
	bool (*run)(const struct bench_options *options, struct err *err);
} commands[] = {
	{ "hub", bench_hub },
	{ "rival", bench_rival },
	{ "resolve", bench_resolve },
	{ "convergence", bench_convergence },
	{ "hostile", bench_hostile },
	{ "forward", bench_forward },
};

static void refuse(const char *what, const char *value)
{
	(void)fprintf(stderr, "dmvpn-bench: %s \"%s\"; see dmvpn-bench --help\n", what, value);
	exit(EXIT_USAGE);
}

static double number(const char *text, double least, double most)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= least && value <= most))
		refuse("not a number in its range:", text);
	return value;
}

static struct bench_options read_options(int argc, char **argv)
{
	struct bench_options ret = { .spokes = 1000,
		.window = 256,
		.seconds = 10,
		.repeat = 1,
		.holding_time = 600,
		.link = "user",
		.frr = "/usr/lib/frr",
		.underlay = "virt",
		.rounds = 3,
		.peers = 2,
		.mtu = 1472 };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'n':
			ret.spokes = (unsigned)number(optarg, 1, LOAD_MAX);
			break;
		case 'w':
			ret.window = (unsigned)number(optarg, 1, 65536);
			break;
		case 's':
			ret.seconds = number(optarg, 0.1, 3600);
			break;
		case 'r':
			ret.repeat = number(optarg, 0.1, 60);
			break;
		case 't':
			ret.holding_time = (uint16_t)number(optarg, 3, UINT16_MAX);
			break;
		case 'x':
			if (!subject_parse(optarg, &ret.server))
				refuse("there is no server", optarg);
			break;
		case 'f':
			ret.frr = optarg;
			break;
		case 'l':
			if (strcmp(optarg, "auto") != 0 && strcmp(optarg, "kernel") != 0 &&
				strcmp(optarg, "user") != 0 && strcmp(optarg, "bpf") != 0 &&
				strcmp(optarg, "naive") != 0)
				refuse("there is no link", optarg);
			ret.link = optarg;
			break;
		case 'u':
			if (strcmp(optarg, "virt") != 0 && strcmp(optarg, "wire") != 0)
				refuse("there is no underlay", optarg);
			ret.underlay = optarg;
			break;
		case 'F':
			ret.flood = number(optarg, 1, 1e7);
			break;
		case 'o':
			ret.rounds = (unsigned)number(optarg, 1, 31);
			break;
		case 'p':
			ret.peers = (unsigned)number(optarg, 2, 20000);
			break;
		case 'm':
			ret.mtu = (unsigned)number(optarg, 576, 1472);
			break;
		case 'R':
			ret.rival = optarg;
			break;
		case 'v':
			ret.via_hub = true;
			break;
		case 'S':
			ret.via_hub = ret.hairpin = true;
			break;
		case 'j':
			ret.json = true;
			break;
		case 'h':
			(void)fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		default:
			exit(EXIT_USAGE);
		}
	}
	return ret;
}

int main(int argc, char **argv)
{
	struct bench_options chosen = read_options(argc, argv);
	const char *name = optind < argc ? argv[optind++] : NULL;
	struct err err;

	if (!name) {
		(void)fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (optind < argc)
		refuse("unexpected argument", argv[optind]);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		if (commands[i].run(&chosen, &err))
			return EXIT_SUCCESS;
		(void)fprintf(stderr, "dmvpn-bench: %s\n", err.text);
		return EXIT_FAILURE;
	}
	refuse("there is no command", name);
}
