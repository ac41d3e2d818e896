// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf/hint.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/attr.h"
#include "conf/match.h"

#define ONE_ADDRESS                                                                                          \
	"`secondary`: a tunnel has one address here; leave the line out, and give another subnet "           \
	"an `interface Tunnel` with a `tunnel key` of its own"
#define PASSWORD   "`ip nhrp authentication PASSWORD`"
#define NO_ADDRESS "a tunnel needs an address of its own; write `ip address ADDRESS MASK`"
#define NO_IPV6    "`ipv6`: an underlay of IPv6 is not supported yet; leave it out, and use IPv4 addresses"
#define NO_HEX                                                                                               \
	"`hex`: a key in hexadecimal is not supported; use a key of printable characters at both ends, and " \
	"write it without `hex`"
#define HASHED(type) "`" type "`: the key is always in clear here; write it so, without the `" type "`"
#define NO_IKEV1                                                                                             \
	"`isakmp-profile`: IKEv1 is not supported; leave it out, and write `set ikev2-profile NAME` in the " \
	"block `crypto ipsec profile`"
#define ELSEWHERE                                                                                            \
	"`ikev2-profile`: it belongs elsewhere; leave it out, and write `set ikev2-profile NAME` in the "    \
	"block `crypto ipsec profile`"

/// The last word is the one at which the match failed; `*` is any word.
static const struct {
	const char *words;
	const char *text;
} rows[] = {
	{ "ip address * * secondary", ONE_ADDRESS },
	{ "ip address * secondary", ONE_ADDRESS },
	{ "ip address dhcp", "`dhcp`: " NO_ADDRESS },
	{ "ip address negotiated", "`negotiated`: " NO_ADDRESS },
	{ "ip address pool", "`pool`: " NO_ADDRESS },
	{ "ip nhrp authentication 0 *",
		"`0`: the password is always in clear here; leave the `0` out: " PASSWORD },
	{ "ip nhrp authentication 6 *",
		"`6`: this is encrypted with the router's master key; write the password in clear: " PASSWORD },
	{ "ip nhrp authentication 7 *",
		"`7`: this is what `service password-encryption` made of the password; write it in clear: " PASSWORD },
	{ "ip nhrp authentication hmac-md5 0 *", HASHED("0") },
	{ "ip nhrp authentication hmac-md5 6 *", HASHED("6") },
	{ "ip nhrp authentication hmac-md5 7 *", HASHED("7") },
	{ "ip nhrp authentication hmac-sha256 0 *", HASHED("0") },
	{ "ip nhrp authentication hmac-sha256 6 *", HASHED("6") },
	{ "ip nhrp authentication hmac-sha256 7 *", HASHED("7") },
	{ "ip nhrp shortcut virtual-template",
		"`virtual-template`: that is FlexVPN's; write `ip nhrp shortcut` alone" },
	{ "tunnel mode gre multipoint ipv6", NO_IPV6 },
	{ "tunnel mode gre ipv6",
		"`ipv6`: an underlay of IPv6 is not supported yet; write `tunnel mode gre ip`, "
		"and use IPv4 addresses" },
	{ "tunnel mode ipsec",
		"`ipsec`: tunnels are GRE here; write `tunnel mode gre multipoint` or `tunnel mode gre ip`, "
		"and encrypt by `tunnel protection ipsec profile NAME`" },
	{ "tunnel destination dynamic", "`dynamic`: that is FlexVPN's; for many peers write `tunnel mode gre "
					"multipoint`, and leave the destination out" },
	{ "tunnel protection ipsec policy",
		"`policy`: a tunnel is protected by a profile; write `tunnel protection ipsec profile NAME`" },
	{ "tunnel protection ipsec profile * isakmp-profile", NO_IKEV1 },
	{ "tunnel protection ipsec profile * shared isakmp-profile", NO_IKEV1 },
	{ "tunnel protection ipsec profile * ikev2-profile", ELSEWHERE },
	{ "tunnel protection ipsec profile * shared ikev2-profile", ELSEWHERE },
	{ "pre-shared-key hex *", NO_HEX },
	{ "pre-shared-key local hex *", NO_HEX },
	{ "pre-shared-key remote hex *", NO_HEX },
	{ "authentication local pre-share key hex *", NO_HEX },
	{ "authentication remote pre-share key hex *", NO_HEX },
	{ "keyring aaa *", "`aaa`: keys of AAA are not supported; write `keyring local NAME`" },
	{ "lifetime certificate", "`certificate`: this is not supported; write `lifetime SECONDS`" },
	{ "set security-association lifetime days",
		"`days`: write it in seconds: `set security-association lifetime seconds SECONDS`" },
};

/// Letters of the last word that are enough to tell it from a mistyped one.
#define ENOUGH 3

/// Has the line these words, abbreviated or not, from the first to the one that failed?
static bool fits(const char *words, const struct match *match)
{
	for (size_t i = match->first; i <= match->failed; i++) {
		const char *typed = match->line->words[i].text;
		size_t length = strcspn(words, " "), typed_length = strlen(typed);
		bool any = words[0] == '*';
		if (length == 0 ||
			(!any && (typed_length > length || strncasecmp(words, typed, typed_length) != 0)))
			return false;
		if (!any && i == match->failed && typed_length < length && typed_length < ENOUGH)
			return false;
		words += length;
		words += strspn(words, " ");
	}
	return *words == '\0';
}

const char *hint_find(const struct match *match)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (fits(rows[i].words, match))
			return rows[i].text;
	}
	return NULL;
}
