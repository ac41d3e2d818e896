// SPDX-License-Identifier: GPL-2.0-or-later
/// The IKE SAs that charon has, with their children, as its lists and events tell.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"
#include "base/mono.h"
#include "core/protect.h"
#include "wire/vici.h"

#define SA_NAME_SIZE 128 ///< of a connection
/// Of an identity: one that the core does not take is too long here as well, though it is cut.
#define SA_ID_SIZE      (PROTECT_IDENTITY_SIZE + 1)
#define SA_CHILDREN_MAX 8 ///< of one IKE SA that are kept; more are rekeyed and leave soon
#define SA_WORD_SIZE    32

/// A child SA: a pair of ESP SAs.
struct sa_child {
	uint32_t id;
	bool installed; ///< carries packets; not one that a rekeying replaced
	uint32_t spi_in, spi_out;
	uint32_t mark;           ///< of both directions; 0: none
	uint32_t mark_mask;      ///< the bits of it that count
	bool encapsulated;       ///< in UDP
	char mode[SA_WORD_SIZE]; ///< "TRANSPORT", "TUNNEL"
	char encryption[SA_WORD_SIZE];
	uint32_t key_bits;
	char integrity[SA_WORD_SIZE]; ///< empty with an AEAD
	uint64_t bytes_in, bytes_out, packets_in, packets_out;
	uint32_t rekey_seconds; ///< when it was listed
};

struct sa {
	uint32_t id; ///< charon's, the key
	char connection[SA_NAME_SIZE];
	bool established;
	bool initiator; ///< we began it
	uint8_t version;
	struct addr local;
	struct addr remote; ///< with `behind`, by its identity, where SAs have marks
	uint16_t remote_port;
	bool nat; ///< on the way
	char local_id[SA_ID_SIZE];
	char remote_id[SA_ID_SIZE];
	char spi_initiator[SA_WORD_SIZE], spi_responder[SA_WORD_SIZE];
	char encryption[SA_WORD_SIZE], integrity[SA_WORD_SIZE], prf[SA_WORD_SIZE], group[SA_WORD_SIZE];
	uint32_t key_bits;
	uint32_t rekey_seconds; ///< when it was listed
	struct mono since;      ///< established
	struct mono
		single; ///< when it had no more than one child that carries packets, the last time we looked
	struct sa_child children[SA_CHILDREN_MAX];
	unsigned child_count;
	bool terminating; ///< we asked for its end
	bool gone;        ///< it has ended
	bool placed;      ///< `remote` is told apart from that of others behind it
	bool told_shared; ///< the log told that somebody else is behind the same address
	bool seen;        ///< in the list that is being read
	UT_hash_handle hh;
	struct sa *prev_there, *next_there; ///< with the same remote address
};

struct sa_remote;

/// All zero is empty.
struct sa_table {
	struct sa *sas;            ///< hash
	struct sa_remote *remotes; ///< hash
	uint16_t most_behind;      ///< the greatest `behind` of a remote address
	/// Where a peer was before; see struct ike_handler.
	bool (*known_place)(void *owner, struct addr nbma, const char *identity, uint16_t *ret);
	void *owner;
};

/// By charon's number; NULL where there is none.
struct sa *sa_find(const struct sa_table *table, uint32_t id);
/// The first SA with a remote address, NULL where there is none; `next_there` leads on.
struct sa *sa_first_with(const struct sa_table *table, struct addr remote);
/// The SA's remote address is this one (now).
void sa_table_set_remote(struct sa_table *table, struct sa *sa, struct addr addr);
/// Does a child carry packets?
bool sa_is_up(const struct sa *sa);
/// The child that packets are sent by, of those which carry them; NULL where there is none. With marks it is
/// for us to choose, and the oldest is at the other end for certain; without, charon takes the newest.
const struct sa_child *sa_sending_child(const struct sa *sa);
/// Reads what an event `child-updown` says; NULL where nothing is left to say of that SA.
struct sa *sa_table_on_child(struct sa_table *table, struct vici_section message, struct mono now);
/// An event `child-rekey`: the new child takes the place of the old one.
struct sa *sa_table_on_child_rekey(struct sa_table *table, struct vici_section message, struct mono now);
/// An event `ike-updown`; NULL where the SA is not known. One that went is `gone`, for the caller to forget.
struct sa *sa_table_on_ike(struct sa_table *table, struct vici_section message, struct mono now);
void sa_table_forget(struct sa_table *table, struct sa *sa);
/// An event `ike-rekey`: the new IKE SA takes the place of the old one, and its children.
struct sa *sa_table_on_ike_rekey(struct sa_table *table, struct vici_section message, struct mono now);

/// What a list is of: the SAs of one connection with one address, or all of them.
struct sa_scope {
	const char *connection; ///< NULL: all
	struct addr remote;
};

/// Before a list: nothing of this is seen.
void sa_table_begin_list(struct sa_table *table, const struct sa_scope *scope);
/// An event `list-sa`.
void sa_table_on_listed(struct sa_table *table, struct vici_section message, struct mono now);
/// After a list: forgets what was not in it, though it should be.
void sa_table_end_list(struct sa_table *table, const struct sa_scope *scope);
void sa_table_done(struct sa_table *table);
