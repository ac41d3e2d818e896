// SPDX-License-Identifier: GPL-2.0-or-later
/// A stand-in for charon on a VICI socket: it keeps what it was asked, says yes, and has the SAs that a test
/// gives it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "wire/vici.h"

#define CHARON_REQUESTS 256
#define CHARON_SAS      8

struct charon_sa {
	uint32_t id; ///< 0: none
	const char *connection, *remote, *local_id, *remote_id;
	bool initiator;
	bool has_child;
	bool has_second; ///< child, which is newer
	unsigned age;    ///< seconds
	unsigned mark;   ///< of the child, its second has the next; 0: none
};

struct charon_request {
	char name[32];
	char what[160]; ///< the name of a connection, the ID of an SA, or "force"
	bool force;
};

struct charon {
	uv_loop_t *loop;
	char path[108];
	uv_pipe_t *server, *client;
	uint8_t input[65536];
	size_t filled;
	struct charon_sa sas[CHARON_SAS];
	struct charon_request requests[CHARON_REQUESTS];
	unsigned request_count;
	bool user_space;
};

void charon_init(struct charon *charon, uv_loop_t *loop);
void charon_start(struct charon *charon);
/// Closes the socket; its SAs are lost where `crash`.
void charon_stop(struct charon *charon, bool crash);
/// How many requests of this name, and about this, there were; NULL: about anything.
unsigned charon_asked(const struct charon *charon, const char *name, const char *what);
void charon_forget(struct charon *charon);
/// An SA comes up or goes, which an event tells.
void charon_up(struct charon *charon, const struct charon_sa *sa);
void charon_down(struct charon *charon, uint32_t id);
/// An IKE SA is established or gone; of its children nothing is told.
void charon_ike(struct charon *charon, const struct charon_sa *sa, bool up);
/// An IKE SA, or a child, has other keys and another number.
void charon_rekey_ike(struct charon *charon, uint32_t old, uint32_t new);
void charon_rekey_child(struct charon *charon, uint32_t id, uint32_t old, uint32_t new);
/// An event without more.
void charon_event(struct charon *charon, const char *name);
void charon_send_bytes(struct charon *charon, const void *bytes, size_t length);
