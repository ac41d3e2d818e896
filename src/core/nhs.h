// SPDX-License-Identifier: GPL-2.0-or-later
/// The registration client: one machine per next hop server. All servers of an interface are registered with;
/// the best one that is up (by priority, then order) is asked for resolutions. A configured server by name is
/// as many servers as its name has addresses: it has NHS_ADDRESSES_MAX machines, of which some wait for one.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mono.h"
#include "base/timerq.h"
#include "core/config.h"

struct iface;
struct nhrp_msg;

enum nhs_state {
	NHS_INIT,     ///< the interface is down
	NHS_PROBE,    ///< no answer yet, or none since the server went down: back-off
	NHS_UP,       ///< answers
	NHS_CHECK,    ///< was up, a request is unanswered
	NHS_FALLBACK, ///< was down, answers again, and must go on to for a while, as another one is up
};

enum nhs_event {
	NHS_EVENT_LINK_UP,
	NHS_EVENT_LINK_DOWN,
	NHS_EVENT_REPLY,   ///< positive reply
	NHS_EVENT_REFUSED, ///< negative reply or an Error Indication
	NHS_EVENT_TIMER,
	NHS_EVENT_REACHABLE, ///< its SA came up
	NHS_EVENT_SUSPECT,   ///< data goes there and nothing comes back
};

struct nhs {
	struct iface *iface;
	const struct nhs_config *config;
	struct addr protocol; ///< configured, or from its reply; unset: not known yet
	struct addr nbma;     ///< unset: not known yet, or none for this machine
	enum nhs_state state;
	bool standby;            ///< better servers have all the connections of its cluster
	bool declared_down;      ///< an event said so; routes through it should go
	uint8_t refused_code;    ///< CIE code of the last negative reply; 0: none
	const char *refusal;     ///< why the last answer was none to our liking, in words; NULL: it was
	struct addr public_nbma; ///< our address as the server sees it, where NAT changes it
	struct timer timer;
	struct mono fallback;   ///< when the state FALLBACK ends
	uint32_t tries;         ///< unanswered requests in a row
	uint32_t retry_seconds; ///< the back-off now: 1, 2, 4 … 64
	uint32_t request_id;    ///< of the current registration, kept over retries
	bool request_pending;
	struct mono since; ///< of the state up or down
	struct mono last_sent;
	struct mono last_reply; ///< time 0 where never
	uint64_t requests_sent;
	uint64_t requests_failed;
	uint64_t replies_received;
};

/// "probe", "up" and so on.
const char *nhs_state_name(enum nhs_state state);
/// The server to ask now: up, the lowest priority value first; with none up the best one configured.
/// NULL where none is configured.
struct nhs *nhs_active(const struct iface *iface);
struct nhs *nhs_by_nbma(const struct iface *iface, struct addr nbma);
struct nhs *nhs_by_protocol(const struct iface *iface, struct addr protocol);
/// Our own NBMA address behind NAT, by the newest word of a server that is up (of any, where none is); unset
/// where they see no NAT.
struct addr nhs_public_nbma(const struct iface *iface);
/// Does it answer, and is it to be used?
bool nhs_is_up(const struct nhs *nhs);
/// Does the server itself tell its protocol address?
bool nhs_is_dynamic(const struct nhs *nhs);
/// The SA of a server came or went.
void nhs_on_sa(struct iface *iface, struct addr nbma, bool up, struct mono now);
/// Drives the machine.
void nhs_step(struct nhs *nhs, enum nhs_event event, struct mono now);
/// A Registration Reply from the NBMA address `from`; false where it answers no request that was sent there.
bool nhs_on_reply(
	struct iface *iface, const struct nhrp_msg *msg, struct addr from, struct mono now) MUST_CHECK;
/// An Error Indication about our request with this ID; false where it is none of ours, or not the server's.
bool nhs_on_error(struct iface *iface, uint32_t request_id, struct addr from, const char *reason,
	struct mono now) MUST_CHECK;
/// Puts a server of the old configuration into the array of the new one, with its state and timer.
void nhs_move(struct nhs *to, struct nhs *from, const struct nhs_config *config);
/// Ends a server that is configured no more: takes our registration back, and its traffic to another one.
void nhs_end(struct nhs *nhs, const char *reason, struct mono now);
/// Tells a server that is up that our registration ends (Purge Request, no reply wanted), and stops.
void nhs_leave(struct nhs *nhs, struct mono now);
