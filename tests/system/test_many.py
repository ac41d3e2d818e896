# SPDX-License-Identifier: GPL-2.0-or-later
"""Two hubs, two clouds, many spokes."""
import itertools
import subprocess

from facts import bound, lan, nbma, neighbours, overrides, path, ping, shortcut, traffic, tunnel, works
from lab import measure, scenarios
from lab.capture import NHRP, gre_packets
from lab.measure import Ping
from lab.wait import SLOWNESS, wait_until

LAST, IP_AND_ICMP = 777, 28  # bytes of a ping that is told by its length, and of its headers


def test_hub_dies_and_comes_back(network):
    lab = network(scenarios.dual_hub(holdtime=30))
    one, two = tunnel(lab, "hub1"), tunnel(lab, "hub2")
    assert path(lab, "spoke1", "spoke2") == [one, lan(lab, "spoke2")]
    running = Ping(lab.namespace("spoke1-host"), lab.scenario.node("spoke2").host_address, interval=0.05)
    assert ping(lab, "spoke1", "spoke2", count=10, interval=0.05).lost == 0
    lab["hub1"].kill()
    for name in ("spoke1", "spoke2"):
        lab[name].wait_event("nhs-down", one, deadline=30)
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 15, "traffic by the second hub")
    assert path(lab, "spoke1", "spoke2") == [two, lan(lab, "spoke2")]
    assert ping(lab, "spoke1", "spoke2", count=10, interval=0.05).lost == 0
    assert 0 < running.result().gap < 20 * SLOWNESS, "seconds, not a holding time"
    marks = {name: lab[name].mark() for name in ("spoke1", "spoke2")}
    lab.start("hub1")
    for name, mark in marks.items():
        lab[name].wait_event("nhs-up", one, since=mark, deadline=70)
    wait_until(lambda: path(lab, "spoke1", "spoke2") == [one, lan(lab, "spoke2")], 10, "by the first hub again")


def test_shortcut_survives_a_hub(network):
    lab = network(scenarios.dual_hub_phase3(holdtime=30))
    shortcut(lab, "spoke1", "spoke2")
    shortcut(lab, "spoke2", "spoke1")
    running = Ping(lab.namespace("spoke1-host"), lab.scenario.node("spoke2").host_address, interval=0.05)
    lab["hub1"].kill()
    for name in ("spoke1", "spoke2"):
        lab[name].wait_event("nhs-down", tunnel(lab, "hub1"), deadline=40)
    wait_until(lambda: path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")], 10, "direct")
    assert running.result().lost == 0


def test_two_clouds_on_one_host(network):
    lab = network(scenarios.two_clouds())
    # spoke1 is in both: a shortcut in each.
    shortcut(lab, "spoke1", "spoke2")
    # The hub knows the LAN of spoke1 in cloud 1; in cloud 2 its tunnel address is at home.
    shortcut(lab, "spoke1", "spoke4", origin="10.0.1.11")
    assert overrides(lab, "spoke1") == {"192.168.2.0/24": "10.0.0.12", "192.168.4.0/24": "10.0.1.14"}
    assert "10.0.0.12" in neighbours(lab, "spoke1", "tunnel1")
    assert "10.0.1.14" in neighbours(lab, "spoke1", "tunnel2")
    assert path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")]
    assert measure.traceroute(lab.namespace("spoke1"), lan(lab, "spoke4"), "10.0.1.11") == [lan(lab, "spoke4")]


def test_no_redirect_from_cloud_to_cloud(network):
    lab = network(scenarios.two_clouds())
    for _ in range(2):
        assert path(lab, "spoke2", "spoke4") == [tunnel(lab, "hub"), lan(lab, "spoke4")]
    for cloud in ("tunnel1", "tunnel2"):
        assert traffic(lab["hub"], cloud)["sent"]["traffic_indication"] == 0
    assert overrides(lab, "spoke2") == {}


def test_one_cloud_on_two_tunnels(network):
    """Interfaces with the same network-id are one cloud: the hub redirects between them."""
    scenario = scenarios.two_clouds()
    for node in scenario.nodes:
        node.config = node.config.replace("ip nhrp network-id 2", "ip nhrp network-id 1")
    lab = network(scenario)
    works(lab, "spoke2", "spoke4")
    wait_until(lambda: sum(traffic(lab["hub"], cloud)["sent"]["traffic_indication"]
                           for cloud in ("tunnel1", "tunnel2")) > 0, 10, "a redirect")


def test_twenty_spokes_each_with_each(network):
    lab = network(scenarios.full_mesh_20())
    spokes = lab.scenario.spokes
    for spoke in spokes:
        assert bound(lab["hub"], tunnel(lab, spoke.name), spoke.nbma_address)

    def all_pairs():
        running = []
        for spoke in spokes:
            script = "".join(f"ping -n -q -c 2 -i 0.2 -W 5 -I {spoke.lan_address} {other.lan_address} >/dev/null "
                             f"|| echo {other.name}\n" for other in spokes if other is not spoke)
            running.append((spoke.name, lab.namespace(spoke.name).popen(
                "sh", "-c", script, stdout=subprocess.PIPE, text=True)))
        return {name: lost for name, child in running if (lost := child.communicate(timeout=300 * SLOWNESS)[0])}

    assert all_pairs() == {}
    for spoke in spokes:
        wait_until(lambda name=spoke.name: len(overrides(lab, name)) == len(spokes) - 1, 30,
                   f"{spoke.name} has a shortcut to every other spoke")
    # What was sent before the last of them is in the capture when that one is.
    assert measure.ping(lab.namespace("spoke1"), tunnel(lab, "hub"), count=1, size=LAST).lost == 0

    def is_last(packet):
        return packet[0] == nbma(lab, "hub") and len(packet[3]) == LAST + IP_AND_ICMP
    wait_until(lambda: any(map(is_last, gre_packets(lab.capture.path))), 10, "the capture has all until now")
    seen = len(list(gre_packets(lab.capture.path)))
    assert all_pairs() == {}

    def ways():
        packets = itertools.islice(gre_packets(lab.capture.path), seen, None)
        return {(source, destination) for source, destination, protocol, _ in packets if protocol != NHRP}
    wait_until(lambda: len(ways()) >= len(spokes) * (len(spokes) - 1), 10, "the capture has all of them")
    assert not any(nbma(lab, "hub") in ends for ends in ways()), "nothing by the hub any more"
