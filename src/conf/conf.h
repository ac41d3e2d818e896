// SPDX-License-Identifier: GPL-2.0-or-later
/// The configuration of one host, as read from its file: what the core needs, and what the devices need.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "conf/crypto.h"
#include "core/config.h"

enum tunnel_mode {
	TUNNEL_GRE_MULTIPOINT,
	TUNNEL_GRE_IP, ///< point-to-point, with `tunnel destination`
};

enum tunnel_link {
	TUNNEL_LINK_AUTO, ///< the kernel's device where it exists, else ours
	TUNNEL_LINK_KERNEL,
	TUNNEL_LINK_USER,
	TUNNEL_LINK_THREADS, ///< ours, without its eBPF fast path
};

/// The side of an `interface tunnelN` block that NHRP does not see. Its NHRP side is
/// config.node.ifaces[i] with the same index.
struct tunnel_config {
	char *description; ///< NULL: none
	bool shutdown;
	bool if_state;                          ///< the device follows the next hop servers
	uint16_t ip_mtu;                        ///< bytes; never 0: the default is filled in
	uint16_t adjust_mss;                    ///< bytes; 0: off
	char source_interface[IFACE_NAME_SIZE]; ///< empty: source_address holds
	struct addr source_address;
	enum tunnel_mode mode;
	bool has_key;
	uint32_t key;
	enum tunnel_link link;
	bool hairpin; ///< what leads back into the tunnel may go past the host
	struct tunnel_protection protection;
};

/// `ip route PREFIX MASK NEXT-HOP|INTERFACE [DISTANCE]`
struct static_route {
	struct prefix prefix;
	struct addr next_hop;            ///< unset: by interface
	char interface[IFACE_NAME_SIZE]; ///< empty: by next hop
	uint8_t distance;                ///< 1–255, the route's metric
};

/// `alias interface GigabitEthernet0/1 eth0`
struct interface_alias {
	char *name;
	char device[IFACE_NAME_SIZE];
};

struct config {
	char *hostname; ///< NULL: the system's
	char *hook;     ///< `event hook PATH`; NULL: none
	struct addr metrics_address;
	uint16_t metrics_port; ///< 0: no metrics are offered
	struct crypto_config crypto;
	struct node_config node;
	struct tunnel_config *tunnels; ///< node.iface_count of them
	struct static_route *routes;
	size_t route_count;
	struct interface_alias *aliases;
	size_t alias_count;
};

enum conf_severity {
	CONF_WARNING, ///< the line changes nothing
	CONF_ERROR,   ///< the file is refused
};

/// Something to tell about a line, 1-based; column 0 where the whole line or block is meant.
struct conf_message {
	enum conf_severity severity;
	unsigned line;
	unsigned column;
	char text[256];
};

struct conf_messages {
	struct conf_message *items;
	size_t count;
	size_t errors; ///< how many errors there are: all, while `items` keeps the first thousand
};

/// Reads a configuration from text. Returns NULL where there was an error; the messages tell all of them,
/// not only the first. The caller frees both.
struct config *conf_parse(const char *text, size_t length, struct conf_messages *ret_messages) MUST_CHECK;
/// The same; `*ret_context` is where a further line of the text would belong (enum command_context): outside
/// of blocks or to the one that is open.
struct config *conf_parse_open(const char *text, size_t length, struct conf_messages *ret_messages,
	unsigned *ret_context) MUST_CHECK;
/// Reads it from a file; a file that cannot be read is an error on line 0.
struct config *conf_load(const char *path, struct conf_messages *ret_messages) MUST_CHECK;
/// The configuration in canonical IOS form, defaults hidden; secrets are shown as "*****" where
/// `hide_secrets`. The caller frees it with private_free(). Law: parse(print(c)) = c.
char *conf_print(const struct config *config, bool hide_secrets) MUST_CHECK;
/// The same with the values of everything that a tunnel can have, also where it is the default.
char *conf_print_all(const struct config *config, bool hide_secrets) MUST_CHECK;
void conf_free(struct config *config);
void conf_messages_free(struct conf_messages *messages);
