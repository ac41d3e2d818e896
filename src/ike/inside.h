// SPDX-License-Identifier: GPL-2.0-or-later
/// What the files of this folder share: charon's side (ike.c), what is asked of it (command.c), what is done
/// for each peer (call.c), and for two SAs with one peer (double.c).
#pragma once

#include <uv.h>

#include "base/ratelimit.h"
#include "ike/ike.h"
#include "ike/peer.h"
#include "ike/vici_conn.h"

#define TUNNELS_MAX 64  ///< protected ones
#define IKE_TICK    500 ///< milliseconds

struct tunnel_entry {
	struct ike_tunnel tunnel;
	char base[SA_NAME_SIZE];
	char child[SA_NAME_SIZE]; ///< of the administrator's connection
	bool loaded;
};

struct ike {
	uv_timer_t timer;
	uv_timer_t settle; ///< some peers are settling
	uv_timer_t soon;   ///< some peers are due
	struct vici_conn *conn;
	const struct crypto_config *crypto;
	struct ike_handler handler;
	struct tunnel_entry tunnels[TUNNELS_MAX];
	unsigned tunnel_count;
	struct ike_peers peers;
	struct sa_table sas;
	unsigned calling; ///< peers.calls has so many
	bool crowded;     ///< there were more to be called than may be at a time
	unsigned telling; ///< the handler is at work, and peers stay where they are
	unsigned timers;  ///< not closed yet
	bool known;       ///< the SAs that charon has are known
	bool listing;     ///< a list is under way
	bool relist;      ///< and another one is wanted
	bool checking;    ///< a list of one call's SA is under way
	struct ike_peer_key checked;
	bool user_space; ///< ESP is charon's own, by kernel-libipsec
	bool told_absent;
	struct mono list_begun;
	struct mono listed;
	int64_t list_took;
	struct mono started;
	struct ratelimit log;
};

/// Does what is due for those that are due.
void ike_on_soon(uv_timer_t *timer);

/// The tunnel with this base of its connections' names; NULL where there is none.
struct tunnel_entry *entry_by_base(struct ike *ike, const char *base);
struct tunnel_entry *entry_by_iface(const struct ike *ike, uint32_t iface);
/// The tunnel that an SA serves: the name of its connection is the base, or has "-PEER" behind it.
struct tunnel_entry *entry_of(const struct ike *ike, const struct sa *sa);
/// The name of the connection for one peer.
void entry_connection(const struct ike_peer *peer, char name[static SA_NAME_SIZE]);

/// The reply to a command in which only a failure is of interest; `context` is the struct ike.
void command_done(void *context, const struct vici_packet *reply);
/// A profile_send(); `context` is the struct ike.
void command_send(void *context, const char *command, struct vici_writer *writer);
/// Ends an SA; `at_once`: without waiting for the peer.
void command_terminate(struct ike *ike, struct sa *sa, bool at_once);
/// Ends a child, and leaves its IKE SA alone.
void command_terminate_child(struct ike *ike, const struct sa_child *child);
/// Gives up a call.
void command_end_call(struct ike *ike, const struct ike_peer *peer);
void command_load(struct ike *ike, const struct tunnel_entry *entry, const char *name, struct addr remote);
void command_unload(struct ike *ike, const char *name);

/// The SA that packets to the peer go by: that which stays. NULL where there is none.
const struct sa *call_best_sa(const struct ike *ike, const struct ike_peer *peer);
/// Compares what charon has for the peer with what was told of it.
void call_judge(struct ike *ike, struct ike_peer *peer);
/// An SA is there, or changed: so is its peer, which it returns; NULL where that is nobody of ours.
struct ike_peer *call_on_sa(struct ike *ike, struct sa *sa);
/// Tells the mark of the SA that packets to the peer of this one go by, and returns true, if it is another
/// one now.
bool call_tell_mark(struct ike *ike, const struct sa *sa);
/// Changes the state of a peer, and nothing else.
void call_set_state(struct ike *ike, struct ike_peer *peer, enum ike_peer_state state);
/// Does what is to be done for the peer now; it may be freed.
void call_act(struct ike *ike, struct ike_peer *peer);
/// The same, but when the handler is at work, which was told of a peer that somebody still looks at.
void call_act_or_soon(struct ike *ike, struct ike_peer *peer);
void call_act_for_all(struct ike *ike);
/// Tells the handler.
void call_report(
	struct ike *ike, uint32_t iface, struct addr nbma, enum sa_state state, const char *identity);
/// Asks charon for the call that it was not asked for longest, if that is a while ago: it does not tell when
/// it gave up, as when the peer refused. One is asked for at a time.
void call_check_next(struct ike *ike);
/// After a list: gives up a call that charon is not at any more.
void call_check(struct ike *ike, struct ike_peer *peer);
/// Calls those that had to wait, once there is room.
void call_waiting(struct ike *ike);
/// Ends the SAs of a peer; those younger than `age` stay. Returns how many went.
unsigned call_end_sas(struct ike *ike, const struct ike_peer *peer, bool at_once, int64_t age);
/// Forgets a peer, and what charon was told of it.
void call_forget(struct ike *ike, struct ike_peer *peer);

/// Which of two SAs with the same peer, which are both up, are packets sent by? With marks the one that
/// stays, as both ends see it; so that nothing is on its way under the other one when that ends.
const struct sa *double_sending(const struct sa *a, const struct sa *b, struct mono now);
/// Of two SAs with one peer one goes, after a while, and so does a second child.
void double_end_all(struct ike *ike);
