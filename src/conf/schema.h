// SPDX-License-Identifier: GPL-2.0-or-later
/// The one table of commands. Each row is the whole of what is known of a command: its syntax, what it is
/// for, where its value goes, its default, and how it is printed.
///
/// Syntax: lower-case words are keywords; <1-5> a number; CAPITALS an argument (conf/arg.h); [ ] may be left
/// out; { | } is one of several. The order of the rows is the order of the canonical output.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "conf/conf.h"
#include "conf/draft.h"
#include "conf/match.h"

enum command_context {
	COMMAND_GLOBAL = 1,
	COMMAND_TUNNEL = 2, ///< in an `interface Tunnel` block; the others in a block of `crypto`
	COMMAND_PROPOSAL = 4,
	COMMAND_POLICY = 8,
	COMMAND_KEYRING = 16,
	COMMAND_PEER = 32, ///< in a keyring
	COMMAND_IKEV2_PROFILE = 64,
	COMMAND_TRANSFORM_SET = 128,
	COMMAND_IPSEC_PROFILE = 256,
	COMMAND_TRUSTPOINT = 512,
	COMMAND_CRYPTO = 1020, ///< all of `crypto`
	COMMAND_ANY = 1023,
};

enum command_flags {
	COMMAND_LIST = 1,    ///< there can be many; `no` needs the argument to know which
	COMMAND_SPELT = 2,   ///< no router has it: its words may not make a router's abbreviations ambiguous
	COMMAND_REOPENS = 4, ///< where it changes, the device is opened anew; NHRP keeps what it knows
	COMMAND_REMAKES = 8, ///< where it changes, it is another tunnel: all that was learned by it is void
};

enum field_kind {
	FIELD_NONE,
	FIELD_FLAG, ///< the command turns the default over
	FIELD_U16,
	FIELD_U32,
};

/// Where the value of a simple command goes.
struct command_field {
	enum field_kind kind;
	bool of_tunnel; ///< in struct tunnel_config; else in struct iface_config
	size_t offset;
	uint32_t default_value;
};

struct command {
	unsigned contexts;
	const char *syntax;
	const char *help;
	unsigned flags;
	struct command_field field;
	/// Without a field: obeys the command, or its `no` form; what does not fit is told as an error.
	void (*set)(struct draft *draft, const struct match *match);
	/// Without a field, or where printing it takes more: writes the lines of tunnel `index`, or the
	/// global ones. NULL where another row does it.
	void (*print)(FILE *out, const struct config *config, size_t index, bool hide_secrets);
};

/// The rows in order; NULL behind the last one.
const struct command *schema_command(size_t index);
/// The field of a command in the tunnel, read and written.
uint32_t schema_field_get(const struct config *config, size_t tunnel, const struct command_field *field);
void schema_field_set(
	struct config *config, size_t tunnel, const struct command_field *field, uint32_t value);
