# SPDX-License-Identifier: GPL-2.0-or-later
"""The phases, with every packet protected, by keys and by certificates."""
import itertools

import pytest

from crypto import sas, single
from facts import bound, lan, nbma, path, ping, shortcut, tunnel, works
from lab import measure, scenarios
from lab.wait import wait_until


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
    assert path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")]
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
    assert path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")]
    assert stream.result().lost == 0
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
    assert ping(lab, "spoke1", "spoke2", count=10).lost == 0
    assert ping(lab, "spoke1", "spoke4", count=10).lost == 0


def test_all_pairs(protected):
    """Each spoke with each, all at once: everybody ends with one SA for each peer."""
    count = 10
    lab = protected(scenarios.phase3(spokes=count, host=False))
    pairs = list(itertools.permutations(range(1, count + 1), 2))
    for one, other in pairs:
        wait_until(lambda one=one, other=other: works(lab, f"spoke{one}", f"spoke{other}"), 10, "traffic")
    for one, other in pairs:
        shortcut(lab, f"spoke{one}", f"spoke{other}", deadline=30)
    for one, other in pairs:
        wait_until(lambda one=one, other=other: len(sas(lab, f"spoke{one}", f"spoke{other}")) == 1, 15,
                   f"one SA between {one} and {other}")
    for one, other in pairs:
        wait_until(lambda one=one, other=other: ping(lab, f"spoke{one}", f"spoke{other}", count=5).lost == 0, 10,
                   f"steady traffic from {one} to {other}")
