# SPDX-License-Identifier: GPL-2.0-or-later
"""eBGP in phase 3."""
from .. import plot
from ..plot import Look
from ..scenario import Scenario
from .parts import cloud, run

HUB = """\
router bgp 65000
 bgp router-id {tunnel}
 no bgp ebgp-requires-policy
 neighbor SPOKES peer-group
 neighbor SPOKES remote-as external
 neighbor SPOKES timers 3 9
 neighbor SPOKES advertisement-interval 0
 bgp listen range 10.0.0.0/24 peer-group SPOKES
 address-family ipv4 unicast
  redistribute connected route-map LAN
  neighbor SPOKES default-originate
  neighbor SPOKES prefix-list DEFAULT out
 exit-address-family
ip prefix-list DEFAULT permit 0.0.0.0/0
ip prefix-list LAN permit 192.168.0.0/16 le 24
route-map LAN permit 10
 match ip address prefix-list LAN
"""
SPOKE = """\
router bgp 6510{number}
 bgp router-id {tunnel}
 no bgp ebgp-requires-policy
 neighbor 10.0.0.1 remote-as 65000
 neighbor 10.0.0.1 timers 3 9
 neighbor 10.0.0.1 timers connect 1
 neighbor 10.0.0.1 advertisement-interval 0
 address-family ipv4 unicast
  redistribute connected route-map LAN
 exit-address-family
ip prefix-list LAN permit 192.168.0.0/16 le 24
route-map LAN permit 10
 match ip address prefix-list LAN
"""
LOOK = [
    Look("hub", 'vtysh -c "show bgp summary"', "The spokes as dynamic neighbours, `*10.0.0.11` and `*10.0.0.12`, each "
         "with an AS of its own: `65101`, `65102`."),
    Look("hub", 'vtysh -c "show ip route bgp"', "All LANs by their spokes: `192.168.1.0/24` by `10.0.0.11`."),
    Look("spoke1", 'vtysh -c "show ip route bgp"', "A default route, `0.0.0.0/0` by `10.0.0.1`, and nothing else."),
    Look("spoke1", "dmvpnctl show ip route nhrp", "What BGP knows nothing of: `192.168.2.0/24` by `10.0.0.12`."),
]


def story(teller, lab):
    plot.phase3_by_summary(teller, lab, "0.0.0.0/0")


def scenario(**options):
    nodes = run(cloud(3, **options), hub={"bgpd": HUB}, spoke={"bgpd": SPOKE})
    return Scenario("ebgp-phase3", "eBGP in phase 3: dynamic neighbours at the hub, a default route for the spokes",
                    nodes, story, LOOK)
