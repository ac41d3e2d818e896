# SPDX-License-Identifier: GPL-2.0-or-later
"""What crosses the tunnel and the underlay: sizes, ICMP, multicast, NHRP's class."""
import re

from facts import nbma, neighbours, ping, tunnel
from lab import measure, scenarios
from lab.capture import dissect, gre_packets
from lab.wait import wait_until

FULL = 1472  # bytes that fit with IP, GRE and a key in 1500
HEADERS = 28  # of a ping
IPV4, ICMP, ECHO_REQUEST = 0x0800, 1, 8


def full_size(scenario):
    for node in scenario.nodes:
        node.replace(" ip mtu 1400\n", "")
    return scenario


def ping_df(namespace, target, size, source=None):
    """Pings once with DF set and packets of `size` bytes; ping's own words."""
    origin = ["-I", source] if source else []
    return namespace.run("ping", "-n", "-c", "1", "-W", "2", "-M", "do", *origin, "-s", str(size - HEADERS), target,
                         check=False).stdout


def snmp(namespace, protocol, field):
    rows = [line.split()[1:] for line in namespace.output("cat", "/proc/net/snmp", "/proc/net/netstat").splitlines()
            if line.startswith(f"{protocol}:")]
    return int(dict(zip(*rows))[field])


def test_largest_packet(network):
    lab = network(full_size(scenarios.phase3()))
    host = lab.namespace("spoke1-host")
    target = lab.scenario.node("spoke2").host_address
    wait_until(lambda: " 0% packet loss" in ping_df(host, target, FULL), 10, "a full packet passes")
    wait_until(lambda: re.search(rf"mtu ?= ?{FULL}", ping_df(host, target, FULL + 1)), 10, "and a larger one is told the size")


def test_smaller_link_in_the_middle(network):
    """Learnt from the underlay, and told to the sender in the tunnel; without DF the packets go in fragments."""
    lab = network(full_size(scenarios.phase3()))
    lab.namespace("internet").batch("link set spoke2 mtu 1300")
    lab.namespace("spoke2").batch("link set eth0 mtu 1300")
    host = lab.namespace("spoke1-host")
    target = lab.scenario.node("spoke2").host_address
    wait_until(lambda: re.search(r"mtu ?= ?1272", ping_df(host, target, 1400)), 20, "the sender is told the size")
    wait_until(lambda: " 0% packet loss" in ping_df(host, target, 1272), 10, "what fits passes")
    assert measure.ping(host, target, count=3, interval=0.2, size=1400 - HEADERS, more=("-M", "dont")).lost == 0


def test_no_icmp_redirects(network):
    """On the tunnel's subnet the hub forwards from one spoke to another, which invites them."""
    lab = network(scenarios.phase3(spoke_lines=["no ip nhrp shortcut"]))
    for _ in range(3):
        assert ping(lab, "spoke1", "spoke2", count=5).lost == 0
    for name in ("spoke1", "spoke2"):
        assert snmp(lab.namespace(name), "Icmp", "InRedirects") == 0


def test_multicast_stays_out_of_the_underlay(network):
    """It goes in copies to the receivers, and nowhere else."""
    lab = network(scenarios.phase3())
    hub, underlay = lab.namespace("hub"), lab.namespace("internet")
    heard = snmp(underlay, "IpExt", "InMcastPkts")
    before = {name: snmp(lab.namespace(name), "Icmp", "InEchos") for name in ("spoke1", "spoke2")}
    for name in before:
        lab.namespace(name).sysctl(net_ipv4_icmp_echo_ignore_broadcasts=0)
    for target in ("224.0.0.1", "10.0.0.255"):
        hub.run("ping", "-n", "-b", "-c", "2", "-i", "0.3", "-W", "1", "-I", "tunnel1", target, check=False)
    for name in before:
        wait_until(lambda: snmp(lab.namespace(name), "Icmp", "InEchos") == before[name] + 4, 15, f"{name} hears all")
    assert snmp(underlay, "IpExt", "InMcastPkts") == heard
    lab.capture.stop()
    sent = [packet for packet in gre_packets(lab.capture.path) if packet[0] == nbma(lab, "hub")]
    receivers = {nbma(lab, "spoke1"), nbma(lab, "spoke2")}
    assert {destination for _, destination, _, _ in sent} == receivers
    assert {destination for _, destination, protocol, body in sent
            if protocol == IPV4 and body[9] == ICMP and body[20] == ECHO_REQUEST} == receivers


def test_nhrp_is_network_control(network):
    lab = network(scenarios.phase3(spokes=1))
    lab.capture.stop()
    classes = dissect(lab.capture.path, "nhrp", "ip.dsfield.dscp")
    assert classes and {packet["ip.dsfield.dscp"][0] for packet in classes} == {"48"}


def test_missing_neighbour_is_asked_of_nhrp(network):
    """And not of the underlay: a neighbour of the tunnel's subnet that nobody knows draws no packet."""
    lab = network(scenarios.phase3(spokes=1))
    lab.namespace("spoke1").run("ping", "-c", "1", "-W", "1", "10.0.0.77", check=False)
    assert tunnel(lab, "hub") in neighbours(lab, "spoke1")
