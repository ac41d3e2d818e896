// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/report.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <jansson.h>

#include "core/nhs.h"
#include "sim/play.h"
#include "sim/swarm.h"
#include "sim/verbs.h"

static double seconds_of(struct mono t)
{
	return (double)(t.us - SIM_START * MONO_SECOND) / (double)MONO_SECOND;
}

static void dump(json_t *json, FILE *out)
{
	json_dumpf(json, out, JSON_COMPACT | JSON_REAL_PRECISION(6));
	fputc('\n', out);
	json_decref(json);
}

static json_t *losses(const struct network *network)
{
	json_t *json = json_object();

	for (enum loss i = 0; i < LOSSES; i++)
		json_object_set_new(json, loss_name(i), json_integer((json_int_t)network->data_lost[i]));
	return json;
}

static json_t *broken(const struct network *network)
{
	json_t *json = json_array();

	for (enum invariant i = 0; i < INVARIANTS; i++) {
		if (network->violated & 1U << i)
			json_array_append_new(json, json_string(invariant_text(i)->name));
	}
	return json;
}

static void report_json(const struct play *play, const char *name, FILE *out)
{
	const struct network *network = play->network;

	dump(json_pack("{s:s, s:s, s:I, s:I, s:I, s:b, s:o, s:s, s:f, s:I, s:I, s:I, s:I, s:I, s:o}",
		     "schema", "dmvpn-sim/1", "scenario", name, "seed", (json_int_t)network->seed, "hubs",
		     (json_int_t)play->star.hub_count, "spokes", (json_int_t)play->star.spoke_count, "passed",
		     play_passed(play), "broken", broken(network), "what",
		     network->violation.is_there ? network->violation.text : "", "virtual_seconds",
		     seconds_of(network->now), "steps", (json_int_t)network->steps, "nhrp_sent",
		     (json_int_t)network->nhrp_sent, "nhrp_dropped", (json_int_t)network->nhrp_dropped,
		     "data_sent", (json_int_t)network->data_sent, "data_arrived",
		     (json_int_t)network->data_arrived, "data_lost", losses(network)),
		out);
}

static void report_text(const struct play *play, const char *name, FILE *out)
{
	const struct network *network = play->network;
	const struct violation *violation = &network->violation;

	fprintf(out, "%s: %s: seed %llu, %zu hubs, %zu spokes, %.0f s, %llu steps\n", name,
		play_passed(play) ? "ok" : "FAILED", (unsigned long long)network->seed, play->star.hub_count,
		play->star.spoke_count, seconds_of(network->now), (unsigned long long)network->steps);
	fprintf(out, "  %llu NHRP messages, %llu dropped; %llu data packets, %llu delivered, %llu lost\n",
		(unsigned long long)network->nhrp_sent, (unsigned long long)network->nhrp_dropped,
		(unsigned long long)network->data_sent, (unsigned long long)network->data_arrived,
		(unsigned long long)network_lost(network));
	if (violation->is_there)
		fprintf(out, "  broken at %.3f s: %s: %s\n    %s\n", seconds_of(violation->at),
			invariant_text(violation->invariant)->name, violation->text,
			invariant_text(violation->invariant)->reason);
	for (enum invariant i = 0; i < INVARIANTS; i++) {
		if (play->expected & ~network->violated & 1U << i)
			fprintf(out, "  not broken, though expected: %s\n", invariant_text(i)->name);
	}
}

void report_play(const struct play *play, const char *name, bool json, FILE *out)
{
	if (json)
		report_json(play, name, out);
	else
		report_text(play, name, out);
}

void report_failure(const struct scenario *scenario, const char *name, FILE *out)
{
	struct play *play = play_run(scenario, &(struct play_options) { .keeps = true, .picture_at = -1 });

	fprintf(out, "--- the last of what happened\n");
	trace_print(play->network, out);
	fprintf(out, "--- all of it: dmvpn-sim %s --seed %llu --timeline all\n", name,
		(unsigned long long)scenario->seed);
	play_free(play);
}

void report_swarm(const struct swarm_figures *figures, bool json, FILE *out)
{
	if (json) {
		dump(json_pack("{s:s, s:I, s:I, s:f, s:f, s:f, s:I, s:I}", "schema", "dmvpn-sim-bindings/1",
			     "bindings", (json_int_t)figures->bindings, "refused",
			     (json_int_t)figures->refused, "cold_seconds", figures->cold_seconds,
			     "refresh_seconds", figures->again_seconds, "registrations_per_second",
			     figures->per_second, "rss_kib", (json_int_t)figures->rss_kib,
			     "bytes_per_binding", (json_int_t)figures->hub_bytes),
			out);
		return;
	}
	fprintf(out,
		"%zu bindings, %zu refused: registered in %.2f s (%.0f per second), refreshed in %.2f s\n",
		figures->bindings, figures->refused, figures->cold_seconds, figures->per_second,
		figures->again_seconds);
	fprintf(out, "%zu MiB resident, %zu bytes of heap for each binding\n", figures->rss_kib / 1024,
		figures->hub_bytes);
}

void report_cost(const struct play *play, double seconds, FILE *out)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	fprintf(out, "%zu hosts, %.0f s of theirs in %.2f s of ours, %ld MiB resident at most\n",
		play->network->host_count, seconds_of(play->network->now), seconds, usage.ru_maxrss / 1024);
}

static void list_verbs(const struct verb *verb, FILE *out)
{
	for (; verb->usage; verb++)
		fprintf(out, "  %s%s\n      %s\n",
			verb->when & VERB_AT ? verb->when & VERB_BEFORE ? "[at TIME] " : "at TIME " : "",
			verb->usage, verb->help);
}

static int is_scenario(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 4 && strcmp(entry->d_name + length - 4, ".sim") == 0;
}

static void list_scenarios(const char *folder, FILE *out)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_scenario, alphasort);

	for (int i = 0; i < count; i++) {
		char path[4096];
		struct scenario *scenario;
		struct err err = { "" };

		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		scenario = scenario_read(path, &err);
		fprintf(out, "  %.*s\n      %s\n", (int)strlen(entries[i]->d_name) - 4, entries[i]->d_name,
			scenario ? scenario->title : err.text);
		scenario_free(scenario);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

void report_list(const char *folder, FILE *out)
{
	fprintf(out, "Scenarios in %s:\n", folder);
	list_scenarios(folder, out);
	fprintf(out, "\nInvariants:\n");
	for (enum invariant i = 0; i < INVARIANTS; i++)
		fprintf(out, "  %s\n      %s\n", invariant_text(i)->name, invariant_text(i)->reason);
	fprintf(out, "\nStatements of a scenario:\n"
		     "  network hubs NUMBER spokes NUMBER phase NUMBER [routes summary|exact|default]\n"
		     "  seed NUMBER\n  run TIME\n");
	list_verbs(verbs(), out);
	list_verbs(expect_verbs, out);
}
