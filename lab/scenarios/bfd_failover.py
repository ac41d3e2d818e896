# SPDX-License-Identifier: GPL-2.0-or-later
"""BFD notices a dead hub."""
import json

from .. import plot
from ..plot import Look
from ..scenario import Scenario
from ..wait import SLOWNESS
from .parts import hub, run, spoke, tunnel_address

BFD = """\
bfd
 profile fast
  transmit-interval 100
  receive-interval 100
  detect-multiplier 3
"""
LAN = """\
ip prefix-list LAN permit 192.168.0.0/16 le 24
route-map LAN permit 10
 match ip address prefix-list LAN
"""
HUB = """\
router bgp 65000
 bgp router-id {tunnel}
 neighbor SPOKES peer-group
 neighbor SPOKES remote-as 65000
 neighbor SPOKES bfd
 neighbor SPOKES bfd profile fast
 neighbor SPOKES advertisement-interval 0
 bgp listen range 10.0.0.0/24 peer-group SPOKES
 address-family ipv4 unicast
  redistribute connected route-map LAN
  neighbor SPOKES route-reflector-client
  neighbor SPOKES next-hop-self force
 exit-address-family
""" + LAN
SPOKE = "router bgp 65000\n bgp router-id {tunnel}\n" + "".join(f"""\
 neighbor {address} remote-as 65000
 neighbor {address} bfd
 neighbor {address} bfd profile fast
 neighbor {address} timers connect 1
 neighbor {address} advertisement-interval 0
""" for address in map(tunnel_address, (1, 2))) + """\
 address-family ipv4 unicast
  redistribute connected route-map LAN
  neighbor 10.0.0.1 route-map PREFERRED in
 exit-address-family
route-map PREFERRED permit 10
 set local-preference 200
""" + LAN
LOOK = [
    Look("spoke1", 'vtysh -c "show bfd peers brief"', "A session to each hub: `10.0.0.1` is `down`, `10.0.0.2` is `up`."),
    Look("spoke1", 'vtysh -c "show ip route bgp"', "The LANs by the hub that lives: `192.168.2.0/24` by `10.0.0.2`."),
    Look("spoke1", "dmvpnctl show ip nhrp nhs", "NHRP's own view of both servers, `10.0.0.1` and `10.0.0.2`."),
]


def downs(lab):
    """How often the spokes took the second hub for dead."""
    asked = f"show bfd peer {tunnel_address(2)} counters json"
    return sum(json.loads(lab.routing[node.name].ask(asked))["session-down"] for node in lab.scenario.spokes)


def story(teller, lab):
    first, second, _ = plot.ends(lab)
    one, two = tunnel_address(1), tunnel_address(2)
    for spoke_, other in ((first, second), (second, first)):
        plot.learns(teller, lab, spoke_.name, other.lan_prefix, one)
    for more in (1, 0):
        for node in lab.scenario.spokes:
            for address in (one, two):
                plot.shows(lab, node.name, f'vtysh -c "show bfd peer {address}"', "Status: up")
        teller.check(True, "every spoke has a BFD session to each hub")
        before = downs(lab)
        result = plot.dies(teller, lab, "hub1", one, two)
        good = 0 < result.gap < SLOWNESS
        if good or not more or downs(lab) == before:
            break
        teller.terminal.say("The spokes took the other hub for dead, too, as on a machine that is busy: once more.")
        lab.namespace("internet").batch("link set hub1 up")
    teller.check(good, f"time without traffic: {result.gap:.2f} s ({result.lost} pings lost)")
    plot.look(teller, lab)


def scenario(**options):
    nodes = [hub(i, name=f"hub{i}", redirect=False, **options) for i in (1, 2)]
    nodes += [spoke(i, hubs=2, shortcut=False, **options) for i in (1, 2)]
    for node in nodes:
        node.routes = []
    run(nodes, hub={"bfdd": BFD, "bgpd": HUB}, spoke={"bfdd": BFD, "bgpd": SPOKE})
    return Scenario("bfd-failover", "BFD over the tunnel: two hubs, one of them is gone from one moment to the next", nodes,
                    story, LOOK, through_hub=True)
