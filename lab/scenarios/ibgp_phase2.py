# SPDX-License-Identifier: GPL-2.0-or-later
"""iBGP in phase 2."""
from .. import plot
from ..plot import Look
from ..scenario import Scenario
from .parts import cloud, run

HUB = """\
router bgp 65000
 bgp router-id {tunnel}
 neighbor SPOKES peer-group
 neighbor SPOKES remote-as 65000
 neighbor SPOKES timers 3 9
 neighbor SPOKES advertisement-interval 0
 bgp listen range 10.0.0.0/24 peer-group SPOKES
 address-family ipv4 unicast
  redistribute connected route-map LAN
  neighbor SPOKES route-reflector-client
 exit-address-family
ip prefix-list LAN permit 192.168.0.0/16 le 24
route-map LAN permit 10
 match ip address prefix-list LAN
"""
SPOKE = """\
router bgp 65000
 bgp router-id {tunnel}
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
    Look("hub", 'vtysh -c "show bgp summary"', "The spokes as dynamic neighbours, `*10.0.0.11` and `*10.0.0.12`: the "
         "hub's configuration names none."),
    Look("spoke1", 'vtysh -c "show ip route bgp"', "`192.168.2.0/24` by `10.0.0.12`: the reflector leaves the next hop "
         "as it is."),
    Look("spoke1", 'vtysh -c "show bgp ipv4 unicast 192.168.2.0/24"', "`Originator: 10.0.0.12`, reflected by the "
         "hub: `Cluster list: 10.0.0.1`."),
    Look("spoke1", "dmvpnctl show ip nhrp", "The next hop `10.0.0.12`, resolved by NHRP to `198.51.100.6`."),
]


def scenario(**options):
    nodes = run(cloud(2, **options), hub={"bgpd": HUB}, spoke={"bgpd": SPOKE})
    return Scenario("ibgp-phase2", "iBGP in phase 2: the hub is a route reflector, the next hop stays", nodes,
                    plot.phase2, LOOK)
