# SPDX-License-Identifier: GPL-2.0-or-later
"""Daemons that end and come back, with traffic going on."""
import pytest

from facts import bound, lan, nbma, path, ping, shortcut, tunnel, works
from lab import scenarios
from lab.measure import Ping
from lab.wait import wait_until


def restart(lab, name, how):
    if how == "kill -9":
        lab[name].kill()
    else:
        assert lab[name].stop() == 0
    lab.start(name)


@pytest.mark.parametrize("how", ["restart", "kill -9"])
def test_hub_under_traffic_through_it(network, how):
    """What goes through the hub goes on soon after the hub is back, and nobody has to be touched."""
    lab = network(scenarios.phase1(holdtime=12))
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 10, "traffic")
    running = Ping(lab.namespace("spoke1-host"), lab.scenario.node("spoke2").host_address, interval=0.05)
    assert ping(lab, "spoke1", "spoke2", count=10, interval=0.05).lost == 0
    mark = lab["hub"].mark()
    restart(lab, "hub", how)
    for name in ("spoke1", "spoke2"):
        lab["hub"].wait_event("peer-up", tunnel(lab, name), since=mark, deadline=30)
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 10, "traffic again")
    assert ping(lab, "spoke1", "spoke2", count=10, interval=0.05).lost == 0
    assert 0 < running.result().gap < 20


@pytest.mark.parametrize("how", ["restart", "kill -9"])
def test_hub_under_direct_traffic(network, how):
    """A shortcut does not need the hub that led to it."""
    lab = network(scenarios.phase3(holdtime=12))
    shortcut(lab, "spoke1", "spoke2")
    shortcut(lab, "spoke2", "spoke1")
    running = Ping(lab.namespace("spoke1-host"), lab.scenario.node("spoke2").host_address, interval=0.02, count=300)
    mark = lab["hub"].mark()
    restart(lab, "hub", how)
    for name in ("spoke1", "spoke2"):
        lab["hub"].wait_event("peer-up", tunnel(lab, name), since=mark, deadline=30)
    assert running.result().lost == 0


@pytest.mark.parametrize("how", ["restart", "kill -9"])
def test_spoke(network, how):
    """Its peers go on with it, direct in the end."""
    lab = network(scenarios.phase3(holdtime=12))
    shortcut(lab, "spoke1", "spoke2")
    mark = lab["spoke2"].mark()
    restart(lab, "spoke2", how)
    lab["spoke2"].wait_event("nhs-up", since=mark)
    wait_until(lambda: bound(lab["hub"], tunnel(lab, "spoke2"), nbma(lab, "spoke2")), 10, "spoke2 at the hub")
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 15, "traffic again")
    wait_until(lambda: path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")], 20, "direct again")


def test_hub_is_declared_down(network):
    """In seconds, not at the end of a holding time; and up again when it is back."""
    lab = network(scenarios.phase3(holdtime=12))
    lab["hub"].kill()
    lab["spoke1"].wait_event("nhs-down", tunnel(lab, "hub"), deadline=20)
    mark = lab["spoke1"].mark()
    lab.start("hub")
    lab["spoke1"].wait_event("nhs-up", tunnel(lab, "hub"), since=mark, deadline=70)
