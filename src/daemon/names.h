// SPDX-License-Identifier: GPL-2.0-or-later
/// The names by which next hop servers are configured: looked up again by their time to live, and sooner
/// while such a server does not answer. Where DNS fails, what it said last holds.
#pragma once

struct daemon;
struct names;

struct names *names_new(struct daemon *daemon);
/// Asks for what is configured and due. To be called often.
void names_update(struct names *names);
/// The loop must run once more. NULL does no harm.
void names_free(struct names *names);
