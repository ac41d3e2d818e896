# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad packets: counted, logged at a limited rate, and nothing changes."""
import random
import time

import pytest

import craft
from facts import bindings, bound, lan, nbma, overrides, path, shortcut, traffic, tunnel, works
from lab import scenarios
from lab.wait import wait_until

STRANGER = scenarios.stranger().nbma_address
HUB, SPOKE1, SPOKE2 = "10.0.0.1", "10.0.0.11", "10.0.0.12"
LINES_A_SECOND = 20  # of the log, that others can provoke
KERNEL_SHORTEST = 4  # bytes: what follows a GRE header in less, the kernel drops by itself
SPOKE1_NBMA, SPOKE2_NBMA = "198.51.100.2", "198.51.100.6"


@pytest.fixture(scope="module")
def cloud(shared):
    scenario = scenarios.phase3()
    scenario.nodes.append(scenarios.stranger())
    return shared(scenario, forgers=[STRANGER])


@pytest.fixture
def lab(cloud):
    for ends in (("spoke1", "spoke2"), ("spoke2", "spoke1")):  # else one of them may still ask for the other
        shortcut(cloud, *ends)
    return cloud


def refused(daemon):
    counted = traffic(daemon)
    return sum(counted["refused"].values()) + counted["registrations_refused"]


def strike(lab, victim, *packets, reason=None, key=1):
    """Sends packets to a node and expects that it counts each and keeps what it knows."""
    daemon = lab[victim]
    if "tunnel link kernel" in daemon.node.config:
        packets = [packet for packet in packets if len(packet) >= KERNEL_SHORTEST]
    known, before, of_reason = bindings(daemon), refused(daemon), traffic(daemon)["refused"]
    shortcuts = overrides(lab, victim)
    craft.send(lab.namespace("stranger"), nbma(lab, victim), *(craft.gre(packet, key=key) for packet in packets))
    wait_until(lambda: refused(daemon) >= before + len(packets), 20, f"{victim} counts what it refuses")
    if reason:  # what was sent before may have been counted among them
        wait_until(lambda: traffic(daemon)["refused"][reason] >= of_reason[reason] + len(packets), 20, reason)
    assert bindings(daemon) == known
    assert overrides(lab, victim) == shortcuts


def registration(**options):
    return craft.message(craft.REGISTRATION_REQUEST, STRANGER, "10.0.0.66", HUB, craft.entry(), **options)


def test_malformed(lab):
    good = registration()
    wrong_size = bytearray(good)
    wrong_size[10:12] = (4096).to_bytes(2, "big")
    packets = [b"", b"\0", good[:10], good[:20], good[:-7], bytes(wrong_size), bytes(200), b"\xff" * 60,
               registration(version=2)]
    for victim in ("hub", "spoke1"):
        strike(lab, victim, *packets)
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 20, "traffic")


def test_truncated_at_every_byte(lab):
    good = registration()
    strike(lab, "hub", *(good[:length] for length in range(len(good))))


def test_checksum(lab):
    packet = bytearray(registration())
    packet[-1] ^= 1
    strike(lab, "hub", bytes(packet), reason="bad-checksum")


def test_garbage_is_logged_at_a_limited_rate(lab):
    dice = random.Random(2332)
    packets = [dice.randbytes(dice.randrange(KERNEL_SHORTEST, 300)) for _ in range(500)]
    mark, began = lab["hub"].mark(), time.monotonic()

    def logged():
        """The limit may have been reached before, by another test."""
        strike(lab, "hub", *packets)
        return lab["hub"].events("packet-refused", since=mark)
    lines = wait_until(logged, 20, "the hub logs what it refuses")
    assert 0 < len(lines) <= LINES_A_SECOND * (time.monotonic() - began + 1)
    assert STRANGER in lines[0]
    worst = traffic(lab["hub"])["refused_from"][0]
    assert worst["nbma"] == STRANGER and worst["packets"] >= 500
    assert lab["hub"].ctl_json("show ip nhrp traffic")["events_suppressed"] >= len(packets) - len(lines) > 0
    assert "Log lines left out" in lab["hub"].ctl("show ip nhrp traffic")


def test_oversized(lab):
    """A valid message with a very long extension; and one of the greatest size that IP carries."""
    strike(lab, "hub", registration(auth=None, extensions=craft.extension(8, bytes(1000), compulsory=False)),
           reason="authentication")
    strike(lab, "hub", registration(auth="Wrong", extensions=craft.extension(8, bytes(60000), compulsory=False)))


def test_no_or_wrong_authentication(lab):
    strike(lab, "hub", registration(auth=None), registration(auth="bigscale"), registration(auth="BigScal"),
           registration(auth="BigScale1"), reason="authentication")
    assert all("10.0.0.66" not in target for target in bindings(lab["hub"]))


# From here on the stranger knows the password.

def test_claims_the_address_of_another(lab):
    strike(lab, "hub", craft.message(craft.REGISTRATION_REQUEST, STRANGER, SPOKE2, HUB, craft.entry(),
                                     flags=craft.UNIQUE_NAT))
    assert bound(lab["hub"], SPOKE2, SPOKE2_NBMA)


def test_claims_the_address_of_the_hub(lab):
    strike(lab, "hub", craft.message(craft.REGISTRATION_REQUEST, STRANGER, HUB, HUB, craft.entry()))


def test_withdraws_what_is_not_its_own(lab):
    purge = craft.message(craft.PURGE_REQUEST, STRANGER, "10.0.0.66", HUB, craft.entry(SPOKE2, SPOKE2_NBMA))
    known = bindings(lab["hub"])
    craft.send(lab.namespace("stranger"), nbma(lab, "hub"), craft.gre(purge))
    disguised = craft.message(craft.PURGE_REQUEST, SPOKE2_NBMA, SPOKE2, HUB, craft.entry(SPOKE2, SPOKE2_NBMA))
    strike(lab, "hub", disguised)
    assert bindings(lab["hub"]) == known


def test_withdraws_a_shortcut_of_others(lab):
    purge = craft.message(craft.PURGE_REQUEST, STRANGER, HUB, SPOKE1, craft.entry("192.168.2.0", prefix=24))
    strike(lab, "spoke1", purge)
    assert path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")]


def test_answers_nobody_asked_for(lab):
    strike(lab, "spoke1",
           craft.message(craft.RESOLUTION_REPLY, SPOKE1_NBMA, SPOKE1, "192.168.2.1",
                         craft.entry("10.0.0.66", STRANGER, prefix=24)),
           craft.message(craft.REGISTRATION_REPLY, SPOKE1_NBMA, SPOKE1, HUB, craft.entry()),
           craft.message(craft.PURGE_REPLY, SPOKE1_NBMA, SPOKE1, HUB, craft.entry(SPOKE2)),
           reason="unsolicited")


def test_redirect_from_a_stranger(lab):
    """Who is no peer of ours may not make us ask for anything."""
    packet = bytes.fromhex("4500001c000000004001000000000000") + bytes(12)
    packet = packet[:12] + craft.address("192.168.1.1") + craft.address("192.168.77.1") + packet[20:]
    strike(lab, "spoke1", craft.message(craft.TRAFFIC_INDICATION, STRANGER, "10.0.0.66", SPOKE1, payload=packet))
    assert not any(target.startswith("192.168.77.") for target in bindings(lab["spoke1"])), "no resolution is under way"


def test_errors_are_never_answered(lab):
    sent = traffic(lab["hub"])["sent"]["error_indication"]
    errors = [craft.message(craft.ERROR_INDICATION, STRANGER, "10.0.0.66", HUB, auth=auth, payload=registration()[:40])
              for auth in ("BigScale", "Wrong", None)]
    received = traffic(lab["hub"])["received"]["total"]
    craft.send(lab.namespace("stranger"), nbma(lab, "hub"), *(craft.gre(error) for error in errors * 5))
    # A packet that is certainly counted, behind the others.
    strike(lab, "hub", bytes(KERNEL_SHORTEST))
    assert traffic(lab["hub"])["sent"]["error_indication"] == sent
    assert traffic(lab["hub"])["received"]["total"] >= received


def test_hop_count_and_loops(lab):
    """A request at the end of its hops goes no further."""
    forwarded = traffic(lab["hub"])["forwarded"]["resolution_request"]
    strike(lab, "hub", craft.message(craft.RESOLUTION_REQUEST, STRANGER, "10.0.0.66", SPOKE2, craft.entry(),
                                     hop_count=1), reason="hop-count")
    transit = craft.extension(4, craft.entry(HUB, nbma(lab, "hub"), prefix=0))
    strike(lab, "hub", craft.message(craft.RESOLUTION_REQUEST, STRANGER, "10.0.0.66", SPOKE2, craft.entry(),
                                     extensions=transit), reason="loop")
    assert traffic(lab["hub"])["forwarded"]["resolution_request"] == forwarded


def test_gre_that_is_not_ours(lab):
    """Broken GRE and other keys reach neither NHRP nor the device."""
    received = traffic(lab["hub"])["received"]["total"]
    good = registration()
    craft.send(lab.namespace("stranger"), nbma(lab, "hub"), b"", b"\x20", b"\x20\x00\x20", craft.gre(b""),
               craft.gre(good, key=99), craft.gre(good, flags=0x0000), craft.gre(good, flags=0x2001),
               craft.gre(bytes(40), protocol=0x1234), craft.gre(bytes(3), protocol=craft.IPV4))
    wait_until(lambda: works(lab, "spoke1", "spoke2") and works(lab, "spoke1", "hub"), 20, "traffic")
    assert all("10.0.0.66" not in target for target in bindings(lab["hub"]))
    # What bears our key and the protocol number is counted (the empty one); the rest is not NHRP of ours.
    assert traffic(lab["hub"])["received"]["registration_request"] < received + 10


def test_more_registrations_than_allowed_names(lab):
    """Many names at once do no harm to those that are there, and one node gets 32 of them."""
    packets = [craft.gre(craft.message(craft.REGISTRATION_REQUEST, STRANGER, f"10.0.0.{100 + i}", HUB,
                                       craft.entry(holding_time=5))) for i in range(100)]

    def names():
        return [target for target, by in bindings(lab["hub"]).items() if by == STRANGER]

    def registered():
        """Again, where the first were forgotten before all were seen."""
        craft.send(lab.namespace("stranger"), nbma(lab, "hub"), *packets)
        return len(names()) >= 32
    wait_until(registered, 20, "as many as it gets")
    assert len(names()) <= 32
    assert bound(lab["hub"], tunnel(lab, "spoke1"), SPOKE1_NBMA)
    wait_until(lambda: not names(), 20, "their time is over")
    assert bound(lab["hub"], tunnel(lab, "spoke1"), SPOKE1_NBMA)
