# SPDX-License-Identifier: GPL-2.0-or-later
"""OSPF in phase 3."""
from .. import plot
from ..plot import Look
from ..scenario import Scenario
from .parts import cloud, run, tunnel_address

INTERFACE = """\
interface tunnel1
 ip ospf network point-to-multipoint
 ip ospf hello-interval 1
 ip ospf dead-interval 4
 ip ospf retransmit-interval 1
router ospf
 ospf router-id {tunnel}
 passive-interface default
 no passive-interface tunnel1
 network 10.0.0.0/24 area 1
"""
HUB = INTERFACE + """\
 network 192.168.0.0/24 area 0
 area 1 stub no-summary
"""
SPOKE = INTERFACE + """\
 network 192.168.0.0/16 area 1
 area 1 stub
"""
LOOK = [
    Look("spoke1", 'vtysh -c "show ip ospf neighbor"', "The hub `10.0.0.1`, `Full`."),
    Look("spoke1", 'vtysh -c "show ip route ospf"', "The default route `0.0.0.0/0` of the stub area, and "
         "`192.168.2.0/24`, both by the hub `10.0.0.1`. Also while packets go directly: the routing daemon sees no "
         "shortcut."),
    Look("spoke1", "dmvpnctl show ip route next-hop-override", "The same route with the override `[NHO]` by "
         "`10.0.0.12`."),
    Look("spoke1", "ip route show table 1190", "Where the override is: `192.168.2.0/24 via 10.0.0.12`."),
]


def story(teller, lab):
    for one, other in (("spoke1", "spoke2"), ("spoke2", "spoke1")):
        plot.learns(teller, lab, one, "0.0.0.0/0", tunnel_address(1))
        plot.learns(teller, lab, one, lab.scenario.node(other).lan_prefix, tunnel_address(1))
    plot.phase3(teller, lab)


def scenario(**options):
    nodes = run(cloud(3, **options), hub={"ospfd": HUB}, spoke={"ospfd": SPOKE})
    return Scenario("ospf-phase3", "OSPF in phase 3: point-to-multipoint in a stub area, shortcuts override its routes",
                    nodes, story, LOOK)
