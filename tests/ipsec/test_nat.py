# SPDX-License-Identifier: GPL-2.0-or-later
"""Spokes behind NAT: with an address each, and with ports translated. Several behind one address are in
test_shared_address.py."""
import itertools

from crypto import behind_one_address, sas, sessions, settled, translate
from facts import bindings, lan, nbma, overrides, path, ping, shortcut, tunnel
from lab import measure, scenarios
from lab.wait import wait_until


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
    settled(lab.start().wait_registered(deadline=30))
    assert bindings(lab["hub"])[tunnel(lab, "spoke1") + "/32"] == outside
    assert all(session["nat"] for session in sessions(lab, "spoke1"))
    shortcut(lab, "spoke2", "spoke1", deadline=30)
    assert ping(lab, "spoke2", "spoke1", count=20).lost == 0
    assert sas(lab, "spoke1", "spoke2")


def test_ports_translated(protected):
    """One spoke behind port translation."""
    lab = protected(scenarios.phase3(), start=False)
    outside = behind_one_address(lab, "spoke1")
    settled(lab.start().wait_registered(deadline=30))
    assert bindings(lab["hub"])[tunnel(lab, "spoke1") + "/32"] == outside
    assert ping(lab, "spoke1", "spoke2", count=20).lost == 0


def test_addresses_that_cannot_be_reached(protected):
    """Two spokes behind an address each, of which only the hub can be called: they stay with the hub, and lose nothing."""
    lab = protected(scenarios.phase3(), start=False)
    outside = {name: f"198.51.100.20{number}" for number, name in enumerate(("spoke1", "spoke2"), 1)}
    translate(lab, [f"iifname {name} snat to {address}" for name, address in outside.items()])
    for address in outside.values():
        lab.namespace("internet").run("ip", "route", "add", "blackhole", address)
    settled(lab.start().wait_registered(deadline=30))
    for name, address in outside.items():
        assert bindings(lab["hub"])[tunnel(lab, name) + "/32"] == address
    since = {name: lab[name].mark() for name in outside}
    flows = [measure.Ping(lab.namespace(one), lan(lab, other), lan(lab, one), interval=0.05)
             for one, other in itertools.permutations(outside)]
    wait_until(lambda: any("cannot be had" in lab[name].log(mark) for name, mark in since.items()), 60, "they tried")
    assert [flow.result().lost for flow in flows] == [0, 0]
    assert path(lab, "spoke1", "spoke2") == [tunnel(lab, "hub"), lan(lab, "spoke2")]
    assert [name for name in outside if overrides(lab, name)] == []
