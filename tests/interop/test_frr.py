# SPDX-License-Identifier: GPL-2.0-or-later
"""dmvpnd with FRR's nhrpd: each as hub and as spoke. docs/interoperability.md names these tests."""
import pytest

from cloud import PATIENCE
from facts import entry, traffic
from lab.capture import nhrp_packets
from lab.wait import wait_until

REGISTRATION_REQUEST, PURGE_REQUEST, PURGE_REPLY, ERROR = 3, 5, 6, 7
LAYOUTS = [
    pytest.param(("spoke1", "spoke2"), id="our hub, FRR spokes"),
    pytest.param(("hub",), id="FRR hub, our spokes"),
    pytest.param(("spoke2",), id="our hub, both spokes"),
    pytest.param(("hub", "spoke2"), id="FRR hub, both spokes"),
]


@pytest.mark.parametrize("frr", LAYOUTS)
def test_shortcut_both_ways(cloud, frr):
    """Registration, redirect, resolution, and a direct path in both directions; and it stays under traffic."""
    made = cloud(*frr, holdtime=15)
    wait_until(lambda: made.works("spoke1", "spoke2"), PATIENCE, "traffic by the hub")
    made.wait_shortcut("spoke1", "spoke2")
    made.wait_shortcut("spoke2", "spoke1")
    made.stays("spoke1", "spoke2")
    for one, other in (("spoke1", "spoke2"), ("spoke2", "spoke1")):
        # FRR's ends with its holding time, under traffic too, and comes again.
        wait_until(lambda ends=(one, other): made.path(*ends) == [made.lan(ends[1])], PATIENCE if one in frr else 0,
                   "the direct path")
    assert ERROR not in {kind for _, _, kind in nhrp_packets(made.lab.capture.path)}


@pytest.mark.parametrize("frr", [("spoke2",), ("hub", "spoke2")], ids=["our hub", "FRR hub"])
def test_refresh_and_expiry(cloud, frr):
    """A registration outlives its holding time while its spoke lives, and no longer."""
    made = cloud(*frr, holdtime=9)
    assert made.ping("spoke1", "hub", count=150, interval=0.2).lost == 0, "three holding times"
    assert made.ping("spoke2", "hub", count=10).lost == 0
    for spoke in ("spoke1", "spoke2"):
        made.wait_bound("hub", spoke)
        made.kill(spoke)
        made.wait_unbound("hub", spoke)


@pytest.mark.parametrize("frr", [("spoke1", "spoke2"), ("hub",)], ids=["our hub", "FRR hub"])
def test_hub_restart(cloud, frr):
    """After a crash of the hub the spokes register again by themselves."""
    made = cloud(*frr, holdtime=9)
    made.kill("hub")
    made.restart("hub")
    for spoke in ("spoke1", "spoke2"):
        made.wait_bound("hub", spoke)
    wait_until(lambda: made.works("spoke1", "spoke2"), PATIENCE, "traffic by the hub")
    made.wait_shortcut("spoke1", "spoke2")


def test_named_server(cloud):
    """FRR with `nhs 10.0.0.1` instead of `nhs dynamic` at our hub."""
    made = cloud("spoke1", "spoke2", nhs="10.0.0.1")
    made.wait_shortcut("spoke1", "spoke2")


@pytest.mark.parametrize("frr", [("hub",), ("hub", "spoke2")], ids=["our spokes", "both spokes"])
def test_dynamic_server(cloud, frr):
    """Our spokes with `nhs dynamic` at FRR's hub: it tells its tunnel address."""
    made = cloud(*frr, dynamic=True)
    assert made.works("spoke1", "hub")
    made.wait_shortcut("spoke1", "spoke2")
    made.wait_shortcut("spoke2", "spoke1")


def test_unique_at_our_hub(cloud):
    """FRR's unique registration holds its address against another NBMA address until its time is over."""
    made = cloud("spoke2", holdtime=20, unique=True)
    old = made.nbma("spoke2")
    assert "unique" in entry(made.lab["hub"], made.address("spoke2"))["flags"]
    made.move("spoke2", "198.51.100.202/30")
    made.lab["hub"].wait_event("registration-refused", made.address("spoke2"), deadline=PATIENCE)
    assert made.binding("hub", "spoke2") == old
    made.wait_bound("hub", "spoke2")


def test_unique_is_nothing_to_frr(cloud):
    """FRR's hub takes our spoke's new address at once, for all that it asked to be unique."""
    made = cloud("hub", holdtime=300)
    made.move("spoke1", "198.51.100.202/30")
    made.wait_bound("hub", "spoke1")


def test_purge_is_nothing_to_frr(cloud):
    """Our spoke withdraws its registration when it ends; FRR's hub says nothing and keeps it. We do not wait for it."""
    made = cloud("hub", holdtime=20)
    assert made.lab["spoke1"].stop() == 0
    assert made.binding("hub", "spoke1") == made.nbma("spoke1")

    def kinds():
        return {kind for _, _, kind in nhrp_packets(made.lab.capture.path)}
    wait_until(lambda: PURGE_REQUEST in kinds(), PATIENCE, "the withdrawal is in the capture")
    made.wait_unbound("hub", "spoke1")
    assert PURGE_REPLY not in kinds()


def test_silent_egress(cloud):
    """FRR answers no resolution without `ip nhrp shortcut`: our traffic goes by the hub and loses nothing."""
    made = cloud("spoke2", shortcut=False)
    wait_until(lambda: made.works("spoke1", "spoke2"), PATIENCE, "traffic by the hub")
    assert made.ping("spoke1", "spoke2", count=50, interval=0.1).lost == 0
    assert traffic(made.lab["spoke1"])["sent"]["resolution_request"] >= 1
    assert made.path("spoke1", "spoke2") == [made.address("hub"), made.lan("spoke2")]
    assert made.shortcuts("spoke1") == {}
