# SPDX-License-Identifier: GPL-2.0-or-later
"""EIGRP in phase 3."""
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
SUMMARY = ["link add summary type veth peer name summary1", "link set summary1 up", "link set summary up",
           "address add 192.168.255.254/16 dev summary"]
LOOK = [
    Look("spoke1", 'vtysh -c "show ip eigrp neighbor"', "The hub `10.0.0.1`, and nobody else."),
    Look("spoke1", 'vtysh -c "show ip eigrp topology"', "The summary `192.168.0.0/16` by `10.0.0.1`; no other spoke's "
         "LAN, since the hub does not send out of the tunnel what it has learnt there (split horizon)."),
    Look("hub", 'vtysh -c "show ip eigrp topology"', "The LANs of the spokes, `192.168.1.0/24` and `192.168.2.0/24`, "
         "and the summary as a route of its own: `192.168.0.0/16`."),
    Look("spoke1", "dmvpnctl show ip route nhrp", "What EIGRP knows nothing of: `192.168.2.0/24` by `10.0.0.12`."),
]


def story(teller, lab):
    plot.phase3_by_summary(teller, lab, "192.168.0.0/16")


def scenario(**options):
    nodes = run(cloud(3, **options), hub={"eigrpd": CONFIG}, spoke={"eigrpd": CONFIG})
    nodes[0].setup = SUMMARY
    return Scenario("eigrp-phase3", "EIGRP in phase 3: the hub announces a summary, shortcuts do the rest", nodes, story,
                    LOOK)
