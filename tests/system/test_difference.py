# SPDX-License-Identifier: GPL-2.0-or-later
"""One semantics, two speeds: thousands of random packets come out of the fast path and of the threads the same, and
are counted the same. DIFFERENCE_SEED and DIFFERENCE_PACKETS in the environment give other packets, and more."""
import os
from collections import Counter

import pytest

import difference
from difference import Trial, same

SEED = int(os.environ.get("DIFFERENCE_SEED", 7))
COUNT = int(os.environ.get("DIFFERENCE_PACKETS", 3000))
LINKS = ("user", "threads")


def outcomes(keyed, underlay, directory):
    """What either path made of the same packets."""
    print(f"seed {SEED}, {COUNT} packets each way")
    found = {"most": underlay - (28 if keyed else 24)}
    for link in LINKS:
        with Trial(link, directory / link, keyed, underlay) as trial:
            found[link] = {"out": trial.counted(lambda: trial.outgoing(SEED, COUNT)),
                           "in": trial.counted(lambda: trial.incoming(SEED + 1, COUNT)),
                           "datagrams": difference.datagrams(trial, SEED, 40),
                           "answers": difference.answers(trial),
                           "path": trial.lab["spoke1"].ctl_json("show interfaces")["interfaces"][0]["data_path"]}
    return found


def it_is_two_paths(both):
    assert both["user"]["path"] == "eBPF"
    assert both["threads"]["path"].startswith("threads")


def inner_packets_that_were_sent(both):
    fast, slow = (both[link]["out"][0][0] for link in LINKS)
    assert len(slow) > COUNT * 0.95
    same(fast, slow)


def order(both):
    """The packets that the fast path takes do not overtake each other; the threads keep the order of all."""
    fast, slow = ([packet for packet in both[link]["out"][0][0] if difference.plain(packet, both["most"])]
                  for link in LINKS)
    assert len(fast) > COUNT / 4
    assert fast == slow


def outer_headers(both):
    """TTL, type of service, DF, fragments, protocol and key; and what they carry."""
    fast, slow = (list(map(difference.header, both[link]["out"][0][1])) for link in LINKS)
    assert len(slow) >= COUNT * 0.95
    same(fast, slow)
    assert {packet[5] for packet in fast} == {64 - 1}, "TTL, after the router between"


def packets_that_were_received(both):
    """With any outer mark of congestion, in fragments, padded, with options, sequence numbers, wrong checksums and keys."""
    fast, slow = (both[link]["in"][0] for link in LINKS)
    assert COUNT / 4 < len(slow) < COUNT
    same(fast, slow)


def same_counters(both):
    """Packets and bytes of each peer, both ways, of super-packets too."""
    for kind in ("out", "in"):
        assert both["user"][kind][1] == both["threads"][kind][1]
        assert both["user"][kind][1][1]["received_packets"] > COUNT / 4
    assert both["user"]["datagrams"][2] == both["threads"]["datagrams"][2]


def super_packets(both):
    """Datagrams that the kernel cuts (UDP_SEGMENT) come as they were meant, and in order; but where those that do not fit
    the underlay come in fragments, by the threads, the short last one overtakes them on the fast path."""
    for link in LINKS:
        sent, came, _ = both[link]["datagrams"]
        assert Counter(sent) == Counter(came)
        assert sent == came or (link == "user" and both["most"] < difference.TUNNEL_MTU)
    assert len(sent) > 200


def same_answers(both):
    """ICMP for a TTL that is over, for what is too big, and from beyond the tunnel."""
    assert both["user"]["answers"] == both["threads"]["answers"]
    assert {answer[1][0] for answer in both["user"]["answers"]} == {3, 11}


@pytest.mark.parametrize("keyed, underlay", [(True, 1500), (False, 1500), (True, 1300)],
                         ids=["keyed", "unkeyed", "small underlay"])
def test_both_paths_do_the_same(keyed, underlay, tmp_path, build):
    both = outcomes(keyed, underlay, tmp_path)
    for check in (it_is_two_paths, inner_packets_that_were_sent, order, outer_headers, packets_that_were_received,
                  same_counters, super_packets, same_answers):
        check(both)
