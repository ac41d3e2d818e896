// SPDX-License-Identifier: GPL-2.0-or-later
/// dmvpn-sim: see `usage`.
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"
#include "sim/hunt.h"
#include "sim/play.h"
#include "sim/report.h"
#include "sim/swarm.h"

static const char usage[] =
	"usage: dmvpn-sim SCENARIO… [OPTIONS]\n"
	"       dmvpn-sim --spokes N [--hubs N] [--phase 1|2|3] [OPTIONS]\n"
	"       dmvpn-sim --seeds N | --hunt MINUTES | --bindings N | --list\n"
	"\n"
	"Plays a network of real NHRP nodes under a virtual clock, and checks after every step what must be true of it.\n"
	"A SCENARIO is a file, or the name of one of those that --list shows.\n"
	"\n"
	"  --spokes N        a star with so many spokes, each of which talks to another one for a while\n"
	"  --hubs N          1 to 4; every spoke registers with all of them (1)\n"
	"  --phase P         1, 2 or 3 (3)\n"
	"  --duration TIME   of the virtual clock: 500ms, 90s, 5m, 2h, 1d\n"
	"  --loss PERCENT    of the packets of the underlay\n"
	"  --seed S          of all chance: the same seed gives the same run, to the byte (1)\n"
	"  --json            one JSON object instead of text\n"
	"  --timeline NODE   what the node sent, received and told, line by line; `all`: of all nodes\n"
	"  --dot TIME        a picture of the network at that time, for Graphviz, on stdout\n"
	"  --print           the scenario itself\n"
	"  --seeds N         plays N random histories, from --seed on\n"
	"  --hunt MINUTES    plays random histories for so long, and shrinks the first that breaks something\n"
	"  --bindings N      registers N clients with one hub, twice, and tells time and memory\n"
	"  --list            the scenarios, the invariants, the statements of a scenario\n"
	"  --help            this\n"
	"\n"
	"The exit status is 0 where all is well, 1 where an invariant broke, 2 where the command line or a file is wrong.\n"
	"docs/simulation.md tells more.\n";

struct options {
	struct scenario *star; ///< of the command line
	bool has_star;
	bool has_seed;
	bool has_duration;
	uint64_t seed;
	uint64_t loss;
	int64_t duration;
	bool json;
	bool print;
	const char *timeline;
	int64_t dot; ///< -1: none
	uint64_t seeds;
	uint64_t hunt_minutes;
	uint64_t bindings;
};

static int fail(const char *text)
{
	fprintf(stderr, "dmvpn-sim: %s\n", text);
	return 2;
}

static bool read_number(const char *text, uint64_t most, uint64_t *ret)
{
	char *end;
	unsigned long long number = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || number > most) {
		fprintf(stderr, "dmvpn-sim: `%s` is no number up to %llu\n", text, (unsigned long long)most);
		return false;
	}
	*ret = number;
	return true;
}

static bool read_time(const char *text, int64_t *ret)
{
	if (grammar_time(text, ret))
		return true;
	fprintf(stderr, "dmvpn-sim: `%s` is no time: write 500ms, 90s, 5m, 2h or 1d\n", text);
	return false;
}

/// The folder of the scenarios: beside the build directory that the program is in, or where it was installed.
static const char *scenario_folder(void)
{
	static char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 64);
	char *slash;

	path[length > 0 ? length : 0] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		slash = path;
	strcpy(slash, "/../sim/scenarios");
	if (access(path, R_OK) != 0)
		strcpy(slash, "/../share/dmvpn-sim/scenarios");
	return path;
}

static struct scenario *find_scenario(const char *name)
{
	char path[4224];
	struct err err;
	struct scenario *scenario;

	snprintf(path, sizeof(path), "%s", name);
	if (access(path, R_OK) != 0 && !strchr(name, '/'))
		snprintf(path, sizeof(path), "%s/%s.sim", scenario_folder(), name);
	scenario = scenario_read(path, &err);
	if (!scenario)
		fprintf(stderr, "dmvpn-sim: %s\n", err.text);
	return scenario;
}

/// Each spoke talks to another one for ten minutes, both whom and when by chance.
static void add_flows(struct scenario *scenario)
{
	uint32_t seconds = (uint32_t)(scenario->duration / MONO_SECOND);
	struct rng rng;

	rng_seed(&rng, scenario->seed);
	for (uint32_t i = 0; i < scenario->spokes && scenario->spokes > 1; i++) {
		uint32_t other = 1 + rng_below(&rng, (uint32_t)scenario->spokes - 1);

		scenario_add(scenario, (10 + rng_below(&rng, seconds)) * MONO_SECOND,
			"flow spoke%u spoke%u every 5s count 120", i + 1,
			(i + other) % (uint32_t)scenario->spokes + 1);
	}
}

static double now_seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static bool is_host(const struct scenario *scenario, const char *name)
{
	struct err err;
	struct scenario *copy = scenario_copy(scenario);
	char line[WORD_SIZE];
	bool found;

	snprintf(line, sizeof(line), "at 0s start %s", name);
	found = scenario_add_line(copy, line, 0, &err) && scenario_check(copy, &err);
	scenario_free(copy);
	return found && strncmp(name, "hubs", 4) != 0 && strncmp(name, "spokes", 6) != 0;
}

/// Plays one scenario: the exit status.
static int play(const struct options *options, struct scenario *scenario, const char *name)
{
	struct play_options wanted = { .picture_at = options->dot, .picture = stdout };
	FILE *out = options->dot >= 0 ? stderr : stdout;
	double start = now_seconds();
	struct play *play;
	struct err err;
	bool passed;

	if (options->has_seed)
		scenario->seed = options->seed;
	if (options->has_duration)
		scenario->duration = options->duration;
	if (options->has_star)
		add_flows(scenario);
	if (options->loss > 0)
		scenario_add(scenario, -1, "underlay loss %u%%", (unsigned)options->loss);
	if (!scenario_check(scenario, &err))
		return fail(err.text);
	if (options->print) {
		scenario_print(scenario, stdout);
		return 0;
	}
	if (options->timeline) {
		wanted.timeline = stdout;
		wanted.only = strcmp(options->timeline, "all") == 0 ? NULL : options->timeline;
	}
	if (wanted.only && !is_host(scenario, wanted.only))
		return fail("--timeline: there is no such node; they are hub1…, spoke1…, or `all`");
	play = play_run(scenario, &wanted);
	passed = play_passed(play);
	report_play(play, name, options->json, out);
	fflush(out);
	report_cost(play, now_seconds() - start, stderr);
	play_free(play);
	if (!passed && !options->timeline)
		report_failure(scenario, name, stderr);
	return passed ? 0 : 1;
}

static int hunt_for(const struct options *options)
{
	uint64_t first = options->has_seed ? options->seed : 1, played;
	uint64_t count = options->seeds > 0 ? options->seeds : UINT64_MAX;
	struct scenario *scenario = hunt(first, count, (int64_t)options->hunt_minutes * 60, &played);

	printf("%llu random histories from seed %llu on: %s\n", (unsigned long long)played,
		(unsigned long long)first, scenario ? "the last one broke an invariant" : "ok");
	if (!scenario)
		return 0;
	printf("\nSeed %llu; the shortest scenario that breaks the same:\n\n",
		(unsigned long long)scenario->seed);
	scenario_print(scenario, stdout);
	printf("\n");
	(void)play(&(struct options) { .dot = -1 }, scenario, "FILE");
	scenario_free(scenario);
	return 1;
}

static int register_many(const struct options *options)
{
	struct swarm_figures figures = swarm_run((size_t)options->bindings);

	report_swarm(&figures, options->json, stdout);
	return figures.refused == 0 && figures.bindings == options->bindings ? 0 : 1;
}

enum option_name {
	SPOKES,
	HUBS,
	PHASE,
	DURATION,
	LOSS,
	SEED,
	JSON,
	TIMELINE,
	DOT,
	PRINT,
	SEEDS,
	HUNT,
	BINDINGS,
	LIST,
	HELP
};

static const struct option known[] = {
	{ "spokes", required_argument, NULL, SPOKES },
	{ "hubs", required_argument, NULL, HUBS },
	{ "phase", required_argument, NULL, PHASE },
	{ "duration", required_argument, NULL, DURATION },
	{ "loss", required_argument, NULL, LOSS },
	{ "seed", required_argument, NULL, SEED },
	{ "json", no_argument, NULL, JSON },
	{ "timeline", required_argument, NULL, TIMELINE },
	{ "dot", required_argument, NULL, DOT },
	{ "print", no_argument, NULL, PRINT },
	{ "seeds", required_argument, NULL, SEEDS },
	{ "hunt", required_argument, NULL, HUNT },
	{ "bindings", required_argument, NULL, BINDINGS },
	{ "list", no_argument, NULL, LIST },
	{ "help", no_argument, NULL, HELP },
	{ NULL, 0, NULL, 0 },
};

static bool take_number_of(struct options *options, int option, const char *argument)
{
	uint64_t number = 0;

	switch (option) {
	case SPOKES:
		options->has_star = true;
		return read_number(argument, STAR_MAX_SPOKES, &number) &&
		       (options->star->spokes = number, true);
	case HUBS:
		return read_number(argument, STAR_MAX_HUBS, &number) && number > 0 &&
		       (options->star->hubs = number, true);
	case PHASE:
		return read_number(argument, 3, &number) &&
		       scenario_phase(options->star, (int64_t)number, NULL);
	case LOSS:
		return read_number(argument, 100, &options->loss);
	case SEED:
		options->has_seed = true;
		return read_number(argument, UINT32_MAX, &options->seed);
	case SEEDS:
		return read_number(argument, UINT32_MAX, &options->seeds);
	case HUNT:
		return read_number(argument, 100000, &options->hunt_minutes);
	default:
		return read_number(argument, 16000000, &options->bindings);
	}
}

static bool take_option(struct options *options, int option, const char *argument)
{
	switch (option) {
	case '?':
		return false;
	case DURATION:
		options->has_duration = true;
		return read_time(argument, &options->duration);
	case DOT:
		return read_time(argument, &options->dot);
	case TIMELINE:
		options->timeline = argument;
		return true;
	case JSON:
		options->json = true;
		return true;
	case PRINT:
		options->print = true;
		return true;
	default:
		return take_number_of(options, option, argument);
	}
}

static int play_named(const struct options *options, char **names)
{
	int status = 0;

	for (; *names; names++) {
		struct scenario *scenario = find_scenario(*names);
		int one = scenario ? play(options, scenario, *names) : 2;

		scenario_free(scenario);
		status = one > status ? one : status;
	}
	return status;
}

static int run(const struct options *options, char **names)
{
	if (options->seeds > 0 || options->hunt_minutes > 0)
		return hunt_for(options);
	if (options->bindings > 0)
		return register_many(options);
	if (*names)
		return play_named(options, names);
	if (options->has_star)
		return play(options, options->star, "star");
	fputs(usage, stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct options options = { .star = scenario_new(), .dot = -1 };
	int option, status = -1;

	while (status < 0 && (option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == HELP)
			status = fputs(usage, stdout) < 0;
		else if (option == LIST)
			report_list(scenario_folder(), stdout), status = 0;
		else if (!take_option(&options, option, optarg))
			status = 2;
	}
	if (status < 0)
		status = run(&options, argv + optind);
	scenario_free(options.star);
	return status;
}
