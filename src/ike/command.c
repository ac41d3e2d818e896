// SPDX-License-Identifier: GPL-2.0-or-later
#include "ike/inside.h"

#include "base/log.h"
#include "ike/profile.h"

void command_done(void *context, const struct vici_packet *reply)
{
	struct ike *ike = context;
	char text[SA_ID_SIZE];

	if (!reply || !vici_text_is(vici_value(reply->message, "success"), "no") ||
		!ratelimit_take(&ike->log, ike->handler.now()))
		return;
	log_warning(
		"strongSwan: %s", vici_text_copy(vici_value(reply->message, "errmsg"), text, sizeof(text)));
}

void command_send(void *context, const char *command, struct vici_writer *writer)
{
	struct ike *ike = context;

	(void)command;
	vici_conn_send(ike->conn, writer, command_done, ike);
}

void command_terminate(struct ike *ike, struct sa *sa, bool at_once)
{
	struct vici_writer writer = vici_writer_make(VICI_REQUEST, "terminate");

	sa->terminating = true;
	vici_put_format(&writer, "ike-id", "%u", sa->id);
	vici_put(&writer, "force", at_once ? "yes" : "no");
	vici_put(&writer, "timeout", "-1");
	vici_conn_send(ike->conn, &writer, NULL, NULL);
}

void command_terminate_child(struct ike *ike, const struct sa_child *child)
{
	struct vici_writer writer = vici_writer_make(VICI_REQUEST, "terminate");

	vici_put_format(&writer, "child-id", "%u", child->id);
	vici_put(&writer, "timeout", "-1");
	vici_conn_send(ike->conn, &writer, NULL, NULL);
}

void command_end_call(struct ike *ike, const struct ike_peer *peer)
{
	struct vici_writer writer = vici_writer_make(VICI_REQUEST, "terminate");
	char name[SA_NAME_SIZE];

	entry_connection(peer, name);
	vici_put(&writer, "ike", name);
	vici_put(&writer, "force", "yes");
	vici_put(&writer, "timeout", "-1");
	vici_conn_send(ike->conn, &writer, NULL, NULL);
}

void command_load(struct ike *ike, const struct tunnel_entry *entry, const char *name, struct addr remote)
{
	struct vici_writer writer = vici_writer_make(VICI_REQUEST, "load-conn");
	const struct profile_connection connection = {
		.name = name,
		.profile = entry->tunnel.profile,
		.local = entry->tunnel.local,
		.remote = addr_plain(remote),
		.user_space = ike->user_space,
		.marks = entry->tunnel.marks && !ike->user_space,
	};

	profile_put_connection(&writer, ike->crypto, &connection);
	vici_conn_send(ike->conn, &writer, command_done, ike);
}

void command_unload(struct ike *ike, const char *name)
{
	struct vici_writer writer = vici_writer_make(VICI_REQUEST, "unload-conn");

	vici_put(&writer, "name", name);
	vici_conn_send(ike->conn, &writer, NULL, NULL);
}
