# SPDX-License-Identifier: GPL-2.0-or-later
"""MPLS over the cloud, with static labels."""
from pathlib import Path

from .. import measure, plot
from ..capture import gre_packets
from ..namespace import CommandFailed
from ..plot import Look
from ..scenario import Scenario
from ..wait import wait_until
from .parts import cloud, tunnel_address

MPLS = 0x8847  # the protocol in GRE
LOOK = [
    Look("spoke1", "ip route show 192.168.2.0/24", "The far LAN has a label and goes to the hub: `encap mpls  102 via "
         "10.0.0.1`."),
    Look("hub", "ip -f mpls route", "The hub swaps the label `102` for `202` of the far spoke, `via inet 10.0.0.12`."),
    Look("spoke2", "ip -f mpls route", "The far spoke takes the label off: `202 dev lo`."),
    Look("hub", "ip neigh show dev tunnel1", "Where the next hop of a label is, as that of a route: `10.0.0.12 lladdr "
         "198.51.100.6`."),
]


def commands(number, other):
    """A spoke's: label 100 + N is the hub's for spoke N, 200 + N the spoke's own."""
    return [f"ip route add 192.168.{other}.0/24 encap mpls {100 + other} via {tunnel_address(1)} dev tunnel1",
            f"ip -f mpls route add {200 + number} dev lo"]


def swap(number):
    return f"ip -f mpls route add {100 + number} as {200 + number} via inet {tunnel_address(10 + number)} dev tunnel1"


def labelled(lab, source, destination):
    """How many labelled packets went from one node to another."""
    ends = tuple(lab.scenario.node(name).nbma_address for name in (source, destination))
    return sum(packet[:2] == ends and packet[2] == MPLS for packet in gre_packets(lab.capture.path))


def check_kernel():
    if not Path("/proc/sys/net/mpls").exists():
        raise CommandFailed("this kernel has no MPLS: modprobe mpls_router mpls_iptunnel; where there is none, "
                            "docs/testing.md tells of a guest that has it")


def story(teller, lab):
    first, second, _ = plot.ends(lab)
    host = lab.namespace(f"{first.name}-host")
    wait_until(lambda: measure.ping(host, second.host_address, count=1).received, plot.PATIENCE, "traffic by labels")
    result = measure.ping(host, second.host_address, count=50)
    teller.check(result.lost == 0, f"{result.sent} pings between hosts behind the spokes, {result.lost} lost")
    for one, other in (("spoke1", "hub"), ("hub", "spoke2"), ("spoke2", "hub"), ("hub", "spoke1")):
        wait_until(lambda: labelled(lab, one, other) >= 50, plot.PATIENCE, f"50 labelled packets from {one} to {other}")
        teller.check(True, f"{labelled(lab, one, other)} labelled packets went from {one} to {other}")
    teller.check(labelled(lab, "spoke1", "spoke2") == 0, "all of them by the hub")
    plot.look(teller, lab)


def scenario(**options):
    nodes = cloud(2, **options)
    hub, *spokes = nodes
    hub.commands = [swap(1), swap(2)]
    for number, spoke in enumerate(spokes, 1):
        spoke.commands = commands(number, 3 - number)
    for node in nodes:
        node.sysctl = {"net_mpls_platform_labels": 1000}
        node.commands.insert(0, "sysctl -q -w net.mpls.conf.tunnel1.input=1")
    return Scenario("mpls", "MPLS over the cloud: labelled packets cross the hub, which swaps the label", nodes, story,
                    LOOK, through_hub=True, needs=check_kernel)
