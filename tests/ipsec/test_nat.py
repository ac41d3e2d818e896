# SPDX-License-Identifier: GPL-2.0-or-later
"""Spokes behind NAT: with an address each, and with ports translated."""
from crypto import sas, sessions
from facts import bindings, nbma, ping, shortcut, tunnel
from lab import scenarios
from lab.scenario import gateway


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
