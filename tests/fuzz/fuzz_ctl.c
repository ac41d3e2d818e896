// SPDX-License-Identifier: GPL-2.0-or-later
// What a client of the control socket may say: any bytes, to a server in front of a hub with one client. It
// must answer in lines of JSON, each an object, or hang up; and then serve the next client.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>
#include <uv.h>

#include "base/log.h"
#include "conf/conf.h"
#include "core/node.h"
#include "ctl/context.h"
#include "ctl/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TURNS     200 ///< of the loop for one client
#define REPLY_MAX (1 << 20)

static struct {
	uv_loop_t loop;
	struct ctl_context context;
	struct ctl_server *server;
	char directory[32];
	char path[64];
} stage;

static void require(bool law)
{
	if (!law)
		abort();
}

static struct mono now(void)
{
	return (struct mono) { MONO_SECOND };
}

static struct config *read_config(void)
{
	static const char text[] =
		"interface Tunnel1\n ip address 10.0.0.1 255.255.255.0\n ip nhrp network-id 1\n"
		" tunnel source 192.0.2.1\n tunnel mode gre multipoint\n";
	struct conf_messages messages = { 0 };
	struct config *config = conf_parse(text, sizeof(text) - 1, &messages);

	conf_messages_free(&messages);
	require(config != NULL);
	return config;
}

static void set_up(void)
{
	struct config *config = read_config();
	const struct binding_facts facts = {
		.type = BINDING_DYNAMIC, .nbma = addr_from_ipv4(0xc0000202), .holding_time = 600
	};
	struct err err;

	log_set_level(LOG_LEVEL_ERROR);
	stage.context = (struct ctl_context) {
		.node = node_new(&config->node, 1, 1, now()), .config = config, .now = now
	};
	node_on_link(stage.context.node, 1, true, 10, addr_from_ipv4(0xc0000201), now());
	require(node_restore(stage.context.node, 1, addr_from_ipv4(0x0a000002), &facts, now()));
	strcpy(stage.directory, "/tmp/fuzz-ctl-XXXXXX");
	require(mkdtemp(stage.directory) != NULL);
	snprintf(stage.path, sizeof(stage.path), "%s/control", stage.directory);
	require(uv_loop_init(&stage.loop) == 0);
	stage.server = ctl_server_open(&stage.loop, stage.path, &stage.context, CTL_LIMITS_DEFAULT, &err);
	require(stage.server != NULL);
}

static void tear_down(void)
{
	ctl_server_close(stage.server);
	uv_run(&stage.loop, UV_RUN_DEFAULT);
	uv_loop_close(&stage.loop);
	node_free(stage.context.node);
	conf_free((struct config *)(uintptr_t)stage.context.config);
	rmdir(stage.directory);
}

static int connect_client(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, stage.path);
	require(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	return fd;
}

/// What was read so far: whole lines are JSON objects.
static size_t check_lines(const char *text, size_t length)
{
	size_t done = 0;
	const char *end;

	while ((end = memchr(text + done, '\n', length - done)) != NULL) {
		json_t *line = json_loadb(text + done, (size_t)(end - text) - done, 0, NULL);

		require(json_is_object(line));
		json_decref(line);
		done = (size_t)(end - text) + 1;
	}
	return done;
}

static void talk(int fd, const uint8_t *data, size_t size)
{
	static char text[REPLY_MAX];
	size_t sent = 0, length = 0;
	ssize_t got = 1;

	for (int turn = 0; turn < TURNS && got != 0; turn++) {
		ssize_t more = sent < size ? send(fd, data + sent, size - sent, MSG_NOSIGNAL) : -1;
		size_t done;

		sent += more > 0 ? (size_t)more : 0;
		if (sent == size)
			shutdown(fd, SHUT_WR);
		uv_run(&stage.loop, UV_RUN_NOWAIT);
		got = recv(fd, text + length, sizeof(text) - length, 0);
		length += got > 0 ? (size_t)got : 0;
		done = check_lines(text, length);
		memmove(text, text + done, length - done);
		length -= done;
		require(length < sizeof(text));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd;

	if (!stage.server) {
		set_up();
		atexit(tear_down);
	}
	fd = connect_client();
	talk(fd, data, size);
	close(fd);
	for (int turn = 0; turn < 3; turn++)
		uv_run(&stage.loop, UV_RUN_NOWAIT);
	return 0;
}
