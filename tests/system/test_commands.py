# SPDX-License-Identifier: GPL-2.0-or-later
"""dmvpnctl: every command, as text and as JSON, and the log."""
import contextlib
import json
import subprocess

import pytest

from facts import entries, overrides, shortcut
from lab import scenarios
from lab.wait import wait_until

SPOKE = {
    "show dmvpn": ["Legend:", "Interface: Tunnel1, IPv4 NHRP Details", "Type:Spoke, NHRP Peers:2", "198.51.100.6",
                   "203.0.113.2", "10.0.0.12", "UP", "DT1"],
    "show dmvpn detail": ["Tunnel1 is up/up", "198.51.100.2/", "IPv4 NHS:", "10.0.0.1  RE", "192.168.2.0/24"],
    "show ip nhrp": ["10.0.0.1/32 via 10.0.0.1", "never expire", "Type: static", "192.168.2.0/24 via 10.0.0.12",
                     "NBMA address: 198.51.100.6", "Flags:"],
    "show ip nhrp detail": ["10.0.0.1/32 via 10.0.0.1"],
    "show ip nhrp brief": ["10.0.0.12", "198.51.100.6"],
    "show ip nhrp static": ["10.0.0.1/32"],
    "show ip nhrp dynamic": ["10.0.0.12/32"],
    "show ip nhrp incomplete": [],
    "show ip nhrp shortcut": ["192.168.2.0/24 via 10.0.0.12"],
    "show ip nhrp nhs": ["Legend:", "Tunnel1:", "10.0.0.1", "RE"],
    "show ip nhrp nhs detail": ["NBMA Address: 203.0.113.2", "req-sent", "repl-recv"],
    "show ip nhrp multicast": ["NBMA address", "203.0.113.2"],
    "show ip nhrp traffic": ["Sent: Total", "Rcvd:", "Resolution Request", "Registration Request"],
    "show ip nhrp summary": ["entries"],
    "show ip route": ["192.168.0.0/16"],
    "show ip route 192.168.2.9": ["192.168.2.0/24", "10.0.0.12"],
    "show ip route nhrp": ["192.168.2.0/24", "10.0.0.12"],
    "show ip route next-hop-override": ["192.168.2.0/24"],
    "show crypto session": ["Crypto session current status"],
    "show crypto session detail": ["Crypto session current status"],
    "show crypto ikev2 sa": ["Tunnel-id Local", "Status"],
    "show crypto ikev2 sa detail": ["Tunnel-id Local"],
    "show crypto ipsec sa": [],
    "show interfaces": ["tunnel1"],
    "show interfaces tunnel 1": ["tunnel1"],
    "show running-config": ["interface Tunnel1", "ip nhrp network-id 1", "ip nhrp nhs 10.0.0.1"],
    "show running-config interface": ["interface Tunnel1", "ip nhrp network-id 1"],
    "show running-config interface tunnel1": ["interface Tunnel1", "ip nhrp network-id 1"],
    "show running-config interface tunnel 1": ["interface Tunnel1"],
    "show startup-config": ["interface Tunnel1", "ip nhrp network-id 1", "ip nhrp nhs 10.0.0.1"],
    "show version": ["dmvpn"],
    "show debugging": ["Terminal monitor is off"],
    "show dmvpn peer 10.0.0.12": ["NHRP Peers:1", "198.51.100.6"],
    "show dmvpn detail peer 198.51.100.6": ["192.168.2.0/24"],
    "show ip nhrp self": ["10.0.0.11/32", "Requester: 10.0.0.12 at 198.51.100.6"],
    "show ip nhrp traffic detail": ["0 malformed"],
    "show running-config all": ["ip nhrp holdtime", "no ip nhrp server-only"],
    "show events": ["nhs-up 10.0.0.1", "shortcut-up"],
    "show tech-support": ["-- show version --", "Legend:", "-- ip rule show --"],
    "help": ["show dmvpn"],
}


@pytest.fixture(scope="module")
def cloud(shared):
    return shared(scenarios.phase3())


@pytest.fixture
def lab(cloud):
    shortcut(cloud, "spoke1", "spoke2")
    shortcut(cloud, "spoke2", "spoke1")  # so that spoke1 knows who asked for it
    return cloud


def test_every_show(lab):
    """As text and as JSON; and none of them shows a secret, nor does the log."""
    for command, wanted in SPOKE.items():
        text = lab["spoke1"].ctl(command)
        for word in wanted:
            assert word.lower() in text.lower(), f"{command} does not show {word}:\n{text}"
        data = lab["spoke1"].ctl_json(command)
        assert data["schema"].startswith("dmvpn/"), command
        assert "BigScale" not in text + json.dumps(data), command
    assert "BigScale" not in lab["spoke1"].log()


def test_hub(lab):
    text = lab["hub"].ctl("show dmvpn")
    assert "Type:Hub, NHRP Peers:2" in text
    assert "198.51.100.2" in text and "198.51.100.6" in text
    assert {one["type"] for one in entries(lab["hub"])} == {"dynamic"}
    receivers = lab["hub"].ctl_json("show ip nhrp multicast")["receivers"]
    assert {one["kind"] for one in receivers} == {"dynamic"}


def test_abbreviations(lab):
    assert lab["spoke1"].ctl_json("sh dm")["schema"] == lab["spoke1"].ctl_json("show dmvpn")["schema"]
    assert "203.0.113.2" in lab["spoke1"].ctl("sh ip nh nhs det")


@pytest.mark.parametrize("command", ["show nonsense", "show ip nhrp trafic", "clear", "show interfaces tunnel 9"])
def test_wrong_commands(lab, command):
    result = lab["spoke1"].ctl_run(*command.split())
    assert result.returncode == 1 and result.stderr.startswith("%"), result
    assert result.stdout == ""


def test_clear_counters(lab):
    assert lab["spoke1"].ctl_json("show ip nhrp traffic")["interfaces"][0]["sent"]["total"] > 0

    def cleared():
        """Messages may be sent between the two commands, if not each time."""
        lab["spoke1"].ctl("clear ip nhrp counters")
        return lab["spoke1"].ctl_json("show ip nhrp traffic")["interfaces"][0]["sent"]["total"] < 3
    wait_until(cleared, 15, "the counters begin anew")


@contextlib.contextmanager
def listening(daemon, path, *words):
    """dmvpnctl with a command that goes on and on: gives a function that returns what it said so far."""
    with open(path, "w") as out:
        child = daemon.namespace.popen(str(daemon.build / "dmvpnctl"), "--control", str(daemon.socket), *words,
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield path.read_text
    finally:
        child.terminate()
        child.wait(15)


def test_debug_shows_packets(lab, tmp_path):
    """To whom it asked, and to nobody else."""
    hub = lab["hub"]
    peer = "198.51.100.2"  # spoke1
    with listening(hub, tmp_path / "all", "debug", "nhrp", "packet") as everything, \
            listening(hub, tmp_path / "one", "debug", "nhrp", "packet", "peer", peer) as of_one:
        for said in everything, of_one:
            wait_until(lambda said=said: "NHRP packet debugging is on" in said(), 15, "debugging is on")
        lab["spoke1"].ctl("clear ip nhrp")
        # The answer comes before the kernel is told.
        wait_until(lambda: not overrides(lab, "spoke1"), 15, "the shortcut is gone")
        shortcut(lab, "spoke1", "spoke2")
        for text in "Receive Resolution Request via Tunnel1 vrf 0", "src protocol: 10.0.0.11, dst protocol: 192.168.2.":
            wait_until(lambda text=text: text in of_one(), 15, "the request is shown")
        wait_until(lambda: "Send Resolution Request" in everything(), 15, "what the hub passed on is shown")
        assert hub.ctl_json("show debugging")["packet"] is False


def test_monitor_shows_events(lab, tmp_path):
    with listening(lab["spoke1"], tmp_path / "events", "terminal", "monitor") as said:
        wait_until(lambda: "Terminal monitor is on" in said(), 15, "the terminal is a monitor")
        lab["spoke1"].ctl("clear ip nhrp shortcut")
        wait_until(lambda: "Tunnel1: shortcut-down 192.168.2.0/24 via 10.0.0.12" in said(), 15, "the event is shown")
    assert "shortcut-down 192.168.2.0/24 via 10.0.0.12" in lab["spoke1"].ctl("show events since 1m")


def test_nobody_there(lab):
    daemon = lab["spoke1"]
    assert daemon.stop() == 0
    result = daemon.ctl_run("show", "dmvpn")
    lab.start("spoke1")
    assert result.returncode == 2 and str(daemon.socket) in result.stderr
