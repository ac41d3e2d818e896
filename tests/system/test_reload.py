# SPDX-License-Identifier: GPL-2.0-or-later
"""Another configuration for running daemons, under traffic: only what differs is applied."""
import subprocess

from facts import bound, lan, nbma, ping, shortcut, tunnel, works
from lab import scenarios
from lab.measure import Ping, ping as ping_one
from lab.wait import wait_until

ANOTHER = """
interface Tunnel7
 ip address 10.7.0.{host} 255.255.255.0
 ip nhrp network-id 7
 tunnel source eth0
 tunnel mode gre multipoint
 tunnel key {key}
"""


def with_lines(config, *lines):
    """The configuration with more lines in its first tunnel."""
    head, mode, rest = config.partition(" tunnel mode gre multipoint\n")
    return head + mode + "".join(f" {line}\n" for line in lines) + rest


def flood(lab):
    """Traffic by the shortcut of spoke1, and through the hub to a spoke that has none."""
    shortcut(lab, "spoke1", "spoke2")
    shortcut(lab, "spoke2", "spoke1")
    return [Ping(lab.namespace("spoke1"), lan(lab, "spoke2"), lan(lab, "spoke1")),
            Ping(lab.namespace("hub"), tunnel(lab, "spoke1")), Ping(lab.namespace("hub"), tunnel(lab, "spoke2"))]


def nothing_lost(running):
    for ping in running:
        ping.await_replies(5)
    for result in [ping.result() for ping in running]:
        assert result.lost == 0 and result.duplicates == 0


def test_soft_changes_lose_no_packet(network):
    lab = network(scenarios.phase3())
    running = flood(lab)
    marks = {name: lab[name].mark() for name in lab.daemons}
    for name in ("hub", "spoke1", "spoke2"):
        config = lab.scenario.node(name).config
        softer = with_lines(config, "ip nhrp holdtime 77", "ip nhrp map 10.0.0.99 192.0.2.99", "description changed",
                            "ip nhrp map multicast 192.0.2.99", "ip nhrp max-send 500 every 10",
                            "ip nhrp nhs 10.0.0.98 nbma 192.0.2.98", "ip tcp adjust-mss 1300")
        assert "anew: " in lab[name].reload(softer + "ip route 10.99.0.0 255.255.0.0 10.0.0.99\n")
        assert lab.namespace(name).ip("route", "show", "10.99.0.0/16")
        assert " ip nhrp holdtime 77" in lab[name].ctl("show running-config")
    # The servers are told of the new holding time at once.
    wait_until(lambda: bound(lab["hub"], tunnel(lab, "spoke1"), nbma(lab, "spoke1")), 10, "spoke1 at the hub")
    for name in ("hub", "spoke1", "spoke2"):
        assert "anew: " in lab[name].reload(lab.scenario.node(name).config)
        assert not lab.namespace(name).ip("route", "show", "10.99.0.0/16")
        assert "10.0.0.99" not in lab[name].ctl("show ip nhrp")
    nothing_lost(running)
    for name, mark in marks.items():
        for event in ("peer-down", "shortcut-down", "binding-down"):
            assert not lab[name].events(event, mark)


def test_tunnels_come_change_and_go_beside_one_with_traffic(network):
    lab = network(scenarios.phase3())
    running = flood(lab)
    hub, config = lab["hub"], lab.scenario.node("hub").config
    device = lab.namespace("hub").ip("link", "show", "dev", "tunnel1")[0]["ifindex"]
    for key in (7, 8):
        hub.reload(config + ANOTHER.format(host=1, key=key))
        wait_until(lambda: hub.device_up("tunnel7"), 15, "the second tunnel")
        assert "key 7" not in hub.ctl("show running-config") or key == 7
    hub.reload(config)
    assert not lab.namespace("hub").ip("link", "show", "dev", "tunnel7", check=False)
    assert lab.namespace("hub").ip("link", "show", "dev", "tunnel1")[0]["ifindex"] == device
    nothing_lost(running)


def test_a_file_with_an_error_changes_nothing(network):
    lab = network(scenarios.phase3())
    running = flood(lab)
    before = lab["hub"].ctl("show running-config")
    mark = lab["hub"].mark()
    broken = with_lines(lab.scenario.node("hub").config, "ip nhrp holdtime 5", "ip nhrp holdtme 5")
    assert "nothing was changed" in lab["hub"].reload(broken)
    assert "holdtme" in lab["hub"].log(mark)
    assert lab["hub"].ctl("show running-config") == before
    nothing_lost(running)


def mtu_and_index(lab, name):
    device = lab.namespace(name).ip("link", "show", "dev", "tunnel1")[0]
    return device["mtu"], device["ifindex"]


def test_another_mtu_loses_no_packet(network):
    """The device stays, and so does what NHRP knows; packets of the new size pass, both ways."""
    lab = network(scenarios.phase3())
    running = flood(lab)
    names = ("hub", "spoke1", "spoke2")
    marks = {name: lab[name].mark() for name in names}
    devices = {name: mtu_and_index(lab, name)[1] for name in names}
    for mtu in (1300, 1420):
        for name in names:
            lab[name].reload(with_lines(lab.scenario.node(name).config, f"ip mtu {mtu}"))
            assert mtu_and_index(lab, name) == (mtu, devices[name])
        for one, other in (("spoke1", "spoke2"), ("spoke2", "hub"), ("hub", "spoke1")):
            wait_until(lambda: ping(lab, one, other, size=mtu - 28, count=2).lost == 0,
                       10, "packets of the full size")
    nothing_lost(running)
    for name, mark in marks.items():
        for event in ("peer-down", "shortcut-down", "nhs-down"):
            assert not lab[name].events(event, mark)


def test_another_address_is_another_tunnel(network):
    """The spoke takes its old registration back, and makes the new one."""
    lab = network(scenarios.phase3())
    old, new = tunnel(lab, "spoke1"), tunnel(lab, "spoke1").rpartition(".")[0] + ".77"
    mark = lab["hub"].mark()
    lab["spoke1"].reload(lab.scenario.node("spoke1").config.replace(f"ip address {old} ", f"ip address {new} "))
    lab["hub"].wait_event("peer-down", old, since=mark)
    lab["hub"].wait_event("peer-up", new, since=mark)
    wait_until(lambda: ping_one(lab.namespace("hub"), new, count=1).lost == 0, 10, "the new address answers")


def test_shutdown_and_back(network):
    lab = network(scenarios.phase3())
    config = lab.scenario.node("spoke1").config
    lab["spoke1"].reload(with_lines(config, "shutdown"))
    assert not lab["spoke1"].device_up("tunnel1")
    lab["spoke1"].reload(config)
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 15, "traffic again")


def test_protection_that_cannot_be_sealed_yet(network):
    """A reload protects a tunnel while nftables refuses: nothing is up without the seal, and all is well after it."""
    lab = network(scenarios.phase3())
    spoke = lab["spoke1"]
    holder = lab.namespace("spoke1").popen("nft", "-i", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    holder.stdin.write("add table inet dmvpn-protect { flags owner; }\n")
    holder.stdin.flush()
    wait_until(lambda: "dmvpn-protect" in lab.namespace("spoke1").output("nft", "list", "tables"), 10, "the table")
    mark = spoke.mark()
    spoke.reload(with_lines(lab.scenario.node("spoke1").config, "tunnel protection vici profile somebody"))
    wait_until(lambda: "not up: cannot" in spoke.log(mark), 10, "the tunnel waits")
    holder.communicate(timeout=10)
    wait_until(lambda: "up, source" in spoke.log(mark), 20, "the tunnel is there")
    assert "drop" in lab.namespace("spoke1").output("nft", "list", "table", "inet", "dmvpn-protect")
    wait_until(lambda: "strongSwan does not answer" in spoke.log(mark), 20, "and asks for strongSwan")
