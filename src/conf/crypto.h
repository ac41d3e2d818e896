// SPDX-License-Identifier: GPL-2.0-or-later
/// Protection as it is configured: the `crypto` blocks of a router, checked, free of syntax.
///
/// The blocks refer to each other by name, as a router's do; check_crypto() has seen to it that each name
/// that is used exists. What a block leaves out is 0, NULL or empty, and the reader fills in the default.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "conf/algorithm.h"
#include "conf/secret.h"

#define CRYPTO_VICI_SOCKET     "/run/charon.vici"
#define CRYPTO_IKE_LIFETIME    86400 ///< seconds
#define CRYPTO_SA_LIFETIME     3600  ///< seconds
#define CRYPTO_DPD_INTERVAL    10    ///< seconds without a sign of life
#define CRYPTO_LIST_MAX        8     ///< algorithms or names in one line
#define CRYPTO_DEFAULT_PROFILE "default"

/// Algorithms in order of preference, as indices for algorithm_at().
struct crypto_algorithms {
	uint8_t items[CRYPTO_LIST_MAX];
	size_t count;
};

/// Names in a line, in order.
struct crypto_names {
	char *items[CRYPTO_LIST_MAX];
	size_t count;
};

/// `crypto ikev2 proposal NAME`
struct crypto_proposal {
	char *name;
	struct crypto_algorithms encryption;
	struct crypto_algorithms integrity;
	struct crypto_algorithms prf;
	struct crypto_algorithms group;
};

/// `crypto ikev2 policy NAME`
struct crypto_policy {
	char *name;
	struct crypto_names proposals;
};

enum crypto_identity_kind {
	CRYPTO_IDENTITY_NONE,
	CRYPTO_IDENTITY_ANY,
	CRYPTO_IDENTITY_ADDRESS,     ///< `prefix` holds
	CRYPTO_IDENTITY_FQDN,        ///< this and the next: `text` holds
	CRYPTO_IDENTITY_FQDN_DOMAIN, ///< every name below the domain
	CRYPTO_IDENTITY_EMAIL,
	CRYPTO_IDENTITY_EMAIL_DOMAIN,
	CRYPTO_IDENTITY_KEY_ID,
	CRYPTO_IDENTITY_DN, ///< of ourselves: the certificate's subject
};

struct crypto_identity {
	enum crypto_identity_kind kind;
	char *text;
	struct prefix prefix;
};

/// `peer NAME` in a keyring: a key, and whose it is. Without address and identity it is everybody's.
struct crypto_peer {
	char *name;
	struct prefix address; ///< not set: none; length 0: everybody
	struct crypto_identity identity;
	struct secret *local;  ///< NULL: not given
	struct secret *remote; ///< the same as `local`, which check_crypto() sees to
};

/// `crypto ikev2 keyring NAME`
struct crypto_keyring {
	char *name;
	struct crypto_peer *peers;
	size_t peer_count;
};

enum crypto_authentication {
	CRYPTO_AUTHENTICATION_DEFAULT, ///< pre-shared key
	CRYPTO_AUTHENTICATION_PSK,
	CRYPTO_AUTHENTICATION_PUBKEY, ///< certificate, RSA or ECDSA
};

/// `crypto ikev2 profile NAME`
struct crypto_ikev2_profile {
	char *name;
	struct crypto_identity *matches; ///< `match identity remote`; none: every identity
	size_t match_count;
	struct crypto_identity local; ///< NONE: the address, or with a certificate its subject
	enum crypto_authentication local_authentication;
	enum crypto_authentication remote_authentication;
	struct secret *key;    ///< of `authentication … pre-share key KEY`; NULL: by keyring
	char *keyring;         ///< NULL: all
	char *trustpoint;      ///< NULL: all
	uint32_t lifetime;     ///< seconds; 0: CRYPTO_IKE_LIFETIME
	uint16_t dpd_interval; ///< seconds; 0: CRYPTO_DPD_INTERVAL
};

/// `crypto ipsec transform-set NAME …`
struct crypto_transform_set {
	char *name;
	struct crypto_algorithms encryption; ///< one, or none in a set that was only named
	struct crypto_algorithms integrity;  ///< one; none with an AEAD
	bool tunnel;                         ///< `mode tunnel`, a router's default; else transport
};

/// `crypto ipsec profile NAME`
struct crypto_ipsec_profile {
	char *name;
	struct crypto_names transform_sets; ///< none: AES-GCM in transport mode
	bool no_pfs;
	struct crypto_algorithms pfs; ///< one group; none: curve25519 and the like
	char *ikev2_profile;          ///< NULL: what a key alone gives
	uint32_t lifetime_seconds;    ///< 0: CRYPTO_SA_LIFETIME
	uint32_t lifetime_kilobytes;  ///< 0: without limit
};

/// `crypto pki trustpoint NAME`, of files in PEM format
struct crypto_trustpoint {
	char *name;
	char *ca;          ///< path of the authority's certificate
	char *certificate; ///< path of ours; NULL: only to check others
	char *key;         ///< path of the private key of ours
	bool revocation;   ///< `revocation-check crl`: a certificate without a valid CRL is refused
};

struct crypto_config {
	char *vici_socket; ///< path; NULL: CRYPTO_VICI_SOCKET
	struct crypto_proposal *proposals;
	size_t proposal_count;
	struct crypto_policy *policies;
	size_t policy_count;
	struct crypto_keyring *keyrings;
	size_t keyring_count;
	struct crypto_ikev2_profile *ikev2_profiles;
	size_t ikev2_profile_count;
	struct crypto_transform_set *transform_sets;
	size_t transform_set_count;
	struct crypto_ipsec_profile *ipsec_profiles;
	size_t ipsec_profile_count;
	struct crypto_trustpoint *trustpoints;
	size_t trustpoint_count;
};

enum protection_kind {
	PROTECTION_NONE,
	PROTECTION_IPSEC, ///< by a crypto ipsec profile
	PROTECTION_VICI,  ///< by a connection in swanctl.conf
};

/// `tunnel protection ipsec profile NAME [shared]`, `tunnel protection vici profile NAME`
struct tunnel_protection {
	enum protection_kind kind;
	char *profile;
	bool shared; ///< with other tunnels of the same source and profile
};

/// Each is found by its name; NULL where there is none.
const struct crypto_proposal *crypto_proposal(const struct crypto_config *crypto, const char *name);
const struct crypto_policy *crypto_policy(const struct crypto_config *crypto, const char *name);
const struct crypto_keyring *crypto_keyring(const struct crypto_config *crypto, const char *name);
const struct crypto_ikev2_profile *crypto_ikev2_profile(const struct crypto_config *crypto, const char *name);
const struct crypto_transform_set *crypto_transform_set(const struct crypto_config *crypto, const char *name);
const struct crypto_ipsec_profile *crypto_ipsec_profile(const struct crypto_config *crypto, const char *name);
const struct crypto_trustpoint *crypto_trustpoint(const struct crypto_config *crypto, const char *name);

/// Is ESP in tunnel mode for this profile?
bool crypto_is_tunnel_mode(const struct crypto_config *crypto, const char *ipsec_profile);
/// The largest IP packet in a tunnel with this protection which fits with GRE, ESP and NAT traversal into
/// 1500 bytes.
uint16_t crypto_mtu(const struct crypto_config *crypto, const struct tunnel_protection *protection);
/// Frees what the struct holds, wiping the secrets.
void crypto_free(struct crypto_config *crypto);
