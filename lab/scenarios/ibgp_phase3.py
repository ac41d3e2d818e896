# SPDX-License-Identifier: GPL-2.0-or-later
"""iBGP in phase 3."""
from .. import plot
from ..plot import Look
from ..scenario import Scenario
from .ibgp_phase2 import HUB as REFLECTOR, SPOKE
from .parts import cloud, run

HUB = REFLECTOR.replace("""\
  neighbor SPOKES route-reflector-client
""", """\
  neighbor SPOKES route-reflector-client
  neighbor SPOKES next-hop-self force
  aggregate-address 192.168.0.0/16 summary-only
""")
LOOK = [
    Look("hub", 'vtysh -c "show bgp ipv4 unicast"', "The aggregate `192.168.0.0/16`; the LANs of the spokes are "
         "suppressed (`s>i192.168.1.0/24`)."),
    Look("spoke1", 'vtysh -c "show ip route bgp"', "One route by the hub: `192.168.0.0/16` by `10.0.0.1`."),
    Look("spoke1", "dmvpnctl show ip route nhrp", "What BGP knows nothing of: `192.168.2.0/24` by `10.0.0.12`."),
]


def story(teller, lab):
    plot.phase3_by_summary(teller, lab, "192.168.0.0/16")


def scenario(**options):
    nodes = run(cloud(3, **options), hub={"bgpd": HUB}, spoke={"bgpd": SPOKE})
    return Scenario("ibgp-phase3", "iBGP in phase 3: the hub announces a summary with itself as the next hop", nodes,
                    story, LOOK)
