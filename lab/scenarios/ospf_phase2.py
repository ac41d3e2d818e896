# SPDX-License-Identifier: GPL-2.0-or-later
"""OSPF in phase 2."""
from .. import plot
from ..plot import Look
from ..scenario import Scenario
from .parts import cloud, run

CONFIG = """\
interface tunnel1
 ip ospf network broadcast
 ip ospf priority {priority}
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
LOOK = [
    Look("spoke1", 'vtysh -c "show ip ospf neighbor"', "The hub `10.0.0.1` is the designated router: `Full/DR`. The "
         "other spokes are not neighbours: their multicast goes to the hub alone."),
    Look("spoke1", 'vtysh -c "show ip route ospf"', "`192.168.2.0/24` by `10.0.0.12`: the DR's network LSA makes all "
         "spokes look as if they were on one Ethernet, so the next hop is the far spoke."),
    Look("hub", 'vtysh -c "show ip ospf interface tunnel1"', "`State DR`, `Priority 10`."),
    Look("spoke1", "dmvpnctl show ip nhrp", "The next hop `10.0.0.12`, resolved by NHRP to `198.51.100.6`."),
]


def scenario(**options):
    hub, spoke = (CONFIG.replace("{priority}", str(priority)) for priority in (10, 0))
    nodes = run(cloud(2, **options), hub={"ospfd": hub}, spoke={"ospfd": spoke})
    return Scenario("ospf-phase2", "OSPF in phase 2: a broadcast network, the hub is its designated router", nodes,
                    plot.phase2, LOOK)
