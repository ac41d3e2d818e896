# SPDX-License-Identifier: GPL-2.0-or-later
"""The three phases: which way packets go, and that the routing table stays as it was."""
import time

import pytest

from facts import OVERRIDE_PROTOCOL, OVERRIDE_TABLE, bound, entry, lan, nbma, overrides, path, ping, rib, shortcut, \
    traffic, tunnel
from lab import measure, scenarios
from lab.capture import data_packets
from lab.wait import wait_until


def goes_by_hub(lab):
    return path(lab, "spoke1", "spoke2") == [tunnel(lab, "hub"), lan(lab, "spoke2")]


def goes_direct(lab):
    return path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")]


def packets_between_spokes(lab):
    return data_packets(lab.capture.path, nbma(lab, "spoke1"), nbma(lab, "spoke2"))


@pytest.mark.parametrize("scenario", [scenarios.phase1, scenarios.phase2_summary])
def test_stays_with_the_hub(network, scenario):
    lab = network(scenario())
    for _ in range(3):
        assert goes_by_hub(lab)
    assert ping(lab, "spoke1", "spoke2", count=50).lost == 0
    assert packets_between_spokes(lab) == 0
    assert traffic(lab["hub"])["sent"]["traffic_indication"] == 0


def test_phase2(network):
    lab = network(scenarios.phase2())
    before = rib(lab, "spoke1")
    assert goes_by_hub(lab)
    wait_until(lambda: bound(lab["spoke1"], tunnel(lab, "spoke2"), nbma(lab, "spoke2")), 10, "spoke2 is resolved")
    assert goes_direct(lab)
    assert rib(lab, "spoke1") == before
    assert overrides(lab, "spoke1") == {}


@pytest.mark.parametrize("scenario", [scenarios.phase3, scenarios.phase3_default, scenarios.phase3_exact])
def test_phase3(network, scenario):
    lab = network(scenario())
    before = rib(lab, "spoke1")
    assert goes_by_hub(lab)
    prefix = lab.scenario.node("spoke2").lan_prefix
    wait_until(lambda: prefix in overrides(lab, "spoke1"), 10, "a shortcut")
    assert goes_direct(lab)
    assert overrides(lab, "spoke1") == {prefix: tunnel(lab, "spoke2")}
    assert rib(lab, "spoke1") == before, "the routing table is not touched"


def test_phase3_override_is_apart(network):
    lab = network(scenarios.phase3())
    shortcut(lab, "spoke1", "spoke2")
    namespace = lab.namespace("spoke1")
    routes = namespace.ip("-N", "route", "show", "table", OVERRIDE_TABLE)
    assert {str(route["protocol"]) for route in routes} == {OVERRIDE_PROTOCOL}
    rules = namespace.output("ip", "rule")
    assert "1190:" in rules and "fwmark 0xd4000000/0xff000000" in rules
    # Where nothing is protected there are no marks.
    assert "dmvpn-marks" not in namespace.output("nft", "list", "tables")
    # The same question with the mark is answered by the routing table.
    assert tunnel(lab, "spoke2") in namespace.output("ip", "route", "get", lan(lab, "spoke2"))
    assert tunnel(lab, "hub") in namespace.output("ip", "route", "get", lan(lab, "spoke2"), "mark", "0xd4000000")


def test_phase3_narrower_is_a_route_of_its_own(network):
    lab = network(scenarios.phase3())
    prefix = shortcut(lab, "spoke1", "spoke2")
    flags = entry(lab["spoke1"], prefix)["flags"]
    assert "rib" in flags and "nho" not in flags
    assert prefix in lab["spoke1"].ctl("show ip route nhrp")


def test_phase3_equal_overrides_the_next_hop(network):
    lab = network(scenarios.phase3_exact())
    prefix = shortcut(lab, "spoke1", "spoke2")
    assert "nho" in entry(lab["spoke1"], prefix)["flags"]
    text = lab["spoke1"].ctl("show ip route next-hop-override")
    assert "%" in text and "[NHO]" in text and tunnel(lab, "spoke2") in text


def test_phase3_both_ways(network):
    """The way back is redirected too: no packet needs the hub in the end."""
    lab = network(scenarios.phase3())
    shortcut(lab, "spoke1", "spoke2")
    prefix = lab.scenario.node("spoke1").lan_prefix
    wait_until(lambda: prefix in overrides(lab, "spoke2"), 10, "a shortcut back")
    assert ping(lab, "spoke1", "spoke2", count=50).lost == 0
    wait_until(lambda: data_packets(lab.capture.path, nbma(lab, "spoke2"), nbma(lab, "spoke1")) >= 40, 10, "they went straight")


def test_hosts_behind_the_spokes(network):
    """A traceroute between hosts shows the routers of the overlay and nothing of the underlay."""
    lab = network(scenarios.phase3())
    host = lab.namespace("spoke1-host")
    target = lab.scenario.node("spoke2").host_address
    ends = [lan(lab, "spoke1")], [tunnel(lab, "spoke2"), target]
    assert measure.traceroute(host, target) == [*ends[0], tunnel(lab, "hub"), *ends[1]]
    wait_until(lambda: overrides(lab, "spoke1"), 10, "a shortcut")
    assert measure.traceroute(host, target) == [*ends[0], *ends[1]]


@pytest.mark.parametrize("scenario", [scenarios.phase2, scenarios.phase3])
def test_no_packet_is_lost(network, scenario):
    """A ping every 10 ms from before the first packet until long after the path is direct."""
    lab = network(scenario())
    result = measure.ping(lab.namespace("spoke1-host"), lab.scenario.node("spoke2").host_address, count=300)
    assert (result.lost, result.duplicates) == (0, 0)
    wait_until(lambda: goes_direct(lab), 15, "direct")


def test_redirects_are_limited(network):
    """One redirect for a source and destination in 8 seconds, however many packets there are."""
    scenario = scenarios.phase3()
    for spoke in scenario.spokes:
        spoke.replace(" ip nhrp shortcut\n", " no ip nhrp shortcut\n")
    lab = network(scenario)
    began = time.monotonic()
    assert ping(lab, "spoke1", "spoke2", count=100).lost == 0

    def redirects():
        return traffic(lab["hub"])["sent"]["traffic_indication"]
    wait_until(lambda: redirects() >= 2, 10, "one for each direction")
    assert redirects() <= 2 * (1 + (time.monotonic() - began) // 8)
    assert goes_by_hub(lab)
