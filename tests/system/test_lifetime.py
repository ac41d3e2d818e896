# SPDX-License-Identifier: GPL-2.0-or-later
"""How long shortcuts last: as long as they are used and true."""
from facts import bound, entry, lan, nbma, neighbours, overrides, path, shortcut, tunnel
from lab import measure, scenarios
from lab.measure import Ping
from lab.wait import SLOWNESS, wait_until


def test_idle_shortcut_ends_and_is_rebuilt(network):
    lab = network(scenarios.phase3(holdtime=int(6 * SLOWNESS)))
    shortcut(lab, "spoke1", "spoke2")
    wait_until(lambda: not overrides(lab, "spoke1"), 20, "the shortcut ends")
    lab["spoke1"].wait_event("shortcut-down")
    wait_until(lambda: entry(lab["spoke1"], tunnel(lab, "spoke2")) is None, 10, "and the binding under it")
    wait_until(lambda: tunnel(lab, "spoke2") not in neighbours(lab, "spoke1"), 10, "and the neighbour")
    # The hub limits its redirects for a source and destination to one in 8 seconds.
    wait_until(lambda: path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")], 20, "the shortcut again")


def test_idle_binding_ends_in_phase_2(network):
    lab = network(scenarios.phase2(holdtime=int(6 * SLOWNESS)))  # a traceroute must be quicker
    wait_until(lambda: path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")], 10, "direct")
    wait_until(lambda: entry(lab["spoke1"], tunnel(lab, "spoke2")) is None, 20, "the binding ends")
    wait_until(lambda: path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")], 10, "direct again")


def test_used_shortcut_stays(network):
    """Refreshed before its time is over, without a packet lost."""
    holdtime, interval = int(5 * SLOWNESS), 0.05
    lab = network(scenarios.phase3(holdtime=holdtime))
    shortcut(lab, "spoke1", "spoke2")
    shortcut(lab, "spoke2", "spoke1")
    marks = {name: lab[name].mark() for name in ("spoke1", "spoke2")}
    result = measure.ping(lab.namespace("spoke1-host"), lab.scenario.node("spoke2").host_address, interval=interval,
                          count=int(3 * holdtime / interval))
    assert result.lost == 0
    for name, mark in marks.items():
        assert lab[name].events("shortcut-down", since=mark) == []


def test_route_gone_at_the_far_end(network):
    """The far end tells those who asked that its answer is not true any more."""
    lab = network(scenarios.phase3())
    shortcut(lab, "spoke1", "spoke2")
    lab.namespace("spoke2").batch("link set lan0 down")
    wait_until(lambda: not overrides(lab, "spoke1"), 10, "the shortcut is withdrawn")
    lab["spoke1"].wait_event("shortcut-down")


def test_route_changes_at_the_far_end(network):
    """A part of the prefix goes elsewhere: the shortcut that covered it is not true any more."""
    lab = network(scenarios.phase3())
    prefix = shortcut(lab, "spoke1", "spoke2")
    mark = lab["spoke1"].mark()
    lab.namespace("spoke2").batch("route add 192.168.2.128/25 via 10.0.0.1")
    lab["spoke1"].wait_event("shortcut-down", prefix, since=mark)
    wait_until(lambda: path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")], 20, "a narrower one comes")
    assert prefix not in overrides(lab, "spoke1"), "never wider than what spoke2 may vouch for"


def test_own_route_changes(network):
    """The route under a shortcut decides: when it leads elsewhere, the shortcut goes."""
    lab = network(scenarios.phase3())
    prefix = shortcut(lab, "spoke1", "spoke2")
    host = lab.scenario.node("spoke1").host_address
    lab.namespace("spoke1").batch(f"route add {prefix} via {host}")
    wait_until(lambda: prefix not in overrides(lab, "spoke1"), 10, "the shortcut goes")
    assert host in lab.namespace("spoke1").output("ip", "route", "get", lan(lab, "spoke2"))


def test_dead_peer_is_left(network):
    """A far spoke that dies silently is found out in seconds, and traffic falls back to the routed path."""
    lab = network(scenarios.phase3(holdtime=300))
    shortcut(lab, "spoke1", "spoke2")
    lab["spoke2"].kill()
    # A device of the kernel's carries data also without its daemon.
    lab.namespace("internet").batch("link set spoke2 down")
    ping = Ping(lab.namespace("spoke1"), lan(lab, "spoke2"), lan(lab, "spoke1"), interval=0.2)
    wait_until(lambda: not overrides(lab, "spoke1"), 20, "the shortcut is withdrawn")
    assert lab["spoke1"].ctl_json("show ip nhrp summary")["silent"] == 1
    why = lab["spoke1"].ctl(f"why {tunnel(lab, 'spoke2')}")
    assert f"{nbma(lab, 'spoke2')} did not answer us directly of late" in why, why
    ping.child.kill()
    ping.child.wait()


def test_cleared(network):
    lab = network(scenarios.phase3())
    prefix = shortcut(lab, "spoke1", "spoke2")
    shortcut(lab, "spoke2", "spoke1")  # so that it asks no more, which would be remembered
    lab["spoke1"].ctl("clear ip nhrp shortcut")
    wait_until(lambda: prefix not in overrides(lab, "spoke1"), 15, "the shortcut is cleared")
    lab["spoke1"].ctl("clear ip nhrp")
    assert entry(lab["spoke1"], tunnel(lab, "spoke2")) is None
    assert bound(lab["spoke1"], tunnel(lab, "hub"), lab.scenario.node("hub").nbma_address), "static entries stay"
