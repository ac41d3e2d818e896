# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kernel or the rights of the daemon do not allow, and what goes wrong in the underlay: the tunnel finds another
way where there is one, and nobody else's packets are lost."""
import re
import signal
import socket

import pytest
from test_forwarding import by_the_hub, counted, interface, nbma, ping
from test_link import upload
from test_reload import nothing_lost, with_lines

import craft
from difference import MPLS, Tap
from facts import lan, ping as ping_node, tunnel, works
from lab import measure, scenarios
from lab.measure import Ping
from lab.network import own_address, provider_address
from lab.wait import wait_until
from refusal import BPF, refused

PROTOCOL_UNREACHABLE = bytes([3, 2])
BPF_LINK_CREATE, EINVAL, EPERM = 28, 22, 1


def refuse_bpf(lab, error, *operation):
    """bpf(), or one of its operations, which is its first argument."""
    for daemon in lab.daemons.values():
        daemon.wrapper = refused(error, BPF, *operation)


def has_fast_path(lab):
    return "tunnel link user" in lab.scenario.node("hub").config


def filters(lab, name):
    """Devices of a node that have programs of ours as filters."""
    namespace = lab.namespace(name)
    return {device for device, side in (("tunnel1", "egress"), ("eth0", "ingress"))
            if "bpf" in namespace.output("tc", "filter", "show", "dev", device, side, check=False)}


def sent_by_the_device(lab, name):
    """Packets that came to the threads; the fast path takes them before they are counted."""
    return lab.namespace(name).ip("-s", "link", "show", "dev", "tunnel1")[0]["stats64"]["tx"]["packets"]


# --- what the kernel does not allow

def test_without_ebpf_the_threads_carry(network):
    """`show interfaces` says what carries the data, and why nothing faster does."""
    lab = network(scenarios.phase3(), start=False)
    refuse_bpf(lab, EPERM)
    lab.start().wait_registered()
    reason = "the kernel does not take its programs: Operation not permitted (it needs the capabilities CAP_BPF and " \
        "CAP_NET_ADMIN)" if has_fast_path(lab) else "it is switched off"
    for name in ("hub", "spoke1", "spoke2"):
        assert f"Data goes by threads (no eBPF: {reason})" in lab[name].ctl("show interfaces")
        assert "Filter of NHRP: none (the kernel does not take its program: Operation not permitted; it needs the " \
            "capabilities CAP_BPF and CAP_NET_ADMIN)" in lab[name].ctl("show interfaces")
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 10, "traffic")
    upload(lab.namespace("spoke1"), lan(lab, "spoke1"), lab.namespace("spoke2"), lan(lab, "spoke2"))


def test_without_the_capability(network):
    """The daemon of an administrator who gives it no CAP_BPF."""
    lab = network(scenarios.phase1(), start=False)
    for daemon in lab.daemons.values():
        without = "-bpf,-perfmon,-sys_admin"
        daemon.wrapper = ["setpriv", "--bounding-set", without, "--inh-caps", without]
    lab.start().wait_registered()
    assert interface(lab, "hub")["data_path"].startswith("threads (no eBPF: ")
    assert interface(lab, "hub")["nhrp_filter"].startswith("none (the kernel does not take its program: ")
    assert ping(lab, "spoke1", "spoke2").lost == 0


def test_without_tcx_filters_carry(network):
    """On a kernel that has no TCX (before Linux 6.6) the programs are filters of a qdisc: they carry, go with the
    daemon, and a successor of one that was killed takes its filters away."""
    lab = network(scenarios.phase1(), start=False)
    refuse_bpf(lab, EINVAL, 0, BPF_LINK_CREATE)
    lab.start().wait_registered()
    there = {"tunnel1", "eth0"} if has_fast_path(lab) else set()
    for name in ("hub", "spoke1", "spoke2"):
        assert filters(lab, name) == there
        assert (interface(lab, name)["data_path"] == "eBPF") == has_fast_path(lab)
    assert ping(lab, "spoke1", "spoke2").lost == 0
    before = sent_by_the_device(lab, "hub")
    assert ping(lab, "spoke1", "spoke2", count=50).lost == 0
    assert (sent_by_the_device(lab, "hub") - before < 50) == has_fast_path(lab)
    spoke = lab["spoke1"]
    spoke.kill()
    assert filters(lab, "spoke1") == there
    spoke.wrapper = []
    spoke.start()
    lab.wait_registered("spoke1")
    assert filters(lab, "spoke1") == set()
    wait_until(lambda: ping(lab, "spoke1", "spoke2").lost == 0, 20, "traffic again")
    assert lab["spoke2"].stop() == 0
    assert filters(lab, "spoke2") == set()


@pytest.mark.parametrize("what", ["device deleted", "another tunnel"])
def test_filters_of_a_device_that_is_gone(network, what):
    """Of one that was killed, and whose device nobody has any more: what comes in would go nowhere."""
    lab = network(scenarios.phase1(), start=False)
    refuse_bpf(lab, EINVAL, 0, BPF_LINK_CREATE)
    lab.start().wait_registered()
    spoke, node = lab["spoke1"], lab.scenario.node("spoke1")
    spoke.kill()
    assert ("eth0" in filters(lab, "spoke1")) == has_fast_path(lab)
    if what == "device deleted":
        lab.namespace("spoke1").batch("link delete tunnel1")
    else:
        node.replace("interface Tunnel1\n", "interface Tunnel2\n")
    node.config = re.sub(r"tunnel link \w+", "tunnel link threads", node.config)
    spoke.start()
    wait_until(lambda: measure.ping(lab.namespace("spoke1"), tunnel(lab, "hub"), count=5).lost == 0, 20, "traffic again")
    assert filters(lab, "spoke1") == set()


def refused_protocols(taps):
    """The kernel's answers that somebody does not know GRE."""
    return [packet for tap in taps for protocol, packet in tap.read() if packet[9:10] == b"\x01" and
            packet[20:22] == PROTOCOL_UNREACHABLE]


def test_nobody_hears_that_gre_is_unknown(network):
    """A socket for GRE is always open, else the kernel answers data with ICMP: also while everything goes by the fast
    path, and while tunnels are made anew."""
    lab = network(scenarios.phase1())
    taps = [Tap(lab.namespace("internet"), name) for name in ("hub", "spoke1", "spoke2")]
    assert ping(lab, "spoke1", "spoke2", count=100, interval=0.002).received > 0
    assert not refused_protocols(taps)
    config = lab.scenario.node("spoke1").config
    running = Ping(lab.namespace("hub"), tunnel(lab, "spoke1"), interval=0.002)
    for number in range(5):
        # Made anew: it takes its leave, so that the hub sends nothing more; what was on its way arrives.
        lab["spoke1"].reload(config.replace(" ip nhrp network-id 1\n", f" ip nhrp network-id {number + 2}\n"))
        lab["spoke1"].reload(re.sub(r"tunnel link \w+", "tunnel link threads", config))
        lab["spoke1"].reload(config)
        wait_until(lambda: ping(lab, "spoke1", "spoke2", count=3).lost == 0, 20, "traffic again")
    running.result()
    assert not refused_protocols(taps)
    # The test can fail: without a daemon the kernel says so.
    assert lab["spoke1"].stop() == 0
    craft.send(lab.namespace("hub"), nbma(lab, "spoke1"), bytes([0, 0, 8, 0]))
    wait_until(lambda: refused_protocols(taps), 10, "the kernel's answer")


def test_fast_path_comes_and_goes_without_loss(network):
    """A reload that takes it away, or brings it back: the device's queues stay, and no packet and no count is lost."""
    lab = network(scenarios.phase1())
    config = {name: lab.scenario.node(name).config for name in ("hub", "spoke1", "spoke2")}
    running = [Ping(lab.namespace("hub"), tunnel(lab, "spoke1"), interval=0.002),
               Ping(lab.namespace("spoke1-host"), lab.scenario.node("spoke2").host_address, interval=0.002)]
    wait_until(lambda: counted(lab, "hub", nbma(lab, "spoke1"))[0] > 50, 20, "traffic")
    for link in ("threads", "user", "threads", "user"):
        for name in config:
            before = counted(lab, "hub", nbma(lab, "spoke1"))
            lab[name].reload(re.sub(r"tunnel link \w+", f"tunnel link {link}", config[name]))
            assert interface(lab, name)["data_path"].startswith({"threads": "threads", "user": "eBPF"}[link])
            now = counted(lab, "hub", nbma(lab, "spoke1"))
            assert now[0] >= before[0] and now[1] >= before[1]
    nothing_lost(running)


# --- what goes wrong in the underlay

def test_interface_of_the_underlay_is_made_anew(network):
    """Somebody takes the network card out and puts it in again: another interface with the same name. The others'
    traffic goes on; that of the node comes back, on the fast path too."""
    lab = by_the_hub(network, 3)
    spoke, internet = lab.namespace("spoke1"), lab.namespace("internet")
    assert ping(lab, "spoke1", "spoke2").lost == 0
    others = Ping(lab.namespace("spoke2-host"), lab.scenario.node("spoke3").host_address, interval=0.005)
    spoke.batch("link delete eth0")
    wait_until(lambda: "waits for its source" in lab["spoke1"].log(), 10, "the source is gone")
    spoke.batch(f"link add eth0 type veth peer name spoke1 netns {internet.pid}",
                *own_address(lab.scenario.node("spoke1"))[:2])
    internet.batch("link set spoke1 up", provider_address(lab.scenario.node("spoke1")))
    spoke.batch(*own_address(lab.scenario.node("spoke1"))[2:])
    wait_until(lambda: ping(lab, "spoke1", "spoke2", count=5).lost == 0, 30, "traffic again")
    nothing_lost([others])
    if has_fast_path(lab):
        def by_the_fast_path():
            before = sent_by_the_device(lab, "spoke1")
            return ping(lab, "spoke1", "spoke2", count=20).lost == 0 and sent_by_the_device(lab, "spoke1") == before
        wait_until(by_the_fast_path, 10, "the fast path carries again")


WAITING = 20000  # packets: more than a buffer of the usual size for a socket would take
PORTION = 500  # packets that any queue on the way has room for


def arrived(namespace, address):
    """What was sent there before has come, as this has: it waits in no queue that others pass, too."""
    namespace.run("ping", "-n", "-c", "1", "-W", "5", address)


def test_peer_behind_a_full_queue(network):
    """So much waits for a slow way to one peer that a socket's buffer would be full of it: the others' packets, which
    leave by another interface, do not wait behind it and are not dropped for it."""
    lab = by_the_hub(network, 3)
    assert ping(lab, "spoke1", "spoke2").lost == 0
    hub, internet = lab.namespace("hub"), lab.namespace("internet")
    hub.batch(f"link add eth9 type veth peer name slow netns {internet.pid}", "address add 192.0.2.2/30 dev eth9",
              "link set eth9 up")
    internet.batch("address add 192.0.2.1/30 dev slow", "link set slow up")
    hub.run("tc", "qdisc", "add", "dev", "eth9", "root", "tbf", "rate", "8kbit", "burst", "4kb", "limit", "100mb")
    hub.batch(f"route replace {nbma(lab, 'spoke3')}/32 via 192.0.2.1")
    host, target = lab.namespace("spoke1-host"), lab.scenario.node("spoke3").host_address
    with host.entered():
        flood = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def waiting():
        for _ in range(PORTION):
            flood.sendto(bytes(1300), (target, 9))
        arrived(host, tunnel(lab, "hub"))
        text = hub.output("tc", "-s", "qdisc", "show", "dev", "eth9")
        return int(re.search(r"backlog \S+ (\d+)p", text).group(1)) > WAITING
    with flood:
        wait_until(waiting, 60, "a long queue")
    # ping waits for the last answers no longer than for two round trips, or its interval.
    assert ping(lab, "spoke1", "spoke2", count=30, interval=0.1).lost == 0


TO_FILL = 12000  # packets: half as many again as a data socket has room for


def test_socket_is_full(network):
    """A node that does not come to read what is for its threads: its socket's buffer is full, which is counted. The fast
    path carries the others' packets meanwhile; afterwards all is as before."""
    lab = by_the_hub(network, 3)
    config = lab.scenario.node("hub").config
    assert ping(lab, "spoke2", "spoke3").lost == 0
    others = [] if "tunnel link threads" in config else \
        [Ping(lab.namespace("spoke2-host"), lab.scenario.node("spoke3").host_address, interval=0.005)]
    wait_until(lambda: not others or counted(lab, "hub", nbma(lab, "spoke2"))[1] > 100, 20, "traffic")
    hub = lab["hub"].child
    hub.send_signal(signal.SIGSTOP)
    try:
        for _ in range(0, TO_FILL, PORTION):
            craft.send(lab.namespace("spoke1"), nbma(lab, "hub"), craft.gre(bytes(1400), protocol=MPLS), times=PORTION)
            arrived(lab.namespace("spoke1"), nbma(lab, "hub"))
        nothing_lost(others)
    finally:
        hub.send_signal(signal.SIGCONT)
    assert interface(lab, "hub")["drops"]["socket_full"] > TO_FILL / 4
    wait_until(lambda: ping(lab, "spoke2", "spoke3").lost == 0, 10, "the rest is worked off")
    assert ping(lab, "spoke1", "spoke2", count=100).lost == 0


def test_too_long_for_one_peer(network):
    """Full-sized packets to one peer do not fit its way; they come in fragments, and others as ever."""
    lab = by_the_hub(network, 3)
    hub, internet = lab.namespace("hub"), lab.namespace("internet")
    for namespace, device in ((lab.namespace("spoke3"), "eth0"), (internet, "spoke3")):
        namespace.batch(f"link set {device} mtu 1200")
    hub.batch(f"route replace {nbma(lab, 'spoke3')}/32 via {lab.scenario.node('hub').gateway} mtu 1200")
    both = [Ping(lab.namespace("spoke1-host"), lab.scenario.node(name).host_address, interval=0.005,
                 size=1372) for name in ("spoke2", "spoke3")]
    wait_until(lambda: counted(lab, "hub", nbma(lab, "spoke3"))[0] > 100, 20, "traffic")
    nothing_lost(both)


# --- several pairs of threads

def threads(daemon):
    with open(f"/proc/{daemon.child.pid}/status", encoding="ascii") as status:
        return int(re.search(r"^Threads:\s+(\d+)", status.read(), re.MULTILINE).group(1))


def test_several_pairs_of_threads(network):
    """Four queues and four sockets: every packet comes once, is counted once, and a stream in order."""
    lab = network(scenarios.phase3(spokes=4), start=False, slow_path=True)
    for daemon in lab.daemons.values():
        daemon.environment["DMVPND_PAIRS"] = "4"
    lab.start().wait_registered()
    assert threads(lab["hub"]) >= 1 + 8
    names = [f"spoke{number}" for number in range(1, 5)]
    for name in names:
        assert ping_node(lab, "hub", name).lost == 0
    before = {name: counted(lab, "hub", nbma(lab, name)) for name in names}
    running = [Ping(lab.namespace("hub"), tunnel(lab, name), interval=0.005) for name in names]
    for name in names:
        wait_until(lambda: counted(lab, "hub", nbma(lab, name))[0] > before[name][0] + 200, 20, "traffic")
    nothing_lost(running)

    def balanced(name):
        """Some answers may still be on their way."""
        now = counted(lab, "hub", nbma(lab, name))
        sent, received = (new - old for new, old in zip(now, before[name]))
        return sent >= 200 and abs(sent - received) <= 40
    for name in names:
        wait_until(lambda name=name: balanced(name), 20, f"as many packets from {name} as to it")
    upload(lab.namespace("spoke1"), lan(lab, "spoke1"), lab.namespace("spoke4"), lan(lab, "spoke4"), size=8 << 20)
    running = [Ping(lab.namespace("hub"), tunnel(lab, name), interval=0.002) for name in names]
    lab["hub"].reload(with_lines(lab.scenario.node("hub").config, "ip mtu 1300"))
    upload(lab.namespace("hub"), tunnel(lab, "hub"), lab.namespace("spoke2"), tunnel(lab, "spoke2"))
    nothing_lost(running)
