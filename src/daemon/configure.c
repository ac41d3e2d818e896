// SPDX-License-Identifier: GPL-2.0-or-later
/// A change goes in this order: tunnels that end or become others take their leave while their devices still
/// work; then the core is told; then devices follow; and last the rest of the system.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "conf/conf.h"
#include "conf/diff.h"
#include "core/node.h"
#include "ctl/change.h"
#include "ctl/context.h"
#include "ctl/http.h"
#include "daemon/configure.h"
#include "daemon/daemon.h"
#include "daemon/hook.h"
#include "daemon/protection.h"
#include "daemon/statics.h"
#include "daemon/tunnel.h"
#include "link/link.h"
#include "linux/apply.h"
#include "linux/guard.h"

static void make_tunnels(struct daemon *daemon, const struct config *config)
{
	struct tunnel **before = daemon->tunnels;
	size_t count_before = daemon->tunnel_count;

	daemon->tunnel_count = config->node.iface_count;
	daemon->tunnels = alloc_zeroed(daemon->tunnel_count + 1, sizeof(struct tunnel *));
	for (size_t i = 0; i < daemon->tunnel_count; i++) {
		const struct iface_config *nhrp = &config->node.ifaces[i];

		for (size_t j = 0; j < count_before; j++) {
			if (before[j] && before[j]->nhrp->id == nhrp->id) {
				daemon->tunnels[i] = before[j];
				before[j] = NULL;
				break;
			}
		}
		if (!daemon->tunnels[i])
			daemon->tunnels[i] = alloc_zeroed(1, sizeof(struct tunnel));
		tunnel_init(daemon->tunnels[i], daemon, nhrp, &config->tunnels[i]);
	}
	for (size_t j = 0; j < count_before; j++)
		free(before[j]);
	free(before);
}

void configure_first(struct daemon *daemon, struct config *config)
{
	daemon->config = config;
	make_tunnels(daemon, config);
}

static struct guard_tunnel *guard_tunnels(const struct daemon *daemon)
{
	struct guard_tunnel *tunnels = alloc_zeroed(daemon->tunnel_count + 1, sizeof(*tunnels));

	for (size_t i = 0; i < daemon->tunnel_count; i++) {
		const struct tunnel *tunnel = daemon->tunnels[i];

		memcpy(tunnels[i].name, tunnel->nhrp->name, sizeof(tunnels[i].name));
		tunnels[i].network_id = tunnel->nhrp->network_id;
		tunnels[i].redirect = tunnel->nhrp->redirect;
		tunnels[i].redirect_timeout = tunnel->nhrp->redirect_timeout;
		tunnels[i].mss = tunnel->config->adjust_mss;
	}
	return tunnels;
}

bool configure_guard(struct daemon *daemon, struct err *err)
{
	struct guard_tunnel *tunnels = guard_tunnels(daemon);
	bool ok = guard_set(daemon->guard, tunnels, daemon->tunnel_count, err);

	free(tunnels);
	return ok;
}

/// Replaces the table where that makes a difference; its memory of what was redirected goes with it.
static void update_guard(struct daemon *daemon, const struct guard_tunnel *before, size_t count_before)
{
	struct guard_tunnel *after = guard_tunnels(daemon);
	struct err err;

	if ((count_before != daemon->tunnel_count ||
		    memcmp(before, after, count_before * sizeof(*before)) != 0) &&
		!configure_guard(daemon, &err))
		log_warning("%s", err.text);
	free(after);
}

/// The tunnels that go, or come back as others, tell their peers.
static void end_tunnels(struct daemon *daemon, const struct diff *diff)
{
	for (size_t i = 0; i < daemon->tunnel_count; i++) {
		enum diff_kind kind = diff_of(diff, daemon->tunnels[i]->nhrp->id);

		if (kind == DIFF_REMOVED || kind == DIFF_REMADE)
			node_remove(daemon->node, daemon->tunnels[i]->nhrp->id, daemon_now());
	}
	daemon_drain(daemon);
	for (size_t i = 0; i < daemon->tunnel_count; i++) {
		enum diff_kind kind = diff_of(diff, daemon->tunnels[i]->nhrp->id);

		if (kind == DIFF_REMOVED || kind == DIFF_REMADE)
			tunnel_close(daemon->tunnels[i], false);
	}
}

static void update_tunnels(struct daemon *daemon, const struct diff *diff)
{
	bool reopened = false;
	struct err err;

	for (size_t i = 0; i < daemon->tunnel_count; i++) {
		switch (diff_of(diff, daemon->tunnels[i]->nhrp->id)) {
		case DIFF_SAME:
		case DIFF_REMOVED:
			break;
		case DIFF_CHANGED:
			tunnel_apply(daemon->tunnels[i]);
			break;
		case DIFF_REOPENED:
			tunnel_reopen(daemon->tunnels[i]);
			reopened = true;
			break;
		case DIFF_REMADE:
		case DIFF_ADDED:
			tunnel_update(daemon->tunnels[i]);
			break;
		}
	}
	// A link that was opened anew knows no peer: no packet shall wait for the timer.
	if (reopened && !apply_resync(daemon->apply, NULL, &err))
		log_warning("%s", err.text);
}

void configure_metrics(struct daemon *daemon)
{
	const struct config *config = daemon->config;
	struct err err;

	http_close(daemon->http);
	daemon->http = NULL;
	if (config->metrics_port == 0)
		return;
	daemon->http = http_open(
		daemon->loop, config->metrics_address, config->metrics_port, &daemon->context, &err);
	if (!daemon->http)
		log_warning("%s", err.text);
}

static bool same_metrics(const struct config *a, const struct config *b)
{
	return a->metrics_port == b->metrics_port && addr_equal(a->metrics_address, b->metrics_address);
}

/// Makes what runs the new configuration, which becomes the daemon's.
static void adopt(struct daemon *daemon, struct config *config, const struct diff *diff)
{
	struct config *before = daemon->config;
	struct guard_tunnel *guard_before = guard_tunnels(daemon);
	size_t count_before = daemon->tunnel_count;
	int holder = link_hold_protocol();
	struct err err;

	end_tunnels(daemon, diff);
	make_tunnels(daemon, config);
	daemon->config = config;
	daemon->context.config = config;
	if (!protection_configure(daemon, &err))
		log_error("%s", err.text);
	node_configure(daemon->node, &config->node, daemon_now());
	update_tunnels(daemon, diff);
	if (holder >= 0)
		close(holder);
	update_guard(daemon, guard_before, count_before);
	statics_configure(daemon->statics);
	hook_set_path(daemon->hook, config->hook);
	if (!same_metrics(before, config))
		configure_metrics(daemon);
	daemon_drain(daemon);
	free(guard_before);
	conf_free(before);
}

static bool change(struct daemon *daemon, struct config *config, struct ctl_change *ret)
{
	struct diff *diff;

	if (!config)
		return false;
	diff = diff_make(daemon->config, config);
	adopt(daemon, config, diff);
	ret->text = alloc_string(diff->text);
	ret->lines = diff->lines;
	diff_free(diff);
	return true;
}

bool configure_text(struct daemon *daemon, const char *text, size_t length, struct ctl_change *ret)
{
	*ret = (struct ctl_change) { 0 };
	return change(daemon, conf_parse(text, length, &ret->messages), ret);
}

bool configure_file(struct daemon *daemon, struct ctl_change *ret)
{
	*ret = (struct ctl_change) { 0 };
	return change(daemon, conf_load(daemon->options->config, &ret->messages), ret);
}

void configure_reload(struct daemon *daemon)
{
	struct ctl_change done;
	bool ok = configure_file(daemon, &done);

	for (size_t i = 0; i < done.messages.count; i++) {
		const struct conf_message *message = &done.messages.items[i];

		log_line(message->severity == CONF_ERROR ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "%s:%u: %s",
			daemon->options->config, message->line, message->text);
	}
	if (ok)
		log_notice("read %s anew: %u lines changed", daemon->options->config, done.lines);
	else
		log_error("%s has errors: nothing was changed", daemon->options->config);
	ctl_change_free(&done);
}

void configure_done(struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->tunnel_count; i++)
		free(daemon->tunnels[i]);
	free(daemon->tunnels);
	conf_free(daemon->config);
}
