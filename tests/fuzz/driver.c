// SPDX-License-Identifier: GPL-2.0-or-later
// Runs a fuzzer without libFuzzer: over every file given (or in the directories given), and then, with
// `--random SECONDS SEED`, over mutations of them for a bounded time. What it does is a function of the
// corpus and the seed; only how far it comes depends on the machine. The input that ends the process goes to
// the file `crash-input` in the working directory, and is run again by naming that file.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/mono.h"
#include "base/rng.h"

#define MAX_INPUT_SIZE 65536
#define MAX_MUTATIONS  8
#define CRASH_FILE     "crash-input"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/// Is there with ASan, which ends the process without a signal.
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

struct input {
	uint8_t *data; ///< owned
	size_t size;
};

struct corpus {
	struct input *inputs;
	size_t count;
};

static struct input current; // what runs now, for the crash file

static void save_current(void)
{
	int file = open(CRASH_FILE, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (file < 0 || write(file, current.data, current.size) != (ssize_t)current.size)
		return;
	close(file);
	static const char text[] = "the input at fault is in ./" CRASH_FILE "\n";
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		return;
}

static void on_signal(int number)
{
	save_current();
	signal(number, SIG_DFL);
	raise(number);
}

static void save_on_crash(void)
{
	signal(SIGABRT, on_signal);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(save_current);
	else
		signal(SIGSEGV, on_signal);
}

/// Runs one input, copied to memory of its exact size, so that ASan sees a read behind its end.
static void run(const uint8_t *data, size_t size)
{
	current = (struct input) { alloc_copy(data, size), size };
	LLVMFuzzerTestOneInput(current.data, current.size);
	free(current.data);
	current = (struct input) { 0 };
}

static bool add_file(struct corpus *corpus, const char *path)
{
	FILE *file = fopen(path, "rb");
	struct input input = { alloc_zeroed(1, MAX_INPUT_SIZE), 0 };

	if (!file) {
		fprintf(stderr, "cannot read %s: %s\n", path, strerror(errno));
		free(input.data);
		return false;
	}
	input.size = fread(input.data, 1, MAX_INPUT_SIZE, file);
	fclose(file);
	corpus->inputs = alloc_resize(corpus->inputs, corpus->count + 1, sizeof(input));
	corpus->inputs[corpus->count++] = input;
	return true;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/// A file, or every file in a directory, in the order of names.
static bool add_path(struct corpus *corpus, const char *path)
{
	struct stat status;
	struct dirent **entries;
	bool ok = true;
	int count;

	if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
		return add_file(corpus, path);
	count = scandir(path, &entries, is_visible, alphasort);
	for (int i = 0; i < count; i++) {
		char name[4096];

		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		ok = add_file(corpus, name) && ok;
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return ok && count >= 0;
}

/// Moves what is behind `at` by `length` bytes; returns the new size. New bytes are random.
static size_t insert_random(uint8_t *data, size_t size, size_t at, size_t length, struct rng *rng)
{
	if (length > MAX_INPUT_SIZE - size)
		length = MAX_INPUT_SIZE - size;
	memmove(data + at + length, data + at, size - at);
	for (size_t i = 0; i < length; i++)
		data[at + i] = (uint8_t)rng_next(rng);
	return size + length;
}

static size_t remove_some(uint8_t *data, size_t size, size_t at, size_t length)
{
	if (length > size - at)
		length = size - at;
	memmove(data + at, data + at + length, size - at - length);
	return size - length;
}

/// Writes a piece of another input over this one, at most as far as the buffer goes.
static size_t overwrite(uint8_t *data, size_t size, size_t at, const struct corpus *corpus, struct rng *rng)
{
	const struct input *other = &corpus->inputs[rng_below(rng, (uint32_t)corpus->count)];
	size_t from = rng_below(rng, (uint32_t)other->size);
	size_t length = rng_below(rng, (uint32_t)(other->size - from) + 1);

	if (length > MAX_INPUT_SIZE - at)
		length = MAX_INPUT_SIZE - at;
	if (length != 0)
		memcpy(data + at, other->data + from, length);
	return at + length > size ? at + length : size;
}

static size_t mutate(uint8_t *data, size_t size, const struct corpus *corpus, struct rng *rng)
{
	static const uint8_t edges[] = { 0, 1, 4, 16, 0x7f, 0x80, 0xfe, 0xff };
	size_t at = rng_below(rng, (uint32_t)size + 1);

	switch (rng_below(rng, 7)) {
	case 0:
		return insert_random(data, size, at, 1 + rng_below(rng, 16), rng);
	case 1:
		return remove_some(data, size, at, 1 + rng_below(rng, 16));
	case 2:
		return overwrite(data, size, at, corpus, rng);
	case 3:
		return at; // cut
	case 4:
		if (at < size)
			data[at] = edges[rng_below(rng, sizeof(edges))];
		return size;
	case 5:
		if (at < size)
			data[at] ^= (uint8_t)(1u << rng_below(rng, 8));
		return size;
	default:
		if (at < size)
			data[at] = (uint8_t)rng_next(rng);
		return size;
	}
}

static struct mono now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (struct mono) { time.tv_sec * MONO_SECOND + time.tv_nsec / 1000 };
}

/// Returns how many inputs it ran.
static size_t run_random(const struct corpus *corpus, int64_t seconds, uint64_t seed)
{
	uint8_t *data = alloc_zeroed(1, MAX_INPUT_SIZE);
	struct mono end = mono_add(now(), seconds * MONO_SECOND);
	struct rng rng;
	size_t runs = 0;

	rng_seed(&rng, seed);
	while (corpus->count != 0 && mono_before(now(), end)) {
		const struct input *input = &corpus->inputs[rng_below(&rng, (uint32_t)corpus->count)];
		size_t size = input->size;

		memcpy(data, input->data, size);
		for (uint32_t left = 1 + rng_below(&rng, MAX_MUTATIONS); left > 0; left--)
			size = mutate(data, size, corpus, &rng);
		run(data, size);
		runs++;
	}
	free(data);
	return runs;
}

int main(int argc, char **argv)
{
	struct corpus corpus = { 0 };
	int64_t seconds = 0;
	uint64_t seed = 0;
	bool ok = true;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--random") == 0 && i + 2 < argc) {
			seconds = strtoll(argv[++i], NULL, 10);
			seed = strtoull(argv[++i], NULL, 10);
		} else {
			ok = add_path(&corpus, argv[i]) && ok;
		}
	}
	if (corpus.count == 0 || !ok) {
		fprintf(stderr,
			"usage: %s FILE|DIRECTORY… [--random SECONDS SEED]; an input was not readable, or "
			"there was none\n",
			argv[0]);
		return 2;
	}
	save_on_crash();
	run(NULL, 0);
	for (size_t i = 0; i < corpus.count; i++)
		run(corpus.inputs[i].data, corpus.inputs[i].size);
	size_t runs = run_random(&corpus, seconds, seed);
	printf("%zu inputs of the corpus, %zu random ones with seed %llu\n", corpus.count, runs,
		(unsigned long long)seed);
	for (size_t i = 0; i < corpus.count; i++)
		free(corpus.inputs[i].data);
	free(corpus.inputs);
	return 0;
}
