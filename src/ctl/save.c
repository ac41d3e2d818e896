// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/private.h"
#include "conf/conf.h"

#define PATH_SIZE 4096

static bool write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t part = write(fd, text, length);
		if (part < 0 && errno == EINTR)
			continue;
		if (part < 0)
			return false;
		text += part;
		length -= (size_t)part;
	}
	return fsync(fd) == 0;
}

/// Makes the new file beside the old one.
static bool write_new(const char *path, const char *old, const char *text, struct err *err)
{
	struct stat status;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set_errno(err, errno,
			"cannot write %s; give the daemon the right to write into its folder, or save what `show "
			"running-config` shows yourself",
			path);
	if (stat(old, &status) == 0) {
		// The owner only where we may: a daemon that is not root writes files of its own.
		if (fchown(fd, status.st_uid, status.st_gid) == 0 || status.st_uid == geteuid())
			(void)!fchmod(fd, status.st_mode & 07777);
	}
	bool ok = write_all(fd, text, strlen(text)) || err_set_errno(err, errno, "cannot write %s", path);
	close(fd);
	if (!ok)
		unlink(path);
	return ok;
}

/// Does the file hold this text, and nothing else?
static bool is_there(const char *path, const char *text)
{
	size_t length = strlen(text);
	char *held = private_pages(length + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool same =
		fd >= 0 && read(fd, held, length + 1) == (ssize_t)length && memcmp(held, text, length) == 0;
	if (fd >= 0)
		close(fd);
	munmap(held, length + 1);
	return same;
}

bool save_config(const struct config *config, const char *path, struct err *err)
{
	char next[PATH_SIZE], backup[PATH_SIZE];
	if (snprintf(next, sizeof(next), "%s.new", path) >= PATH_SIZE ||
		snprintf(backup, sizeof(backup), "%s.bak", path) >= PATH_SIZE)
		return err_set(err, "the path of the configuration is too long");
	char *text = conf_print(config, false);
	bool there = is_there(path, text), ok = there || write_new(next, path, text, err);
	private_free(text);
	if (there || !ok)
		return ok;
	unlink(backup);
	if (link(path, backup) != 0 && errno != ENOENT) {
		err_set_errno(err, errno, "cannot keep the old file as %s", backup);
		unlink(next);
		return false;
	}
	return rename(next, path) == 0 || err_set_errno(err, errno, "cannot put the new file at %s", path);
}
