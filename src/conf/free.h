// SPDX-License-Identifier: GPL-2.0-or-later
/// The memory of a configuration.
#pragma once

#include "conf/conf.h"

/// Frees what the two halves of a tunnel own, not the structs.
void free_tunnel(struct tunnel_config *tunnel, struct iface_config *iface);

// Of entries of crypto's lists: what they hold, not the struct (crypto.c).
void crypto_peer_free(struct crypto_peer *peer);
void crypto_policy_free(struct crypto_policy *policy);
void crypto_keyring_free(struct crypto_keyring *keyring);
void crypto_ikev2_profile_free(struct crypto_ikev2_profile *profile);
void crypto_ipsec_profile_free(struct crypto_ipsec_profile *profile);
void crypto_trustpoint_free(struct crypto_trustpoint *trustpoint);
