// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf/free.h"

#include <stdlib.h>

void free_tunnel(struct tunnel_config *tunnel, struct iface_config *iface)
{
	free(tunnel->description);
	free(tunnel->protection.profile);
	free(iface->nhs);
	free(iface->maps);
	free(iface->multicast);
	free(iface->groups);
	for (size_t i = 0; i < iface->authorize_count; i++)
		free(iface->authorize[i].pattern);
	free(iface->authorize);
}

void conf_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->node.iface_count; i++)
		free_tunnel(&config->tunnels[i], &config->node.ifaces[i]);
	for (size_t i = 0; i < config->alias_count; i++)
		free(config->aliases[i].name);
	crypto_free(&config->crypto);
	free(config->node.ifaces);
	free(config->tunnels);
	free(config->aliases);
	free(config->routes);
	free(config->hostname);
	free(config->hook);
	free(config);
}
