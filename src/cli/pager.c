// SPDX-License-Identifier: GPL-2.0-or-later
// The pager lives until its stream is closed, which frees it.
#include "cli/pager.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/alloc.h"

struct pager {
	unsigned lines;  ///< of a page; 0: no paging
	unsigned left;   ///< lines until the next stop
	unsigned column; ///< of the cursor
	bool ended;
};

static struct winsize terminal_size(void)
{
	struct winsize size = { 0 };
	(void)!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	return size;
}

unsigned pager_lines(void)
{
	unsigned short lines = terminal_size().ws_row;
	return lines > 1 ? lines : 24;
}

/// Of the terminal; 80 where it does not say.
static unsigned columns_of_terminal(void)
{
	unsigned short columns = terminal_size().ws_col;
	return columns > 1 ? columns : 80;
}

/// One key, without waiting for Enter; below zero where there is none to come.
static int read_key(void)
{
	struct termios before, raw;
	unsigned char key;
	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return -1;
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	ssize_t got = read(STDIN_FILENO, &key, 1);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	return got == 1 ? key : -1;
}

static void stop(struct pager *pager)
{
	fputs(" --More-- ", stdout);
	fflush(stdout);
	switch (read_key()) {
	case '\r':
	case '\n':
		pager->left = 1;
		break;
	case 'q':
	case 'Q':
	case 3:
	case -1:
		pager->ended = true;
		break;
	default:
		pager->left = pager->lines - 1;
		break;
	}
	fputs("\r          \r", stdout);
}

static ssize_t pager_write(void *cookie, const char *data, size_t size)
{
	struct pager *pager = cookie;
	unsigned columns = pager->lines > 0 ? columns_of_terminal() : 0;
	for (size_t i = 0; i < size && !pager->ended; i++) {
		if (pager->lines > 0 && pager->left == 0)
			stop(pager);
		if (pager->ended)
			break;
		putchar(data[i]);
		bool continues = ((unsigned char)data[i] & 0xc0) == 0x80; // of a UTF-8 character
		pager->column += !continues;
		if (data[i] == '\n' || (columns > 0 && pager->column > columns)) {
			pager->column = data[i] != '\n';
			pager->left -= pager->left > 0;
		}
	}
	return (ssize_t)size;
}

static int pager_close(void *cookie)
{
	fflush(stdout);
	free(cookie);
	return 0;
}

FILE *pager_open(unsigned lines)
{
	struct pager *pager = alloc_zeroed(1, sizeof(*pager));
	pager->lines = lines > 1 ? lines : 0;
	pager->left = pager->lines > 0 ? pager->lines - 1 : 0;
	return fopencookie(
		pager, "w", (cookie_io_functions_t) { .write = pager_write, .close = pager_close });
}
