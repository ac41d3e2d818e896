# SPDX-License-Identifier: GPL-2.0-or-later
"""BIRD's OSPF in phase 2."""
from .. import plot
from ..plot import Look
from ..scenario import Scenario
from .parts import cloud, run

CONFIG = """\
router id {tunnel};
protocol device { scan time 1; }
protocol kernel { ipv4 { export where source != RTS_DEVICE; }; }
protocol ospf v2 cloud {
	area 0 {
		interface "tunnel1" {
			type broadcast;
			priority {priority};
			hello 1;
			dead 4;
			wait 4;
			retransmit 2;
		};
		interface "lan*" { stub; };
	};
}
"""
LOOK = [
    Look("spoke1", "birdc show ospf neighbors", "The hub `10.0.0.1` is the designated router, `Full/DR`, and the one "
         "neighbour."),
    Look("spoke1", "birdc show route 192.168.2.0/24", "The next hop is the far spoke: `via 10.0.0.12 on tunnel1`."),
    Look("spoke1", "dmvpnctl show ip nhrp", "The next hop `10.0.0.12`, resolved by NHRP to `198.51.100.6`."),
]


def scenario(**options):
    hub, spoke = (CONFIG.replace("{priority}", str(priority)) for priority in (10, 0))
    nodes = run(cloud(2, **options), hub={"bird": hub}, spoke={"bird": spoke})
    return Scenario("bird-ospf-phase2", "BIRD with OSPF in phase 2: a broadcast network, the hub is its designated router",
                    nodes, plot.phase2, LOOK)
