// SPDX-License-Identifier: GPL-2.0-or-later
// Each round asks for `show dmvpn` and `show interfaces`, and takes rates from the difference to the round
// before. On a node with very many peers a round takes its time; then the next one waits ten times as long,
// at least a second.
#include "cli/top.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli/field.h"

#define ROUND_SECONDS 1.0
#define NAME_SIZE     80

/// A peer as it is shown.
struct row {
	char key[NAME_SIZE]; ///< interface and NBMA address
	char interface[FIELD_SIZE];
	char nbma[48];
	char address[48];
	char state[8];
	char age[FIELD_SIZE];
	char attributes[16];
	size_t entries;        ///< of its bindings and shortcuts
	double received, sent; ///< bits a second
	long long received_bytes, sent_bytes;
};

struct top {
	struct cli *cli;
	struct row *rows;
	size_t count;
	json_t *before; ///< counters of the last round: key → [received, sent]
	double before_time;
	char title[160];
	size_t shortcuts, up;
	size_t scrolled;
	bool by_address; ///< the order; else by rate
};

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static char *rate_text(double bits, char buffer[static 16])
{
	static const char *const units[] = { "", "k", "M", "G", "T" };
	size_t unit = 0;
	for (; bits >= 1000 && unit < 4; unit++)
		bits /= 1000;
	snprintf(buffer, 16, unit == 0 ? "%.0f %s" : "%.1f %s", bits, units[unit]);
	return buffer;
}

/// A prefix behind a peer; the peer's own address on the tunnel is none.
static bool is_shortcut(const json_t *entry)
{
	const char *target = field_text(entry, "target"), *address = field_text(entry, "tunnel_address");
	return strchr(field_text(entry, "attributes"), 'T') != NULL &&
	       strncmp(target, address, strcspn(target, "/")) != 0;
}

static struct row *add_row(struct top *top, const json_t *interface, const json_t *peer)
{
	const json_t *entries = json_object_get(peer, "entries"), *first = json_array_get(entries, 0);
	top->rows = alloc_resize(top->rows, top->count + 1, sizeof(*top->rows));
	struct row *row = &top->rows[top->count++];
	*row = (struct row) { .entries = json_array_size(entries) };
	field_interface_short(interface, row->interface);
	snprintf(row->nbma, sizeof(row->nbma), "%s",
		field_is_null(peer, "nbma") ? "UNKNOWN" : field_text(peer, "nbma"));
	snprintf(row->key, sizeof(row->key), "%.20s %.46s", field_text(interface, "interface"), row->nbma);
	snprintf(row->address, sizeof(row->address), "%s", field_text(first, "tunnel_address"));
	snprintf(row->state, sizeof(row->state), "%s", field_text(first, "state"));
	snprintf(row->attributes, sizeof(row->attributes), "%s", field_text(first, "attributes"));
	field_time(first, "up_down_seconds", row->age);
	top->up += strcmp(row->state, "UP") == 0;
	for (size_t i = 0; i < json_array_size(entries); i++)
		top->shortcuts += is_shortcut(json_array_get(entries, i));
	return row;
}

static void read_peers(struct top *top, const json_t *dmvpn)
{
	const json_t *interfaces = json_object_get(dmvpn, "interfaces");
	top->count = top->shortcuts = top->up = 0;
	for (size_t i = 0; i < json_array_size(interfaces); i++) {
		const json_t *interface = json_array_get(interfaces, i),
			     *peers = json_object_get(interface, "peers");
		for (size_t j = 0; j < json_array_size(peers); j++)
			add_row(top, interface, json_array_get(peers, j));
	}
}

/// The counters by key, as json: it is also the memory for the next round.
static json_t *read_counters(const json_t *view)
{
	const json_t *interfaces = json_object_get(view, "interfaces");
	json_t *counters = json_object();
	for (size_t i = 0; i < json_array_size(interfaces); i++) {
		const json_t *interface = json_array_get(interfaces, i),
			     *peers = json_object_get(interface, "peers");
		for (size_t j = 0; j < json_array_size(peers); j++) {
			const json_t *peer = json_array_get(peers, j);
			char key[NAME_SIZE];
			snprintf(key, sizeof(key), "%.20s %.46s", field_text(interface, "interface"),
				field_text(peer, "nbma"));
			json_object_set_new(counters, key,
				json_pack("[I, I]", (json_int_t)field_number(peer, "received_bytes"),
					(json_int_t)field_number(peer, "sent_bytes")));
		}
	}
	return counters;
}

static double rate(const json_t *before, const json_t *after, size_t index, double seconds)
{
	if (before == NULL || after == NULL || seconds <= 0)
		return 0;
	double bytes = (double)json_integer_value(json_array_get(after, index)) -
		       (double)json_integer_value(json_array_get(before, index));
	return bytes > 0 ? bytes * 8 / seconds : 0;
}

static void take_rates(struct top *top, json_t *counters, double time)
{
	for (size_t i = 0; i < top->count; i++) {
		struct row *row = &top->rows[i];
		const json_t *after = json_object_get(counters, row->key);
		const json_t *before = json_object_get(top->before, row->key);
		row->received = rate(before, after, 0, time - top->before_time);
		row->sent = rate(before, after, 1, time - top->before_time);
		row->received_bytes = json_integer_value(json_array_get(after, 0));
		row->sent_bytes = json_integer_value(json_array_get(after, 1));
	}
	json_decref(top->before);
	top->before = counters;
	top->before_time = time;
}

static int by_rate(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	double difference = (b->received + b->sent) - (a->received + a->sent);
	if (difference != 0)
		return difference > 0 ? 1 : -1;
	return strcmp(a->key, b->key);
}

/// Asks the daemon. False and `err` where it does not answer.
static bool ask(struct top *top, struct err *err)
{
	json_t *dmvpn = cli_view(top->cli, "show dmvpn", err);
	json_t *interfaces = dmvpn != NULL ? cli_view(top->cli, "show interfaces", err) : NULL;
	json_t *version = interfaces != NULL ? cli_view(top->cli, "show version", err) : NULL;
	bool ok = version != NULL;
	if (ok) {
		char uptime[FIELD_SIZE];
		read_peers(top, dmvpn);
		take_rates(top, read_counters(interfaces), now());
		if (!top->by_address && top->count > 1)
			qsort(top->rows, top->count, sizeof(*top->rows), by_rate);
		snprintf(top->title, sizeof(top->title), "%.40s, up %s: %zu peers, %zu up, %zu shortcuts",
			field_text(version, "hostname"), field_time(version, "uptime_seconds", uptime),
			top->count, top->up, top->shortcuts);
	}
	json_decref(dmvpn);
	json_decref(interfaces);
	json_decref(version);
	return ok;
}

static void show_row(const struct row *row, int line)
{
	char received[16], sent[16];
	bool up = strcmp(row->state, "UP") == 0;
	mvprintw(line, 0, "%-6s %-16s %-16s ", row->interface, row->nbma, row->address);
	if (!up)
		attron(A_BOLD);
	printw("%5s", row->state);
	attroff(A_BOLD);
	printw(" %8s %5s %4zu %9s %9s", row->age, row->attributes, row->entries,
		rate_text(row->received, received), rate_text(row->sent, sent));
}

static void show(const struct top *top)
{
	double received = 0, sent = 0;
	char in[16], out[16];
	size_t room = LINES > 5 ? (size_t)LINES - 5 : 0;
	for (size_t i = 0; i < top->count; i++) {
		received += top->rows[i].received;
		sent += top->rows[i].sent;
	}
	erase();
	mvprintw(0, 0, "%.*s", COLS, top->title);
	mvprintw(1, 0, "received %sbit/s, sent %sbit/s", rate_text(received, in), rate_text(sent, out));
	attron(A_REVERSE);
	mvprintw(3, 0, "%-*.*s", COLS, COLS,
		"Tunnel Peer NBMA Addr   Tunnel Addr      State  UpDn Tm Attrb  Ent  in bit/s out bit/s");
	attroff(A_REVERSE);
	for (size_t i = 0; i < room && top->scrolled + i < top->count; i++)
		show_row(&top->rows[top->scrolled + i], 4 + (int)i);
	mvprintw(LINES - 1, 0, "q quit  o order: %s  arrows scroll", top->by_address ? "address" : "rate");
	refresh();
}

static void scroll_by(struct top *top, long lines)
{
	long at = (long)top->scrolled + lines;
	long last = (long)top->count - 1;
	at = at > last ? last : at;
	top->scrolled = at < 0 ? 0 : (size_t)at;
}

/// Handles keys until the next round is due. False where it is enough.
static bool handle_keys(struct top *top, double until)
{
	for (double left; (left = until - now()) > 0;) {
		timeout((int)(left * 1000) + 1);
		switch (getch()) {
		case 'q':
		case 'Q':
		case 3:
			return false;
		case 'o':
			top->by_address = !top->by_address;
			return true;
		case KEY_DOWN:
			scroll_by(top, 1);
			break;
		case KEY_UP:
			scroll_by(top, -1);
			break;
		case KEY_NPAGE:
		case ' ':
			scroll_by(top, LINES - 5);
			break;
		case KEY_PPAGE:
			scroll_by(top, -(LINES - 5));
			break;
		default:
			continue;
		}
		show(top);
	}
	return true;
}

static bool run(struct top *top, struct err *err)
{
	for (;;) {
		double begin = now();
		if (!ask(top, err))
			return false;
		double took = now() - begin;
		scroll_by(top, 0);
		show(top);
		if (!handle_keys(top, now() + (10 * took > ROUND_SECONDS ? 10 * took : ROUND_SECONDS)))
			return true;
	}
}

bool top_run(struct cli *cli, struct err *err)
{
	struct top top = { .cli = cli };
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return err_set(err, "`top` needs a terminal; `show dmvpn` and `show interfaces` do not");
	SCREEN *screen = newterm(NULL, stdout, stdin);
	if (screen == NULL)
		return err_set(err, "this terminal cannot show a whole screen: set TERM");
	raw();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	bool ok = run(&top, err);
	endwin();
	delscreen(screen);
	json_decref(top.before);
	free(top.rows);
	return ok;
}
