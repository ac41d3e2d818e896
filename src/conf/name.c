// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf/name.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "conf/arg.h"
#include "conf/message.h"

/// The types of a router's interfaces. One that is the start of another comes first.
static const char *const types[] = {
	"Ethernet",
	"FastEthernet",
	"GigabitEthernet",
	"TwoGigabitEthernet",
	"FiveGigabitEthernet",
	"TenGigabitEthernet",
	"TwentyFiveGigE",
	"FortyGigabitEthernet",
	"HundredGigE",
	"AppGigabitEthernet",
	"Async",
	"ATM",
	"BDI",
	"BVI",
	"Cellular",
	"Dialer",
	"Embedded-Service-Engine",
	"Loopback",
	"Multilink",
	"Null",
	"Port-channel",
	"Serial",
	"Tunnel",
	"Virtual-Template",
	"Vlan",
	"VirtualPortGroup",
};

/// A type of which the letters at the start of `name` are a start, at least two of them; NULL where there is
/// none, or several.
static const char *type_of(const char *name, size_t *ret_letters)
{
	size_t letters = strcspn(name, "0123456789/.: ");
	const char *found = NULL;

	*ret_letters = letters;
	for (size_t i = 0; letters >= 2 && i < ARRAY_SIZE(types); i++) {
		if (strncasecmp(types[i], name, letters) != 0)
			continue;
		if (strlen(types[i]) == letters)
			return types[i];
		if (found)
			return NULL;
		found = types[i];
	}
	return found;
}

bool name_tunnel(const char *name, uint32_t *ret_id)
{
	size_t letters;
	const char *type = type_of(name, &letters);
	uint32_t id;

	if (!type || strcmp(type, "Tunnel") != 0 || !arg_number(name + letters, &id) || id > NAME_TUNNEL_MAX)
		return false;
	*ret_id = id;
	return true;
}

/// A Linux name may look like an abbreviation ("eth0"); a router writes its own with a capital letter or a
/// slash.
static bool is_routers(const char *name)
{
	size_t letters;
	const char *type = type_of(name, &letters);

	return strchr(name, '/') || (type && isupper((unsigned char)name[0]) && name[letters] != '\0');
}

/// "Tunnel1" in any case, and "Tu1"; but "tu1" is a Linux name.
static bool is_tunnel(const char *name, uint32_t *ret_id)
{
	return (isupper((unsigned char)name[0]) || strncasecmp(name, "tunnel", 6) == 0) &&
	       name_tunnel(name, ret_id);
}

bool name_equal(const char *a, const char *b)
{
	size_t a_letters, b_letters;
	const char *a_type = type_of(a, &a_letters);
	const char *b_type = type_of(b, &b_letters);

	uint32_t a_tunnel, b_tunnel;

	if (strcmp(a, b) == 0)
		return true;
	if (is_tunnel(a, &a_tunnel) && is_tunnel(b, &b_tunnel))
		return a_tunnel == b_tunnel;
	if (!is_routers(a) || !is_routers(b) || strcasecmp(a + a_letters, b + b_letters) != 0)
		return false;
	return a_type ? a_type == b_type : strcasecmp(a, b) == 0;
}

const struct interface_alias *name_alias(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->alias_count; i++) {
		if (name_equal(config->aliases[i].name, name))
			return &config->aliases[i];
	}
	return NULL;
}

bool name_device(const char *name, char ret_device[static IFACE_NAME_SIZE], struct err *err)
{
	char quoted[QUOTE_SIZE];
	uint32_t id;

	if (is_tunnel(name, &id)) {
		snprintf(ret_device, IFACE_NAME_SIZE, "tunnel%u", id % (NAME_TUNNEL_MAX + 1));
		return true;
	}
	message_quote(name, quoted);
	if (strcasecmp(name, "Null0") == 0)
		return err_set(err,
			"\"%s\" is not a Linux device; make one that drops all, `ip link add dummy0 type dummy`, and "
			"name it: `alias interface %s dummy0`",
			quoted, quoted);
	if (is_routers(name))
		return err_set(err,
			"\"%s\" is not a Linux device; tell which one it is: `alias interface %s eth0`",
			quoted, quoted);
	if (strlen(name) >= IFACE_NAME_SIZE)
		return err_set(err, "\"%s\" is too long for a Linux device: at most %d characters", quoted,
			IFACE_NAME_SIZE - 1);
	if (strcasecmp(name, "dhcp") == 0)
		return err_set(err, "\"dhcp\" is not the name of a device");
	strcpy(ret_device, name);
	return true;
}

bool name_resolve(const struct config *config, const char *name, char ret_device[static IFACE_NAME_SIZE],
	struct err *err)
{
	const struct interface_alias *alias = name_alias(config, name);

	if (!alias)
		return name_device(name, ret_device, err);
	strcpy(ret_device, alias->device);
	return true;
}
