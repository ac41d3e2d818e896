// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf/foreign.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/attr.h"

#define GLOBAL(words)                                                                                        \
	{                                                                                                    \
		FOREIGN_GLOBAL, words, CONF_WARNING, NULL                                                    \
	}
#define INTERFACE(words)                                                                                     \
	{                                                                                                    \
		FOREIGN_INTERFACE, words, CONF_WARNING, NULL                                                 \
	}
#define INSIDE(words)                                                                                        \
	{                                                                                                    \
		FOREIGN_INSIDE, words, CONF_WARNING, NULL                                                    \
	}
#define CRYPTO(words)                                                                                        \
	{                                                                                                    \
		FOREIGN_CRYPTO, words, CONF_WARNING, NULL                                                    \
	}
#define NOISE(words)                                                                                         \
	{                                                                                                    \
		FOREIGN_NOISE, words, CONF_WARNING, NULL                                                     \
	}
#define NOT_YET(words)                                                                                       \
	{                                                                                                    \
		FOREIGN_INTERFACE, words, CONF_WARNING, "not supported yet"                                  \
	}

// clang-format off
static const struct foreign rows[] = {
	// Dangerous to leave out: the tunnel would not be what the administrator asked for.
	{ FOREIGN_TUNNEL, "crypto map", CONF_ERROR,
		"crypto maps are not supported; protect the tunnel by `tunnel protection ipsec profile NAME`" },
	{ FOREIGN_INTERFACE, "tunnel vrf", CONF_ERROR,
		"VRFs are not supported yet; the tunnel would use the main routing table: remove the line if that is wanted" },
	{ FOREIGN_INTERFACE, "vrf forwarding", CONF_ERROR,
		"VRFs are not supported yet; the tunnel would be in the main routing table: remove the line if that is wanted" },
	{ FOREIGN_INTERFACE, "ip vrf forwarding", CONF_ERROR,
		"VRFs are not supported yet; the tunnel would be in the main routing table: remove the line if that is wanted" },
	{ FOREIGN_GLOBAL, "ip route vrf", CONF_ERROR,
		"VRFs are not supported yet: remove the line" },
	{ FOREIGN_INTERFACE, "ip unnumbered", CONF_ERROR,
		"a tunnel needs an address of its own: `ip address ADDRESS MASK`" },
	{ FOREIGN_INTERFACE, "ipv6 nhrp", CONF_ERROR,
		"an IPv6 overlay is not supported yet: remove the line" },
	{ FOREIGN_GLOBAL, "crypto isakmp", CONF_WARNING,
		"IKEv1 is not supported (write `crypto ikev2 keyring` and `crypto ikev2 profile`)" },
	{ FOREIGN_CRYPTO, "match certificate", CONF_ERROR,
		"certificate maps are not supported; use `match identity remote`" },
	{ FOREIGN_CRYPTO, "match vrf", CONF_ERROR,
		"VRFs are not supported here" },
	{ FOREIGN_CRYPTO, "set isakmp-profile", CONF_ERROR,
		"IKEv1 is not supported; use `set ikev2-profile`" },
	CRYPTO("aaa accounting"), CRYPTO("aaa authentication"), CRYPTO("aaa authorization"),
	CRYPTO("anyconnect"), CRYPTO("auto-enroll"), CRYPTO("chain-validation"), CRYPTO("config-exchange"),
	CRYPTO("eku"), CRYPTO("enrollment"), CRYPTO("fqdn"), CRYPTO("hash"), CRYPTO("hostname"),
	CRYPTO("initial-contact"), CRYPTO("ip-address"), CRYPTO("ivrf"), CRYPTO("match address local"),
	CRYPTO("match fvrf"), CRYPTO("nat"), CRYPTO("on"), CRYPTO("password"), CRYPTO("primary"),
	CRYPTO("reconnect"), CRYPTO("redirect gateway"), CRYPTO("regenerate"), CRYPTO("responder-only"),
	CRYPTO("root"), CRYPTO("rsakeypair"), CRYPTO("eckeypair"), CRYPTO("serial-number"),
	CRYPTO("set identity"), CRYPTO("set security-association idle-time"),
	CRYPTO("set security-association replay"), CRYPTO("set reverse-route"), CRYPTO("set mixed-mode"),
	CRYPTO("source interface"), CRYPTO("storage"), CRYPTO("subject-alt-name"), CRYPTO("subject-name"),
	CRYPTO("usage"),
	CRYPTO("validation-usage"), CRYPTO("virtual-template"), CRYPTO("vrf"),
	{ FOREIGN_BANNER, "banner", CONF_WARNING, NULL },

	// Outside of blocks, and what opens one.
	GLOBAL("crypto ca"), GLOBAL("crypto call"), GLOBAL("crypto ctcp"), GLOBAL("crypto dynamic-map"),
	GLOBAL("crypto engine"), GLOBAL("crypto gdoi"), GLOBAL("crypto gkm"), GLOBAL("crypto identity"),
	GLOBAL("crypto ikev2 authorization"), GLOBAL("crypto ikev2 certificate-cache"),
	GLOBAL("crypto ikev2 client"), GLOBAL("crypto ikev2 cluster"),
	GLOBAL("crypto ikev2 cookie-challenge"), GLOBAL("crypto ikev2 diagnose"),
	GLOBAL("crypto ikev2 dpd"), GLOBAL("crypto ikev2 fragmentation"), GLOBAL("crypto ikev2 http-url"),
	GLOBAL("crypto ikev2 limit"), GLOBAL("crypto ikev2 name-mangler"), GLOBAL("crypto ikev2 nat"),
	GLOBAL("crypto ikev2 redirect"), GLOBAL("crypto ikev2 window"), GLOBAL("crypto ipsec df-bit"),
	GLOBAL("crypto ipsec fragmentation"), GLOBAL("crypto ipsec nat-transparency"),
	GLOBAL("crypto ipsec optional"), GLOBAL("crypto ipsec security-association"),
	GLOBAL("crypto key"), GLOBAL("crypto keyring"), GLOBAL("crypto logging"), GLOBAL("crypto mib"),
	GLOBAL("crypto pki certificate"), GLOBAL("crypto pki export"), GLOBAL("crypto pki server"),
	GLOBAL("crypto pki token"), GLOBAL("crypto pki profile"), GLOBAL("crypto provisioning"),
	GLOBAL("crypto ssl"), GLOBAL("crypto tls-tunnel"), GLOBAL("crypto vpn"), GLOBAL("crypto xauth"),
	GLOBAL("aaa"), GLOBAL("access-list"), GLOBAL("access-session"), GLOBAL("alias configure"),
	GLOBAL("alias exec"), GLOBAL("app-hosting"), GLOBAL("aqm-register-fnf"), GLOBAL("archive"),
	GLOBAL("arp"), GLOBAL("async-bootp"), GLOBAL("authentication"), GLOBAL("autonomic"), GLOBAL("avb"),
	GLOBAL("bba-group"), GLOBAL("bfd"), GLOBAL("bfd-template"), GLOBAL("boot"),
	GLOBAL("boot-end-marker"), GLOBAL("boot-start-marker"), GLOBAL("bridge"), GLOBAL("bridge-domain"),
	GLOBAL("buffers"), GLOBAL("cable"), GLOBAL("call-home"), GLOBAL("card"), GLOBAL("cdp"),
	GLOBAL("cfm"), GLOBAL("chat-script"), GLOBAL("class-map"), GLOBAL("clns"), GLOBAL("clock"),
	GLOBAL("cns"), GLOBAL("config-register"), GLOBAL("configuration"), GLOBAL("control-plane"),
	GLOBAL("controller"), GLOBAL("cts"), GLOBAL("cwmp"), GLOBAL("device-sensor"),
	GLOBAL("device-tracking"), GLOBAL("diagnostic"), GLOBAL("dial-peer"), GLOBAL("dialer-list"),
	GLOBAL("domain"), GLOBAL("dot11"), GLOBAL("dot1x"), GLOBAL("dspfarm"), GLOBAL("enable"),
	GLOBAL("encryption"), GLOBAL("environment"), GLOBAL("epm"), GLOBAL("errdisable"), GLOBAL("esmc"),
	GLOBAL("et-analytics"), GLOBAL("ethernet"), GLOBAL("event manager"), GLOBAL("exception"),
	GLOBAL("facility-alarm"), GLOBAL("fhrp"), GLOBAL("file"), GLOBAL("flow"), GLOBAL("frame-relay"),
	GLOBAL("gatekeeper"), GLOBAL("gateway"), GLOBAL("gnxi"), GLOBAL("guestshell"), GLOBAL("hw-module"),
	GLOBAL("identity"), GLOBAL("interface range"), GLOBAL("iox"), GLOBAL("ip access-list"),
	GLOBAL("ip accounting-list"), GLOBAL("ip accounting-threshold"), GLOBAL("ip admission name"),
	GLOBAL("ip arp"), GLOBAL("ip as-path"), GLOBAL("ip audit"), GLOBAL("ip auth-proxy"),
	GLOBAL("ip bgp-community"), GLOBAL("ip bootp"), GLOBAL("ip cef"), GLOBAL("ip classless"),
	GLOBAL("ip community-list"), GLOBAL("ip ddns"), GLOBAL("ip default-gateway"),
	GLOBAL("ip default-network"), GLOBAL("ip device"), GLOBAL("ip dhcp"), GLOBAL("ip dhcp-server"),
	GLOBAL("ip dns"), GLOBAL("ip domain"), GLOBAL("ip domain-list"), GLOBAL("ip domain-lookup"),
	GLOBAL("ip domain-name"), GLOBAL("ip domain-retry"), GLOBAL("ip domain-timeout"),
	GLOBAL("ip explicit-path"), GLOBAL("ip extcommunity-list"), GLOBAL("ip finger"),
	GLOBAL("ip forward-protocol"), GLOBAL("ip ftp"), GLOBAL("ip gratuitous-arps"), GLOBAL("ip host"),
	GLOBAL("ip http"), GLOBAL("ip icmp"), GLOBAL("ip identd"), GLOBAL("ip kerberos"), GLOBAL("ip local"),
	GLOBAL("ip multicast"), GLOBAL("ip multicast-routing"), GLOBAL("ip name-server"),
	GLOBAL("ip options"), GLOBAL("ip port-map"), GLOBAL("ip prefix-list"), GLOBAL("ip protocol"),
	GLOBAL("ip radius"), GLOBAL("ip rcmd"), GLOBAL("ip reflexive-list"), GLOBAL("ip routing"),
	GLOBAL("ip scp"), GLOBAL("ip sla"), GLOBAL("ip source-route"), GLOBAL("ip spd"), GLOBAL("ip ssh"),
	GLOBAL("ip subnet-zero"), GLOBAL("ip tacacs"), GLOBAL("ip tcp chunk-size"), GLOBAL("ip tcp ecn"),
	GLOBAL("ip tcp intercept"), GLOBAL("ip tcp keepalive"), GLOBAL("ip tcp mss"),
	GLOBAL("ip tcp path-mtu-discovery"), GLOBAL("ip tcp queuemax"), GLOBAL("ip tcp selective-ack"),
	GLOBAL("ip tcp synwait-time"), GLOBAL("ip tcp timestamp"), GLOBAL("ip tcp window-size"),
	GLOBAL("ip telnet"), GLOBAL("ip tftp"), GLOBAL("ip udp"), GLOBAL("ip vrf"), GLOBAL("ip wccp"),
	GLOBAL("ipc"), GLOBAL("ipv6 access-list"), GLOBAL("ipv6 cef"), GLOBAL("ipv6 dhcp pool"),
	GLOBAL("ipv6 general-prefix"), GLOBAL("ipv6 host"), GLOBAL("ipv6 local"),
	GLOBAL("ipv6 multicast-routing"), GLOBAL("ipv6 prefix-list"), GLOBAL("ipv6 route"),
	GLOBAL("ipv6 router"), GLOBAL("ipv6 source-route"), GLOBAL("ipv6 unicast-routing"), GLOBAL("ivr"),
	GLOBAL("kerberos"), GLOBAL("key"), GLOBAL("l2tp-class"), GLOBAL("l2vpn"), GLOBAL("lacp"),
	GLOBAL("ldap"), GLOBAL("license"), GLOBAL("line"), GLOBAL("lldp"), GLOBAL("logging"),
	GLOBAL("login"), GLOBAL("mac"), GLOBAL("mac-address-table"), GLOBAL("map-class"), GLOBAL("map-list"),
	GLOBAL("memory"), GLOBAL("memory-size"), GLOBAL("mgcp"), GLOBAL("mls"), GLOBAL("mmi"),
	GLOBAL("monitor"), GLOBAL("mpls label"), GLOBAL("mpls ldp"), GLOBAL("mpls traffic-eng"),
	GLOBAL("multilink"), GLOBAL("nat64"), GLOBAL("netconf"), GLOBAL("netconf-yang"),
	GLOBAL("network-clock"), GLOBAL("ntp"), GLOBAL("object"), GLOBAL("object-group"), GLOBAL("oer"),
	GLOBAL("onep"), GLOBAL("parameter-map"), GLOBAL("parser"), GLOBAL("partition"), GLOBAL("password"),
	GLOBAL("performance"), GLOBAL("pfr"), GLOBAL("platform"), GLOBAL("pnp"), GLOBAL("policy-map"),
	GLOBAL("power"), GLOBAL("ppp"), GLOBAL("privilege"), GLOBAL("process"), GLOBAL("process-max-time"),
	GLOBAL("prompt"), GLOBAL("pseudowire-class"), GLOBAL("ptp"), GLOBAL("qos"), GLOBAL("radius"),
	GLOBAL("radius-server"), GLOBAL("redundancy"), GLOBAL("regexp"), GLOBAL("rep"), GLOBAL("resource"),
	GLOBAL("restconf"), GLOBAL("rmon"), GLOBAL("route-map"), GLOBAL("route-tag"), GLOBAL("router"),
	GLOBAL("rtr"), GLOBAL("sampler"), GLOBAL("scheduler"), GLOBAL("scripting"), GLOBAL("sdwan"),
	GLOBAL("security"), GLOBAL("service"), GLOBAL("service-template"), GLOBAL("sip-ua"), GLOBAL("snmp"),
	GLOBAL("snmp-server"), GLOBAL("software"), GLOBAL("spanning-tree"), GLOBAL("ssh"),
	GLOBAL("stackwise-virtual"), GLOBAL("stcapp"), GLOBAL("subscriber"), GLOBAL("switch"),
	GLOBAL("system"), GLOBAL("tacacs"), GLOBAL("tacacs-server"), GLOBAL("telemetry"),
	GLOBAL("telephony-service"), GLOBAL("template"), GLOBAL("terminal"), GLOBAL("tftp-server"),
	GLOBAL("time-range"), GLOBAL("track"), GLOBAL("transceiver"), GLOBAL("udld"), GLOBAL("upgrade"),
	GLOBAL("username"), GLOBAL("utd"), GLOBAL("vc-class"), GLOBAL("version"), GLOBAL("virtual-service"),
	GLOBAL("virtual-template"), GLOBAL("vlan"), GLOBAL("voice"), GLOBAL("voice-card"),
	GLOBAL("voice-port"), GLOBAL("vpdn"), GLOBAL("vpdn-group"), GLOBAL("vrf definition"),
	GLOBAL("vstack"), GLOBAL("vtp"), GLOBAL("warm-reboot"), GLOBAL("wireless"), GLOBAL("x25"),
	GLOBAL("zone"), GLOBAL("zone-pair"),

	// In the block of an interface.
	INTERFACE("arp timeout"), INTERFACE("backup"), INTERFACE("bandwidth"), INTERFACE("bfd echo"),
	INTERFACE("bfd interval"), INTERFACE("bgp-policy"), INTERFACE("carrier-delay"),
	INTERFACE("cdp enable"), INTERFACE("cdp tlv"), INTERFACE("channel-group"), INTERFACE("clns mtu"),
	INTERFACE("custom-queue-list"), INTERFACE("delay"), INTERFACE("dialer"), INTERFACE("dialer-group"),
	INTERFACE("duplex"), INTERFACE("encapsulation"), INTERFACE("fair-queue"), INTERFACE("flowcontrol"),
	INTERFACE("full-duplex"), INTERFACE("half-duplex"), INTERFACE("hold-queue"),
	INTERFACE("ip access-group"), INTERFACE("ip accounting"), INTERFACE("ip admission"),
	INTERFACE("ip authentication"), INTERFACE("ip bandwidth-percent"), INTERFACE("ip bgp"),
	INTERFACE("ip broadcast-address"), INTERFACE("ip cgmp"), INTERFACE("ip directed-broadcast"),
	INTERFACE("ip eigrp"), INTERFACE("ip flow"), INTERFACE("ip flow-export"),
	INTERFACE("ip flow-top-talkers"), INTERFACE("ip hello-interval"), INTERFACE("ip helper-address"),
	INTERFACE("ip hold-time"), INTERFACE("ip igmp"), INTERFACE("ip inspect"), INTERFACE("ip ips"),
	INTERFACE("ip irdp"), INTERFACE("ip load-sharing"), INTERFACE("ip mask-reply"), INTERFACE("ip mfib"),
	INTERFACE("ip mobile"), INTERFACE("ip mroute"), INTERFACE("ip mroute-cache"), INTERFACE("ip msdp"),
	INTERFACE("ip multicast boundary"), INTERFACE("ip multicast rate-limit"), INTERFACE("ip nat"),
	INTERFACE("ip nbar"), INTERFACE("ip next-hop-self"), INTERFACE("ip ospf"), INTERFACE("ip pgm"),
	INTERFACE("ip pim"), INTERFACE("ip policy"), INTERFACE("ip probe"), INTERFACE("ip proxy-arp"),
	INTERFACE("ip rarp-server"), INTERFACE("ip redirects"), INTERFACE("ip rip"),
	INTERFACE("ip route-cache"), INTERFACE("ip router"), INTERFACE("ip rsvp"), INTERFACE("ip rtp"),
	INTERFACE("ip sap"), INTERFACE("ip security"), INTERFACE("ip split-horizon"),
	INTERFACE("ip summary-address"), INTERFACE("ip tcp compression-connections"),
	INTERFACE("ip tcp header-compression"), INTERFACE("ip traffic-export"), INTERFACE("ip unreachables"),
	INTERFACE("ip urd"), INTERFACE("ip verify"), INTERFACE("ip virtual-reassembly"),
	INTERFACE("ip vrf receive"), INTERFACE("ip vrf sitemap"), INTERFACE("ip wccp redirect"),
	INTERFACE("ipv6"), INTERFACE("isis"), INTERFACE("keepalive"), INTERFACE("lldp receive"),
	INTERFACE("lldp transmit"), INTERFACE("load-interval"), INTERFACE("logging event"),
	INTERFACE("mac-address"), INTERFACE("macro"), INTERFACE("max-reserved-bandwidth"),
	INTERFACE("media-type"), INTERFACE("mop"), INTERFACE("mpls bgp"), INTERFACE("mpls ip"),
	INTERFACE("mpls mtu"), INTERFACE("mtu"), INTERFACE("negotiation"), INTERFACE("ntp broadcast"),
	INTERFACE("ntp disable"), INTERFACE("ntp multicast"), INTERFACE("ospfv3"), INTERFACE("peer"),
	INTERFACE("plim"), INTERFACE("pppoe"), INTERFACE("pppoe-client"), INTERFACE("priority-group"),
	INTERFACE("qos pre-classify"), INTERFACE("random-detect"), INTERFACE("rate-limit"),
	INTERFACE("service-policy"), INTERFACE("snmp trap"), INTERFACE("speed"), INTERFACE("standby"),
	INTERFACE("storm-control"), INTERFACE("switchport"), INTERFACE("traffic-shape"),
	INTERFACE("transmit-interface"), INTERFACE("tx-ring-limit"), INTERFACE("vrrp"),
	INTERFACE("xconnect"), INTERFACE("zone-member"),

	// In other blocks, where a file has no indentation to tell.
	INSIDE("address-family"), INSIDE("af-interface"), INSIDE("aggregate-address"), INSIDE("area"),
	INSIDE("auto-summary"), INSIDE("bgp"), INSIDE("class"), INSIDE("default-information"),
	INSIDE("default-metric"), INSIDE("default-router"), INSIDE("deny"), INSIDE("distance"),
	INSIDE("distribute-list"), INSIDE("dns-server"), INSIDE("domain-name"), INSIDE("eigrp"),
	INSIDE("encr"), INSIDE("evaluate"), INSIDE("exec-timeout"), INSIDE("exit-address-family"),
	INSIDE("exit-af-interface"), INSIDE("exit-af-topology"), INSIDE("exit-vrf"), INSIDE("group"),
	INSIDE("hash"), INSIDE("import"), INSIDE("lease"), INSIDE("lifetime"),
	INSIDE("log-adjacency-changes"), INSIDE("match"), INSIDE("max-metric"), INSIDE("maximum-paths"),
	INSIDE("metric"), INSIDE("mode"), INSIDE("neighbor"), INSIDE("network"), INSIDE("nsf"),
	INSIDE("offset-list"), INSIDE("passive-interface"), INSIDE("permit"), INSIDE("police"),
	INSIDE("pre-shared-key"), INSIDE("pre-shared-keys"), INSIDE("priority"), INSIDE("rd"),
	INSIDE("redistribute"), INSIDE("remark"), INSIDE("route-target"), INSIDE("router-id"), INSIDE("set"),
	INSIDE("shape"), INSIDE("stopbits"), INSIDE("summary-address"), INSIDE("synchronization"),
	INSIDE("timers"), INSIDE("topology"), INSIDE("transport"), INSIDE("validate-update-source"),
	INSIDE("variance"),

	// Of DMVPN, and harmless to leave out.
	NOT_YET("ip nhrp attribute"), NOT_YET("ip nhrp bfd"),
	NOT_YET("ip nhrp cache"), NOT_YET("ip nhrp connect"), NOT_YET("ip nhrp event-publisher"), NOT_YET("ip nhrp group"),
	NOT_YET("ip nhrp interest"), NOT_YET("ip nhrp map group"), NOT_YET("ip nhrp multicast"),
	NOT_YET("ip nhrp path"),
	NOT_YET("ip nhrp record"), NOT_YET("ip nhrp registration delay"),
	NOT_YET("ip nhrp registration req-def-map"), NOT_YET("ip nhrp reject"), NOT_YET("ip nhrp responder"),
	NOT_YET("ip nhrp send-routed"), NOT_YET("ip nhrp summary-map"), NOT_YET("ip nhrp trigger-svc"),
	NOT_YET("ip nhrp use"), NOT_YET("mpls nhrp"), NOT_YET("nhrp attribute"), NOT_YET("nhrp bfd"),
	NOT_YET("nhrp event-publisher"), NOT_YET("nhrp group"), NOT_YET("nhrp map group"),
	NOT_YET("nhrp path"), NOT_YET("nhrp route-watch"), NOT_YET("nhrp send-routed"),
	NOT_YET("tunnel bandwidth"), NOT_YET("tunnel checksum"), NOT_YET("tunnel path-mtu-discovery"),
	NOT_YET("tunnel sequence-datagrams"), NOT_YET("tunnel tos"), NOT_YET("tunnel ttl"),

	// What a terminal prints around a configuration.
	NOISE("--more--"), NOISE("building configuration..."), NOISE("conf t"), NOISE("config t"),
	NOISE("configure terminal"), NOISE("current configuration"), NOISE("load for"),
	NOISE("ntp configuration:"), NOISE("time source is"), NOISE("using"),
};
// clang-format on

const struct foreign *foreign_row(size_t index)
{
	return index < ARRAY_SIZE(rows) ? &rows[index] : NULL;
}

/// How many words of the row the line has; 0 where not all.
static size_t words_in_common(const char *words, const struct lex_line *line, size_t first)
{
	size_t count = 0;

	while (*words != '\0') {
		size_t length = strcspn(words, " ");
		const char *word = first + count < line->count ? line->words[first + count].text : "";
		if (strncasecmp(word, words, length) != 0 || word[length] != '\0')
			return 0;
		count++;
		words += length;
		words += strspn(words, " ");
	}
	return count;
}

/// "router#" or "router#show running-config", as a terminal shows.
static bool is_prompt(const struct lex_line *line)
{
	const char *mark = strpbrk(line->words[0].text, "#>");

	if (!mark || mark == line->words[0].text)
		return false;
	return (mark[1] == '\0' && line->count == 1) || strncasecmp(mark + 1, "sh", 2) == 0;
}

const struct foreign *foreign_find(const struct lex_line *line, size_t first, bool crypto)
{
	static const struct foreign prompt = NOISE("");
	const struct foreign *found = NULL;
	size_t most = 0;

	if (line->count > 0 && is_prompt(line))
		return &prompt;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t common = words_in_common(rows[i].words, line, first);
		if (common > most && crypto == (rows[i].place == FOREIGN_CRYPTO)) {
			most = common;
			found = &rows[i];
		}
	}
	return found;
}
