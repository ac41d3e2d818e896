// SPDX-License-Identifier: GPL-2.0-or-later
/// Two nodes for the tests of ctl, made through the core's own functions at a fixed time: a hub with two
/// clients, and a spoke with a server, two shortcuts and an open question.
#pragma once

#include "conf/conf.h"
#include "core/node.h"
#include "ctl/context.h"
#include "ctl/session.h"
#include "ctl/view.h"

struct fixture {
	struct iface_config iface;
	struct nhs_config nhs;
	struct tunnel_config tunnel;
	struct config config;
	struct ctl_context context;
	struct ctl_session session;
	unsigned changes; ///< how often the `changed` hook was called
};

/// Seconds after the start of the test's clock.
struct mono at(int64_t seconds);
/// What the context's clock says from now on; starts at 1000 s.
void clock_set(int64_t seconds);
struct addr ip(const char *text);
struct prefix net(const char *text);

struct fixture *hub_new(void);
struct fixture *spoke_new(void);
/// All parts of a view, put together, at so many seconds; takes the view. The caller owns what comes back.
json_t *view_of(struct fixture *fixture, struct view *view, int64_t seconds);
/// The whole reply to a command; the caller owns it.
json_t *reply_of(struct fixture *fixture, const char *line);
/// Fails unless the texts are equal; where `expected` ends with "…", only up to there.
void expect_text(const char *text, const char *expected);
void fixture_free(struct fixture *fixture);
