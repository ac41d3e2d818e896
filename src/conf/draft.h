// SPDX-License-Identifier: GPL-2.0-or-later
/// A configuration while it is being read: what it says so far, and where it said so.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"
#include "conf/lex.h"

#define DRAFT_NO_TUNNEL   SIZE_MAX
#define DRAFT_TUNNELS_MAX 1000
#define DRAFT_LIST_MAX    16384 ///< entries of each list: maps, servers, routes …

/// The name of an interface as the file has it; aliases are known at the end of the file only.
struct draft_name {
	char *text; ///< NULL: none
	unsigned line;
	unsigned column;
};

/// A name that a crypto block or a tunnel uses; whether it exists is known at the end of the file only.
struct draft_reference {
	unsigned context; ///< of the block that has the name (enum command_context)
	struct draft_name name;
};

struct draft_tunnel {
	unsigned line; ///< of its `interface` line
	struct draft_name source;
};

/// `messages` is the caller's. `tunnels` and `routes` run parallel to the arrays of `config`.
struct draft {
	struct config *config;
	struct conf_messages *messages;
	size_t current;         ///< index of the tunnel whose block is open, or DRAFT_NO_TUNNEL
	bool foreign;           ///< in a block that belongs to other software
	bool foreign_interface; ///< and it is an interface's
	unsigned block_indent;  ///< of the line that opened the block, ours or foreign
	unsigned crypto;        ///< context of the crypto block that is open; 0: none
	size_t crypto_index;    ///< of its entry in the configuration
	size_t peer_index;      ///< in a keyring: of the peer
	struct draft_tunnel *tunnels;
	struct draft_name *routes;
	struct draft_reference *references;
	size_t reference_count;
};

struct iface_config *draft_iface(const struct draft *draft);
struct tunnel_config *draft_tunnel_config(const struct draft *draft);
/// Opens the block of tunnel `id`, which is made with its defaults where it is not there.
void draft_open_tunnel(struct draft *draft, uint32_t id, const struct lex_line *line);
/// Opens a block whose lines are not ours.
void draft_open_foreign(struct draft *draft, const struct lex_line *line, bool interface);
/// Opens the block of entry `index` in the list that a context of `crypto` has.
void draft_open_crypto(struct draft *draft, unsigned context, size_t index, const struct lex_line *line);
/// Remembers that word `word` of the line is the name of a block of that context.
void draft_refer(struct draft *draft, unsigned context, const struct lex_line *line, size_t word);
void draft_remove_tunnel(struct draft *draft, uint32_t id);
void draft_remove_route(struct draft *draft, size_t index);
void draft_name_set(struct draft_name *name, const char *text, unsigned line, unsigned column);
/// Frees what belongs to the draft alone; the configuration is the caller's.
void draft_done(struct draft *draft);

/// Has a list of `count` entries room for one more? Where not, that is an error on this line.
bool draft_has_room(struct draft *draft, const struct lex_line *line, size_t count) MUST_CHECK;
/// Takes entry `index` out of an array.
void draft_remove(void *array, size_t *count, size_t size, size_t index);
