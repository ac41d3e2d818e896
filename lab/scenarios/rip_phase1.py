# SPDX-License-Identifier: GPL-2.0-or-later
"""RIPv2 in phase 1."""
from .. import plot
from ..plot import Look
from ..scenario import Scenario
from .parts import cloud, run, tunnel_address

HUB = """\
router rip
 version 2
 timers basic 5 15 10
 network tunnel1
 network lan0
 passive-interface lan0
 default-information originate
 distribute-list prefix DEFAULT out tunnel1
ip prefix-list DEFAULT permit 0.0.0.0/0
"""
SPOKE = """\
router rip
 version 2
 timers basic 5 15 10
 network tunnel1
 network 192.168.0.0/16
 passive-interface lan0
"""
LOOK = [
    Look("spoke1", 'vtysh -c "show ip rip"', "One route from the hub, the default: `0.0.0.0/0` by `10.0.0.1`."),
    Look("hub", 'vtysh -c "show ip rip"', "All LANs of the spokes, `192.168.1.0/24` and `192.168.2.0/24`."),
    Look("hub", 'vtysh -c "show ip rip status"', "The spokes as gateways: `10.0.0.11`, `10.0.0.12`."),
    Look("hub", "dmvpnctl show ip nhrp multicast", "Why they hear each update: registered clients receive multicast, "
         "`198.51.100.2` and `198.51.100.6`."),
]


def story(teller, lab):
    for one, other in (("spoke1", "spoke2"), ("spoke2", "spoke1")):
        plot.learns(teller, lab, one, "0.0.0.0/0", tunnel_address(1))
        prefix = lab.scenario.node(one).lan_prefix
        plot.learns(teller, lab, "hub", prefix, plot.tunnel(lab, one))
        plot.lacks(teller, lab, one, lab.scenario.node(other).lan_prefix)
    plot.phase1(teller, lab)


def scenario(**options):
    nodes = run(cloud(1, **options), hub={"ripd": HUB}, spoke={"ripd": SPOKE})
    return Scenario("rip-phase1", "RIPv2 in phase 1: the hub tells its spokes a default route, nothing else", nodes,
                    story, LOOK)
