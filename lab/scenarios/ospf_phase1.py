# SPDX-License-Identifier: GPL-2.0-or-later
"""OSPF in phase 1."""
from .. import plot
from ..plot import Look
from ..scenario import Scenario
from .parts import cloud, run, tunnel_address

COMMON = """\
interface tunnel1
 ip ospf network point-to-multipoint
 ip ospf hello-interval 1
 ip ospf dead-interval 4
 ip ospf retransmit-interval 1
router ospf
 ospf router-id {tunnel}
 passive-interface default
 no passive-interface tunnel1
 network 10.0.0.0/24 area 0
 network 192.168.0.0/16 area 0
"""
HUB = COMMON + " default-information originate always\n"
LOOK = [
    Look("spoke1", 'vtysh -c "show ip ospf neighbor"', "The hub `10.0.0.1` is the one neighbour, and it is `Full`: "
         "a point-to-multipoint network has no DR, so the role is `DROther`."),
    Look("spoke1", 'vtysh -c "show ip route ospf"', "The hub's default route `0.0.0.0/0`, and the other spokes' LANs "
         "as `192.168.2.0/24`, all by `10.0.0.1`."),
    Look("hub", 'vtysh -c "show ip ospf neighbor"', "Each spoke that has registered: `10.0.0.11`, `10.0.0.12`."),
    Look("spoke1", "dmvpnctl show dmvpn", "One peer, the hub at `203.0.113.2`."),
]


def story(teller, lab):
    for name in ("spoke1", "spoke2"):
        plot.learns(teller, lab, name, "0.0.0.0/0", tunnel_address(1))
        plot.learns(teller, lab, "hub", lab.scenario.node(name).lan_prefix, plot.tunnel(lab, name))
    plot.phase1(teller, lab)


def scenario(**options):
    nodes = run(cloud(1, **options), hub={"ospfd": HUB}, spoke={"ospfd": COMMON})
    return Scenario("ospf-phase1", "OSPF in phase 1: point-to-multipoint, a default route from the hub", nodes, story,
                    LOOK)
