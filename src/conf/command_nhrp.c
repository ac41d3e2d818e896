// SPDX-License-Identifier: GPL-2.0-or-later
// The `ip nhrp` commands.
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "conf/command.h"
#include "conf/message.h"

#define GROUP_LENGTH_MIN 4 ///< of 224.0.0.0/4

COMMAND_SET(command_set_authentication)
{
	struct nhrp_auth_key *auth = &draft_iface(draft)->auth;
	const char *key = match_argument(match, "PASSWORD");

	*auth = (struct nhrp_auth_key) { .kind = NHRP_AUTH_NONE };
	if (match->negated)
		return;
	auth->kind = NHRP_AUTH_CLEARTEXT;
	if (!key) {
		auth->kind = match_has(match, "hmac-md5") ? NHRP_AUTH_HMAC_MD5 : NHRP_AUTH_HMAC_SHA256;
		key = match_argument(match, "KEY");
	}
	auth->length = (uint8_t)strlen(key);
	memcpy(auth->key, key, auth->length);
}

COMMAND_PRINT(command_print_authentication)
{
	const struct nhrp_auth_key *auth = &config->node.ifaces[index].auth;
	static const char *const kinds[] = {
		[NHRP_AUTH_CLEARTEXT] = "",
		[NHRP_AUTH_HMAC_MD5] = "hmac-md5 ",
		[NHRP_AUTH_HMAC_SHA256] = "hmac-sha256 ",
	};

	if (auth->kind == NHRP_AUTH_NONE)
		return;
	fprintf(out, " ip nhrp authentication %s", kinds[auth->kind]);
	if (hide_secrets)
		fprintf(out, "*****\n");
	else
		fprintf(out, "%.*s\n", auth->length, (const char *)auth->key);
}

static size_t find_map(const struct iface_config *iface, struct addr protocol)
{
	size_t index = 0;

	while (index < iface->map_count && !addr_equal(iface->maps[index].protocol, protocol))
		index++;
	return index;
}

COMMAND_SET(command_set_map)
{
	struct iface_config *iface = draft_iface(draft);
	struct map_config map = { match_addr(match, "ADDRESS"), match_addr(match, "NBMA") };
	int mask = match_index(match, "MASK");
	size_t index = find_map(iface, map.protocol);

	if (mask >= 0 && strcmp(match->line->words[mask].text, "255.255.255.255") != 0) {
		message_error(draft->messages, match->line->number, match->line->words[mask].column,
			"a map is of one host: leave the mask out, or write 255.255.255.255");
	} else if (match->negated) {
		if (index < iface->map_count && addr_equal(iface->maps[index].nbma, map.nbma))
			draft_remove(iface->maps, &iface->map_count, sizeof(map), index);
	} else if (index < iface->map_count) {
		iface->maps[index] = map;
	} else if (draft_has_room(draft, match->line, iface->map_count)) {
		iface->maps = alloc_resize(iface->maps, iface->map_count + 1, sizeof(map));
		iface->maps[iface->map_count++] = map;
	}
}

COMMAND_PRINT(command_print_map)
{
	const struct iface_config *iface = &config->node.ifaces[index];
	char protocol[ADDR_TEXT_SIZE];
	char nbma[ADDR_TEXT_SIZE];

	(void)hide_secrets;
	for (size_t i = 0; i < iface->map_count; i++)
		fprintf(out, " ip nhrp map %s %s\n", addr_format(iface->maps[i].protocol, protocol),
			addr_format(iface->maps[i].nbma, nbma));
}

COMMAND_SET(command_set_multicast)
{
	struct iface_config *iface = draft_iface(draft);
	struct addr nbma = match_addr(match, "NBMA");
	size_t index = 0;

	while (index < iface->multicast_count && !addr_equal(iface->multicast[index], nbma))
		index++;
	if (match->negated) {
		if (index < iface->multicast_count)
			draft_remove(iface->multicast, &iface->multicast_count, sizeof(nbma), index);
	} else if (index == iface->multicast_count && draft_has_room(draft, match->line, index)) {
		iface->multicast = alloc_resize(iface->multicast, index + 1, sizeof(nbma));
		iface->multicast[iface->multicast_count++] = nbma;
	}
}

COMMAND_PRINT(command_print_multicast)
{
	const struct iface_config *iface = &config->node.ifaces[index];
	char nbma[ADDR_TEXT_SIZE];

	(void)hide_secrets;
	for (size_t i = 0; i < iface->multicast_count; i++)
		fprintf(out, " ip nhrp map multicast %s\n", addr_format(iface->multicast[i], nbma));
}

/// A server is known by its protocol address; one that tells it itself, by its place in the underlay.
static bool same_nhs(const struct nhs_config *a, const struct nhs_config *b)
{
	if (addr_is_set(a->protocol) || addr_is_set(b->protocol))
		return addr_equal(a->protocol, b->protocol);
	return addr_equal(a->nbma, b->nbma) && strcasecmp(a->name, b->name) == 0;
}

static int group_compare(const struct group_config *a, const struct group_config *b)
{
	int order = addr_compare(a->group.addr, b->group.addr);

	if (order == 0)
		order = a->group.length - b->group.length;
	return order ? order : addr_compare(a->receiver, b->receiver);
}

COMMAND_SET(command_set_group_receiver)
{
	struct iface_config *iface = draft_iface(draft);
	struct prefix group = match_prefix(match);
	struct group_config wanted = { prefix_make(group.addr, group.length), match_addr(match, "ADDRESS") };
	size_t index = 0;
	bool found;

	if (!addr_is_multicast(group.addr) || group.length < GROUP_LENGTH_MIN) {
		message_error(draft->messages, match->line->number, match->line->words[0].column,
			"a multicast group is an address of 224.0.0.0/4, or a prefix inside of it");
		return;
	}
	while (index < iface->group_count && group_compare(&iface->groups[index], &wanted) < 0)
		index++;
	found = index < iface->group_count && group_compare(&iface->groups[index], &wanted) == 0;
	if (match->negated && found) {
		draft_remove(iface->groups, &iface->group_count, sizeof(wanted), index);
	} else if (!match->negated && !found && draft_has_room(draft, match->line, iface->group_count)) {
		iface->groups = alloc_resize(iface->groups, iface->group_count + 1, sizeof(wanted));
		memmove(&iface->groups[index + 1], &iface->groups[index],
			(iface->group_count - index) * sizeof(wanted));
		iface->groups[index] = wanted;
		iface->group_count++;
	}
}

COMMAND_PRINT(command_print_group_receiver)
{
	const struct iface_config *iface = &config->node.ifaces[index];
	char group[PREFIX_TEXT_SIZE], receiver[ADDR_TEXT_SIZE];

	(void)hide_secrets;
	for (size_t i = 0; i < iface->group_count; i++)
		fprintf(out, " ip nhrp map multicast group %s %s\n",
			prefix_format(iface->groups[i].group, group),
			addr_format(iface->groups[i].receiver, receiver));
}

COMMAND_SET(command_set_nhs)
{
	struct iface_config *iface = draft_iface(draft);
	const char *name = match_argument(match, "FQDN");
	struct nhs_config nhs = {
		.protocol = match_addr(match, "ADDRESS"),
		.nbma = match_addr(match, "NBMA"),
		.multicast = match_has(match, "multicast"),
		.priority = (uint8_t)match_number(match, "priority", 0),
		.cluster = (uint8_t)match_number(match, "cluster", 0),
		.probe = (uint16_t)match_number(match, "probe", 0),
	};
	size_t index = 0;

	if (name)
		snprintf(nhs.name, sizeof(nhs.name), "%s", name);
	if (!addr_is_set(nhs.protocol) && !addr_is_set(nhs.nbma) && !name) {
		message_error(draft->messages, match->line->number, 0,
			"a server whose address is not known needs its place in the underlay; add `nbma NBMA`");
		return;
	}
	while (index < iface->nhs_count && !same_nhs(&iface->nhs[index], &nhs))
		index++;
	if (match->negated) {
		if (index < iface->nhs_count)
			draft_remove(iface->nhs, &iface->nhs_count, sizeof(nhs), index);
	} else if (index < iface->nhs_count) {
		iface->nhs[index] = nhs;
	} else if (draft_has_room(draft, match->line, index)) {
		iface->nhs = alloc_resize(iface->nhs, index + 1, sizeof(nhs));
		iface->nhs[iface->nhs_count++] = nhs;
	}
}

COMMAND_PRINT(command_print_nhs)
{
	const struct iface_config *iface = &config->node.ifaces[index];
	char text[ADDR_TEXT_SIZE];

	(void)hide_secrets;
	for (size_t i = 0; i < iface->nhs_count; i++) {
		const struct nhs_config *nhs = &iface->nhs[i];
		fprintf(out, " ip nhrp nhs %s",
			addr_is_set(nhs->protocol) ? addr_format(nhs->protocol, text) : "dynamic");
		if (addr_is_set(nhs->nbma))
			fprintf(out, " nbma %s", addr_format(nhs->nbma, text));
		else if (nhs->name[0] != '\0')
			fprintf(out, " nbma %s", nhs->name);
		if (nhs->multicast)
			fprintf(out, " multicast");
		if (nhs->priority != 0)
			fprintf(out, " priority %u", nhs->priority);
		if (nhs->cluster != 0)
			fprintf(out, " cluster %u", nhs->cluster);
		if (nhs->probe != 0)
			fprintf(out, " probe %u", nhs->probe);
		fprintf(out, "\n");
	}
}

COMMAND_SET(command_set_max_connections)
{
	uint8_t *connections = &draft_iface(draft)->max_connections[match_number(match, "cluster", 0)];

	*connections = match->negated ? 0 : (uint8_t)match_number(match, "max-connections", 0);
}

COMMAND_PRINT(command_print_max_connections)
{
	const struct iface_config *iface = &config->node.ifaces[index];

	(void)hide_secrets;
	for (size_t i = 0; i < NHS_CLUSTERS; i++) {
		if (iface->max_connections[i] != 0)
			fprintf(out, " ip nhrp nhs cluster %zu max-connections %u\n", i,
				iface->max_connections[i]);
	}
}

COMMAND_SET(command_set_fallback)
{
	draft_iface(draft)->nhs_fallback = match->negated ? 0 : (uint8_t)match_number(match, "fallback", 0);
}

COMMAND_PRINT(command_print_fallback)
{
	(void)hide_secrets;
	if (config->node.ifaces[index].nhs_fallback != 0)
		fprintf(out, " ip nhrp nhs fallback %u\n", config->node.ifaces[index].nhs_fallback);
}

COMMAND_SET(command_set_redirect)
{
	struct iface_config *iface = draft_iface(draft);
	uint32_t timeout = match->negated ? REDIRECT_TIMEOUT_DEFAULT
					  : match_number(match, "timeout", REDIRECT_TIMEOUT_DEFAULT);

	iface->redirect = !match->negated;
	iface->redirect_timeout = (uint16_t)timeout;
}

COMMAND_PRINT(command_print_redirect)
{
	const struct iface_config *iface = &config->node.ifaces[index];

	(void)hide_secrets;
	if (!iface->redirect)
		return;
	fprintf(out, " ip nhrp redirect");
	if (iface->redirect_timeout != REDIRECT_TIMEOUT_DEFAULT)
		fprintf(out, " timeout %u", iface->redirect_timeout);
	fprintf(out, "\n");
}

COMMAND_SET(command_set_max_send)
{
	struct iface_config *iface = draft_iface(draft);

	iface->max_send_packets = MAX_SEND_PACKETS_DEFAULT;
	iface->max_send_interval = MAX_SEND_INTERVAL_DEFAULT;
	if (match->negated)
		return;
	iface->max_send_packets = match_number(match, "max-send", 0);
	iface->max_send_interval = match_number(match, "every", 0);
}

COMMAND_PRINT(command_print_max_send)
{
	const struct iface_config *iface = &config->node.ifaces[index];

	(void)hide_secrets;
	if (iface->max_send_packets != MAX_SEND_PACKETS_DEFAULT ||
		iface->max_send_interval != MAX_SEND_INTERVAL_DEFAULT)
		fprintf(out, " ip nhrp max-send %u every %u\n", iface->max_send_packets,
			iface->max_send_interval);
}
