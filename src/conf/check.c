// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf/check.h"

#include <string.h>

#include "base/err.h"
#include "conf/message.h"
#include "conf/name.h"

#define MTU_DEFAULT     1476
#define MTU_DEFAULT_KEY 1472 ///< a key takes four bytes

uint16_t check_default_mtu(const struct config *config, const struct tunnel_config *tunnel)
{
	if (tunnel->protection.kind != PROTECTION_NONE)
		return crypto_mtu(&config->crypto, &tunnel->protection);
	return tunnel->has_key ? MTU_DEFAULT_KEY : MTU_DEFAULT;
}

/// One tunnel under examination.
struct subject {
	struct conf_messages *messages;
	unsigned line; ///< of its `interface` line
	const struct iface_config *iface;
	const struct tunnel_config *tunnel;
};

#define SUBJECT_ERROR(subject, format, ...)                                                                  \
	message_error((subject)->messages, (subject)->line, 0, "Tunnel%u: " format,                          \
		(subject)->iface->id __VA_OPT__(, ) __VA_ARGS__)
#define SUBJECT_WARNING(subject, format, ...)                                                                \
	message_warning((subject)->messages, (subject)->line, 0, "Tunnel%u: " format,                        \
		(subject)->iface->id __VA_OPT__(, ) __VA_ARGS__)

static void resolve(
	struct draft *draft, const struct draft_name *name, char ret_device[static IFACE_NAME_SIZE])
{
	struct err err;

	if (name->text && !name_resolve(draft->config, name->text, ret_device, &err))
		message_error(draft->messages, name->line, name->column, "%s", err.text);
}

static void resolve_names(struct draft *draft)
{
	struct config *config = draft->config;

	for (size_t i = 0; i < config->node.iface_count; i++)
		resolve(draft, &draft->tunnels[i].source, config->tunnels[i].source_interface);
	for (size_t i = 0; i < config->route_count; i++)
		resolve(draft, &draft->routes[i], config->routes[i].interface);
}

static bool same_route(const struct static_route *a, const struct static_route *b)
{
	return prefix_equal(a->prefix, b->prefix) && addr_equal(a->next_hop, b->next_hop) &&
	       strcmp(a->interface, b->interface) == 0;
}

/// Two lines that name an interface in two ways are the same route: the later one holds.
static void merge_routes(struct draft *draft)
{
	struct config *config = draft->config;

	for (size_t i = config->route_count; i-- > 0;) {
		size_t later = i + 1;
		while (later < config->route_count && !same_route(&config->routes[i], &config->routes[later]))
			later++;
		if (later < config->route_count)
			draft_remove_route(draft, i);
	}
}

static void fill_in(struct draft *draft)
{
	for (size_t i = 0; i < draft->config->node.iface_count; i++) {
		struct tunnel_config *tunnel = &draft->config->tunnels[i];
		if (tunnel->ip_mtu == 0)
			tunnel->ip_mtu = check_default_mtu(draft->config, tunnel);
		draft->config->node.ifaces[i].mtu = tunnel->ip_mtu;
	}
}

static void check_ends(const struct subject *subject, const struct draft_name *source)
{
	const struct tunnel_config *tunnel = subject->tunnel;
	bool has_destination = addr_is_set(subject->iface->destination);

	if (!addr_is_set(subject->iface->address.addr))
		SUBJECT_ERROR(subject, "it has no address; add `ip address ADDRESS MASK`");
	if (!source->text && !addr_is_set(tunnel->source_address))
		SUBJECT_ERROR(subject, "it has no source; add `tunnel source INTERFACE`");
	if (strcmp(tunnel->source_interface, subject->iface->name) == 0)
		SUBJECT_ERROR(subject, "it is its own `tunnel source`; name the interface of the underlay");
	if (tunnel->mode == TUNNEL_GRE_IP && !has_destination)
		SUBJECT_ERROR(subject,
			"its mode is `gre ip`, the default, which needs a `tunnel destination`; for a DMVPN add "
			"`tunnel mode gre multipoint`");
	if (tunnel->mode == TUNNEL_GRE_MULTIPOINT && has_destination)
		SUBJECT_ERROR(subject,
			"`tunnel destination` does not go with `tunnel mode gre multipoint`; remove one of them");
	if (addr_is_set(tunnel->source_address) &&
		addr_equal(tunnel->source_address, subject->iface->destination))
		SUBJECT_ERROR(subject, "`tunnel source` and `tunnel destination` are the same address");
}

/// Is NHRP configured, beyond what is on by default?
static bool has_nhrp_lines(const struct iface_config *iface)
{
	return iface->nhs_count > 0 || iface->map_count > 0 || iface->multicast_count > 0 ||
	       iface->group_count > 0 || iface->multicast_dynamic || iface->shortcut || iface->redirect ||
	       iface->server_only || iface->auth.kind != NHRP_AUTH_NONE;
}

/// A subnet of its own, rather than the single address some networks give each tunnel.
static bool has_subnet(const struct iface_config *iface)
{
	return addr_is_set(iface->address.addr) && iface->address.length < 32;
}

static void check_nbma(const struct subject *subject, struct addr nbma)
{
	char text[ADDR_TEXT_SIZE];

	if (addr_is_set(nbma) && has_subnet(subject->iface) && prefix_contains(subject->iface->address, nbma))
		SUBJECT_ERROR(subject,
			"%s is used as an underlay address but lies in the tunnel's own subnet; give the address "
			"by which the host is reached without the tunnel",
			addr_format(nbma, text));
}

static bool has_map(const struct iface_config *iface, struct addr protocol)
{
	for (size_t i = 0; i < iface->map_count; i++) {
		if (addr_equal(iface->maps[i].protocol, protocol))
			return true;
	}
	return false;
}

static void check_nhs(const struct subject *subject, const struct nhs_config *nhs)
{
	const struct iface_config *iface = subject->iface;
	char text[ADDR_TEXT_SIZE];

	check_nbma(subject, nhs->nbma);
	if (!addr_is_set(nhs->protocol))
		return;
	addr_format(nhs->protocol, text);
	if (!addr_is_set(nhs->nbma) && nhs->name[0] == '\0' && !addr_is_set(iface->destination) &&
		!has_map(iface, nhs->protocol))
		SUBJECT_ERROR(subject,
			"no underlay address is known for next hop server %s; add `ip nhrp map %s NBMA`",
			text, text);
	if (addr_equal(nhs->protocol, iface->address.addr))
		SUBJECT_ERROR(subject, "it is its own next hop server %s; remove that line", text);
	else if (has_subnet(iface) && !prefix_contains(iface->address, nhs->protocol))
		SUBJECT_ERROR(subject,
			"next hop server %s is not in the tunnel's subnet; give the server's tunnel address",
			text);
}

static void check_nhrp(const struct subject *subject)
{
	const struct iface_config *iface = subject->iface;
	char text[ADDR_TEXT_SIZE];

	if (iface->network_id == 0 && subject->tunnel->mode == TUNNEL_GRE_MULTIPOINT)
		SUBJECT_ERROR(subject, "a multipoint tunnel needs NHRP; add `ip nhrp network-id 1`");
	else if (iface->network_id == 0 && has_nhrp_lines(iface))
		SUBJECT_ERROR(subject, "NHRP is configured but not on; add `ip nhrp network-id 1`");
	if (iface->registration_timeout > iface->holding_time)
		SUBJECT_WARNING(subject, "registrations every %u s lapse in between, as they hold for %u s",
			iface->registration_timeout, iface->holding_time);
	for (size_t i = 0; i < iface->nhs_count; i++)
		check_nhs(subject, &iface->nhs[i]);
	for (size_t i = 0; i < iface->map_count; i++) {
		struct addr protocol = iface->maps[i].protocol;
		check_nbma(subject, iface->maps[i].nbma);
		if (addr_equal(protocol, iface->address.addr))
			SUBJECT_ERROR(subject,
				"`ip nhrp map %s` maps the tunnel's own address; remove that line",
				addr_format(protocol, text));
		else if (has_subnet(iface) && !prefix_contains(iface->address, protocol))
			SUBJECT_WARNING(subject, "`ip nhrp map %s` is not in the tunnel's subnet",
				addr_format(protocol, text));
	}
	for (size_t i = 0; i < iface->multicast_count; i++)
		check_nbma(subject, iface->multicast[i]);
	for (size_t i = 0; i < iface->group_count; i++) {
		struct addr receiver = iface->groups[i].receiver;

		if (has_subnet(iface) && !prefix_contains(iface->address, receiver))
			SUBJECT_WARNING(subject,
				"`ip nhrp map multicast group` sends to %s, which is not in the tunnel's "
				"subnet; give the receiver's tunnel address",
				addr_format(receiver, text));
	}
	check_nbma(subject, iface->destination);
}

static bool same_source(const struct tunnel_config *a, const struct tunnel_config *b)
{
	return addr_equal(a->source_address, b->source_address) &&
	       strcmp(a->source_interface, b->source_interface) == 0 &&
	       (addr_is_set(a->source_address) || a->source_interface[0] != '\0');
}

/// Both tunnels' packets are the same to IPsec: one SA for both, with `shared` on both, or none.
static void check_shared(const struct subject *a, const struct subject *b)
{
	const struct tunnel_protection *p = &a->tunnel->protection, *q = &b->tunnel->protection;

	if (!same_source(a->tunnel, b->tunnel) || (p->kind == PROTECTION_NONE && q->kind == PROTECTION_NONE))
		return;
	if (p->kind != q->kind || strcmp(p->profile, q->profile) != 0)
		SUBJECT_ERROR(a,
			"it has the source of Tunnel%u but another protection, which the packets do not tell "
			"apart; give both the same profile, with `shared`",
			b->iface->id);
	else if (!p->shared || !q->shared)
		SUBJECT_ERROR(a,
			"it has the source and the profile of Tunnel%u; add `shared` to `tunnel protection` "
			"of both",
			b->iface->id);
}

/// Received packets are told apart by key, and point-to-point also by the other end.
static void check_pair(const struct subject *a, const struct subject *b)
{
	bool told_by_peer = addr_is_set(a->iface->destination) && addr_is_set(b->iface->destination) &&
			    !addr_equal(a->iface->destination, b->iface->destination);

	if (addr_is_set(a->iface->address.addr) && addr_equal(a->iface->address.addr, b->iface->address.addr))
		SUBJECT_ERROR(a, "it has the address of Tunnel%u; give each its own", b->iface->id);
	check_shared(a, b);
	if (same_source(a->tunnel, b->tunnel) && a->tunnel->has_key == b->tunnel->has_key &&
		a->tunnel->key == b->tunnel->key && !told_by_peer)
		SUBJECT_ERROR(a,
			"it has the source and the key of Tunnel%u; give each its own `tunnel key`, the same at "
			"all peers",
			b->iface->id);
}

static struct subject subject_of(const struct draft *draft, size_t index)
{
	return (struct subject) {
		.messages = draft->messages,
		.line = draft->tunnels[index].line,
		.iface = &draft->config->node.ifaces[index],
		.tunnel = &draft->config->tunnels[index],
	};
}

void check_finish(struct draft *draft)
{
	resolve_names(draft);
	merge_routes(draft);
	check_crypto(draft);
	fill_in(draft);
	for (size_t i = 0; i < draft->config->node.iface_count; i++) {
		struct subject subject = subject_of(draft, i);
		check_ends(&subject, &draft->tunnels[i].source);
		check_nhrp(&subject);
		for (size_t j = 0; j < i; j++) {
			struct subject other = subject_of(draft, j);
			check_pair(&subject, &other);
		}
	}
}
