# SPDX-License-Identifier: GPL-2.0-or-later
"""BIRD's BGP in phase 3."""
from .. import plot
from ..plot import Look
from ..scenario import Scenario
from .parts import cloud, run

COMMON = """\
router id {tunnel};
protocol device { scan time 1; }
protocol direct { ipv4; interface "lan*"; }
protocol kernel { ipv4 { export where source = RTS_BGP; }; }
"""
HUB = COMMON + """\
protocol static lans { ipv4; route 192.168.0.0/16 blackhole; }
protocol bgp spokes {
	local 10.0.0.1 as 65000;
	neighbor range 10.0.0.0/24 external;
	dynamic name "spoke";
	hold time 9;
	ipv4 { import all; export where proto = "lans"; next hop self; };
}
"""
SPOKE = COMMON + """\
protocol bgp hub {
	local {tunnel} as 6510{number};
	neighbor 10.0.0.1 as 65000;
	hold time 9;
	connect delay time 1;
	connect retry time 1;
	ipv4 { import all; export where source = RTS_DEVICE; };
}
"""
LOOK = [
    Look("hub", "birdc show protocols", "A session for each spoke that called, `spoke1` and `spoke2`, `Established`."),
    Look("spoke1", "birdc show route 192.168.0.0/16", "The summary `via 10.0.0.1 on tunnel1`."),
    Look("spoke1", "dmvpnctl show ip route nhrp", "What BIRD knows nothing of: `192.168.2.0/24` by `10.0.0.12`."),
]


def story(teller, lab):
    plot.phase3_by_summary(teller, lab, "192.168.0.0/16")


def scenario(**options):
    nodes = run(cloud(3, **options), hub={"bird": HUB}, spoke={"bird": SPOKE})
    return Scenario("bird-bgp-phase3", "BIRD with eBGP in phase 3: dynamic neighbours at the hub, a summary for the spokes",
                    nodes, story, LOOK)
