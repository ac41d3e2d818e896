// SPDX-License-Identifier: GPL-2.0-or-later
/// The states: INIT → PROBE → UP ⇄ CHECK, and back to PROBE when CHECK had no answer for four seconds. With a
/// fallback time FALLBACK is between PROBE and UP for one that was down while another is up. A
/// request keeps its ID over retries, so that a late reply still counts.
#include <utlist.h>

#include "core/cache.h"
#include "core/emit.h"
#include "core/message.h"
#include "core/nhs.h"
#include "core/nhs_address.h"
#include "core/nhs_select.h"
#include "core/node.h"
#include "core/peer.h"
#include "core/protect.h"
#include "core/timers.h"

#define RETRY_FIRST    1  ///< seconds
#define RETRY_LAST     64 ///< seconds
#define PROBE_TRIES    3  ///< unanswered requests, after 1, 2 and 4 s, until a new server is declared down
#define CHECK_TRIES    4  ///< the same, a second apart, for one that was up
#define PROBE_BACK_OFF 10 ///< probe intervals between two requests to a server that is down, at most
#define TRIAL_INTERVAL (2 * MONO_SECOND) ///< between two requests to a server in its fallback time

const char *nhs_state_name(enum nhs_state state)
{
	switch (state) {
	case NHS_INIT:
		return "init";
	case NHS_PROBE:
		return "probe";
	case NHS_UP:
		return "up";
	case NHS_CHECK:
		return "check";
	case NHS_FALLBACK:
		return "fallback";
	}
	return "unknown";
}

bool nhs_is_dynamic(const struct nhs *nhs)
{
	return !addr_is_set(nhs->config->protocol);
}

bool nhs_is_up(const struct nhs *nhs)
{
	return nhs->state == NHS_UP || nhs->state == NHS_CHECK;
}

/// Is `a` to be asked rather than `b`?
static bool is_better(const struct nhs *a, const struct nhs *b)
{
	if (nhs_is_up(a) != nhs_is_up(b))
		return nhs_is_up(a);
	if (a->config->priority != b->config->priority)
		return a->config->priority < b->config->priority;
	return a->config->cluster < b->config->cluster;
}

struct nhs *nhs_active(const struct iface *iface)
{
	struct nhs *best = NULL;

	for (size_t i = 0; i < iface->nhs_count; i++) {
		struct nhs *nhs = &iface->nhs[i];

		if (addr_is_set(nhs->nbma) && !nhs->standby && (!best || is_better(nhs, best)))
			best = nhs;
	}
	return best;
}

struct nhs *nhs_by_nbma(const struct iface *iface, struct addr nbma)
{
	for (size_t i = 0; i < iface->nhs_count; i++) {
		if (addr_equal(iface->nhs[i].nbma, nbma))
			return &iface->nhs[i];
	}
	return NULL;
}

struct nhs *nhs_by_protocol(const struct iface *iface, struct addr protocol)
{
	for (size_t i = 0; i < iface->nhs_count; i++) {
		if (addr_equal(iface->nhs[i].protocol, protocol))
			return &iface->nhs[i];
	}
	return NULL;
}

struct addr nhs_public_nbma(const struct iface *iface)
{
	const struct nhs *active = nhs_active(iface), *newest = NULL;

	for (size_t i = 0; i < iface->nhs_count; i++) {
		const struct nhs *nhs = &iface->nhs[i];

		// A server that is down saw us where we may be no more.
		if (addr_is_set(nhs->public_nbma) && (nhs_is_up(nhs) || !active || !nhs_is_up(active)) &&
			(!newest || mono_before(newest->last_reply, nhs->last_reply)))
			newest = nhs;
	}
	return newest ? newest->public_nbma : (struct addr) { 0 };
}

static void tell(const struct nhs *nhs, enum event_type type, const char *reason)
{
	emit_event(nhs->iface->node, &(struct event) {
					     .type = type,
					     .iface = nhs->iface->config->id,
					     .protocol = nhs->protocol,
					     .nbma = nhs->nbma,
					     .reason = reason,
				     });
}

/// A Registration Request (section 5.2.3): one CIE without addresses, which stands for the source's.
static void send_registration(struct nhs *nhs, struct mono now)
{
	struct iface *iface = nhs->iface;
	const struct iface_config *config = iface->config;
	const struct addr unspecified = { .family = iface_address(iface).family };
	struct message_space space;
	struct nhrp_msg msg;

	// A server whose address is not known is asked by our own, which every server takes for its.
	message_request(iface, &msg, NHRP_REGISTRATION_REQUEST,
		nhs_is_dynamic(nhs) ? iface_address(iface) : nhs->protocol);
	if (nhs->request_pending)
		msg.request_id = nhs->request_id;
	nhs->request_id = msg.request_id;
	nhs->request_pending = true;
	msg.flags = NHRP_FLAG_NAT | (config->registration_unique ? NHRP_FLAG_REG_UNIQUE : 0);
	msg.cie_count = 1;
	msg.cies[0] = (struct nhrp_cie) {
		.prefix_length = config->registration_unique ? 0xff : addr_bits(iface_address(iface)),
		.mtu = config->mtu,
		.holding_time = config->holding_time,
	};
	message_add_nat_cie(
		&msg, nhs->nbma, addr_is_set(nhs->protocol) ? nhs->protocol : unspecified, &space);
	nhs->last_sent = now;
	if (message_send(iface, &msg, nhs->nbma, now))
		nhs->requests_sent++;
}

/// How long to wait for an answer. A probe finds out faster: it has the time of one more interval for all its
/// tries.
static int64_t retry_delay(const struct nhs *nhs)
{
	int64_t delay = nhs->retry_seconds * MONO_SECOND;
	int64_t probe = nhs->config->probe * MONO_SECOND;

	if (probe == 0)
		return delay;
	if (nhs->state == NHS_PROBE)
		return delay < probe * PROBE_BACK_OFF ? delay : probe * PROBE_BACK_OFF;
	return delay < probe / (CHECK_TRIES - 1) ? delay : probe / (CHECK_TRIES - 1);
}

static void arm_retry(struct nhs *nhs, struct mono now)
{
	struct node *node = nhs->iface->node;
	int64_t delay = retry_delay(nhs);

	// Jitter of a tenth keeps a thousand spokes from asking a returning hub in step.
	delay += (int64_t)rng_below(&node->rng, (uint32_t)(delay / 10));
	timerq_arm(&node->timers, &nhs->timer, mono_add(now, delay));
}

static void arm_refresh(struct nhs *nhs, struct mono now)
{
	struct node *node = nhs->iface->node;
	int64_t interval = iface_registration_interval(nhs->iface) * MONO_SECOND;
	int64_t probe = nhs->config->probe * MONO_SECOND;

	if (probe != 0 && probe < interval)
		interval = probe;
	interval -= (int64_t)rng_below(&node->rng, (uint32_t)(interval / 10));
	timerq_arm(&node->timers, &nhs->timer, mono_add(now, interval));
}

/// Starts a series of requests.
static void start_requests(struct nhs *nhs, struct mono now)
{
	nhs->tries = 1;
	nhs->retry_seconds = RETRY_FIRST;
	nhs->request_pending = false;
	send_registration(nhs, now);
	arm_retry(nhs, now);
}

/// Traffic that was sent by this server meanwhile goes by another one.
static void hand_over(struct nhs *nhs, struct mono now)
{
	const struct nhs *other = nhs_active(nhs->iface);

	if (other && nhs_is_up(other) && other != nhs)
		cache_move_temporary(nhs->iface, nhs->nbma, other->nbma, now);
}

static void set_state(struct nhs *nhs, enum nhs_state state, struct mono now)
{
	bool was_up = nhs_is_up(nhs);

	nhs->state = state;
	if (was_up == nhs_is_up(nhs))
		return;
	nhs->since = now;
	nhs_address_bind(nhs, now);
	if (nhs_is_up(nhs)) {
		nhs->declared_down = false;
		tell(nhs, EVENT_NHS_UP, NULL);
	}
}

/// Is there a server that is up?
static bool any_is_up(const struct iface *iface)
{
	for (size_t i = 0; i < iface->nhs_count; i++) {
		if (nhs_is_up(&iface->nhs[i]))
			return true;
	}
	return false;
}

/// While nothing better is up, one that answers need not wait.
static void end_fallback(struct iface *iface, struct mono now)
{
	for (size_t i = 0; i < iface->nhs_count && !any_is_up(iface); i++) {
		if (iface->nhs[i].state == NHS_FALLBACK)
			set_state(&iface->nhs[i], NHS_UP, now);
	}
}

static void declare_down(struct nhs *nhs, const char *reason, struct mono now)
{
	set_state(nhs, NHS_PROBE, now);
	if (nhs->declared_down)
		return;
	nhs->declared_down = true;
	nhs->since = now;
	tell(nhs, EVENT_NHS_DOWN, reason);
	protect_renew(nhs->iface, nhs->nbma);
	end_fallback(nhs->iface, now);
	hand_over(nhs, now);
	nhs_select(nhs->iface, now);
}

static void on_retry(struct nhs *nhs, struct mono now)
{
	uint32_t tries_to_down = nhs->state == NHS_CHECK ? CHECK_TRIES : PROBE_TRIES;

	if (nhs->request_pending)
		nhs->requests_failed++;
	if (nhs->tries >= tries_to_down)
		declare_down(nhs, "no answer to registration", now);
	nhs->tries++;
	if (nhs->state == NHS_PROBE)
		nhs->retry_seconds =
			nhs->retry_seconds * 2 > RETRY_LAST ? RETRY_LAST : nhs->retry_seconds * 2;
	send_registration(nhs, now);
	arm_retry(nhs, now);
}

/// Must a server that answers again still show that it goes on to?
static bool is_on_trial(struct nhs *nhs, struct mono now)
{
	if (!nhs->declared_down || nhs->iface->config->nhs_fallback == 0 || !any_is_up(nhs->iface))
		return false;
	if (nhs->state != NHS_FALLBACK)
		nhs->fallback = mono_add(now, nhs->iface->config->nhs_fallback * MONO_SECOND);
	return mono_before(now, nhs->fallback);
}

/// When a server on trial is asked again.
static struct mono next_trial(const struct nhs *nhs, struct mono now)
{
	struct mono next = mono_add(now, TRIAL_INTERVAL);

	return mono_before(nhs->fallback, next) ? nhs->fallback : next;
}

static void on_reply(struct nhs *nhs, struct mono now)
{
	bool was_up;

	// A repeated request has the ID of the first one: nobody knows which was answered.
	if (nhs->tries == 1)
		histogram_add(&nhs->iface->counters.registration, mono_between(nhs->last_sent, now));
	nhs->replies_received++;
	nhs->last_reply = now;
	nhs->request_pending = false;
	nhs->refused_code = 0;
	nhs->refusal = NULL;
	nhs->tries = 0;
	if (is_on_trial(nhs, now)) {
		set_state(nhs, NHS_FALLBACK, now);
		timerq_arm(&nhs->iface->node->timers, &nhs->timer, next_trial(nhs, now));
		return;
	}
	was_up = nhs_is_up(nhs);
	set_state(nhs, NHS_UP, now);
	arm_refresh(nhs, now);
	if (was_up)
		return;
	nhs_select(nhs->iface, now);
	// What was sent by a server that is down has found nobody to take it so far.
	for (size_t i = 0; i < nhs->iface->nhs_count; i++) {
		if (nhs->iface->nhs[i].declared_down)
			hand_over(&nhs->iface->nhs[i], now);
	}
}

static void on_refused(struct nhs *nhs, struct mono now)
{
	nhs->requests_failed++;
	nhs->request_pending = false;
	declare_down(nhs, nhs->refusal, now);
	// The server is alive: no need to ask it faster than the back-off says.
	if (!timer_is_armed(&nhs->timer))
		arm_retry(nhs, now);
}

static void step_down(struct nhs *nhs, struct mono now)
{
	timerq_disarm(&nhs->iface->node->timers, &nhs->timer);
	nhs->request_pending = false;
	nhs->declared_down = false;
	set_state(nhs, NHS_INIT, now);
}

static void on_timer(struct nhs *nhs, struct mono now)
{
	switch (nhs->state) {
	case NHS_INIT:
		break;
	case NHS_UP:
		set_state(nhs, NHS_CHECK, now);
		start_requests(nhs, now);
		break;
	case NHS_FALLBACK:
		// Unanswered, it is as down as before.
		if (nhs->request_pending)
			set_state(nhs, NHS_PROBE, now);
		start_requests(nhs, now);
		break;
	case NHS_PROBE:
	case NHS_CHECK:
		on_retry(nhs, now);
		break;
	}
}

void nhs_step(struct nhs *nhs, enum nhs_event event, struct mono now)
{
	switch (event) {
	case NHS_EVENT_LINK_UP:
		if (addr_is_set(nhs->nbma) && !nhs->standby) {
			set_state(nhs, nhs_is_up(nhs) ? NHS_CHECK : NHS_PROBE, now);
			start_requests(nhs, now);
		}
		break;
	case NHS_EVENT_LINK_DOWN:
		step_down(nhs, now);
		break;
	case NHS_EVENT_REPLY:
		if (nhs->state != NHS_INIT)
			on_reply(nhs, now);
		break;
	case NHS_EVENT_REFUSED:
		if (nhs->state != NHS_INIT)
			on_refused(nhs, now);
		break;
	case NHS_EVENT_TIMER:
		on_timer(nhs, now);
		break;
	case NHS_EVENT_REACHABLE:
		if (nhs->state == NHS_INIT)
			break;
		if (nhs->state == NHS_UP)
			set_state(nhs, NHS_CHECK, now);
		start_requests(nhs, now);
		break;
	case NHS_EVENT_SUSPECT:
		if (nhs->state == NHS_UP) {
			set_state(nhs, NHS_CHECK, now);
			start_requests(nhs, now);
		}
		break;
	}
}

/// The server a reply belongs to: by the ID of its request, and the address that this was sent to.
static struct nhs *find_pending(const struct iface *iface, uint32_t request_id, struct addr from)
{
	for (size_t i = 0; i < iface->nhs_count; i++) {
		struct nhs *nhs = &iface->nhs[i];

		if (nhs->request_pending && nhs->request_id == request_id && addr_equal(nhs->nbma, from))
			return nhs;
	}
	return NULL;
}

void nhs_on_sa(struct iface *iface, struct addr nbma, bool up, struct mono now)
{
	for (size_t i = 0; i < iface->nhs_count; i++) {
		struct nhs *nhs = &iface->nhs[i];

		if (addr_equal(nhs->nbma, nbma) && iface->up)
			nhs_step(nhs, up ? NHS_EVENT_REACHABLE : NHS_EVENT_SUSPECT, now);
	}
}

bool nhs_on_reply(struct iface *iface, const struct nhrp_msg *msg, struct addr from, struct mono now)
{
	struct nhs *nhs = find_pending(iface, msg->request_id, from);
	struct addr seen;

	if (!nhs)
		return false;
	if (msg->cie_count > 0 && msg->cies[0].code != NHRP_CODE_OK) {
		nhs->refused_code = msg->cies[0].code;
		nhs->refusal = nhrp_code_name(nhs->refused_code);
		nhs_step(nhs, NHS_EVENT_REFUSED, now);
		return true;
	}
	if (!nhs_address_learn(nhs, msg, now)) {
		message_refuse(
			iface, REFUSED_MALFORMED, from, "the server does not tell its tunnel address", now);
		return true;
	}
	seen = message_nat_address(msg, iface_address(iface));
	nhs->public_nbma = addr_equal(seen, iface->nbma) ? (struct addr) { 0 } : seen;
	nhs_step(nhs, NHS_EVENT_REPLY, now);
	return true;
}

bool nhs_on_error(
	struct iface *iface, uint32_t request_id, struct addr from, const char *reason, struct mono now)
{
	struct nhs *nhs = find_pending(iface, request_id, from);

	if (!nhs)
		return false;
	nhs->refused_code = 0;
	nhs->refusal = reason;
	nhs_step(nhs, NHS_EVENT_REFUSED, now);
	return true;
}

static void withdraw(const struct nhs *nhs, struct mono now)
{
	struct iface *iface = nhs->iface;
	struct nhrp_msg msg;

	message_request(iface, &msg, NHRP_PURGE_REQUEST, nhs->protocol);
	msg.flags = NHRP_FLAG_PURGE_NO_REPLY;
	msg.cie_count = 1;
	msg.cies[0] = (struct nhrp_cie) {
		.prefix_length = addr_bits(iface_address(iface)),
		.nbma = iface->nbma,
		.protocol = iface_address(iface),
	};
	(void)message_send(iface, &msg, nhs->nbma, now);
}

void nhs_leave(struct nhs *nhs, struct mono now)
{
	if (nhs_is_up(nhs))
		withdraw(nhs, now);
	nhs_step(nhs, NHS_EVENT_LINK_DOWN, now);
}

void nhs_move(struct nhs *to, struct nhs *from, const struct nhs_config *config)
{
	struct timerq *timers = &from->iface->node->timers;

	*to = *from;
	to->config = config;
	to->timer = (struct timer) { .kind = TIMER_NHS };
	if (timer_is_armed(&from->timer)) {
		timerq_arm(timers, &to->timer, from->timer.at);
		timerq_disarm(timers, &from->timer);
	}
	*from = (struct nhs) { .nbma = from->nbma };
}

void nhs_end(struct nhs *nhs, const char *reason, struct mono now)
{
	bool was_up = nhs_is_up(nhs);

	nhs_leave(nhs, now);
	if (was_up)
		tell(nhs, EVENT_NHS_DOWN, reason);
	hand_over(nhs, now);
}
