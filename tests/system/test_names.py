# SPDX-License-Identifier: GPL-2.0-or-later
"""Next hop servers by name."""
import time

import pytest

from dns import Dns
from facts import entry, nbma, servers, tunnel
from lab import scenarios
from lab.scenario import Scenario
from lab.wait import wait_until

NAME = "hubs.example.net"
FLOOR = 5  # seconds between two questions, at least
A = 1


def with_resolver(daemon, address, directory):
    """The daemon's own /etc/resolv.conf."""
    path = directory / f"{daemon.node.name}.resolv.conf"
    path.write_text(f"nameserver {address}\n")
    daemon.prefix = ["unshare", "--mount", "sh", "-c", f'mount --bind {path} /etc/resolv.conf && exec "$@"', "sh"]


@pytest.fixture
def named(network, tmp_path):
    """Two hubs and a spoke that knows them as NAME; the DNS server is the provider's."""
    def make(line):
        lines = [line, "ip nhrp registration timeout 3"]
        lab = network(Scenario("named", "", [scenarios.hub(1, name="hub1"), scenarios.hub(2, name="hub2"),
                                             scenarios.spoke(1, hubs=0, lines=lines)]), start=False)
        gateway = lab.scenario.node("spoke1").gateway
        with_resolver(lab["spoke1"], gateway, tmp_path)
        made.append(Dns(lab.namespace("internet"), gateway))
        return lab, made[0]

    made = []
    yield make
    for dns in made:
        dns.close()


def up(lab):
    return {address for address, one in servers(lab["spoke1"]).items() if one["state"] in ("up", "check")}


def test_several_addresses_are_several_hubs(named):
    lab, dns = named(f"ip nhrp nhs dynamic nbma {NAME} multicast")
    lab.start()
    spoke = lab["spoke1"]
    wait_until(lambda: dns.asked(NAME) >= 1 and NAME in spoke.log(), 10, "a name that DNS does not know is told")
    server = servers(spoke)[None]
    assert server["name"] == NAME and server["nbma"] is None and server["flags"] == "WD"
    dns.records[NAME] = [nbma(lab, "hub1"), "2001:db8::1"]
    wait_until(lambda: up(lab) == {"10.0.0.1"}, 15, "the first hub")
    dns.records[NAME] = [nbma(lab, "hub1"), nbma(lab, "hub2")]
    wait_until(lambda: up(lab) == {"10.0.0.1", "10.0.0.2"}, 15, "the second hub, when the TTL is over")
    assert {kind for _, _, kind in dns.questions} == {A}, "the underlay is IPv4"
    # A TTL of one second is not a question in each second. The times are those of a thread of ours, which may have waited.
    times = [when for when, _, _ in dns.questions]
    assert all(later - earlier > FLOOR - 3 for earlier, later in zip(times, times[1:])), times

    dns.failing = True
    mark = spoke.mark()
    wait_until(lambda: NAME in spoke.log(mark), 15, "the failure is told")
    assert up(lab) == {"10.0.0.1", "10.0.0.2"} and not spoke.events("nhs-down"), "what DNS said before holds"

    dns.failing = False
    dns.records[NAME] = [nbma(lab, "hub2")]
    wait_until(lambda: set(servers(spoke)) == {"10.0.0.2"}, 15, "the first hub leaves DNS")
    lab["hub1"].wait_event("peer-down", tunnel(lab, "spoke1"))
    assert entry(spoke, "10.0.0.1") is None


def test_silence_is_a_reason_to_ask(named):
    """A server with a configured address moves; its TTL says nothing of that. And a dead DNS server holds up nothing."""
    lab, dns = named(f"ip nhrp nhs 10.0.0.1 nbma {NAME} multicast")
    dns.ttl = 3000
    dns.records[NAME] = [nbma(lab, "hub1")]
    lab.start().wait_registered("spoke1")
    assert dns.asked(NAME) == 1
    lab.move("hub1", "203.0.113.202/30")
    dns.silent = True
    wait_until(lambda: dns.asked(NAME) >= 2, 30, "the server does not answer: DNS is asked")

    def at_once():
        began = time.monotonic()
        return servers(lab["spoke1"]) and time.monotonic() - began < 1
    wait_until(at_once, 5, "the daemon does not wait for DNS")
    dns.records[NAME] = [nbma(lab, "hub1")]
    dns.silent = False
    wait_until(lambda: up(lab) == {"10.0.0.1"}, 30, "the hub at its new address")
    assert servers(lab["spoke1"])["10.0.0.1"]["nbma"] == nbma(lab, "hub1") == "203.0.113.202"
