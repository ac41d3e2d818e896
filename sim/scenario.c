// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/scenario.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/mono.h"
#include "sim/verbs.h"

struct scenario *scenario_new(void)
{
	struct scenario *scenario = alloc_zeroed(1, sizeof(*scenario));

	scenario->seed = 1;
	scenario->hubs = 1;
	scenario->spokes = 2;
	scenario->routes = STAR_SUMMARY;
	scenario->duration = 60 * MONO_SECOND;
	return scenario;
}

struct scenario *scenario_copy(const struct scenario *scenario)
{
	struct scenario *copy = alloc_copy(scenario, sizeof(*scenario));

	copy->statements = alloc_zeroed(scenario->count + 1, sizeof(*copy->statements));
	copy->capacity = scenario->count + 1;
	memcpy(copy->statements, scenario->statements, scenario->count * sizeof(*copy->statements));
	return copy;
}

void scenario_free(struct scenario *scenario)
{
	if (!scenario)
		return;
	free(scenario->statements);
	free(scenario);
}

bool scenario_phase(struct scenario *scenario, int64_t phase, const char *routes)
{
	if (phase < 1 || phase > 3)
		return false;
	scenario->routes = phase == 1                             ? STAR_PHASE1
			   : phase == 2                           ? STAR_PHASE2
			   : routes && !strcmp(routes, "exact")   ? STAR_EXACT
			   : routes && !strcmp(routes, "default") ? STAR_DEFAULT
								  : STAR_SUMMARY;
	return true;
}

/// `network`, `seed` and `run` are the scenario itself; the others are statements.
static bool take_header(
	struct scenario *scenario, const struct words *words, bool *ret_taken, struct err *err)
{
	static const char *const network = "network hubs NUMBER spokes NUMBER phase NUMBER [routes "
					   "summary|exact|default]";
	struct value values[MAX_VALUES];

	*ret_taken = true;
	if (strcmp(words->word[0], "seed") == 0) {
		if (!grammar_match("seed NUMBER", words, values, err))
			return false;
		scenario->seed = (uint64_t)values[0].number;
	} else if (strcmp(words->word[0], "run") == 0) {
		if (!grammar_match("run TIME", words, values, err))
			return false;
		scenario->duration = values[0].number;
	} else if (strcmp(words->word[0], "network") == 0) {
		if (!grammar_match(network, words, values, err))
			return false;
		scenario->hubs = (size_t)values[0].number;
		scenario->spokes = (size_t)values[1].number;
		if (!scenario_phase(scenario, values[2].number, values[3].is_set ? values[4].text : NULL))
			return err_set(err, "phase %lld: there are 1, 2 and 3", (long long)values[2].number);
		if (scenario->hubs < 1 || scenario->hubs > STAR_MAX_HUBS ||
			scenario->spokes > STAR_MAX_SPOKES)
			return err_set(err, "%zu hubs and %zu spokes: 1 to %d and at most %d are possible",
				scenario->hubs, scenario->spokes, STAR_MAX_HUBS, STAR_MAX_SPOKES);
	} else {
		*ret_taken = false;
	}
	return true;
}

static struct statement *append(struct scenario *scenario)
{
	if (scenario->count == scenario->capacity) {
		scenario->capacity = 2 * scenario->capacity + 16;
		scenario->statements =
			alloc_resize(scenario->statements, scenario->capacity, sizeof(*scenario->statements));
	}
	memset(&scenario->statements[scenario->count], 0, sizeof(*scenario->statements));
	return &scenario->statements[scenario->count++];
}

static void join(const struct words *words, char text[static STATEMENT_SIZE])
{
	size_t length = 0;

	for (size_t i = 0; i < words->count && length < STATEMENT_SIZE; i++) {
		bool quote = strchr(words->word[i], ' ') != NULL;

		length += (size_t)snprintf(text + length, STATEMENT_SIZE - length, "%s%s%s%s",
			i > 0 ? " " : "", quote ? "\"" : "", words->word[i], quote ? "\"" : "");
	}
}

static bool add_words(
	struct scenario *scenario, int64_t at, const struct words *words, unsigned line, struct err *err)
{
	struct value values[MAX_VALUES];
	const struct verb *verb = verb_match(words, at, values, err);
	struct statement *statement;

	if (!verb)
		return false;
	statement = append(scenario);
	statement->at = at;
	statement->verb = verb;
	statement->line = line;
	memcpy(statement->values, values, sizeof(values));
	join(words, statement->text);
	return true;
}

bool scenario_add_line(struct scenario *scenario, const char *line, unsigned number, struct err *err)
{
	struct words words;
	bool taken;
	int64_t at = -1;

	if (line[0] == '#' && scenario->title[0] == '\0')
		snprintf(scenario->title, sizeof(scenario->title), "%.*s", (int)strcspn(line + 1, "\n"),
			line + 1 + strspn(line + 1, " "));
	if (!grammar_split(line, &words, err))
		return false;
	if (words.count == 0)
		return true;
	if (!take_header(scenario, &words, &taken, err))
		return false;
	if (taken)
		return true;
	if (strcmp(words.word[0], "at") == 0) {
		if (words.count < 3 || !grammar_time(words.word[1], &at))
			return err_set(err, "write `at TIME STATEMENT`, as in `at 90s stop hub1`; times are "
					    "100ms, 5s, 2m, 1h, 1d");
		memmove(words.word[0], words.word[2], (words.count - 2) * WORD_SIZE);
		words.count -= 2;
	}
	return add_words(scenario, at, &words, number, err);
}

void scenario_add(struct scenario *scenario, int64_t at, const char *format, ...)
{
	char text[STATEMENT_SIZE];
	struct words words;
	struct err err = { "" };
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!grammar_split(text, &words, &err) || !add_words(scenario, at, &words, 0, &err)) {
		fprintf(stderr, "dmvpn-sim: %s: %s\n", text, err.text);
		abort();
	}
}

void scenario_remove(struct scenario *scenario, size_t first, size_t count)
{
	memmove(&scenario->statements[first], &scenario->statements[first + count],
		(scenario->count - first - count) * sizeof(*scenario->statements));
	scenario->count -= count;
}

static void sort(struct scenario *scenario)
{
	// Stable, and nearly in order already.
	for (size_t i = 1; i < scenario->count; i++) {
		struct statement moved = scenario->statements[i];
		size_t at = i;

		for (; at > 0 && scenario->statements[at - 1].at > moved.at; at--)
			scenario->statements[at] = scenario->statements[at - 1];
		scenario->statements[at] = moved;
	}
}

bool scenario_check(struct scenario *scenario, struct err *err)
{
	for (size_t i = 0; i < scenario->count; i++) {
		const struct statement *statement = &scenario->statements[i];

		for (size_t v = 0; v < MAX_VALUES; v++) {
			const struct value *value = &statement->values[v];

			if ((value->hosts == HOSTS_ONE_HUB && value->index >= scenario->hubs) ||
				(value->hosts == HOSTS_ONE_SPOKE && value->index >= scenario->spokes))
				return err_set(err,
					"line %u: there is no %s: the network has %zu hubs and %zu spokes",
					statement->line, value->text, scenario->hubs, scenario->spokes);
		}
	}
	sort(scenario);
	return true;
}

struct scenario *scenario_read(const char *path, struct err *err)
{
	FILE *file = fopen(path, "re");
	struct scenario *scenario;
	char *line = NULL;
	size_t size = 0;
	unsigned number = 0;
	struct err why = { "" };
	bool ok = true;

	if (!file) {
		err_set_errno(err, errno, "%s cannot be read", path);
		return NULL;
	}
	scenario = scenario_new();
	while (ok && getline(&line, &size, file) >= 0)
		ok = scenario_add_line(scenario, line, ++number, &why);
	free(line);
	fclose(file);
	if (!ok)
		err_set(err, "%s:%u: %s", path, number, why.text);
	else if (!scenario_check(scenario, &why))
		ok = err_set(err, "%s: %s", path, why.text);
	if (ok)
		return scenario;
	scenario_free(scenario);
	return NULL;
}

/// "1m30s" is written as "90s": in the largest unit that needs no fraction.
static char *format_time(int64_t us, char buffer[static 24])
{
	if (us % MONO_SECOND != 0)
		snprintf(buffer, 24, "%lldms", (long long)(us / MONO_MILLISECOND));
	else if (us > 0 && us % (3600 * MONO_SECOND) == 0)
		snprintf(buffer, 24, "%lldh", (long long)(us / 3600 / MONO_SECOND));
	else
		snprintf(buffer, 24, "%llds", (long long)(us / MONO_SECOND));
	return buffer;
}

void scenario_print(const struct scenario *scenario, FILE *out)
{
	static const char *const routes[] = { "phase 1", "phase 2", "phase 3", "phase 3 routes exact",
		"phase 3 routes default" };
	char time[24];

	if (scenario->title[0] != '\0')
		fprintf(out, "# %s\n", scenario->title);
	fprintf(out, "network hubs %zu spokes %zu %s\n", scenario->hubs, scenario->spokes,
		routes[scenario->routes]);
	fprintf(out, "seed %llu\nrun %s\n", (unsigned long long)scenario->seed,
		format_time(scenario->duration, time));
	for (size_t i = 0; i < scenario->count; i++) {
		const struct statement *statement = &scenario->statements[i];

		if (statement->at >= 0)
			fprintf(out, "at %s %s\n", format_time(statement->at, time), statement->text);
		else
			fprintf(out, "%s\n", statement->text);
	}
}
