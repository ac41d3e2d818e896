# SPDX-License-Identifier: GPL-2.0-or-later
"""Spokes behind NAT: one address each, ports translated, and several behind one address."""
import pytest

from crypto import clear_packets, sas, sessions
from facts import bindings, nbma, overrides, path, ping, shortcut, tunnel, works
from lab import scenarios
from lab.scenario import gateway
from lab.wait import wait_until


def translate(lab, rules):
    """Rules of a NAT in the underlay, where packets leave for `hub`."""
    text = "table ip nat {\n chain out { type nat hook postrouting priority srcnat\n" + "\n".join(rules) + "\n}\n}\n"
    lab.namespace("internet").run("nft", "-f", "-", input=text)


def behind_one_address(lab, *names):
    """Their sessions with the hub come from the address of the underlay's router on the hub's link."""
    spokes = ", ".join(nbma(lab, name) for name in names)
    translate(lab, [f"ip saddr {{ {spokes} }} oifname hub masquerade"])
    return gateway(lab.scenario.node("hub").nbma)


def test_one_address_each(protected):
    """1:1: the spokes talk to each other by their outer addresses."""
    lab = protected(scenarios.phase3(), start=False)
    inside, outside = nbma(lab, "spoke1"), "198.51.100.202"
    lab.namespace("internet").run("nft", "-f", "-", input=f"""table ip nat {{
 chain out {{ type nat hook postrouting priority srcnat
  iifname spoke1 ip saddr {inside} snat to {outside}
 }}
 chain in {{ type nat hook prerouting priority dstnat
  iifname != spoke1 ip daddr {outside} dnat to {inside}
 }}
}}
""")
    lab.start().wait_registered(deadline=30)
    assert bindings(lab["hub"])[tunnel(lab, "spoke1") + "/32"] == outside
    assert all(session["nat"] for session in sessions(lab, "spoke1"))
    shortcut(lab, "spoke2", "spoke1", deadline=30)
    assert ping(lab, "spoke2", "spoke1", count=20).lost == 0
    assert sas(lab, "spoke1", "spoke2")


def test_ports_translated(protected):
    """One spoke behind port translation."""
    lab = protected(scenarios.phase3(), start=False)
    outside = behind_one_address(lab, "spoke1")
    lab.start().wait_registered(deadline=30)
    assert bindings(lab["hub"])[tunnel(lab, "spoke1") + "/32"] == outside
    assert ping(lab, "spoke1", "spoke2", count=20).lost == 0


@pytest.mark.parametrize("spokes", [2, 3])
def test_several_behind_one_address(protected, spokes):
    """All work at once, both ways; as they cannot reach each other, they stay with the hub and lose nothing."""
    lab = protected(scenarios.phase3(spokes=spokes), start=False)
    names = [f"spoke{i}" for i in range(1, spokes + 1)]
    outside = behind_one_address(lab, *names)
    lab.start().wait_registered(deadline=40)
    for name in names:
        assert bindings(lab["hub"])[tunnel(lab, name) + "/32"] == outside
    for _ in range(2):
        for one in names:
            for other in names:
                if one != other:
                    assert ping(lab, one, other, count=10).lost == 0
            assert ping(lab, "hub", one, count=5).lost == 0
    for name in names:
        assert overrides(lab, name) == {}
    assert len(path(lab, "spoke1", "spoke2")) == 2
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 5, "still")
    assert not clear_packets(lab)
