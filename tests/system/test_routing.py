# SPDX-License-Identifier: GPL-2.0-or-later
"""A real routing protocol over the tunnel, which knows nothing of NHRP: FRR's OSPF."""
from facts import lan, overrides, path, rib, tunnel
from lab import scenarios
from lab.wait import wait_until


def knows(lab, name, other, next_hop):
    prefix = lab.scenario.node(other).lan_prefix
    routes = lab.namespace(name).ip("route", "show", prefix)
    return any(route.get("gateway") == next_hop for route in routes)


def test_ospf_in_phase_2(network):
    lab = network(scenarios.phase2_ospf())
    wait_until(lambda: knows(lab, "spoke1", "spoke2", tunnel(lab, "spoke2"))
               and knows(lab, "spoke2", "spoke1", tunnel(lab, "spoke1")), 60, "OSPF brings the routes")
    wait_until(lambda: path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")], 10, "direct")


def test_ospf_redistributes_static_routes(network):
    """`ip route` of the daemon is for a routing protocol what any static route of the kernel is."""
    scenario = scenarios.phase3_ospf()
    node = scenario.node("spoke2")
    node.config += "ip route 172.16.0.0 255.255.0.0 192.168.2.99\n"
    daemon, text = node.routing
    node.routing = daemon, text + " redistribute kernel\n"
    lab = network(scenario)
    wait_until(lambda: lab.namespace("spoke1").ip("route", "show", "172.16.0.0/16"), 60, "OSPF brings spoke2's route")


def test_ospf_in_phase_3(network):
    lab = network(scenarios.phase3_ospf())
    hub = tunnel(lab, "hub")
    wait_until(lambda: knows(lab, "spoke1", "spoke2", hub) and knows(lab, "spoke2", "spoke1", hub), 60,
               "OSPF brings the routes")
    before = rib(lab, "spoke1")
    assert path(lab, "spoke1", "spoke2") == [hub, lan(lab, "spoke2")]
    wait_until(lambda: path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")], 10, "direct")
    prefix = lab.scenario.node("spoke2").lan_prefix
    assert prefix in overrides(lab, "spoke1")
    assert rib(lab, "spoke1") == before, "OSPF sees nothing of it"
    # OSPF withdraws the route: the shortcut that stood on it goes as well.
    lab.namespace("spoke2").batch("address delete 192.168.2.1/24 dev lan0")
    wait_until(lambda: not overrides(lab, "spoke1"), 30, "the shortcut goes with the route")
