# SPDX-License-Identifier: GPL-2.0-or-later
"""Groups that have receivers of their own: a stream goes to them, and everything else to everybody as before."""
import ipaddress
import sys

from facts import nbma, tunnel
from lab import scenarios
from lab.capture import gre_packets
from lab.wait import wait_until

STREAM, OTHER, EVERYBODY = "239.1.1.1", "239.1.2.1", "224.0.0.9"
SEND = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 8)
for group in sys.argv[2:]:
    s.sendto(b"hello", (group, 5520))
"""


def send(lab, *groups):
    lab.namespace("hub").run(sys.executable, "-c", SEND, tunnel(lab, "hub"), *groups)


def got(lab, name, group):
    """How many packets to a group the hub has sent to a spoke."""
    ends = nbma(lab, "hub"), nbma(lab, name)
    return sum(packet[:2] == ends and packet[2] == 0x800
               and str(ipaddress.ip_address(packet[3][16:20])) == group for packet in gre_packets(lab.capture.path))


def counts(lab, group):
    return [got(lab, name, group) for name in ("spoke1", "spoke2", "spoke3")]


def await_counts(lab, group, expected):
    """Packets of different groups may overtake each other."""
    wait_until(lambda: counts(lab, group) == expected, 10, f"{expected} packets to {group}")


def test_a_stream_goes_to_its_receivers_only(network):
    scenario = scenarios.phase3(spokes=3, host=False)
    scenario.node("hub").replace(" ip nhrp map multicast dynamic\n", f""" ip nhrp map multicast dynamic
 ip nhrp map multicast group {STREAM} {scenarios.tunnel_address(12)}
 ip nhrp map multicast group 239.1.0.0/16 {scenarios.tunnel_address(13)}
 ip nhrp map multicast group 239.1.0.0/16 {scenarios.tunnel_address(99)}
""")
    lab = network(scenario)
    send(lab, STREAM, STREAM, OTHER, EVERYBODY)
    await_counts(lab, EVERYBODY, [1, 1, 1])
    await_counts(lab, STREAM, [0, 2, 0])  # the longest prefix counts
    await_counts(lab, OTHER, [0, 0, 1])
    shown = lab["hub"].ctl("show ip nhrp multicast")
    assert f"{STREAM}/32 to {scenarios.tunnel_address(12)}" in shown and "Disabled" in shown, shown

    # A receiver that has gone receives no more; nobody takes its place.
    lab["spoke2"].stop()
    lab["hub"].wait_event("peer-down", tunnel(lab, "spoke2"))
    send(lab, STREAM, EVERYBODY)
    await_counts(lab, EVERYBODY, [2, 1, 2])
    await_counts(lab, STREAM, [0, 2, 0])
    # And it receives again when it is back.
    lab.start("spoke2").wait_registered("spoke2")
    send(lab, STREAM, EVERYBODY)
    await_counts(lab, EVERYBODY, [3, 2, 3])
    await_counts(lab, STREAM, [0, 3, 0])
