// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the tunnel carries between two nodes, beside the plain wire between them, in turns, so that both see
// the same machine: one TCP stream, several, both directions, small packets of UDP, and the round trip.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "bench.h"
#include "load.h"
#include "report.h"
#include "traffic.h"
#include "world.h"

#define PATIENCE    30.0 ///< seconds until the tunnel carries packets
#define HUB_ADDRESS "172.31.0.1"

/// What is measured in each round, on each of the two ways.
enum figure {
	TCP_ONE,
	TCP_FOUR,
	TCP_BOTH,
	UDP_SMALL,
	UDP_CPU, ///< of the sender for each of them, microseconds
	ROUND_TRIP,
	CPU_PER_GBIT, ///< of the whole machine, seconds, in TCP_ONE
	FIGURES,
};

enum way {
	PLAIN,
	TUNNEL,
	WAYS,
};

/// The ends of the wire, and of the hub's two wires where there is a hub between.
struct forward {
	const struct bench_options *options;
	struct world world;
	struct world_node *from, *to, *hub;
	struct subject subjects[3];
	unsigned subject_count;
	pid_t rivals[2]; ///< at both ends, in place of dmvpnd
	unsigned rival_count;
	const char *addresses[WAYS]; ///< of the receiver
	double results[WAYS][FIGURES][REPORT_MOST_VALUES];
	unsigned rounds;
};

static const char *config_link(const char *link)
{
	if (strcmp(link, "user") == 0 || strcmp(link, "naive") == 0)
		return "threads";
	return strcmp(link, "bpf") == 0 ? "user" : link;
}

/* The network */

static bool wire(const struct forward *forward, const struct world_node *a, const struct world_node *b,
	unsigned number, struct err *err)
{
	bool ok = world_run(a, err,
			  "ip link add w%u type veth peer name w%u netns %d\n"
			  "ip address add 198.18.%u.1/24 dev w%u\nip link set w%u up\n",
			  number, number, (int)b->holder, number, number, number) &&
		  world_run(b, err, "ip address add 198.18.%u.2/24 dev w%u\nip link set w%u up\n", number,
			  number, number);
	/* As a plain network card has it: every packet on the wire fits the MTU, what arrives is merged. */
	static const char *const format =
		"ethtool -K w%u tso off tx-gre-segmentation off tx-gre-csum-segmentation off "
		"tx-udp-segmentation off gro on >/dev/null\n";

	if (ok && strcmp(forward->options->underlay, "wire") == 0)
		ok = world_run(a, err, format, number) && world_run(b, err, format, number);
	return ok;
}

static bool build_network(struct forward *forward, struct err *err)
{
	forward->from = world_add(&forward->world, err);
	forward->to = forward->from ? world_add(&forward->world, err) : NULL;
	if (!forward->to)
		return false;
	if (!forward->options->via_hub) {
		forward->addresses[PLAIN] = "198.18.0.2";
		forward->addresses[TUNNEL] = "172.31.0.2";
		return wire(forward, forward->from, forward->to, 0, err);
	}
	forward->hub = world_add(&forward->world, err);
	forward->addresses[PLAIN] = "198.18.1.2";
	forward->addresses[TUNNEL] = "172.31.0.2";
	return forward->hub && wire(forward, forward->from, forward->hub, 0, err) &&
	       wire(forward, forward->hub, forward->to, 1, err) &&
	       world_run(forward->from, err, "ip route add 198.18.1.0/24 via 198.18.0.2") &&
	       world_run(forward->to, err, "ip route add 198.18.0.0/24 via 198.18.1.1");
}

/// The lines of a node beyond those that all have. Static bindings of peers that never speak fill its table.
static char *node_config(const struct bench_options *options, unsigned peers, const char *address,
	const char *source, const char *server)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fprintf(out, " ip address %s 255.255.0.0\n ip mtu %u\n tunnel source %s\n", address, options->mtu,
		source);
	if (server)
		fprintf(out, " ip nhrp nhs " HUB_ADDRESS " nbma %s\n", server);
	/* Two that are multipoint resolve each other, and only the underlay goes by the hub. */
	if (server && options->via_hub)
		fprintf(out, " tunnel mode gre ip\n tunnel destination %s\n", server);
	if (!server && options->hairpin)
		fprintf(out, " tunnel hairpin fast\n");
	for (unsigned i = 2; i < peers; i++)
		fprintf(out, " ip nhrp map 172.31.%u.%u 203.0.%u.%u\n", 100 + i / 250, i % 250 + 1, i / 250,
			i % 250 + 1);
	(void)fclose(out);
	return text;
}

static bool add_subject(struct forward *forward, const struct world_node *node, const char *name,
	char *config, struct err *err)
{
	struct subject *subject = &forward->subjects[forward->subject_count++];
	bool ok;

	*subject = (struct subject) {
		.kind = SUBJECT_DMVPND,
		.name = name,
		.link = config_link(forward->options->link),
		.one_by_one = strcmp(forward->options->link, "naive") == 0,
		.config = config,
		.world = &forward->world,
		.node = node,
	};
	ok = subject_prepare(subject, err) && subject_start(subject, err);
	subject->config = NULL;
	free(config);
	return ok;
}

/// Another program in place of dmvpnd, which is told its side and a folder.
static bool start_rival(
	struct forward *forward, const struct world_node *node, const char *side, struct err *err)
{
	pid_t child = world_fork(node, err);
	char command[512];

	if (child == 0) {
		snprintf(command, sizeof(command), "exec %s %s %s", forward->options->rival, side,
			forward->world.directory);
		execl("/bin/sh", "sh", "-ec", command, (char *)NULL);
		_exit(EXIT_FAILURE);
	}
	if (child > 0)
		forward->rivals[forward->rival_count++] = child;
	return child > 0;
}

static bool start_nodes(struct forward *forward, struct err *err)
{
	const struct bench_options *options = forward->options;
	unsigned peers = options->peers;

	if (options->rival)
		return start_rival(forward, forward->from, "from", err) &&
		       start_rival(forward, forward->to, "to", err);
	if (!forward->hub)
		return add_subject(forward, forward->from, "from",
			       node_config(options, peers, HUB_ADDRESS, "198.18.0.1", NULL), err) &&
		       add_subject(forward, forward->to, "to",
			       node_config(options, peers, "172.31.0.2", "198.18.0.2", "198.18.0.1"), err);
	return add_subject(forward, forward->hub, "hub",
		       node_config(options, peers, HUB_ADDRESS, "198.18.0.2", NULL), err) &&
	       add_subject(forward, forward->from, "from",
		       node_config(options, 2, "172.31.0.3", "198.18.0.1", "198.18.0.2"), err) &&
	       add_subject(forward, forward->to, "to",
		       node_config(options, 2, "172.31.0.2", "198.18.1.2", "198.18.0.2"), err) &&
	       world_run(forward->to, err, "ip route add 198.18.0.2 via 198.18.1.1 2>/dev/null || true");
}

/// Does what was asked for carry the data? Another way would be measured under its name.
static bool check_path(const struct forward *forward, const struct subject *subject, struct err *err)
{
	const char *wanted = strcmp(forward->options->link, "bpf") == 0 ? "eBPF" : "threads", *path;
	json_t *answer;
	bool ok;

	if (strcmp(forward->options->link, "kernel") == 0 || strcmp(forward->options->link, "auto") == 0)
		return true;
	answer = subject_ask(subject, "show interfaces");
	path = json_string_value(
		json_object_get(json_array_get(json_object_get(answer, "interfaces"), 0), "data_path"));
	ok = (path && strncmp(path, wanted, strlen(wanted)) == 0) ||
	     err_set(err, "at %s data does not go by %s, but by: %s", subject->name, wanted,
		     path ? path : "?");
	json_decref(answer);
	return ok;
}

static bool wait_ready(struct forward *forward, struct err *err)
{
	double start = load_now();

	while (load_now() - start < PATIENCE)
		if (traffic_reaches(forward->from, forward->addresses[TUNNEL]))
			return true;
	for (unsigned i = 0; i < forward->subject_count; i++)
		subject_print_log(&forward->subjects[i]);
	return err_set(err, "no packet crossed the tunnel in %.0f s; see the logs above", PATIENCE);
}

/* The rounds */

static bool measure(struct forward *forward, enum way way, struct err *err)
{
	double seconds = forward->options->seconds, *to = NULL;
	double(*results)[REPORT_MOST_VALUES] = forward->results[way];
	const char *address = forward->addresses[way];
	struct traffic_datagrams datagrams;
	struct traffic_stream stream;

	for (enum figure figure = TCP_ONE; figure <= TCP_BOTH; figure++) {
		to = &results[figure][forward->rounds];
		if (!traffic_tcp(forward->from, forward->to, address, figure == TCP_FOUR ? 4 : 1,
			    figure == TCP_BOTH, seconds, &stream, err))
			return false;
		*to = stream.gbit_per_second;
		if (figure == TCP_ONE)
			results[CPU_PER_GBIT][forward->rounds] = stream.cpu_ms_per_gbit;
	}
	if (!traffic_udp(&forward->world, forward->from, forward->to, address, seconds, &datagrams, err))
		return false;
	results[UDP_SMALL][forward->rounds] = datagrams.thousands_per_second;
	results[UDP_CPU][forward->rounds] = datagrams.cpu_us;
	return traffic_round_trip(&forward->world, forward->from, forward->to, address, seconds,
		&results[ROUND_TRIP][forward->rounds], err);
}

/// The median of the ratios, each of two measurements that were neighbours in time.
static double median_ratio(const struct forward *forward, enum figure figure)
{
	double ratios[REPORT_MOST_VALUES];

	for (unsigned i = 0; i < forward->rounds; i++)
		ratios[i] = forward->results[TUNNEL][figure][i] / forward->results[PLAIN][figure][i];
	return report_median(ratios, forward->rounds);
}

static void tell(const struct forward *forward)
{
	static const struct {
		const char *tunnel, *plain, *ratio, *text;
		int decimals;
	} names[FIGURES] = {
		[TCP_ONE] = { "tcp1_gbps", "veth_tcp1_gbps", "tcp1_ratio", "one TCP stream, Gbit/s", 2 },
		[TCP_FOUR] = { "tcp4_gbps", "veth_tcp4_gbps", "tcp4_ratio", "four TCP streams, Gbit/s", 2 },
		[TCP_BOTH] = { "tcp_both_gbps", "veth_tcp_both_gbps", "tcp_both_ratio",
			"both directions at once, Gbit/s", 2 },
		[UDP_SMALL] = { "udp_kpps", "veth_udp_kpps", "udp_ratio", "UDP of 64 bytes, 1000 packets/s",
			1 },
		[UDP_CPU] = { "udp_cpu_us", "veth_udp_cpu_us", "udp_cpu_ratio",
			"processor time of their sender for each, µs", 2 },
		[ROUND_TRIP] = { "rtt_us", "veth_rtt_us", "rtt_ratio", "round trip, µs", 1 },
		[CPU_PER_GBIT] = { "cpu_ms_per_gbit", "veth_cpu_ms_per_gbit", "cpu_ratio",
			"processor time of the machine, ms per Gbit", 1 },
	};
	struct report report = report_begin("forward", forward->options->json);
	char text[128];

	report_text(
		&report, "link", forward->options->rival ? forward->options->rival : forward->options->link);
	report_text(&report, "underlay", forward->options->underlay);
	report_number(&report, "peers", forward->options->peers, 0, "peers in the table");
	report_number(&report, "rounds", forward->rounds, 0, "rounds");
	for (enum figure figure = 0; figure < FIGURES; figure++) {
		report_number(&report, names[figure].tunnel,
			report_median(forward->results[TUNNEL][figure], forward->rounds),
			names[figure].decimals, names[figure].text);
		snprintf(text, sizeof(text), "  plain %s",
			forward->options->via_hub ? "IP through the hub" : "veth");
		report_number(&report, names[figure].plain,
			report_median(forward->results[PLAIN][figure], forward->rounds),
			names[figure].decimals, text);
		report_number(&report, names[figure].ratio, median_ratio(forward, figure), 2, "  ratio");
	}
	report_end(&report);
}

static bool run(struct forward *forward, struct err *err)
{
	if (!build_network(forward, err) || !start_nodes(forward, err) || !wait_ready(forward, err))
		return false;
	for (unsigned i = 0; i < forward->subject_count; i++)
		if (!check_path(forward, &forward->subjects[i], err))
			return false;
	for (; forward->rounds < forward->options->rounds; forward->rounds++)
		if (!measure(forward, PLAIN, err) || !measure(forward, TUNNEL, err))
			return false;
	tell(forward);
	return true;
}

bool bench_forward(const struct bench_options *options, struct err *err)
{
	struct forward *forward = calloc(1, sizeof(*forward));
	bool ok;

	if (!forward || options->rounds > REPORT_MOST_VALUES)
		abort();
	forward->options = options;
	if (!world_open(&forward->world, err)) {
		free(forward);
		return false;
	}
	ok = run(forward, err);
	for (unsigned i = 0; i < forward->subject_count; i++)
		subject_stop(&forward->subjects[i], SIGTERM);
	for (unsigned i = 0; i < forward->rival_count; i++) {
		kill(forward->rivals[i], SIGTERM);
		waitpid(forward->rivals[i], NULL, 0);
	}
	world_close(&forward->world);
	free(forward);
	return ok;
}
