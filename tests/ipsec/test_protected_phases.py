# SPDX-License-Identifier: GPL-2.0-or-later
"""The phases, with every packet protected, by keys and by certificates."""
import collections
import contextlib
import itertools

import pytest

from crypto import met, sas, sessions, single
from facts import bound, lan, nbma, overrides, path, ping, shortcut, tunnel, works
from lab import measure, scenarios
from lab.echo import Echo
from lab.wait import Timeout, wait_until


def by_hub(lab):
    return [tunnel(lab, "hub"), lan(lab, "spoke2")]


def test_phase1(protected):
    lab = protected(scenarios.phase1())
    for _ in range(2):
        assert path(lab, "spoke1", "spoke2") == by_hub(lab)
    assert ping(lab, "spoke1", "spoke2", count=50).lost == 0
    assert sas(lab, "spoke1", "hub") and not sas(lab, "spoke1", "spoke2")


def test_phase2(protected):
    lab = protected(scenarios.phase2())
    assert path(lab, "spoke1", "spoke2") == by_hub(lab)
    wait_until(lambda: bound(lab["spoke1"], tunnel(lab, "spoke2"), nbma(lab, "spoke2")), 15, "spoke2 is resolved")
    # An answer that came by the hub is not used until there is an SA.
    wait_until(lambda: path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")], 15, "the direct path")
    assert sas(lab, "spoke1", "spoke2")


@pytest.mark.parametrize("certificates", [False, True])
def test_phase3(protected, request, certificates):
    """Nothing is lost while the path changes, and both spokes end with one pair of SAs."""
    lab = protected(scenarios.phase3(), authority=request.getfixturevalue("authority") if certificates else None)
    host = lab.namespace("spoke1-host")
    assert path(lab, "spoke1", "spoke2") == by_hub(lab)
    stream = measure.Ping(host, lab.scenario.node("spoke2").host_address, interval=0.05)
    shortcut(lab, "spoke1", "spoke2")
    shortcut(lab, "spoke2", "spoke1")
    wait_until(lab.has_settled, 30, "no two SAs with one peer")
    assert path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")]
    assert stream.result().lost == 0 or met(lab, "spoke1", "spoke2")
    for one, other in (("spoke1", "spoke2"), ("spoke2", "spoke1")):
        assert len(single(lab, one, other)["flows"]) == 1
    detail = lab["spoke1"].ctl("show dmvpn detail")
    for word in ('Protect "DMVPN"', "Crypto Session Status: UP-ACTIVE", "Phase1_id: spoke2.example.net",
                 "transform : esp-gcm 256"):
        assert word in detail
    assert nbma(lab, "spoke2") in lab["spoke1"].ctl("show crypto ipsec sa")


def test_dual_hub(protected):
    lab = protected(scenarios.dual_hub())
    assert ping(lab, "spoke1", "spoke2", count=20).lost == 0
    assert sas(lab, "spoke1", "hub1") and sas(lab, "spoke1", "hub2")
    lab["hub1"].kill()
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 20, "the second hub carries the traffic")


def test_two_clouds_share(protected):
    """Two tunnels of one source have one SA with a peer, and it stays while either wants it."""
    lab = protected(scenarios.two_clouds(), shared=True)
    wait_until(lambda: len(sas(lab, "spoke1", "hub")) > 0, 10, "an SA")
    for other in ("spoke2", "spoke4"):
        assert ping(lab, "spoke1", other, count=10).lost == 0 or met(lab, "spoke1", other)


def all_answer(echoes):
    """Whether one request more of each is answered."""
    for echo in echoes:
        echo.send()
    with contextlib.suppress(Timeout):
        return wait_until(lambda: all(echo.is_answered() for echo in echoes), 5, "answers")


def test_all_pairs(protected):
    """Each spoke with each, all at once: everybody ends with one SA for each peer."""
    lab = protected(scenarios.phase3(spokes=10, host=False))
    names = [node.name for node in lab.scenario.spokes]
    others = {name: [other for other in names if other != name] for name in names}

    def have_shortcuts():
        return all({lab.scenario.node(other).lan_prefix for other in others[name]} <= set(overrides(lab, name))
                   for name in names)

    def have_one_sa_each():
        def peers(name):
            return collections.Counter(session["peer"] for session in sessions(lab, name) for sa in session["ike_sas"]
                                       if sa["established"] and sa["flows"])
        return all({(nbma(lab, other), 1) for other in others[name]} <= peers(name).items() for name in names)
    # Of each pair one asks: the answers are the traffic of the other direction.
    with contextlib.ExitStack() as stack:
        echoes = [stack.enter_context(contextlib.closing(Echo(lab.namespace(one), lan(lab, one), lan(lab, other))))
                  for one, other in itertools.combinations(names, 2)]
        wait_until(lambda: all_answer(echoes) and have_shortcuts(), 60, "shortcuts from each to each", interval=1)
        wait_until(have_one_sa_each, 60, "one SA of each with each", interval=1)
        wait_until(lambda: all(all_answer(echoes) for _ in range(5)), 30, "steady traffic of each with each")
