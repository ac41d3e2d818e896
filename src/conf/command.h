// SPDX-License-Identifier: GPL-2.0-or-later
/// What the commands do that are more than one field: the functions of the rows in schema.c, as struct
/// command describes them.
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "conf/draft.h"
#include "conf/match.h"

#define COMMAND_SET(name)   void name(struct draft *draft, const struct match *match)
#define COMMAND_PRINT(name) void name(FILE *out, const struct config *config, size_t index, bool hide_secrets)

COMMAND_SET(command_set_hostname);
COMMAND_PRINT(command_print_hostname);
COMMAND_SET(command_set_hook);
COMMAND_PRINT(command_print_hook);
COMMAND_SET(command_set_metrics);
COMMAND_PRINT(command_print_metrics);
COMMAND_SET(command_set_alias);
COMMAND_PRINT(command_print_alias);
COMMAND_SET(command_set_interface);
COMMAND_PRINT(command_print_interface);
COMMAND_SET(command_set_route);
COMMAND_PRINT(command_print_route);
COMMAND_SET(command_exit);

COMMAND_SET(command_set_description);
COMMAND_PRINT(command_print_description);
COMMAND_SET(command_set_address);
COMMAND_PRINT(command_print_address);
COMMAND_PRINT(command_print_mtu);
COMMAND_SET(command_set_source);
COMMAND_PRINT(command_print_source);
COMMAND_SET(command_set_destination);
COMMAND_PRINT(command_print_destination);
COMMAND_SET(command_set_mode);
COMMAND_PRINT(command_print_mode);
COMMAND_SET(command_set_key);
COMMAND_PRINT(command_print_key);
COMMAND_SET(command_set_link);
COMMAND_PRINT(command_print_link);

COMMAND_SET(command_set_authentication);
COMMAND_PRINT(command_print_authentication);
COMMAND_SET(command_set_map);
COMMAND_PRINT(command_print_map);
COMMAND_SET(command_set_multicast);
COMMAND_PRINT(command_print_multicast);
COMMAND_SET(command_set_group_receiver);
COMMAND_PRINT(command_print_group_receiver);
COMMAND_SET(command_set_nhs);
COMMAND_PRINT(command_print_nhs);
COMMAND_SET(command_set_max_connections);
COMMAND_PRINT(command_print_max_connections);
COMMAND_SET(command_set_fallback);
COMMAND_PRINT(command_print_fallback);
COMMAND_SET(command_set_redirect);
COMMAND_PRINT(command_print_redirect);
COMMAND_SET(command_set_max_send);
COMMAND_PRINT(command_print_max_send);

COMMAND_SET(command_set_vici_socket);
COMMAND_PRINT(command_print_vici_socket);
COMMAND_SET(command_set_proposal);
COMMAND_PRINT(command_print_proposals);
COMMAND_SET(command_set_encryption);
COMMAND_SET(command_set_integrity);
COMMAND_SET(command_set_prf);
COMMAND_SET(command_set_group);
COMMAND_SET(command_set_policy);
COMMAND_PRINT(command_print_policies);
COMMAND_SET(command_set_policy_proposal);
COMMAND_SET(command_set_keyring);
COMMAND_PRINT(command_print_keyrings);
COMMAND_SET(command_set_peer);
COMMAND_SET(command_set_peer_address);
COMMAND_SET(command_set_peer_identity);
COMMAND_SET(command_set_peer_key);
COMMAND_SET(command_set_ikev2_profile);
COMMAND_PRINT(command_print_ikev2_profiles);
COMMAND_SET(command_set_match_identity);
COMMAND_SET(command_set_identity_local);
COMMAND_SET(command_set_ikev2_authentication);
COMMAND_SET(command_set_profile_keyring);
COMMAND_SET(command_set_profile_trustpoint);
COMMAND_SET(command_set_ike_lifetime);
COMMAND_SET(command_set_dpd);
COMMAND_SET(command_set_transform_set);
COMMAND_PRINT(command_print_transform_sets);
COMMAND_SET(command_set_transform_mode);
COMMAND_SET(command_set_ipsec_profile);
COMMAND_PRINT(command_print_ipsec_profiles);
COMMAND_SET(command_set_profile_transforms);
COMMAND_SET(command_set_pfs);
COMMAND_SET(command_set_profile_ikev2);
COMMAND_SET(command_set_sa_lifetime);
COMMAND_SET(command_set_trustpoint);
COMMAND_PRINT(command_print_trustpoints);
COMMAND_SET(command_set_trustpoint_file);
COMMAND_SET(command_set_revocation);
COMMAND_SET(command_set_crypto_note);

COMMAND_SET(command_set_protection);
COMMAND_PRINT(command_print_protection);
COMMAND_SET(command_set_authorize);
COMMAND_PRINT(command_print_authorize);
