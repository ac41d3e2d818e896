// SPDX-License-Identifier: GPL-2.0-or-later
/// Requests to the kernel over rtnetlink: one socket, one request at a time, each acknowledged before the
/// call returns. Events have a socket of their own (monitor.h).
#pragma once

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>
#include <linux/rtnetlink.h>

#include "base/addr.h"
#include "base/err.h"

/// rtm_protocol, NDA_PROTOCOL and the protocol of rules: the mark of what is ours. It is NHRP's number in the
/// kernel's and FRR's lists.
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
/// Sends the request and waits for its acknowledgement. `what` completes "cannot …" in the error, as in
/// "add the address 10.0.0.1/24 to tunnel1".
bool rtnl_ask(struct rtnl *rtnl, struct err *err, const char *what, ...) PRINTF_LIKE(3, 4) MUST_CHECK;
/// The errno value of the last rtnl_ask(), 0 where it succeeded.
int rtnl_code(const struct rtnl *rtnl);

typedef void rtnl_visit(void *context, const struct nlmsghdr *message);
/// Sends the request as a dump and gives each message of the answer to `visit`, which may not send
/// requests. A dump that the kernel changed meanwhile is told as a failure with code EINTR after some tries;
/// `visit` can have seen a message twice then.
bool rtnl_dump(struct rtnl *rtnl, rtnl_visit *visit, void *context, struct err *err, const char *what, ...)
	PRINTF_LIKE(5, 6) MUST_CHECK;

/// The address in an attribute's payload, by its length; "no address" for NULL.
struct addr rtnl_addr(const struct nlattr *attr);
/// Adds an attribute with the bytes of an address.
void rtnl_put_addr(struct nlmsghdr *message, uint16_t type, struct addr addr);
/// AF_INET or AF_INET6.
uint8_t rtnl_family(struct addr addr);
