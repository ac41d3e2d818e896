// SPDX-License-Identifier: GPL-2.0-or-later
// Sessions of IPsec: what there is between us and one peer, with the interface that it protects. A session is
// an address and port of the peer, as several peers behind one NAT have the same address.
#include "conf/conf.h"
#include "core/node.h"
#include "core/protect.h"
#include "ctl/context.h"
#include "ctl/view.h"
#include "ctl/views.h"
#include "ike/ike.h"
#include "ike/sa.h"

static json_t *view_spi(uint32_t spi)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%08X", spi);
	return json_string(text);
}

static json_t *view_flow(const struct sa_child *child)
{
	return json_pack("{s:i, s:o, s:o, s:o, s:b, s:o, s:i, s:o, s:i, s:o, s:o, s:o, s:o, s:i}", "id",
		(int)child->id, "mode", view_text(child->mode), "spi_in", view_spi(child->spi_in), "spi_out",
		view_spi(child->spi_out), "encapsulated", child->encapsulated, "encryption",
		view_text(child->encryption), "key_bits", (int)child->key_bits, "integrity",
		view_text(child->integrity), "mark", (int)child->mark, "packets_in",
		view_count(child->packets_in), "bytes_in", view_count(child->bytes_in), "packets_out",
		view_count(child->packets_out), "bytes_out", view_count(child->bytes_out), "rekey_seconds",
		(int)child->rekey_seconds);
}

static json_t *view_ike_sa(const struct sa *sa, struct mono now)
{
	json_t *flows = json_array();

	for (unsigned i = 0; i < sa->child_count; i++) {
		if (sa->children[i].installed)
			json_array_append_new(flows, view_flow(&sa->children[i]));
	}
	return json_pack("{s:i, s:s, s:b, s:b, s:o, s:i, s:o, s:o, s:o, s:s, s:s, s:o, s:i, s:o}", "id",
		(int)sa->id, "connection", sa->connection, "established", sa->established, "initiator",
		sa->initiator, "encryption", view_text(sa->encryption), "key_bits", (int)sa->key_bits, "prf",
		view_text(sa->prf), "integrity", view_text(sa->integrity), "group", view_text(sa->group),
		"spi_initiator", sa->spi_initiator, "spi_responder", sa->spi_responder, "active_seconds",
		sa->established ? view_age(sa->since, now) : json_null(), "rekey_seconds",
		(int)sa->rekey_seconds, "flows", flows);
}

static bool is_of_interface(const struct sa *sa, const struct iface *iface)
{
	return addr_equal(sa->local, iface->nbma);
}

static bool is_of_session(const struct sa *sa, const struct sa *first)
{
	return addr_equal(sa->local, first->local) && addr_equal(sa->remote, first->remote) &&
	       sa->remote_port == first->remote_port;
}

/// As a router says it.
static const char *status_of(bool established, bool up)
{
	return up ? "UP-ACTIVE" : established ? "UP-IDLE" : "DOWN-NEGOTIATING";
}

/// The session that this SA of the table is the first of; NULL where another one is.
static json_t *view_session(const struct sa_table *sas, const struct sa *first, struct mono now)
{
	const struct sa *best = first;
	json_t *list = json_array();
	bool before = true;

	for (const struct sa *sa = sa_first_with(sas, first->remote); sa != NULL; sa = sa->next_there) {
		if (sa == first)
			before = false;
		if (!is_of_session(sa, first))
			continue;
		if (before) {
			json_decref(list);
			return NULL;
		}
		if (sa_is_up(sa) || (sa->established && !sa_is_up(best)))
			best = sa;
		json_array_append_new(list, view_ike_sa(sa, now));
	}
	return json_pack("{s:o, s:o, s:i, s:b, s:s, s:o, s:o, s:o, s:o}", "peer", view_addr(best->remote),
		"local", view_addr(best->local), "port", best->remote_port, "nat", best->nat, "status",
		status_of(best->established, sa_is_up(best)), "identity", view_text(best->remote_id),
		"local_identity", view_text(best->local_id), "up_seconds",
		best->established ? view_age(best->since, now) : json_null(), "ike_sas", list);
}

static bool has_sa(const struct sa_table *sas, const struct iface *iface, struct addr nbma)
{
	for (const struct sa *sa = sa_first_with(sas, nbma); sa != NULL; sa = sa->next_there) {
		if (is_of_interface(sa, iface))
			return true;
	}
	return false;
}

static const struct sa_table *sas_of(const struct ctl_context *context)
{
	static const struct sa_table none = { 0 };

	return context->ike ? ike_sas(context->ike) : &none;
}

/// Also those that are only wanted.
json_t *view_crypto_sessions(const struct iface *iface, const struct ctl_context *context)
{
	const struct sa_table *sas = sas_of(context);
	json_t *list = json_array();

	for (const struct sa *sa = sas->sas; sa != NULL; sa = sa->hh.next) {
		json_t *session = is_of_interface(sa, iface) ? view_session(sas, sa, context->now()) : NULL;
		if (session)
			json_array_append_new(list, session);
	}
	for (const struct protect *protect = iface->protects; protect != NULL; protect = protect->hh.next) {
		if (has_sa(sas, iface, protect->nbma))
			continue;
		json_array_append_new(
			list, json_pack("{s:o, s:o, s:n, s:b, s:s, s:n, s:n, s:n, s:[]}", "peer",
				      view_addr(protect->nbma), "local", view_addr(iface->nbma), "port",
				      "nat", false, "status", "DOWN", "identity", "local_identity",
				      "up_seconds", "ike_sas"));
	}
	return list;
}

json_t *view_crypto(const struct ctl_context *context)
{
	const struct node *node = context->node;
	json_t *list = json_array();

	for (size_t i = 0; i < node->iface_count; i++) {
		const struct iface *iface = node->ifaces[i];
		const struct tunnel_config *tunnel = &context->config->tunnels[i];
		if (tunnel->protection.kind == PROTECTION_NONE)
			continue;
		json_array_append_new(list,
			json_pack("{s:s, s:o, s:o, s:i, s:o}", "interface", iface->config->name, "profile",
				view_text(tunnel->protection.profile), "local", view_addr(iface->nbma),
				"ip_mtu", tunnel->ip_mtu, "sessions", view_crypto_sessions(iface, context)));
	}
	return json_pack("{s:s, s:o}", "schema", "dmvpn/crypto/1", "interfaces", list);
}

const char *view_crypto_waits(const struct iface *iface, const struct ctl_context *context, struct addr nbma)
{
	const struct sa_table *sas = sas_of(context);

	if (!iface->up || !addr_is_set(nbma) || protect_is_up(iface, nbma))
		return NULL;
	for (const struct sa *sa = sa_first_with(sas, nbma); sa != NULL; sa = sa->next_there) {
		if (is_of_interface(sa, iface) && sa->established)
			return "IPSEC";
	}
	return "IKE";
}
