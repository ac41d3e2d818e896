# SPDX-License-Identifier: GPL-2.0-or-later
"""What a routing daemon and ours have to do with each other, beyond what the designs show."""
import contextlib
import itertools
import json
import subprocess
import time

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
    wait_until(lambda: gateways(lab, "spoke1", "172.16.0.0/16"), 60, "OSPF brings spoke2's route")


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


SHORTCUTS = 200


def ospf_and_bgp():
    """OSPF brings the LANs, BGP the many networks behind spoke2."""
    scenario = scenarios.DESIGNS["ospf-phase3"]()
    bgp = scenarios.DESIGNS["ibgp-phase3"]()
    for node in scenario.nodes:
        text = bgp.node(node.name).routing["bgpd"]
        node.routing["bgpd"] = text.replace("192.168.0.0/16", "172.16.0.0/16").replace("summary-only", "")
    scenario.node("spoke2").setup = [f"address add 172.16.{i}.1/24 dev lan0" for i in range(SHORTCUTS)]
    return scenario


def sessions(lab):
    """Since when the adjacencies of all nodes have been there, by what their daemons say."""
    for name, neighbours in (("hub", 2), ("spoke1", 1), ("spoke2", 1)):
        now = time.monotonic()
        ospf = json.loads(lab.routing[name].ask("show ip ospf neighbor detail json"))["neighbors"]
        bgp = json.loads(lab.routing[name].ask("show bgp neighbors json"))
        found = [one["nbrState"].startswith("Full") and one["lastPrgrsvChangeMsec"] / 1000
                 for listed in ospf.values() for one in listed]
        found += [one["bgpState"] == "Established" and one["bgpTimerUpMsec"] / 1000 for one in bgp.values()]
        assert len(found) == 2 * neighbours, (name, found)
        yield from (now - age for age in found)


def learnt(lab, name):
    """What the routing daemons of a node have in their own table."""
    table = json.loads(lab.routing[name].ask("show ip route json"))
    return {(prefix, hop.get("ip")) for prefix, routes in table.items() for route in routes for hop in route["nexthops"]}


@contextlib.contextmanager
def route_monitor(namespace, file):
    """A function that gives the lines of `ip monitor` so far, which sees all that happens from now on."""
    protocols = itertools.count(100)  # the kernel tells nothing of a route that is as it was

    def begun():
        namespace.batch(f"route replace blackhole 203.0.113.250 table 99 proto {next(protocols)}")
        return file.read_text(encoding="ascii")
    with open(file, "w", encoding="ascii") as log:
        monitor = namespace.popen("ip", "monitor", "route", stdout=log, stdin=subprocess.DEVNULL)
        try:
            wait_until(begun, 20, "the monitor sees something", interval=0.5)
            yield lambda: file.read_text(encoding="ascii").splitlines()
        finally:
            monitor.terminate()
            monitor.wait()


def all_there(lab, targets):
    """Whether spoke1 has a shortcut to the /24 of each; else there is traffic to those that lack one."""
    known = overrides(lab, "spoke1")
    lacking = [target for target in targets if target.rpartition(".")[0] + ".0/24" not in known]
    if lacking:
        lab.namespace("spoke1").run("sh", "-c", "for i; do ping -n -c1 -W3 -I 192.168.1.1 $i & done; wait", "sh", *lacking)
    return not lacking


def test_many_shortcuts_and_no_adjacency_lost(network, tmp_path):
    """200 shortcuts come and go: OSPF and BGP keep their sessions and their routes."""
    lab = network(ospf_and_bgp())
    spoke, hub = lab.namespace("spoke1"), tunnel(lab, "hub")
    targets = [f"172.16.{i}.1" for i in range(SHORTCUTS)]
    wait_until(lambda: sum(prefix.startswith("172.16.") for prefix, *_ in spoke.routes()) == SHORTCUTS + 1
               and gateways(lab, "spoke1", lab.scenario.node("spoke2").lan_prefix) == [hub]
               and gateways(lab, "spoke2", lab.scenario.node("spoke1").lan_prefix) == [hub], 60, "all routes")
    before, started = learnt(lab, "spoke1"), time.monotonic()
    with route_monitor(spoke, tmp_path / "monitor") as monitored:
        for _ in range(2):
            wait_until(lambda: all_there(lab, targets), 60, "200 shortcuts", interval=2)
            assert path(lab, "spoke1", "spoke2")[-1] == lan(lab, "spoke2")
            lab["spoke1"].ctl("clear ip nhrp shortcut")
            wait_until(lambda: not overrides(lab, "spoke1"), 20, "no shortcut")
            # The hub redirects a source and destination once in 8 seconds.
            targets = [target.removesuffix("1") + "2" for target in targets]
        assert learnt(lab, "spoke1") == before
        begun = list(sessions(lab))
        wait_until(lambda: sum("table 1190" in line for line in monitored()) >= 4 * SHORTCUTS, 20, "all shortcuts are seen")
        seen = monitored()
    assert max(begun) < started, f"each adjacency is older than the first shortcut: {begun}, {started}"
    assert not [line for line in seen if line.startswith("Deleted") and "table 1190" not in line]
