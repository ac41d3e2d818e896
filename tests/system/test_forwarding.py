# SPDX-License-Identifier: GPL-2.0-or-later
"""What carries the data, and that trouble with one peer or with the underlay is nobody else's."""
import re
import subprocess
import sys

import pytest
from test_link import ETHTOOL, merge, upload
from test_reload import nothing_lost

from facts import bound, lan, overrides, path, shortcut, tunnel
from lab import measure, scenarios
from lab.measure import Ping
from lab.network import UNDERLAY, own_address
from lab.wait import SLOWNESS, wait_until


def ping(lab, source, target, count=20, size=56, interval=0.02, more=()):
    return measure.ping(lab.namespace(f"{source}-host"), lab.scenario.node(target).host_address, interval=interval,
                        count=count, size=size, more=more)


def by_the_hub(network, spokes):
    """All the spokes' packets go through the hub."""
    scenario = scenarios.phase3(spokes=spokes)
    for spoke in scenario.spokes:
        spoke.replace(" ip nhrp shortcut\n", " no ip nhrp shortcut\n")
    return network(scenario)


def interface(lab, name):
    return lab[name].ctl_json("show interfaces")["interfaces"][0]


def counted(lab, name, nbma):
    """The data packets of a peer: sent, received."""
    for peer in interface(lab, name)["peers"]:
        if peer["nbma"] == nbma:
            return peer["sent_packets"], peer["received_packets"]
    return 0, 0


def nbma(lab, name):
    return lab.scenario.node(name).nbma_address


def test_packets_are_counted_on_every_path(network):
    """Each packet once, whichever way it took."""
    lab = network(scenarios.phase1(), start=False)
    for name in ("hub", "spoke1", "spoke2"):
        # What its neighbour discovery sends would be counted as well.
        lab.namespace(name).run("sh", "-ec", "for i in all default; do "
                                "echo 1 >/proc/sys/net/ipv6/conf/$i/disable_ipv6; done")
    lab.start().wait_registered()
    first = ping(lab, "spoke1", "spoke2", count=3)
    names = ("hub", "spoke1"), ("hub", "spoke2"), ("spoke1", "hub"), ("spoke2", "hub")

    def counts():
        return {(one, other): counted(lab, one, nbma(lab, other)) for one, other in names}

    # Of the kernel link they are read once a second.
    sent = first.sent + first.beyond
    wait_until(lambda: set(counts().values()) == {(sent, sent)}, 15, "each packet is counted once")
    more = ping(lab, "spoke1", "spoke2", count=100)
    assert first.lost == more.lost == 0
    sent += more.sent + more.beyond
    wait_until(lambda: min(counts().values()) >= (sent, sent), 15, "the others, too")
    assert set(counts().values()) == {(sent, sent)}, counts()


def test_the_data_path_is_told(network):
    lab = network(scenarios.phase1())
    kind = re.search(r"tunnel link (\w+)", lab.scenario.node("hub").config).group(1)
    expected = {"user": "eBPF", "threads": "threads (no eBPF: it is switched off)", "kernel": "the kernel's GRE device"}
    assert interface(lab, "hub")["data_path"] == expected[kind]
    assert f"Data goes by {expected[kind]}" in lab["hub"].ctl("show interfaces")
    assert "Filter of NHRP: eBPF" in lab["hub"].ctl("show interfaces")


def test_a_host_that_forwards_nothing_is_told(network):
    """There the kernel looks up no way for the program that sends: the threads send, and the line says why."""
    lab = network(scenarios.phase1())
    before = interface(lab, "spoke1")["data_path"]
    spoke = lab.namespace("spoke1")
    spoke.run("sysctl", "-qw", "net.ipv4.conf.lo.forwarding=0")
    now = interface(lab, "spoke1")["data_path"]
    assert now.startswith("eBPF for what comes in, threads for what is sent (") if before == "eBPF" else now == before
    assert measure.ping(spoke, tunnel(lab, "hub"), count=20).lost == 0
    spoke.run("sysctl", "-qw", "net.ipv4.conf.lo.forwarding=1")
    assert interface(lab, "spoke1")["data_path"] == before


def test_the_data_path_is_the_same_after_a_reload(network):
    """What the daemon gave up when it started is nothing that it needs later."""
    lab = network(scenarios.phase1())
    config = lab.scenario.node("spoke1").config
    before = interface(lab, "spoke1")["data_path"]
    other = "user" if "tunnel link threads" in config else "threads"
    lab["spoke1"].reload(re.sub(r"tunnel link \w+", f"tunnel link {other}", config))
    lab["spoke1"].reload(config)
    wait_until(lambda: ping(lab, "spoke1", "spoke2").lost == 0, 20, "traffic again")
    assert interface(lab, "spoke1")["data_path"] == before


def by_wires(lab, *names):
    """The nodes' underlay is no longer one which super-packets cross whole: every packet on it fits the MTU."""
    internet = lab.namespace("internet")
    for namespace, device in (*((lab.namespace(name), "eth0") for name in names), *((internet, name) for name in names)):
        namespace.run("ethtool", "-K", device, "tso", "off", "gro", "on",
                      *(word for kind in ("gre", "gre-csum", "udp", "udp_tnl", "udp_tnl-csum")
                        for word in (f"tx-{kind}-segmentation", "off")))


def test_a_stream(network):
    """What one end counts of its super-packets when it sends them, the other counts of what came."""
    lab = network(scenarios.phase1())
    by_wires(lab, "hub", "spoke1")
    ends = ("hub", "spoke1"), ("spoke1", "hub")
    for name, other in ends:  # `upload` takes less where all is slow
        upload(lab.namespace(name), tunnel(lab, name), lab.namespace(other), tunnel(lab, other),
               size=int(SLOWNESS * (4 << 20)))

    def sums():
        peers = {name: next(one for one in interface(lab, name)["peers"] if one["nbma"] == nbma(lab, other))
                 for name, other in ends}
        return [[peers[name][f"{way}_{what}"] for what in ("packets", "bytes")]
                for one, two in ends for name, way in ((one, "sent"), (two, "received"))]
    wait_until(lambda: sums()[0] == sums()[1] and sums()[2] == sums()[3], 15, "both count the same")
    assert all(count > 1000 and size > 4 << 20 for count, size in sums()), sums()


def test_a_tunnel_in_the_tunnel(network):
    """VXLAN's super-packets in the tunnel, over wires on which every packet has to fit the MTU."""
    lab = network(scenarios.phase1())
    by_wires(lab, "hub", "spoke1")
    ends = lab.namespace("hub"), lab.namespace("spoke1")
    for number, (namespace, here, there) in enumerate(zip(ends, ("hub", "spoke1"), ("spoke1", "hub")), 1):
        namespace.batch(f"link add vx0 type vxlan id 5 local {tunnel(lab, here)} remote {tunnel(lab, there)} dstport 4789",
                        f"address add 10.77.0.{number}/24 dev vx0", "link set vx0 up mtu 1300")
    upload(ends[0], "10.77.0.1", ends[1], "10.77.0.2", size=8 << 20)
    upload(ends[1], "10.77.0.2", ends[0], "10.77.0.1", size=8 << 20)


def test_rules_for_what_leaves_the_tunnel_are_not_for_its_own_packets(network):
    """A policy route for what comes out of the tunnel, as to a firewall: GRE of the host does not take it."""
    lab = network(scenarios.phase1())
    spoke, internet = lab.namespace("spoke1"), lab.namespace("internet")
    internet.batch("link add firewall type veth peer name eth9 netns " + str(spoke.pid),
                   "address add 192.0.2.1/30 dev firewall", "link set firewall up")
    spoke.batch("address add 192.0.2.2/30 dev eth9", "link set eth9 up",
                "route add default via 192.0.2.1 table 100", "rule add iif tunnel1 lookup 100 pref 100")
    assert not spoke.run("ping", "-c", "1", "-W", "5", "192.0.2.1", check=False).returncode

    def sent():
        return spoke.ip("-s", "link", "show", "dev", "eth9")[0]["stats64"]["tx"]["packets"]
    before = sent()
    assert measure.ping(spoke, tunnel(lab, "hub"), count=50).lost == 0
    assert sent() - before < 25


def test_policies_of_ipsec_hold(network):
    """Whoever has IPsec set up by himself: no packet passes it by."""
    lab = network(scenarios.phase1())
    before = interface(lab, "spoke1")["data_path"]
    assert ping(lab, "spoke1", "spoke2").lost == 0
    spoke = lab.namespace("spoke1")
    spoke.run("ip", "xfrm", "policy", "add", "dst", nbma(lab, "hub"), "dir", "out", "action", "block")
    wait_until(lambda: "eBPF" not in interface(lab, "spoke1")["data_path"].split()[0], 10, "the policy is seen")
    assert ping(lab, "spoke1", "spoke2").received == 0
    spoke.run("ip", "xfrm", "policy", "flush")
    wait_until(lambda: interface(lab, "spoke1")["data_path"] == before, 10, "its end is seen")
    wait_until(lambda: ping(lab, "spoke1", "spoke2").lost == 0, 20, "traffic again")


def test_full_sized_packets_on_a_smaller_underlay(network, link):
    """A packet that does not fit the underlay with its outer headers is fragmented there. With DF, as ping sends it, the
    user link does so too; the kernel's device hands DF on, so the sender is told the size that fits."""
    lab = network(scenarios.phase1())
    for name in ("hub", "spoke1", "spoke2"):
        lab.namespace(name).batch("link set eth0 mtu 1300")
        lab.namespace("internet").batch(f"link set {name} mtu 1300")
    namespace, target = lab.namespace("spoke1-host"), lab.scenario.node("spoke2").host_address
    assert ping(lab, "spoke1", "spoke2", count=5, size=1400 - 28, more=("-M", "dont")).lost == 0
    if link == "kernel":
        text = namespace.run("ping", "-n", "-c", "1", "-M", "do", "-s", str(1400 - 28), target, check=False).stdout
        assert f"mtu = {1300 - 28}" in text, "what 20 bytes of IP and 8 of GRE with its key leave"
    assert ping(lab, "spoke1", "spoke2", count=20, size=1400 - 28).lost == 0


def test_underlay_goes_and_returns(network):
    """The cable is pulled and plugged in again. The others' traffic goes on."""
    lab = network(scenarios.phase1(spokes=3))
    assert ping(lab, "spoke1", "spoke2").lost == 0
    others = Ping(lab.namespace("spoke2-host"), lab.scenario.node("spoke3").host_address, interval=0.005)
    lab.namespace("spoke1").batch("link set eth0 down")
    lab.namespace("spoke1").batch("link set eth0 up")
    lab.namespace("spoke1").batch(*own_address(lab.scenario.node("spoke1"))[1:])
    wait_until(lambda: ping(lab, "spoke1", "spoke2", count=5).lost == 0, 20, "traffic again")
    nothing_lost([others])


def test_underlay_by_another_interface(network):
    """The default route leads to another provider. The others' traffic goes on."""
    lab = network(scenarios.phase1(spokes=3))
    namespace, internet = lab.namespace("spoke1"), lab.namespace("internet")
    namespace.batch(f"route add default via {lab.scenario.node('spoke1').gateway}",
                    *(f"route delete {block}" for block in UNDERLAY))
    assert ping(lab, "spoke1", "spoke2").lost == 0
    others = Ping(lab.namespace("spoke2-host"), lab.scenario.node("spoke3").host_address, interval=0.005)
    namespace.batch(f"link add eth9 type veth peer name spoke1b netns {internet.pid}",
                    "address add 192.0.2.2/30 dev eth9", "link set eth9 up")
    internet.batch("address add 192.0.2.1/30 dev spoke1b", "link set spoke1b up",
                   f"route replace {nbma(lab, 'spoke1')}/32 via 192.0.2.2")
    namespace.batch("route replace default via 192.0.2.1")
    assert ping(lab, "spoke1", "spoke2", count=100).lost == 0
    # Both ways go there now.
    received = namespace.ip("-s", "link", "show", "dev", "eth9")[0]["stats64"]
    assert received["rx"]["packets"] >= 100 and received["tx"]["packets"] >= 100
    nothing_lost([others])


def test_peer_whose_next_hop_is_silent(network):
    """The way to one spoke leads to a router that answers no ARP: the others' packets flow on."""
    lab = by_the_hub(network, 3)
    assert ping(lab, "spoke1", "spoke3").lost == 0
    hub, internet = lab.namespace("hub"), lab.namespace("internet")
    hub.batch(f"link add eth9 type veth peer name silent netns {internet.pid}", "address add 192.0.2.2/30 dev eth9",
              "link set eth9 up", f"route replace {nbma(lab, 'spoke3')}/32 via 192.0.2.1")
    internet.batch("link set silent up")
    doomed = Ping(lab.namespace("spoke1-host"), lab.scenario.node("spoke3").host_address, interval=0.005, count=200)
    assert ping(lab, "spoke1", "spoke2", count=100).lost == 0
    assert doomed.result().lost == 200


def test_full_underlay(network):
    """More than the underlay takes is lost, and nothing else: what follows passes."""
    lab = by_the_hub(network, 3)
    assert ping(lab, "spoke1", "spoke2").lost == 0
    lab.namespace("spoke1").run("tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", "200kbit", "burst", "4kb",
                                "limit", "8kb")
    flood = Ping(lab.namespace("spoke1-host"), lab.scenario.node("spoke2").host_address, interval=0.001, count=300,
                 size=1300)
    assert ping(lab, "spoke2", "spoke3", count=50).lost == 0
    assert flood.result().lost > 0
    lab.namespace("spoke1").run("tc", "qdisc", "del", "dev", "eth0", "root")
    wait_until(lambda: ping(lab, "spoke1", "spoke2", count=5).lost == 0, 10, "traffic again")


OFFLOADS = {"tso": 0x1F, "checksum": 0x17, "gso": 0x24}  # ETHTOOL_STSO, ETHTOOL_STXCSUM, ETHTOOL_SGSO


def csum_errors(lab, name):
    rows = [line.split()[1:] for line in lab.namespace(name).output("cat", "/proc/net/snmp").splitlines()
            if line.startswith("Tcp:")]
    return int(dict(zip(*rows))["InCsumErrors"])


@pytest.mark.parametrize("arrive", ["whole", "merged"])
@pytest.mark.parametrize("off", [[], ["tso"], ["tso", "gso", "checksum"]], ids=["offloads", "no tso", "no offloads"])
def test_super_packets_to_a_plain_port(network, arrive, off):
    """What came out of the tunnel in super-packets, still marked as GRE's, leaves by a port of the LAN which segments it
    in hardware, or not."""
    scenario = scenarios.phase1()
    scenario.node("hub").host = True
    lab = network(scenario)
    if arrive == "merged":
        merge(lab, "hub")
        merge(lab, "spoke1")
    for feature in off:
        lab.namespace("hub").run(sys.executable, "-c", ETHTOOL, "lan0", OFFLOADS[feature], 0)
    ends = [(lab.namespace(f"{name}-host"), lab.scenario.node(name).host_address) for name in ("spoke1", "hub")]
    assert ping(lab, "spoke1", "hub").lost == 0
    before = {name: csum_errors(lab, f"{name}-host") for name in ("hub", "spoke1")}
    upload(*ends[0], *ends[1], size=8 << 20)
    upload(*ends[1], *ends[0], size=8 << 20)
    assert {name: csum_errors(lab, f"{name}-host") for name in before} == before


SEND_DATAGRAMS = """
import socket, sys
UDP_SEGMENT = 103
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 0))
s.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000)
for number in range(20):
    s.sendto(b"".join(b"%04d" % (number * 40 + i) * 250 for i in range(40)), (sys.argv[2], 5520))
"""
TAKE_DATAGRAMS = """
import socket, sys
SO_RCVBUFFORCE = 33  # all may be there before one is taken
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 23)
s.bind((sys.argv[1], 5520))
s.settimeout(60)
print("ready", flush=True)
came = {s.recv(65536) for _ in range(800)}  # in any order: there is more than one processor
print(len(came & {b"%04d" % number * 250 for number in range(800)}), flush=True)
"""


def test_merged_datagrams_of_a_silent_peer(network):
    """A peer to which nothing is sent is no neighbour. What it sends in super-packets of UDP, whose lengths only the
    kernel knows, arrives datagram by datagram all the same."""
    lab = network(scenarios.phase1())
    taker = lab.namespace("hub").popen(sys.executable, "-c", TAKE_DATAGRAMS, tunnel(lab, "hub"), stdout=subprocess.PIPE,
                                       text=True)
    assert taker.stdout.readline() == "ready\n"
    lab.namespace("spoke1").run(sys.executable, "-c", SEND_DATAGRAMS, tunnel(lab, "spoke1"), tunnel(lab, "hub"))
    said, _ = taker.communicate(timeout=120)
    assert said == "800\n"


def test_shortcut_counts_as_used(network):
    """Data on the fast path keeps a shortcut alive beyond its holding time."""
    lab = network(scenarios.phase3(holdtime=int(6 * SLOWNESS)))
    shortcut(lab, "spoke1", "spoke2")
    assert ping(lab, "spoke1", "spoke2", count=200, interval=0.06 * SLOWNESS).lost == 0
    assert overrides(lab, "spoke1")
    assert bound(lab["spoke1"], tunnel(lab, "spoke2"), nbma(lab, "spoke2"))
    assert path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")]
