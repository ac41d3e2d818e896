// SPDX-License-Identifier: GPL-2.0-or-later
/// Views of the daemon as the text that users of Cisco routers know.
#pragma once

#include <stdio.h>

#include <jansson.h>

/// Prints the data of a reply in the layout of `view`; as JSON where the layout is not known.
void table_print(FILE *out, const char *view, const json_t *data);

// One function per layout; table_print() chooses.
void table_dmvpn(FILE *out, const json_t *data);
void table_dmvpn_detail(FILE *out, const json_t *data);
void table_nhrp(FILE *out, const json_t *data);
void table_nhrp_detail(FILE *out, const json_t *data);
void table_nhrp_brief(FILE *out, const json_t *data);
void table_nhrp_summary(FILE *out, const json_t *data);
void table_nhs(FILE *out, const json_t *data);
void table_nhs_detail(FILE *out, const json_t *data);
void table_multicast(FILE *out, const json_t *data);
void table_traffic(FILE *out, const json_t *data);
void table_route(FILE *out, const json_t *data);
void table_route_entry(FILE *out, const json_t *data);
void table_route_override(FILE *out, const json_t *data);
void table_interface(FILE *out, const json_t *data);
void table_traffic_detail(FILE *out, const json_t *data);
void table_why(FILE *out, const json_t *data);
void table_events(FILE *out, const json_t *data);
/// One event of dmvpn/events/1.
void table_event(FILE *out, const json_t *event);
void table_packet(FILE *out, const json_t *packet);
void table_crypto_session(FILE *out, const json_t *data);
void table_crypto_session_detail(FILE *out, const json_t *data);
void table_crypto_ikev2(FILE *out, const json_t *data);
void table_crypto_ikev2_detail(FILE *out, const json_t *data);
void table_crypto_ipsec(FILE *out, const json_t *data);
/// The crypto part of `show dmvpn detail`; nothing where no tunnel is protected.
void table_crypto_of_dmvpn(FILE *out, const json_t *data);
