# SPDX-License-Identifier: GPL-2.0-or-later
"""EIGRP in phase 2."""
from .. import plot
from ..plot import Look
from ..scenario import Scenario
from .parts import cloud, run

CONFIG = """\
router eigrp 100
 eigrp router-id {tunnel}
 network 10.0.0.0/24
 network 192.168.0.0/16
"""
LOOK = [
    Look("spoke1", 'vtysh -c "show ip eigrp neighbor"', "The hub `10.0.0.1`, and the other spoke `10.0.0.12`."),
    Look("spoke1", 'vtysh -c "show ip eigrp topology"', "`192.168.2.0/24` by `10.0.0.12`: the next hop is the spoke."),
    Look("spoke1", "dmvpnctl show ip nhrp multicast", "Who gets the hellos: the hub `203.0.113.2`, and `198.51.100.6`."),
    Look("spoke1", "dmvpnctl show ip nhrp", "`10.0.0.12` is resolved by NHRP to `198.51.100.6`."),
]


def story(teller, lab):
    # FRR 8.4's eigrpd dies where it has two neighbours on an interface and gets another interface.
    plot.phase2_by_neighbours(teller, lab, restart="eigrpd")


def scenario(spokes=2, **options):
    nodes = run(cloud(2, spokes, **options), hub={"eigrpd": CONFIG}, spoke={"eigrpd": CONFIG})
    for one in nodes[1:]:
        others = [other.nbma_address for other in nodes[1:] if other is not one]
        one.replace(" ip nhrp network-id", "".join(f" ip nhrp map multicast {nbma}\n" for nbma in others)
                    + " ip nhrp network-id")
    return Scenario("eigrp-phase2", "EIGRP in phase 2: the spokes are neighbours of the hub and of each other", nodes,
                    story, LOOK)
