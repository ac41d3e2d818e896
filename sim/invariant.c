// SPDX-License-Identifier: GPL-2.0-or-later
#include "sim/invariant.h"

#include <string.h>

static const struct invariant_text texts[INVARIANTS] = {
	[INVARIANT_NO_LOOP] = { "no forwarding loop",
		"A packet that comes to a host again comes for ever, until its TTL ends, and takes the bandwidth of "
		"every tunnel on the way. Only while routes change, or are wrong by themselves, may one circle." },
	[INVARIANT_ON_PATH] = { "no packet to a node off its path",
		"A packet goes to the next hop that the sender chose, or, until that one is resolved, to a server of "
		"the sender. Anybody else has no business with it: it would be a leak to a stranger. An address "
		"that changed hands is known within the bound for what is stale." },
	[INVARIANT_NO_LOSS] = { "no packet lost that a hub could have carried",
		"A spoke may always fall back on its hub, so that resolving, shortcuts and their end cost no packet "
		"where the way by the hubs works. After a disturbance there may be losses until the bound for a "
		"settled network: the time in which silence is noticed and servers are tried again." },
	[INVARIANT_DIRECT] = { "traffic between spokes goes direct",
		"The direct way is what a DMVPN of phase 2 or 3 is for. Where the underlay allows it, traffic is on "
		"it within the bound for a settled network after the last disturbance, and within the bound for a "
		"fresh flow where there never was one." },
	[INVARIANT_OWNER] = { "no binding that its owner did not tell",
		"Whoever can make a node believe that an address is elsewhere takes its traffic. A binding's NBMA "
		"address is, or was, its owner's." },
	[INVARIANT_MOVED] = { "no binding of an address that moved",
		"Packets to where a node no longer is are lost. The hub tells those whom it led there; who is not "
		"told finds out when the holding time ends: the bound for what is stale." },
	[INVARIANT_EGRESS] = { "no shortcut to a node that is not the egress",
		"The next hop of a shortcut has the destination behind it, else packets would go back into the cloud. "
		"It purges what it told when its routes change; bound: for what is stale." },
	[INVARIANT_WIDTH] = { "no shortcut wider than its egress may vouch for",
		"An egress with a more specific route inside the prefix leads a part of it elsewhere (RFC 2332 section "
		"6.3). It purges what it told when such a route appears; bound: for what is stale." },
	[INVARIANT_OVERRIDE] = { "no override behind a withdrawn route",
		"An override may only replace the next hop of a route into the cloud. When the routing table takes that "
		"route away, or leads elsewhere, the override goes in the same moment: its bound is zero." },
	[INVARIANT_SHORTCUT_BOUND] = { "a shortcut's next hop is bound",
		"An override whose next hop nobody resolved sends packets into a miss. The binding is there first and "
		"goes last." },
	[INVARIANT_TEMPORARY] = { "temporary bindings go by a server",
		"Until a next hop is resolved its packets go by a hub, which knows it; no other node does." },
	[INVARIANT_CLEAR] = { "nothing in clear text",
		"A protected tunnel fails closed: no NHRP message is even tried to a peer with whom there is no SA. Data is "
		"held back by the kernel's policy, and goes by the hub, with which there is one." },
	[INVARIANT_KERNEL] = { "the kernel has what the core wants",
		"Neighbours, overrides and receivers of multicast in the kernel are those that the core believes in: a "
		"change that is not told is a black hole. Where a resolved peer has no SA its neighbour is a server's." },
	[INVARIANT_COUNTS] = { "counts are right",
		"The limits are enforced by counters; a wrong one refuses the innocent or lets anybody in." },
	[INVARIANT_LIMITS] = { "limits are kept",
		"Everything that a remote party can make grow has a limit, or it could fill the memory." },
	[INVARIANT_TIMERS] = { "timers go forward",
		"A node that wants to wake in the past, or again at once, turns in circles." },
	[INVARIANT_QUIET] = { "quiet when nothing changes",
		"In a settled network messages are registrations and refreshes of what is in use, a handful for each in "
		"its holding time. More is a storm, which thousands of nodes make together." },
	[INVARIANT_FORMS] = { "a cloud forms",
		"Every spoke that runs, and reaches its servers, is registered with them within the bound for a settled "
		"network; at the start within ten seconds." },
	[INVARIANT_EXPECTED] = { "as the scenario expects",
		"What the lines with `expect` say of this network." },
};

const struct invariant_text *invariant_text(enum invariant invariant)
{
	return &texts[invariant];
}

bool invariant_parse(const char *name, enum invariant *ret)
{
	for (enum invariant i = 0; i < INVARIANTS; i++) {
		if (strcmp(texts[i].name, name) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}
