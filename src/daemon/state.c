// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "daemon/state.h"

#define BLOCK 65536

struct state {
	char *path;
	char *temporary;
	uint32_t first;
	uint32_t reserved; ///< all IDs below are
	bool told;         ///< the log said that it cannot be written
};

static bool write_number(const char *path, uint32_t number)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u\n", number);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, (size_t)length) == length && fsync(fd) == 0;
	return close(fd) == 0 && ok;
}

/// Writes beside the file and renames, so that a crash leaves the old or the new one whole.
static bool reserve(struct state *state, uint32_t number)
{
	state->reserved = number;
	if (write_number(state->temporary, number) && rename(state->temporary, state->path) == 0)
		return true;
	if (!state->told)
		log_warning(
			"cannot write %s: %s; request IDs start anew from the clock after a restart (make the "
			"directory writable, or name another with --state-dir)",
			state->path, strerror(errno));
	state->told = true;
	return false;
}

static bool read_number(const char *path, uint32_t *ret)
{
	FILE *file = fopen(path, "re");
	bool ok;

	if (!file)
		return false;
	ok = fscanf(file, "%u", ret) == 1;
	(void)fclose(file);
	return ok;
}

char *state_path(const char *directory, const char *name)
{
	size_t size = strlen(directory) + strlen(name) + 2;
	char *path = alloc_zeroed(1, size);

	(void)snprintf(path, size, "%s/%s", directory, name);
	return path;
}

/// A number that rises with the calendar, faster than anybody sends requests: 256 a second.
static uint32_t clock_number(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint32_t)now.tv_sec * 256 + (uint32_t)(now.tv_nsec / (1000000000 / 256));
}

struct state *state_open(const char *directory)
{
	struct state *state = alloc_zeroed(1, sizeof(*state));

	state->path = state_path(directory, "request-id");
	state->temporary = state_path(directory, "request-id.new");
	// A directory that cannot be made shows when the file is written.
	if (mkdir(directory, 0700) != 0 && errno != EEXIST)
		log_debug("cannot make %s: %s", directory, strerror(errno));
	if (!read_number(state->path, &state->first))
		state->first = clock_number();
	if (!reserve(state, state->first + BLOCK))
		state->first = clock_number();
	return state;
}

uint32_t state_request_id(const struct state *state)
{
	return state->first;
}

void state_keep(struct state *state, uint32_t next)
{
	// Signed, as it may be beyond the block already, and IDs go round.
	if ((int32_t)(state->reserved - next) < BLOCK / 2)
		(void)reserve(state, next + BLOCK);
}

void state_close(struct state *state, uint32_t next)
{
	if (!state)
		return;
	(void)reserve(state, next);
	free(state->path);
	free(state->temporary);
	free(state);
}
