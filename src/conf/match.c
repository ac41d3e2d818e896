// SPDX-License-Identifier: GPL-2.0-or-later
// The matcher walks all syntaxes at the same time. A state is a place in one syntax; a word moves each state
// to the places behind the elements that take the word, and states without such an element die. What is
// possible at a place is found by following the brackets: an optional group is entered and passed over, a
// choice is entered at each of its alternatives.
#include "conf/match.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "conf/arg.h"
#include "conf/nearest.h"
#include "conf/schema.h"

#define STATES_MAX   96
#define ELEMENTS_MAX 16 ///< possible at one place of one syntax

struct state {
	const struct command *command;
	const char *at;
	const char *elements[MATCH_WORDS_MAX];
	bool has_value; ///< an argument or a choice was given: enough for a `no`
};

struct states {
	struct state items[STATES_MAX];
	size_t count;
};

/// What can come at one place of one syntax.
struct possible {
	const char *elements[ELEMENTS_MAX];
	size_t count;
	bool end;   ///< the line may end here
	bool value; ///< an argument, a choice or an option begins here
};

static size_t element_length(const char *element)
{
	return strcspn(element, " []{}|");
}

/// From a place inside of brackets to the place behind the bracket that closes them.
static const char *behind_closing(const char *at)
{
	for (unsigned depth = 1; depth > 0; at++) {
		if (*at == '[' || *at == '{')
			depth++;
		else if (*at == ']' || *at == '}')
			depth--;
	}
	return at;
}

static void look(const char *at, struct possible *possible);

static void look_into_choice(const char *at, struct possible *possible)
{
	const char *end = behind_closing(at);
	unsigned depth = 0;

	look(at, possible);
	for (; at < end - 1; at++) {
		if (*at == '[' || *at == '{')
			depth++;
		else if (*at == ']' || *at == '}')
			depth--;
		else if (*at == '|' && depth == 0)
			look(at + 1, possible);
	}
}

static void look(const char *at, struct possible *possible)
{
	for (;;) {
		switch (*at) {
		case '\0':
			possible->end = true;
			return;
		case '[':
			possible->value = true;
			look(at + 1, possible);
			at = behind_closing(at + 1);
			break;
		case '{':
			possible->value = true;
			look_into_choice(at + 1, possible);
			return;
		case '|': // the end of one alternative
			at = behind_closing(at);
			break;
		case ' ':
		case ']':
		case '}':
			at++;
			break;
		default:
			possible->value |= arg_is(at);
			if (possible->count < ELEMENTS_MAX)
				possible->elements[possible->count++] = at;
			return;
		}
	}
}

static struct possible possible_at(const struct state *state)
{
	struct possible possible = { .count = 0 };

	look(state->at, &possible);
	return possible;
}

static bool is_abbreviation(const char *keyword, const char *word)
{
	size_t length = strlen(word);

	return strncasecmp(keyword, word, length) == 0 && length <= element_length(keyword);
}

static bool is_exact(const char *keyword, const char *word)
{
	return is_abbreviation(keyword, word) && strlen(word) == element_length(keyword);
}

static bool same_element(const char *a, const char *b)
{
	return *a == *b && element_length(a) == element_length(b) && memcmp(a, b, element_length(a)) == 0;
}

/// All that is possible at this word, over all states, each element once.
struct choice {
	const char *elements[STATES_MAX];
	bool spelt[STATES_MAX]; ///< not to be abbreviated
	size_t count;
	bool free_text;
	bool secret;
};

static struct choice choice_of(const struct states *states)
{
	struct choice choice = { .count = 0 };

	for (size_t i = 0; i < states->count; i++) {
		struct possible possible = possible_at(&states->items[i]);
		bool spelt = (states->items[i].command->flags & COMMAND_SPELT) != 0;
		for (size_t j = 0; j < possible.count; j++) {
			size_t known = 0;
			while (known < choice.count &&
				!same_element(choice.elements[known], possible.elements[j]))
				known++;
			if (known < choice.count)
				choice.spelt[known] &= spelt;
			if (known < choice.count || choice.count == STATES_MAX)
				continue;
			choice.spelt[choice.count] = spelt;
			choice.elements[choice.count++] = possible.elements[j];
			choice.free_text |= arg_is_free_text(possible.elements[j]);
			choice.secret |= arg_is_secret(possible.elements[j]);
		}
	}
	return choice;
}

/// The keyword that `word` stands for; NULL where it is none. `*ret_ambiguous` where it could be several.
static const char *keyword_for(const struct choice *choice, const char *word, bool *ret_ambiguous)
{
	const char *found = NULL;

	*ret_ambiguous = false;
	for (size_t i = 0; i < choice->count; i++) {
		const char *element = choice->elements[i];
		if (arg_is(element))
			continue;
		if (is_exact(element, word)) {
			*ret_ambiguous = false;
			return element;
		}
		if (choice->free_text || choice->spelt[i] || !is_abbreviation(element, word))
			continue;
		*ret_ambiguous |= found != NULL;
		found = element;
	}
	return found;
}

/// Moves the states by one word. The keyword, where the word is one, goes before arguments.
static void step(const struct states *from, struct states *to, const struct lex_line *line, size_t index,
	size_t place, const char *keyword)
{
	to->count = 0;
	for (size_t i = 0; i < from->count; i++) {
		struct possible possible = possible_at(&from->items[i]);
		for (size_t j = 0; j < possible.count; j++) {
			const char *element = possible.elements[j];
			const char *word =
				arg_is_line(element) ? lex_rest(line, index) : line->words[index].text;
			bool fits = keyword ? same_element(element, keyword)
					    : arg_is(element) && arg_accepts(element, word);
			if (!fits || to->count == STATES_MAX)
				continue;
			struct state *state = &to->items[to->count++];
			*state = from->items[i];
			state->at = element + element_length(element);
			state->elements[place] = element;
			state->has_value |= arg_is(element) || possible.value;
		}
	}
}

static const struct state *finished(const struct states *states, bool negated)
{
	for (size_t i = 0; i < states->count; i++) {
		const struct state *state = &states->items[i];
		struct possible possible = possible_at(state);
		bool enough = negated && !(state->command->flags & COMMAND_LIST) &&
			      (state->has_value || possible.value);
		if (possible.end || enough)
			return state;
	}
	return NULL;
}

/// "`dynamic` or an IPv4 address", as much as fits.
static void expect(struct match *match, const struct choice *choice, const char *word)
{
	char description[ARG_DESCRIPTION_SIZE];
	size_t used = 0;

	for (size_t i = 0; i < choice->count; i++) {
		const char *element = choice->elements[i];
		int written;
		if (word && !is_abbreviation(element, word))
			continue;
		const char *comma = used > 0 ? " or " : "";
		if (arg_is(element))
			written = snprintf(match->expected + used, sizeof(match->expected) - used, "%s%s",
				comma, arg_describe(element, description));
		else
			written = snprintf(match->expected + used, sizeof(match->expected) - used, "%s`%.*s`",
				comma, (int)element_length(element), element);
		if (used + (size_t)written >= sizeof(match->expected)) {
			strcpy(match->expected + (used < sizeof(match->expected) - 5 ? used : used - 5),
				" ...");
			return;
		}
		used += (size_t)written;
	}
}

static void start(struct states *states, unsigned contexts)
{
	states->count = 0;
	for (size_t i = 0; schema_command(i); i++) {
		const struct command *command = schema_command(i);
		if ((command->contexts & contexts) == 0)
			continue;
		states->items[states->count++] = (struct state) { .command = command, .at = command->syntax };
	}
}

static void finish(struct match *match, const struct states *states)
{
	const struct state *state = finished(states, match->negated);

	if (state) {
		match->status = MATCH_OK;
		match->command = state->command;
		memcpy(match->elements, state->elements, sizeof(match->elements));
		return;
	}
	struct choice choice = choice_of(states);
	match->status = MATCH_INCOMPLETE;
	match->failed = match->line->count;
	expect(match, &choice, NULL);
}

static bool may_be_secret(const char *at)
{
	struct possible possible = { .count = 0 };

	look(at, &possible);
	for (size_t i = 0; i < possible.count; i++) {
		if (arg_is_secret(possible.elements[i]))
			return true;
	}
	return false;
}

/// Can nothing come but keywords behind which a secret may stand? Who forgot the keyword typed the secret in
/// its place.
static bool leads_to_secret(const struct states *states)
{
	size_t count = 0;

	for (size_t i = 0; i < states->count; i++) {
		struct possible possible = possible_at(&states->items[i]);
		for (size_t j = 0; j < possible.count; j++) {
			const char *element = possible.elements[j];
			if (!may_be_secret(element + element_length(element)))
				return false;
			count++;
		}
	}
	return count > 0;
}

static void fail(struct match *match, const struct states *states, size_t index, bool ambiguous)
{
	struct choice choice = choice_of(states);
	const struct state *end = finished(states, match->negated);

	match->status = ambiguous ? MATCH_AMBIGUOUS : MATCH_UNKNOWN;
	match->failed = index;
	match->command = end ? end->command : NULL;
	match->secret |= leads_to_secret(states);
	expect(match, &choice, ambiguous ? match->line->words[index].text : NULL);
	if (!ambiguous && !match->secret)
		match->near = nearest_keyword(choice.elements, choice.count, match->line->words[index].text);
}

struct match match_line(const struct lex_line *line, unsigned contexts)
{
	struct match match = { .line = line };
	struct states buffers[2];
	struct states *now = &buffers[0];
	struct states *next = &buffers[1];

	match.negated = line->count > 0 && strcasecmp(line->words[0].text, "no") == 0;
	match.first = match.negated ? 1 : 0;
	start(now, contexts);
	for (size_t index = match.first; index < line->count; index++) {
		struct choice choice = choice_of(now);
		bool ambiguous;
		const char *keyword = keyword_for(&choice, line->words[index].text, &ambiguous);
		match.secret |= choice.secret && !keyword;
		if (match.count < MATCH_WORDS_MAX && !ambiguous)
			step(now, next, line, index, match.count, keyword);
		else
			next->count = 0;
		if (next->count == 0) {
			fail(&match, now, index, ambiguous);
			return match;
		}
		match.count++;
		struct states *swapped = now;
		now = next;
		next = swapped;
		if (arg_is_line(now->items[0].elements[match.count - 1]))
			break;
	}
	finish(&match, now);
	return match;
}

/// The states behind all words of the line. False where a word does not fit.
static bool walk_line(const struct lex_line *line, size_t first, struct states *ret)
{
	struct states next;

	for (size_t index = first; index < line->count; index++) {
		struct choice choice = choice_of(ret);
		bool ambiguous;
		const char *keyword = keyword_for(&choice, line->words[index].text, &ambiguous);
		if (ambiguous || index - first >= MATCH_WORDS_MAX)
			return false;
		step(ret, &next, line, index, index - first, keyword);
		*ret = next;
	}
	return ret->count > 0;
}

size_t match_options(
	const struct lex_line *line, unsigned contexts, struct match_option *ret, size_t max, bool *ret_end)
{
	bool negated = line->count > 0 && strcasecmp(line->words[0].text, "no") == 0;
	struct states states;
	size_t count = 0;

	*ret_end = false;
	start(&states, contexts);
	if (!walk_line(line, negated ? 1 : 0, &states))
		return 0;
	*ret_end = line->count > (negated ? 1 : 0) && finished(&states, negated) != NULL;
	for (size_t i = 0; i < states.count; i++) {
		struct possible possible = possible_at(&states.items[i]);
		for (size_t j = 0; j < possible.count; j++) {
			const char *element = possible.elements[j];
			size_t known = 0;
			while (known < count && !same_element(ret[known].element, element))
				known++;
			if (known == count && count < max)
				ret[count++] = (struct match_option) { element, element_length(element),
					states.items[i].command->help, 0 };
			if (known < count)
				ret[known].commands++;
		}
	}
	return count;
}

/// The words of the line with the misspelt one put right, as a line of its own.
static void correct(const struct match *match, struct lex_line *ret_line)
{
	char text[LEX_LINE_MAX + 1];
	size_t used = 0;

	for (size_t i = match->first; i < match->line->count && used < sizeof(text); i++) {
		const char *word = match->line->words[i].text;
		int length = (int)strlen(word);
		if (i == match->failed) {
			word = match->near;
			length = (int)element_length(word);
		}
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%.*s ", length, word);
	}
	struct lex lex = lex_make(text, used < sizeof(text) ? used : sizeof(text) - 1);
	lex_next(&lex, ret_line);
}

const char *match_suggest(const struct match *match, unsigned contexts, char buffer[static MATCH_TEXT_SIZE])
{
	struct lex_line lines[2];
	struct match guess = *match;
	size_t words = 0;

	buffer[0] = '\0';
	for (size_t round = 0; round < 4 && guess.status == MATCH_UNKNOWN && guess.near; round++) {
		struct lex_line *line = &lines[round % 2];
		words = guess.failed - guess.first + 1;
		correct(&guess, line);
		guess = match_line(line, contexts);
	}
	if (words == 0)
		return buffer;
	const char *syntax = guess.status == MATCH_OK ? guess.command->syntax : NULL;
	if (syntax) {
		snprintf(buffer, MATCH_TEXT_SIZE, "%s", syntax);
		return buffer;
	}
	size_t used = 0;
	for (size_t i = 0; i < words && i < guess.line->count && used < MATCH_TEXT_SIZE; i++)
		used += (size_t)snprintf(buffer + used, MATCH_TEXT_SIZE - used, "%s%s", i > 0 ? " " : "",
			guess.line->words[i].text);
	return buffer;
}

static int index_of(const struct match *match, const char *element)
{
	for (size_t i = 0; i < match->count; i++) {
		if (match->elements[i] && same_element(match->elements[i], element))
			return (int)(match->first + i);
	}
	return -1;
}

bool match_has(const struct match *match, const char *keyword)
{
	return index_of(match, keyword) >= 0;
}

/// The word behind a keyword, or NULL where that was not given.
static const char *word_after(const struct match *match, const char *keyword)
{
	int index = index_of(match, keyword);

	if (index < 0 || (size_t)index + 1 >= match->first + match->count)
		return NULL;
	return match->line->words[index + 1].text;
}

uint32_t match_number(const struct match *match, const char *keyword, uint32_t otherwise)
{
	const char *word = word_after(match, keyword);
	uint32_t number;

	return word && arg_number(word, &number) ? number : otherwise;
}

int match_index(const struct match *match, const char *type)
{
	return index_of(match, type);
}

const char *match_argument(const struct match *match, const char *type)
{
	int index = index_of(match, type);

	if (index < 0)
		return NULL;
	return arg_is_line(type) ? lex_rest(match->line, (size_t)index) : match->line->words[index].text;
}

struct addr match_addr(const struct match *match, const char *type)
{
	const char *word = match_argument(match, type);
	struct addr addr = { 0 };

	return word && arg_ipv4(word, &addr) ? addr : (struct addr) { 0 };
}

struct prefix match_prefix(const struct match *match)
{
	const char *mask = match_argument(match, "MASK");
	const char *slashed = match_argument(match, "NETWORK/LENGTH");
	struct prefix prefix = { .addr = match_addr(match, "NETWORK") };

	if (!slashed)
		slashed = match_argument(match, "ADDRESS/LENGTH");
	if (slashed && arg_prefix(slashed, &prefix))
		return prefix;
	if (!addr_is_set(prefix.addr))
		prefix.addr = match_addr(match, "ADDRESS");
	if (!mask || !arg_mask(mask, &prefix.length))
		prefix.length = 32;
	return prefix;
}

const char *match_interface(const struct match *match, char buffer[static MATCH_INTERFACE_SIZE])
{
	const char *name = match_argument(match, "INTERFACE");
	const char *unit = match_argument(match, "UNIT");

	snprintf(buffer, MATCH_INTERFACE_SIZE, "%s%s", name ? name : "", unit ? unit : "");
	return buffer;
}
