# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands of the configuration whose effect no other test sees."""
import subprocess
import sys

import pytest

import craft
from facts import entry, lan, nbma, overrides, path, ping, servers, shortcut, traffic, tunnel, view
from lab import measure, scenarios
from lab.capture import gre_packets, nhrp_packets
from lab.wait import wait_until

REQUESTS = (craft.RESOLUTION_REQUEST, craft.REGISTRATION_REQUEST, craft.PURGE_REQUEST)
ACCEPT = """
import socket, sys
listener = socket.create_server((sys.argv[1], 5001))
print("ready", flush=True)
listener.settimeout(20)
accepted = listener.accept()[0]
print(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG), flush=True)
accepted.recv(1)
"""
CONNECT = """
import socket, sys
socket.create_connection((sys.argv[1], 5001), timeout=10).close()
"""


def add(scenario, name, *lines):
    """Adds lines to the tunnel of a node."""
    scenario.node(name).replace(" tunnel source eth0\n", "".join(f" {line}\n" for line in (*lines, "tunnel source eth0")))


def interface(lab, name):
    return view(lab[name], "show interfaces")["interfaces"][0]


def test_adjust_mss(network):
    """A TCP connection between hosts behind the tunnel agrees on segments that fit."""
    scenario = scenarios.phase1()
    add(scenario, "spoke1", "ip tcp adjust-mss 1000")
    lab = network(scenario)
    target = lab.scenario.node("spoke2").host_address
    server = lab.namespace("spoke2-host").popen(sys.executable, "-c", ACCEPT, target, stdout=subprocess.PIPE, text=True)
    assert server.stdout.readline() == "ready\n"
    lab.namespace("spoke1-host").run(sys.executable, "-c", CONNECT, target)
    segment = int(server.communicate(timeout=30)[0])
    assert 900 < segment <= 1000, "the rest is TCP's own options"


def test_max_send(network):
    """So many NHRP packets and no more, whatever there is to ask; registrations still go."""
    scenario = scenarios.phase2()
    add(scenario, "spoke1", "ip nhrp max-send 8 every 600", "ip nhrp registration timeout 2")
    lab = network(scenario)
    pings = [lab.namespace("spoke1").popen("ping", "-c", "1", "-W", "1", f"10.0.0.{number}", stdout=subprocess.DEVNULL)
             for number in range(100, 120)]
    for one in pings:
        one.wait(30)

    def reached():
        now = traffic(lab["spoke1"])
        return now["refused"].get("max-send", 0) >= 10 and now["sent"]["registration_request"] >= 2 and now
    counted = wait_until(reached, 10, "the limit is reached, and registrations still go")
    assert counted["sent"]["total"] <= 8 and counted["sent"]["resolution_request"] <= 6
    assert "Max-send limit:8Pkts/600Sec" in lab["spoke1"].ctl("show ip nhrp traffic")


def test_server_only(network):
    """It asks for nothing, though the hub says that there is a better way; others still find it."""
    scenario = scenarios.phase3()
    add(scenario, "spoke1", "ip nhrp server-only")
    lab = network(scenario)
    shortcut(lab, "spoke2", "spoke1")
    wait_until(lambda: traffic(lab["spoke1"])["received"]["traffic_indication"], 10, "a redirect for spoke1")
    assert ping(lab, "spoke1", "spoke2", count=20).lost == 0
    assert traffic(lab["spoke1"])["sent"]["resolution_request"] == 0
    assert overrides(lab, "spoke1") == {}


def test_holdtime_and_registration_timeout(network):
    """The holding time is what the client asks for. With a timeout, registrations follow each other faster than a third of it."""
    scenario = scenarios.phase3(holdtime=277)
    add(scenario, "spoke1", "ip nhrp registration timeout 1")
    lab = network(scenario)
    assert 200 < entry(lab["hub"], tunnel(lab, "spoke2"))["expire_seconds"] <= 277

    def sent(name):
        return traffic(lab[name])["sent"]["registration_request"]
    before = {name: sent(name) for name in ("spoke1", "spoke2")}  # some more where the hub was late to start
    wait_until(lambda: sent("spoke1") >= before["spoke1"] + 4, 15, "four registrations more")
    assert sent("spoke2") < before["spoke2"] + 2


def test_redirect_timeout(network):
    """With 2 in place of 8 seconds the hub says it again, soon."""
    scenario = scenarios.phase3()
    scenario.node("hub").replace("ip nhrp redirect", "ip nhrp redirect timeout 2")
    for spoke in scenario.spokes:
        spoke.replace(" ip nhrp shortcut\n", "")
    lab = network(scenario)

    def redirected():
        ping(lab, "spoke1", "spoke2", count=1)
        return traffic(lab["hub"])["sent"]["traffic_indication"]
    assert redirected() <= 2
    wait_until(lambda: redirected() >= 4, 7, "a second redirect each way")


def test_description_and_hostname(network):
    scenario = scenarios.phase3()
    add(scenario, "spoke1", "description to the  head office ! first floor")
    lab = network(scenario)
    assert interface(lab, "spoke1")["description"] == "to the  head office ! first floor"
    assert "to the  head office" in lab["spoke1"].ctl("show interfaces tunnel1")
    assert lab["spoke1"].ctl("show version").splitlines()[1].startswith("spoke1 uptime")


def test_shutdown(network):
    """The tunnel stays down and its NHRP silent; everybody else's runs."""
    scenario = scenarios.phase3()
    add(scenario, "spoke1", "shutdown")
    lab = network(scenario, start=False)
    lab.start("hub", "spoke2").wait_registered("spoke2")
    daemon = lab["spoke1"]
    daemon.launch()
    wait_until(daemon.listens, 15, "spoke1 answers")
    wait_until(lambda: interface(lab, "spoke1")["link"], 10, "the device is made")
    assert interface(lab, "spoke1")["shutdown"] and not interface(lab, "spoke1")["up"]
    assert not daemon.device_up("tunnel1")
    assert servers(daemon)[tunnel(lab, "hub")]["flags"] == "W"
    assert traffic(daemon)["sent"]["total"] == 0
    assert "administratively down" in daemon.ctl("show interfaces tunnel1")
    assert entry(lab["hub"], tunnel(lab, "spoke1")) is None


def test_the_better_server_is_asked(network):
    """Resolutions go to the best server that is up, by its priority or its cluster, whatever the order of the lines; and to it
    again when it is back."""
    scenario = scenarios.dual_hub()
    for name, rank in (("spoke1", "priority 5"), ("spoke2", "cluster 1")):
        scenario.node(name).replace("ip nhrp nhs 10.0.0.1\n", f"ip nhrp nhs 10.0.0.1 {rank}\n")
        scenario.node(name).replace("ip nhrp nhs 10.0.0.2\n", "ip nhrp nhs 10.0.0.2 probe 1\n")
    lab = network(scenario)
    one, two = tunnel(lab, "hub1"), tunnel(lab, "hub2")
    spokes = ("spoke1", "spoke2")

    def active():
        return {address for name in spokes for address, server in servers(lab[name]).items() if server["active"]}
    assert active() == {two}
    assert measure.ping(lab.namespace("spoke1"), tunnel(lab, "spoke2"), count=10).lost == 0

    def asked():
        """By whom, and who."""
        return {(source, destination) for source, destination, kind in nhrp_packets(lab.capture.path)
                if source in (nbma(lab, name) for name in spokes) and kind == craft.RESOLUTION_REQUEST}
    wait_until(lambda: asked() == {(nbma(lab, name), nbma(lab, "hub2")) for name in spokes}, 10, "hub2 is asked by both, and no other")
    lab["hub2"].kill()
    for name in spokes:
        lab[name].wait_event("nhs-down", two, deadline=30)
    assert active() == {one}
    lab.start("hub2")
    wait_until(lambda: active() == {two}, 70, "hub2 takes over again")


@pytest.mark.parametrize("form", ["hmac-md5", "hmac-sha256"])
def test_keyed_authentication(network, form):
    """The RFC's keyed form, from registration to shortcut; another key or another form gets nothing."""
    lab = network(scenarios.phase3(authentication=f"{form} a-key-of-some-length"))
    shortcut(lab, "spoke1", "spoke2")
    assert path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")]
    daemon = lab["spoke2"]
    for wrong in (f"{form} another-key", "BigScale"):
        assert daemon.stop() == 0
        lab["hub"].wait_event("peer-down", tunnel(lab, "spoke2"))
        before = traffic(lab["hub"])["refused"].get("authentication", 0)
        daemon.node.replace(current_authentication(daemon.node), f"ip nhrp authentication {wrong}")
        lab.start("spoke2")
        wait_until(lambda seen=before: traffic(lab["hub"])["refused"].get("authentication", 0) > seen, 10,
                   f"the hub refuses {wrong}")
        assert entry(lab["hub"], tunnel(lab, "spoke2")) is None
        wait_until(lambda: "refuses our registration: authentication failure." in daemon.ctl(f"why {tunnel(lab, 'hub')}"), 10,
                   "the spoke says so")
    assert "a-key-of-some-length" not in lab["hub"].ctl("show running-config")


def current_authentication(node):
    return next(line.strip() for line in node.config.splitlines() if "ip nhrp authentication" in line)


def test_why_of_what_no_route_tells(network):
    """Multicast goes by another table, and IPv6 is only carried."""
    lab = network(scenarios.phase1())
    assert "show ip nhrp multicast" in lab["hub"].ctl("why 224.0.0.5")
    assert "ip -6 route get 2001:db8::5" in lab["hub"].ctl("why 2001:db8::5")


def test_routes_by_interface(network):
    """`ip route` by an interface, with a distance; they go with the daemon."""
    scenario = scenarios.phase3()
    scenario.node("spoke1").config += ("ip route 192.168.77.0 255.255.255.0 Tunnel1 30\n"
                                       "ip route 192.168.78.0/24 lan0\n")
    lab = network(scenario)

    def route(prefix):
        return lab.namespace("spoke1").ip("route", "show", prefix)
    (first,), (second,) = route("192.168.77.0/24"), route("192.168.78.0/24")
    assert (first["dev"], first["metric"]) == ("tunnel1", 30)
    assert (second["dev"], second["metric"]) == ("lan0", 1)
    assert lab["spoke1"].stop() == 0
    assert route("192.168.77.0/24") == route("192.168.78.0/24") == []


def test_request_ids_survive_a_restart(network):
    """Nor is one used twice after a sudden death, lest an old reply be taken for an answer."""
    lab = network(scenarios.phase3())
    daemon = lab["spoke1"]

    def ids():
        """Of the requests that spoke1 sent: registrations, resolutions and purges."""
        return [int.from_bytes(body[24:28], "big") for source, _, protocol, body in gre_packets(lab.capture.path)
                if source == nbma(lab, "spoke1") and protocol == craft.NHRP and body[17] in REQUESTS]
    shortcut(lab, "spoke1", "spoke2")
    for end in (daemon.stop, daemon.kill):
        end()
        before = ids()
        mark = daemon.mark()
        lab.start("spoke1")
        daemon.wait_event("nhs-up", since=mark)
        after = wait_until(lambda known=len(before): ids()[known:], 10, "its registration is in the capture")
        assert before and min(after) > max(before)
