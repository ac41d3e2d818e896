# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's GRE device, the fast path and the threads of the user link: the same random packets come out of each."""
from collections import Counter

import difference
from difference import ECN, IPV4, Trial

SEED, COUNT = 11, 1500
LINKS = ("kernel", "user", "threads")


def outcomes(directory):
    print(f"seed {SEED}, {COUNT} packets each way")
    found = {}
    for link in LINKS:
        with Trial(link, directory / link) as trial:
            found[link] = trial.outgoing(SEED, COUNT, sound=True), trial.incoming(SEED + 1, COUNT, sound=True), \
                difference.datagrams(trial, SEED, 60)
    return found


def same(found):
    counts = {link: Counter(packets) for link, packets in found.items()}
    for link in LINKS[1:]:
        for packet in list((counts["kernel"] - counts[link]) + (counts[link] - counts["kernel"]))[:10]:
            print(f"kernel {counts['kernel'][packet]}, {link} {counts[link][packet]}:", packet)
        assert counts["kernel"] == counts[link], link


def inner_packets_that_were_sent(three):
    assert len(three["kernel"][0][0]) == COUNT
    same({link: three[link][0][0] for link in LINKS})


def packets_that_were_received(three):
    assert len(three["kernel"][1]) > COUNT / 2
    same({link: three[link][1] for link in LINKS})


def common(packet):
    """The header without what the links do differently, see docs/user-link.md: DF, and the mark of congestion outside of a
    packet that has it."""
    tos, fragment = packet[1], int.from_bytes(packet[6:8], "big")
    tos = tos & ~ECN if tos & ECN in (2, 3) else tos
    return bytes([tos]) + packet[2:4] + (fragment & ~0x4000).to_bytes(2, "big") + packet[8:10] + packet[12:]


def outer_headers(three):
    same({link: list(map(common, three[link][0][1])) for link in LINKS})


def df(three):
    """The kernel's device copies it from the packet inside; the user link has none, so that it fragments."""
    assert any(packet[6] & 0x40 for packet in three["kernel"][0][1] if packet[22:24] == IPV4.to_bytes(2, "big"))
    for link in LINKS[1:]:
        assert not any(packet[6] & 0x40 for packet in three[link][0][1])


def super_packets(three):
    """Datagrams that the kernel cuts (UDP_SEGMENT) come as they were meant. The kernel link counts such a packet once."""
    for link in LINKS:
        sent, came, _ = three[link][2]
        assert sent == came and len(sent) > 100
    assert three["user"][2][2] == three["threads"][2][2]


def test_all_three_do_the_same(tmp_path):
    three = outcomes(tmp_path)
    for check in (inner_packets_that_were_sent, packets_that_were_received, outer_headers, df, super_packets):
        check(three)
