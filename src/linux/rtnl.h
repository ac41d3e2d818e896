// SPDX-License-Identifier: GPL-2.0-or-later
/// Requests to the kernel over rtnetlink: one socket, one request at a time, each acknowledged before the
/// call returns; or many changes in a batch. Events have a socket of their own (monitor.h).
#pragma once

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>
#include <linux/rtnetlink.h>

#include "base/addr.h"
#include "base/err.h"

/// rtm_protocol of overrides, NDA_PROTOCOL and the protocol of the rule: the mark of what NHRP made. It is
/// NHRP's number in FRR's list.
#define RTNL_PROTOCOL 191

struct rtnl;

struct rtnl *rtnl_open(struct err *err) MUST_CHECK;
/// NULL does no harm.
void rtnl_close(struct rtnl *rtnl);
/// The port of the socket: the kernel writes it into the events that our own requests caused.
uint32_t rtnl_port(const struct rtnl *rtnl);

/// Begins a request in the socket's buffer, where libmnl's mnl_nlmsg_put_extra_header() and
/// mnl_attr_put_…() continue; `flags` come beside NLM_F_REQUEST. Ends what was begun before.
struct nlmsghdr *rtnl_begin(struct rtnl *rtnl, uint16_t type, uint16_t flags);
/// Sends the request and waits for its acknowledgement.
bool rtnl_send(struct rtnl *rtnl) MUST_CHECK;

/// From here on rtnl_send() keeps requests for later, and tells of success: they go to the kernel together,
/// in order, when there are enough of them, before the next rtnl_get() or rtnl_dump(), or with
/// rtnl_batch_end(). A batch may be begun inside another.
void rtnl_batch_begin(struct rtnl *rtnl);
/// Sends the rest. False where the kernel refused anything since rtnl_batch_begin(): the caller makes the
/// same requests again one by one, which does no harm, to learn what and why.
bool rtnl_batch_end(struct rtnl *rtnl) MUST_CHECK;

typedef void rtnl_visit(void *context, const struct nlmsghdr *message);
/// Sends the request, waits for its acknowledgement, and then gives the answer to `visit`.
bool rtnl_get(struct rtnl *rtnl, rtnl_visit *visit, void *context) MUST_CHECK;
/// Sends the request as a dump. `visit` is called only once the whole of it is there and consistent, and may
/// send requests of its own. A table that changes all the time makes it fail with EINTR.
bool rtnl_dump(struct rtnl *rtnl, rtnl_visit *visit, void *context) MUST_CHECK;

/// The errno value of the last of the three, 0 where it succeeded.
int rtnl_code(const struct rtnl *rtnl);
/// Tells why it failed and returns false. `what` completes "cannot …", as in "add an address to tunnel1".
bool rtnl_fail(const struct rtnl *rtnl, struct err *err, const char *what, ...) PRINTF_LIKE(3, 4);

/// The address in an attribute's payload, by its length; "no address" for NULL.
struct addr rtnl_addr(const struct nlattr *attr);
/// Adds an attribute with the bytes of an address.
void rtnl_put_addr(struct nlmsghdr *message, uint16_t type, struct addr addr);
/// AF_INET or AF_INET6.
uint8_t rtnl_family(struct addr addr);
