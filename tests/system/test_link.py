# SPDX-License-Identifier: GPL-2.0-or-later
"""The tunnel as a network interface: multicast, GRE's options, packet sizes."""
import contextlib
import random
import socket
import subprocess
import sys
import threading

import craft
from facts import Witness, lan, nbma, ping, tunnel, works
from lab import measure, scenarios
from lab.wait import SLOWNESS, wait_until

GROUP = "224.0.0.9"
PORT = 5520


def listen(lab, name):
    """A member of the group, on the node's tunnel."""
    with lab.namespace(name).entered():
        member = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    member.bind((GROUP, PORT))
    member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                      socket.inet_aton(GROUP) + socket.inet_aton(tunnel(lab, name)))
    member.settimeout(1)
    return member


def tell_the_group(lab, name):
    with lab.namespace(name).entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(tunnel(lab, name)))
        sender.sendto(b"hello", (GROUP, PORT))


def heard(lab, name, *members):
    """From whom each member hears what a node tells the group, again and again: a device may be made anew meanwhile."""
    def answers():
        tell_the_group(lab, name)
        with contextlib.suppress(TimeoutError):
            return [member.recvfrom(100)[1][0] for member in members]
    found = wait_until(answers, 15, "all members hear")
    for member in members:
        member.close()
    return found


def test_multicast_from_spoke_to_hub(network):
    lab = network(scenarios.phase3())
    assert heard(lab, "spoke1", listen(lab, "hub")) == [tunnel(lab, "spoke1")]


def all_spokes_hear(lab):
    return heard(lab, "hub", listen(lab, "spoke1"), listen(lab, "spoke2")) == [tunnel(lab, "hub")] * 2


def test_multicast_from_hub_to_all_spokes(network):
    """Also by a new device, which the clients did not register on."""
    lab = network(scenarios.phase3())
    assert all_spokes_hear(lab)
    lab.namespace("hub").batch("link delete tunnel1")
    request = ("ping", "-c", "1", "-W", "1", tunnel(lab, "spoke1"))
    wait_until(lambda: lab.namespace("hub").run(*request, check=False).returncode == 0, 20, "another device is there")
    assert all_spokes_hear(lab)


def icmp_echo(source, destination):
    """An IPv4 packet with an ICMP echo request."""
    body = bytes([8, 0, 0, 0, 0, 7, 0, 1]) + b"abcdefgh"
    body = body[:2] + craft.checksum(body).to_bytes(2, "big") + body[4:]
    header = bytes([0x45, 0, 0, 20 + len(body), 0, 1, 0, 0, 64, 1, 0, 0]) + craft.address(source) + \
        craft.address(destination)
    return header[:10] + craft.checksum(header).to_bytes(2, "big") + header[12:] + body


def echoes(lab, name):
    counters = lab.namespace(name).output("cat", "/proc/net/snmp").splitlines()
    rows = [line.split()[1:] for line in counters if line.startswith("Icmp:")]
    return int(dict(zip(*rows))["InEchos"])


def test_gre_checksum_and_sequence_are_accepted(network):
    scenario = scenarios.phase3()
    scenario.nodes.append(scenarios.stranger())
    lab = network(scenario, forgers=[scenarios.stranger().nbma_address])
    inner = icmp_echo("10.0.0.200", tunnel(lab, "hub"))
    key = (1).to_bytes(4, "big")

    def with_checksum(payload, sequence):
        flags = 0xA000 | (0x1000 if sequence else 0)
        tail = key + (b"\0\0\0\7" if sequence else b"")
        packet = flags.to_bytes(2, "big") + b"\x08\x00" + bytes(4) + tail + payload
        return packet[:4] + craft.checksum(packet).to_bytes(2, "big") + packet[6:]

    seen = echoes(lab, "hub")
    good = [craft.gre(inner, protocol=craft.IPV4), b"\x30\x00\x08\x00" + key + b"\0\0\0\1" + inner]
    # The kernel's device takes checksums from nobody as long as it does not take them from everybody.
    if "tunnel link kernel" not in lab.scenario.node("hub").config:
        good += [with_checksum(inner, False), with_checksum(inner, True)]
    for packet in good:
        craft.send(lab.namespace("stranger"), nbma(lab, "hub"), packet)
        seen += 1
        wait_until(lambda: echoes(lab, "hub") == seen, 15, "the packet comes out of the tunnel")
    broken = bytearray(with_checksum(inner, False))
    broken[4] ^= 0xFF
    craft.send(lab.namespace("stranger"), nbma(lab, "hub"), bytes(broken), good[0])
    seen += 1
    wait_until(lambda: echoes(lab, "hub") == seen, 15, "what follows the broken one comes out")


def test_packet_sizes(network):
    """Full-sized packets pass; what is too big draws an answer that says so."""
    lab = network(scenarios.phase3())
    assert ping(lab, "spoke1", "spoke2", count=3, size=1400 - 28).lost == 0
    namespace = lab.namespace("spoke1-host")
    target = lab.scenario.node("spoke2").host_address
    text = namespace.run("ping", "-n", "-c", "2", "-W", "2", "-M", "do", "-s", "1400", target, check=False).stdout
    assert "mtu" in text.lower() and "1400" in text


def upload(source, source_address, target, target_address, size=2 << 20):
    """Sends bytes over TCP from one namespace to another, and sees that they came as they were sent."""
    size = int(size / SLOWNESS)
    data, came = random.Random(1).randbytes(size), bytearray()
    with target.entered():
        listener = socket.create_server((target_address, 5000))

    def take():
        with listener.accept()[0] as connection:
            while part := connection.recv(65536):
                came.extend(part)
    taker = threading.Thread(target=take, daemon=True)
    taker.start()
    with source.entered(), socket.create_connection((target_address, 5000), 10 * SLOWNESS, (source_address, 0)) as connection:
        connection.sendall(data)
    taker.join(30 * SLOWNESS)
    listener.close()
    assert came == data


def test_bulk_data(network):
    """Many bytes, as they were sent, from node to node; and from host to host, both ways."""
    lab = network(scenarios.phase3())
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 10, "traffic")
    upload(lab.namespace("spoke1"), lan(lab, "spoke1"), lab.namespace("spoke2"), lan(lab, "spoke2"),
           size=8 << 20)
    ends = [(lab.namespace(f"{name}-host"), lab.scenario.node(name).host_address) for name in ("spoke1", "spoke2")]
    upload(*ends[0], *ends[1])
    upload(*ends[1], *ends[0])


SIOCETHTOOL, ETHTOOL_STSO, ETHTOOL_SGRO = 0x8946, 0x1F, 0x2C
ETHTOOL = f"""
import array, fcntl, socket, struct, sys
value = array.array("I", [int(sys.argv[2]), int(sys.argv[3])])
request = struct.pack("16sP16x", sys.argv[1].encode(), value.buffer_info()[0])
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), {SIOCETHTOOL}, request)
"""


AWAIT_MERGED = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 47)
print("ready", flush=True)
while len(s.recv(65535)) < 2000: pass
"""


def merge(lab, name):
    """Lets the node's interface to the underlay merge packets: a veth does where its peer sends no TSO, and waits for
    more of them only if told to."""
    node, internet = lab.namespace(name), lab.namespace("internet")
    node.run(sys.executable, "-c", ETHTOOL, "eth0", ETHTOOL_SGRO, 1)
    internet.run(sys.executable, "-c", ETHTOOL, name, ETHTOOL_STSO, 0)
    node.run("unshare", "--mount", "sh", "-ec", "mount -t sysfs sysfs /sys; cd /sys/class/net/eth0; "
             "echo 1000000 >gro_flush_timeout; echo 1 >napi_defer_hard_irqs")


def test_packets_that_gro_merged(network):
    """The receiving interface makes one packet of many; the tunnel makes many of it again."""
    lab = network(scenarios.phase3(), slow_path=True)
    for name in ("spoke1", "spoke2"):
        merge(lab, name)
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 10, "traffic")
    ends = [(lab.namespace(f"{name}-host"), lab.scenario.node(name).host_address) for name in ("spoke1", "spoke2")]
    witness = lab.namespace("spoke2").popen(sys.executable, "-c", AWAIT_MERGED, stdout=subprocess.PIPE, text=True)
    assert witness.stdout.readline() == "ready\n"
    upload(*ends[0], *ends[1])
    assert witness.wait(timeout=10 * SLOWNESS) == 0


def test_outer_ttl_is_not_the_inner(network):
    """A traceroute through the tunnel never shows the underlay."""
    lab = network(scenarios.phase1())
    hops = measure.traceroute(lab.namespace("spoke1-host"), lab.scenario.node("spoke2").host_address)
    assert not [hop for hop in hops if hop.startswith(("203.", "198."))]


def test_peers_are_not_told_that_there_is_no_gre(network):
    """Every packet of a tunnel finds its socket or device. A host without one says that it has no such protocol, or
    port."""
    lab = network(scenarios.phase3())
    witness = Witness(lab)
    assert ping(lab, "spoke1", "spoke2", count=20).lost == 0
    assert ping(lab, "spoke2", "spoke1", count=20).lost == 0
    assert witness.seen()["no_protocol"] == 0
    assert lab["spoke2"].stop() == 0
    packet = craft.gre(icmp_echo(tunnel(lab, "spoke1"), tunnel(lab, "spoke2")), protocol=craft.IPV4)

    def answered():
        craft.send(lab.namespace("spoke1"), nbma(lab, "spoke2"), packet)
        return sum(witness.seen().values())
    wait_until(answered, 10, "the witness sees what it looks for")
