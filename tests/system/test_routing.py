# SPDX-License-Identifier: GPL-2.0-or-later
"""What a routing daemon and ours have to do with each other, beyond what the designs show."""
from facts import lan, overrides, path, tunnel
from lab import scenarios
from lab.plot import gateways
from lab.wait import wait_until


def test_ospf_redistributes_static_routes(network):
    """`ip route` of the daemon is for a routing protocol what any static route of the kernel is."""
    scenario = scenarios.DESIGNS["ospf-phase2"]()
    node = scenario.node("spoke2")
    node.config += "ip route 172.16.0.0 255.255.0.0 192.168.2.99\n"
    node.routing["ospfd"] += " redistribute kernel\n"
    lab = network(scenario)
    wait_until(lambda: lab.namespace("spoke1").ip("route", "show", "172.16.0.0/16"), 60, "OSPF brings spoke2's route")


def test_a_shortcut_goes_with_its_route(network):
    """OSPF withdraws the route: the shortcut that stood on it goes as well."""
    lab = network(scenarios.DESIGNS["ospf-phase3"]())
    prefix = lab.scenario.node("spoke2").lan_prefix
    hub = tunnel(lab, "hub")
    wait_until(lambda: gateways(lab, "spoke1", prefix) == [hub]
               and gateways(lab, "spoke2", lab.scenario.node("spoke1").lan_prefix) == [hub], 60, "OSPF brings the routes")
    wait_until(lambda: path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")], 20, "direct")
    assert prefix in overrides(lab, "spoke1")
    lab.namespace("spoke2").batch("address delete 192.168.2.1/24 dev lan0")
    wait_until(lambda: not overrides(lab, "spoke1"), 30, "the shortcut goes with the route")
