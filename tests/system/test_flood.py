# SPDX-License-Identifier: GPL-2.0-or-later
"""A flood of NHRP: what known peers send comes in and is answered first, whatever strangers do."""
import os
import signal
from contextlib import contextmanager

import pytest

import craft
from facts import bindings, nbma, traffic, works
from lab import scenarios
from lab.wait import SLOWNESS, wait_until

STRANGER = scenarios.stranger().nbma_address
HUB = "10.0.0.1"
# Packets: twice what the socket has room for, which is 21,845 of them; an emulated guest takes a millisecond for each.
FLOOD = 40000 if SLOWNESS == 1 else 24000
QUEUE = 4096   # packets of strangers that wait
NOTED = 1024   # of the packets that are dropped at once, whose sender is known
MARKER = bytes(4)  # malformed, so that it is counted apart from the flood, which has a wrong password


@pytest.fixture(scope="module")
def lab(shared):
    scenario = scenarios.phase3()
    scenario.nodes.append(scenarios.stranger())
    return shared(scenario, forgers=[STRANGER])


@contextmanager
def busy(daemon):
    """The daemon does nothing meanwhile."""
    os.kill(daemon.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(daemon.process.pid, signal.SIGCONT)


def registration(**options):
    return craft.gre(craft.message(craft.REGISTRATION_REQUEST, STRANGER, "10.0.0.66", HUB, craft.entry(), **options))


def flood(lab, sender, spoke, refused):
    """More than the socket can hold comes from `sender` while the hub is busy, and then a packet of a spoke, which is heard.
    So many of the others are refused at least."""
    hub, before = lab["hub"], traffic(lab["hub"])["refused"]
    with busy(hub):
        craft.send(lab.namespace(sender), nbma(lab, "hub"), registration(auth="Wrong"), times=FLOOD)
        craft.send(lab.namespace(spoke), nbma(lab, "hub"), craft.gre(MARKER))
    wait_until(lambda: traffic(hub)["refused"]["malformed"] > before["malformed"], 20, f"the packet of {spoke} is there")
    wait_until(lambda: traffic(hub)["refused"]["busy"] >= before["busy"] + refused, 20, "the others are counted")
    wait_until(lambda: any(entry["nbma"] == nbma(lab, sender) and entry["packets"] >= NOTED
                           for entry in traffic(hub)["refused_from"]), 20, "and it is told who sent them")


def test_strangers_take_no_room_of_known_peers(lab):
    """And a stranger is heard when the flood is over."""
    flood(lab, "stranger", "spoke1", refused=FLOOD - 2 * QUEUE)
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 20, "the spokes are as before")

    def registered():
        craft.send(lab.namespace("stranger"), nbma(lab, "hub"), registration())
        return "10.0.0.66/32" in bindings(lab["hub"])
    wait_until(registered, 20, "the stranger who knows the password is a client")


def test_a_known_peer_without_measure_is_a_stranger(lab):
    """Who sends in the name of a spoke, or a spoke gone mad, takes no more room than strangers do."""
    flood(lab, "spoke1", "spoke2", refused=FLOOD // 2)
