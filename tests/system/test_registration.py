# SPDX-License-Identifier: GPL-2.0-or-later
"""Registration: who is refused and why, and what happens when a spoke moves."""
from facts import bound, entries, entry, lan, nbma, path, servers, shortcut, traffic, tunnel, view, works
from lab import scenarios
from lab.scenario import site
from lab.wait import SLOWNESS, wait_until

NEW_SITE = site(scenarios.SPOKE_SITES, 50)


def test_the_first_request_arrives(network):
    """It is sent as soon as there is a device, which was down a moment ago, and is not lost."""
    lab = network(scenarios.phase3(spokes=1), start=False)
    lab.start("hub").start("spoke1").wait_registered("spoke1")
    # On a busy machine it asks again before the answer comes; that arrives too.
    wait_until(lambda: traffic(lab["hub"])["received"]["registration_request"] ==
               traffic(lab["spoke1"])["sent"]["registration_request"], 10, "all that it sent is there")


def test_registered(network):
    lab = network(scenarios.phase3())
    hub = lab["hub"]
    for name in ("spoke1", "spoke2"):
        assert bound(hub, tunnel(lab, name), nbma(lab, name))
        assert {"registered", "unique"} <= set(entry(hub, tunnel(lab, name))["flags"])
        assert hub.events("peer-up", 0), "the hub tells who came"
        server = servers(lab[name])[tunnel(lab, "hub")]
        assert server["flags"] == "RE" and server["nbma"] == nbma(lab, "hub")
    receivers = {one["nbma"] for one in view(hub, "show ip nhrp multicast")["receivers"]}
    assert receivers == {nbma(lab, "spoke1"), nbma(lab, "spoke2")}


def test_dynamic_server(network):
    """The spokes know where the hub is in the underlay, and learn its tunnel address from it."""
    lab = network(scenarios.phase3(dynamic=True, holdtime=9))
    server = servers(lab["spoke1"])[tunnel(lab, "hub")]
    assert server["flags"] == "RED" and server["nbma"] == nbma(lab, "hub") and server["dynamic"]
    assert bound(lab["spoke1"], tunnel(lab, "hub"), nbma(lab, "hub"))
    shortcut(lab, "spoke1", "spoke2")
    wait_until(lambda: path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")], 15, "the direct path")
    # The host at that place becomes another one: the spokes notice by themselves.
    lab["hub"].stop()
    lab.scenario.node("hub").replace("ip address 10.0.0.1 ", "ip address 10.0.0.3 ")
    lab.start("hub")
    wait_until(lambda: "10.0.0.3" in servers(lab["spoke1"]), 30, "the spoke learns the new address")
    assert set(servers(lab["spoke1"])) == {"10.0.0.3"}
    assert entry(lab["spoke1"], "10.0.0.1") is None
    assert lab.namespace("spoke1").run("ping", "-c1", "-W5", "10.0.0.3").returncode == 0


def test_refreshed_for_ever(network):
    """The registration outlives its holding time."""
    lab = network(scenarios.phase3(holdtime=int(6 * SLOWNESS)))
    sent = traffic(lab["spoke1"])["sent"]["registration_request"]
    wait_until(lambda: traffic(lab["spoke1"])["sent"]["registration_request"] >= sent + 5, 20, "five refreshes")
    assert lab["hub"].events("peer-down") == []
    assert bound(lab["hub"], tunnel(lab, "spoke1"), nbma(lab, "spoke1"))


def test_authentication_mismatch(network):
    scenario = scenarios.phase3()
    scenario.node("spoke2").replace("authentication BigScale", "authentication Wrong")
    lab = network(scenario, start=False)
    lab.start().wait_registered("spoke1")
    hub, stranger = lab["hub"], nbma(lab, "spoke2")
    wait_until(lambda: traffic(hub)["refused"]["authentication"] >= 2, 15, "the hub counts what it refuses")
    refusals = hub.wait_event("packet-refused", stranger)
    assert "authenti" in refusals[0]
    assert entry(hub, tunnel(lab, "spoke2")) is None, "no binding"
    assert entry(hub, tunnel(lab, "spoke1")) is not None, "the others are not harmed"
    assert lab["spoke2"].events("nhs-up") == []
    assert servers(lab["spoke2"])[tunnel(lab, "hub")]["replies_received"] == 0


def test_key_mismatch(network):
    """Another key is another tunnel: nothing arrives, and the spoke says that its hub is silent."""
    scenario = scenarios.phase3()
    scenario.node("spoke2").replace("tunnel key 1", "tunnel key 2")
    lab = network(scenario, start=False)
    lab.start().wait_registered("spoke1")
    lab["spoke2"].wait_event("nhs-down", tunnel(lab, "hub"), deadline=20)
    assert entry(lab["hub"], tunnel(lab, "spoke2")) is None
    assert traffic(lab["spoke2"])["received"]["total"] == 0
    assert sum(traffic(lab["hub"])["refused"].values()) == 0


def test_moves_without_unique(network):
    """With `registration no-unique` the hub takes the new address at once."""
    lab = network(scenarios.phase3(spoke_lines=["ip nhrp registration no-unique"], holdtime=60))
    mark = lab["hub"].mark()
    lab.move("spoke1", NEW_SITE)
    lab["hub"].wait_event("peer-moved", nbma(lab, "spoke1"), since=mark, deadline=15)  # a refresh comes after 20 seconds
    assert bound(lab["hub"], tunnel(lab, "spoke1"), nbma(lab, "spoke1"))
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 10, "traffic from the new address")


def test_moves_with_unique(network):
    """The hub keeps to the first address for its holding time, says so, and then takes the new one."""
    lab = network(scenarios.phase3(holdtime=int(12 * SLOWNESS)))
    old = nbma(lab, "spoke1")
    mark = lab["hub"].mark()
    lab.move("spoke1", NEW_SITE)
    lab["hub"].wait_event("registration-refused", tunnel(lab, "spoke1"), since=mark)
    assert bound(lab["hub"], tunnel(lab, "spoke1"), old)
    assert traffic(lab["hub"])["registrations_refused"] >= 1
    wait_until(lambda: bound(lab["hub"], tunnel(lab, "spoke1"), nbma(lab, "spoke1")), 30,
               "the hub takes the new address when the old one's time is over")
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 10, "traffic from the new address")


def test_moved_spoke_is_found_by_others(network):
    """A shortcut to the old address does not last."""
    lab = network(scenarios.phase3(spoke_lines=["ip nhrp registration no-unique"], holdtime=12))
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 10, "traffic")
    lab.move("spoke2", NEW_SITE)
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 20, "traffic to the new address")

    def found():
        return works(lab, "spoke1", "spoke2") and bound(lab["spoke1"], tunnel(lab, "spoke2"), nbma(lab, "spoke2"))
    wait_until(found, 20, "the new binding")


def test_withdrawn_on_exit(network):
    """A spoke that ends in order is forgotten at once, not at the end of its holding time."""
    lab = network(scenarios.phase3())
    assert lab["spoke1"].stop() == 0
    lab["hub"].wait_event("peer-down", tunnel(lab, "spoke1"))
    assert [one for one in entries(lab["hub"]) if one["target"].startswith(tunnel(lab, "spoke1"))] == []
