// SPDX-License-Identifier: GPL-2.0-or-later
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "echo.h"
#include "frame.h"
#include "load.h"
#include "world.h"

#define PATH_SIZE 256

#define HUB_LINES                                                                                            \
	" ip address 172.31.255.254 255.240.0.0\n"                                                           \
	" ip mtu 1400\n"                                                                                     \
	" ip nhrp map multicast dynamic\n"                                                                   \
	" ip nhrp max-send 10000000 every 10\n"                                                              \
	" ip nhrp limit registrations 1000000\n"                                                             \
	" tunnel source 198.18.0.1\n"

const char subject_hub_config[] = HUB_LINES;
const char subject_guarded_config[] = " ip nhrp authentication bench\n" HUB_LINES;

/// What all have; the configuration comes in its midst.
static const char common_config[] = "interface Tunnel1\n"
				    " ip nhrp network-id 1\n"
				    " ip nhrp holdtime 600\n"
				    " tunnel mode gre multipoint\n"
				    " tunnel key 1\n"
				    " tunnel link %s\n"
				    "%s";

static const char frr_config[] = "interface gre1\n"
				 " ip nhrp network-id 1\n"
				 " ip nhrp holdtime 600\n";

bool subject_parse(const char *name, enum subject_kind *ret)
{
	static const char *const names[] = {
		[SUBJECT_DMVPND] = "dmvpnd",
		[SUBJECT_FRR] = "frr",
		[SUBJECT_ECHO] = "echo",
		[SUBJECT_ECHO_SINGLE] = "echo-single",
		[SUBJECT_ECHO_FILTERED] = "echo-filtered",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			*ret = (enum subject_kind)i;
			return true;
		}
	}
	return false;
}

static void mac_text(const uint8_t mac[6], char text[static 18])
{
	snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

bool subject_wire(const struct world_node *node, struct err *err)
{
	char load_mac[18], hub_mac[18];

	mac_text(frame_load_mac, load_mac);
	mac_text(frame_hub_mac, hub_mac);
	return world_run(NULL, err,
		       "echo 1 2>/dev/null >/proc/sys/net/ipv6/conf/default/disable_ipv6 || true\n"
		       "ip link add " LOAD_DEVICE " address %s type veth peer name " LOAD_HUB_DEVICE
		       " address %s netns %d\n"
		       "ip link set " LOAD_DEVICE " up\n",
		       load_mac, hub_mac, (int)node->holder) &&
	       world_run(node, err,
		       "ip link set " LOAD_HUB_DEVICE " up\n"
		       "ip address add 198.18.0.1/30 dev " LOAD_HUB_DEVICE "\n"
		       "ip address add 203.0.113.1/24 dev lo\n"
		       "ip neighbour add 198.18.0.2 lladdr %s nud permanent dev " LOAD_HUB_DEVICE "\n"
		       "ip route add 10.0.0.0/8 via 198.18.0.2\n",
		       load_mac);
}

/* What each needs */

static bool write_file(const struct subject *subject, const char *name, struct err *err, const char *format,
	...) PRINTF_LIKE(4, 5);

static bool write_file(
	const struct subject *subject, const char *name, struct err *err, const char *format, ...)
{
	char path[PATH_SIZE];
	va_list arguments;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", subject->world->directory, name);
	file = fopen(path, "we");
	if (!file)
		return err_set_errno(err, errno, "cannot write %s", path);
	va_start(arguments, format);
	vfprintf(file, format, arguments);
	va_end(arguments);
	return fclose(file) == 0 || err_set_errno(err, errno, "cannot write %s", path);
}

static bool frr_has(const struct subject *subject, const char *program)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", subject->frr, program);
	return access(path, X_OK) == 0;
}

static bool prepare_frr(struct subject *subject, struct err *err)
{
	if (!frr_has(subject, "nhrpd"))
		return err_set(err, "there is no %s/nhrpd: install the package frr", subject->frr);
	return write_file(subject, "zebra.conf", err, "hostname hub\n") &&
	       write_file(subject, "nhrpd.conf", err, "%s", frr_config) &&
	       world_run(subject->node, err,
		       "ip link add gre1 type gre key %d local 198.18.0.1 ttl 64\n"
		       "ip address add 172.31.255.254/32 dev gre1\n"
		       "ip link set gre1 mtu 1400 up\n"
		       "ip route add blackhole 172.16.0.0/12\n"
		       "chmod 755 %s\n"
		       "install -d -o frr -g frr /run/frr /run/frr/dmvpn-bench-%d\n",
		       LOAD_KEY, subject->world->directory, (int)getpid());
}

bool subject_prepare(struct subject *subject, struct err *err)
{
	char path[PATH_SIZE];

	switch (subject->kind) {
	case SUBJECT_DMVPND:
		snprintf(path, sizeof(path), "%s/%s.state", subject->world->directory, subject->name);
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return err_set_errno(err, errno, "cannot make %s", path);
		snprintf(path, sizeof(path), "%s.conf", subject->name);
		return write_file(subject, path, err, common_config, subject->link,
			subject->config ? subject->config : subject_hub_config);
	case SUBJECT_FRR:
		return prepare_frr(subject, err);
	case SUBJECT_ECHO:
	case SUBJECT_ECHO_SINGLE:
	case SUBJECT_ECHO_FILTERED:
		break;
	}
	return true;
}

void subject_forget(const struct subject *subject)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s.state/registrations", subject->world->directory, subject->name);
	(void)unlink(path);
}

/* Start and end */

static _Noreturn void run(const struct subject *subject, char **arguments)
{
	char path[PATH_SIZE];
	int log;

	snprintf(path, sizeof(path), "%s/%s.log", subject->world->directory, subject->name);
	log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	execv(arguments[0], arguments);
	(void)dprintf(log, "cannot run %s: %s\n", arguments[0], strerror(errno));
	_exit(EXIT_FAILURE);
}

static _Noreturn void run_dmvpnd(const struct subject *subject)
{
	const char *directory = subject->world->directory;
	char program[PATH_SIZE], config[PATH_SIZE], control[PATH_SIZE], state[PATH_SIZE];
	char *arguments[] = { program, (char[]) { "--config" }, config, (char[]) { "--control" }, control,
		(char[]) { "--state-dir" }, state, NULL };
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - sizeof("/dmvpnd"));

	program[length > 0 ? length : 0] = '\0';
	strcpy(strrchr(program, '/'), "/dmvpnd");
	snprintf(config, sizeof(config), "%s/%s.conf", directory, subject->name);
	snprintf(control, sizeof(control), "%s/%s.control", directory, subject->name);
	snprintf(state, sizeof(state), "%s/%s.state", directory, subject->name);
	if (subject->one_by_one)
		setenv("DMVPND_ONE_BY_ONE", "1", 1);
	run(subject, arguments);
}

static _Noreturn void run_frr(const struct subject *subject, const char *name, pid_t bench)
{
	char program[PATH_SIZE], config[PATH_SIZE], space[64];
	char *arguments[] = { program, (char[]) { "-N" }, space, (char[]) { "-P" }, (char[]) { "0" },
		(char[]) { "--log" }, (char[]) { "stdout" }, (char[]) { "-f" }, config, NULL };

	snprintf(program, sizeof(program), "%s/%s", subject->frr, name);
	snprintf(config, sizeof(config), "%s/%s.conf", subject->world->directory, name);
	snprintf(space, sizeof(space), "dmvpn-bench-%d", (int)bench);
	/* It knows no -f. */
	if (strcmp(name, "mgmtd") == 0)
		arguments[ARRAY_SIZE(arguments) - 3] = NULL;
	run(subject, arguments);
}

static bool launch(struct subject *subject, const char *name, struct err *err)
{
	pid_t bench = getpid(), child = world_fork(subject->node, err);

	if (child < 0)
		return false;
	if (child > 0) {
		subject->processes[subject->count++] = child;
		return true;
	}
	if (subject->processors &&
		sched_setaffinity(0, sizeof(*subject->processors), subject->processors) < 0)
		_exit(EXIT_FAILURE);
	switch (subject->kind) {
	case SUBJECT_DMVPND:
		run_dmvpnd(subject);
	case SUBJECT_FRR:
		run_frr(subject, name, bench);
	case SUBJECT_ECHO:
	case SUBJECT_ECHO_SINGLE:
	case SUBJECT_ECHO_FILTERED:
		break;
	}
	echo_serve(subject->kind != SUBJECT_ECHO_SINGLE, subject->kind == SUBJECT_ECHO_FILTERED);
}

bool subject_start(struct subject *subject, struct err *err)
{
	switch (subject->kind) {
	case SUBJECT_FRR:
		/* Newer versions have a third, without which zebra complains all the time. */
		return (!frr_has(subject, "mgmtd") || launch(subject, "mgmtd", err)) &&
		       launch(subject, "zebra", err) && launch(subject, "nhrpd", err);
	case SUBJECT_DMVPND:
	case SUBJECT_ECHO:
	case SUBJECT_ECHO_SINGLE:
	case SUBJECT_ECHO_FILTERED:
		break;
	}
	return launch(subject, NULL, err);
}

void subject_stop(struct subject *subject, int number)
{
	while (subject->count > 0) {
		pid_t process = subject->processes[--subject->count];

		kill(process, number);
		waitpid(process, NULL, 0);
	}
}

bool subject_is_running(struct subject *subject)
{
	for (unsigned i = 0; i < subject->count; i++) {
		if (waitpid(subject->processes[i], NULL, WNOHANG) != 0)
			return false;
	}
	return subject->count > 0;
}

/* What it costs */

static uint64_t rss(pid_t process)
{
	unsigned long size, resident = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)process);
	file = fopen(path, "re");
	if (file && fscanf(file, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	if (file)
		(void)fclose(file);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t subject_rss(const struct subject *subject)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < subject->count; i++)
		total += rss(subject->processes[i]);
	return total;
}

uint64_t subject_rss_of_server(const struct subject *subject)
{
	return subject->count > 0 ? rss(subject->processes[subject->count - 1]) : 0;
}

double subject_cpu(const struct subject *subject)
{
	double total = 0;

	for (unsigned i = 0; i < subject->count; i++) {
		struct timespec spent;
		clockid_t clock;

		if (clock_getcpuclockid(subject->processes[i], &clock) == 0 &&
			clock_gettime(clock, &spent) == 0)
			total += (double)spent.tv_sec + (double)spent.tv_nsec / 1e9;
	}
	return total;
}

/* What it says */

static int connect_control(const struct subject *subject)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s.control", subject->world->directory,
		subject->name);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

/// Sends the command; the answer, up to its newline, can be read from the stream.
static FILE *request(const struct subject *subject, const char *command)
{
	json_t *words = json_array(), *object;
	int fd = connect_control(subject);
	char *copy = alloc_string(command), *rest = copy, *text;
	FILE *stream = fd >= 0 ? fdopen(fd, "r+e") : NULL;

	for (char *word; (word = strsep(&rest, " ")) != NULL;)
		json_array_append_new(words, json_string(word));
	object = json_pack("{s:o}", "command", words);
	text = json_dumps(object, JSON_COMPACT);
	if (stream && (fprintf(stream, "%s\n", text) < 0 || fflush(stream) != 0)) {
		(void)fclose(stream);
		stream = NULL;
	}
	free(text);
	free(copy);
	json_decref(object);
	return stream;
}

json_t *subject_ask(const struct subject *subject, const char *command)
{
	FILE *stream = request(subject, command);
	json_t *answer = stream ? json_loadf(stream, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
	json_t *data = json_incref(json_object_get(answer, "data"));

	if (stream)
		(void)fclose(stream);
	json_decref(answer);
	return data;
}

size_t subject_ask_length(const struct subject *subject, const char *command)
{
	FILE *stream = request(subject, command);
	size_t capacity = 0, length = 0;
	char *line = NULL;
	bool more = stream != NULL;

	while (more) {
		ssize_t got = getline(&line, &capacity, stream);

		// Long answers come in parts.
		more = got > 0 && strstr(line, "\"more\":true") != NULL;
		length = got > 0 ? length + (size_t)got : 0;
	}
	if (stream)
		(void)fclose(stream);
	free(line);
	return length;
}

void subject_print_log(const struct subject *subject)
{
	char command[PATH_SIZE];
	struct err err;

	snprintf(command, sizeof(command), "tail -n 20 %s/%s.log >&2 || true", subject->world->directory,
		subject->name);
	(void)!world_run(NULL, &err, "%s", command);
}
