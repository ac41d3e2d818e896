# SPDX-License-Identifier: GPL-2.0-or-later
"""Random packets through a tunnel of one kind of link, and what comes out of it: the same packets through another kind
must come out the same. Two nodes, a hub and a spoke; packets go in and out by packet sockets, so that nothing on the
way mends them."""
import random
import socket
import struct
from collections import Counter
from pathlib import Path

import craft
from facts import nbma, tunnel
from lab import scenarios
from lab.namespace import one_processor
from lab.network import Lab
from lab.wait import wait_until

IPV4, IPV6, MPLS, OTHER = 0x0800, 0x86DD, 0x8847, 0x88B5
TUNNEL_MTU, SMALL_UNDERLAY = 1400, 1300
GRE_AND_IP = 28  # with a key
BATCH = 48  # packets that no queue on the way is too short for
PATIENCE = 20
PACKET_OUTGOING, PACKET_LOOPBACK = 4, 5
NHRP = 0x2001
ECN = 0x03


# --- inner packets

def ipv4(rng, payload, protocol=17, *, source="10.9.0.1", destination="10.9.0.2", tos=0, fragment=0, options=b"",
         ttl=None):
    header = struct.pack("!BBHHHBBH4s4s", 0x45 + len(options) // 4, tos, 20 + len(options) + len(payload),
                         rng.getrandbits(16), fragment, ttl or rng.randint(1, 255), protocol, 0,
                         craft.address(source), craft.address(destination)) + options
    return header[:10] + struct.pack("!H", craft.checksum(header)) + header[12:] + payload


def ipv6(rng, payload, protocol=17, *, tos=0, extension=False):
    if extension:  # destination options: padding
        payload, protocol = bytes([protocol, 0, 1, 4, 0, 0, 0, 0]) + payload, 60
    first = 6 << 28 | tos << 20 | rng.getrandbits(20)
    return struct.pack("!IHBB", first, len(payload), protocol, rng.randint(1, 255)) + bytes(15) + b"\1" + \
        bytes(15) + b"\2" + payload


def transport(rng, protocol, size):
    """A header whose checksum is anything, and payload."""
    if protocol == 6:
        header = struct.pack("!HHIIBBHHH", 1000, 2000, rng.getrandbits(32), rng.getrandbits(32), 5 << 4,
                             rng.getrandbits(8), rng.getrandbits(16), rng.getrandbits(16), 0)
    elif protocol == 17:
        header = struct.pack("!HHHH", 1000, 2000, max(size, 8), rng.getrandbits(16))
    else:
        header = b""
    return header + rng.randbytes(max(size - len(header), 0))


def size_of(rng, most):
    """Around the limits, or anything."""
    near = [most - rng.randint(0, 3), SMALL_UNDERLAY - GRE_AND_IP + rng.randint(-2, 2), rng.randint(28, 60)]
    return min(most, rng.choice([*near, rng.randint(28, most)]))


def inner(rng, sound=False):
    """A packet, (protocol of GRE, bytes). `sound`: what calls itself IP is, as far as its header goes."""
    size, tos = size_of(rng, TUNNEL_MTU), rng.getrandbits(8)
    kind = rng.choice(["ipv4"] * 8 + ["ipv6"] * 4 + ["mpls", "other"] + ["broken"] * (not sound))
    protocol = rng.choice([17, 6, 1, 47, 132, 255])
    if kind == "ipv4":
        options = rng.choice([b"", b"", b"", b"\1\1\1\1", bytes.fromhex("9404000001010100")])
        fragment = rng.choice([0, 0, 0x4000, 0x4000, 0x2000, 0x2010, 0x0010, 0x6000])
        payload = transport(rng, protocol, size - 20 - len(options))
        packet = ipv4(rng, payload, protocol, tos=tos, fragment=fragment, options=options)
        if rng.random() < 0.1:  # and a wrong checksum of its own
            packet = packet[:10] + rng.randbytes(2) + packet[12:]
        return IPV4, packet[:TUNNEL_MTU]
    if kind == "ipv6":
        return IPV6, ipv6(rng, transport(rng, protocol, size - 48), protocol, tos=tos, extension=rng.random() < 0.3)
    if kind == "mpls":
        return MPLS, struct.pack("!I", rng.getrandbits(20) << 12 | 0x1FF) + rng.randbytes(size - 4)
    if kind == "other":
        return OTHER, rng.randbytes(size)
    # What says that it is IP and is not.
    return rng.choice([IPV4, IPV6]), rng.randbytes(rng.choice([1, 2, 19, 20, 39, 40, size]))


# --- outer packets, for what comes in

def gre(rng, packet, key, sound=False):
    """In a plain GRE header for most, with what GRE may have besides, and with what is not ours."""
    protocol, body = packet
    kind = rng.choice(["plain"] * 10 + ["sequence", "key", "version", "short"] + ["reserved"] * (not sound))
    own = struct.pack("!I", key) if key else b""
    flags = 0x2000 if key else 0
    if kind == "sequence":
        flags, own = flags | 0x1000, own + rng.randbytes(4)
    elif kind == "key":  # another tunnel's
        flags, own = 0x2000, struct.pack("!I", 99)
    elif kind == "version":
        flags |= 1
    elif kind == "reserved":
        flags |= 0x0008
    elif kind == "short":
        return (struct.pack("!HH", flags, protocol) + own)[:rng.randint(0, 7)]
    return struct.pack("!HH", flags, protocol) + own + body


def outer(rng, packet, key, source, destination, sound=False):
    """IPv4 packets that carry it: one, or the fragments of one. Padded, as short frames of Ethernet are."""
    body = gre(rng, packet, key, sound)
    tos, ttl = rng.choice([0, packet[1][1] if len(packet[1]) > 1 else 0, rng.getrandbits(8)]), rng.randint(1, 255)
    options = rng.choice([b""] * 6 + [b"\1\1\1\1"])
    fields = {"source": source, "destination": destination, "tos": tos, "ttl": ttl, "options": options}
    if rng.random() < 0.1 and len(body) > 64:
        half = len(body) // 16 * 8
        head = ipv4(rng, body[:half], 47, fragment=0x2000, **fields)
        tail = bytearray(ipv4(rng, body[half:], 47, fragment=half // 8, **fields))
        tail[4:6] = head[4:6]
        tail[10:12] = b"\0\0"
        tail[10:12] = struct.pack("!H", craft.checksum(bytes(tail[:20 + len(options)])))
        return [head, bytes(tail)]
    whole = ipv4(rng, body, 47, fragment=rng.choice([0, 0x4000]), **fields)
    if rng.random() < 0.03:
        whole = whole[:10] + bytes(byte ^ 0x55 for byte in whole[10:12]) + whole[12:]
    return [whole + bytes(rng.choice([0, 0, 0, 0, 1, 6, max(0, 46 - len(whole))]))]


# --- sockets

def is_nhrp(protocol, packet):
    """The cloud's own, at a tunnel's device of the kernel or on the wire: it comes when it likes."""
    return protocol == NHRP or (protocol == IPV4 and packet[9:10] == b"\x2f" and packet[22:24] == NHRP.to_bytes(2, "big"))


class Tap:
    """A packet socket at a device, for whole packets without a link layer's header."""

    def __init__(self, namespace, device):
        with namespace.entered():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        self.device = device
        with namespace.entered():
            self.socket.bind((device, 3))
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
        self.socket.setblocking(False)
        self.seen = []

    def send(self, protocol, packet, lladdr):
        self.socket.setblocking(True)
        self.socket.sendto(packet, (self.device, protocol, 0, 0, lladdr))
        self.socket.setblocking(False)

    def read(self):
        """What came in since, [(protocol, bytes)]."""
        while True:
            try:
                packet, address = self.socket.recvfrom(65536)
            except BlockingIOError:
                return self.seen
            if address[2] not in (PACKET_OUTGOING, PACKET_LOOPBACK) and not is_nhrp(address[1], packet):
                self.seen.append((address[1], packet))


def marker(number, path):
    """Follows the packets of a batch. One that the fast path takes does not wait for those of the threads, so there is
    another which it leaves to them."""
    body = b"marker %d" % number
    return (IPV4, ipv4(random.Random(number), body, 253, ttl=9)) if path == "fast" else (MPLS, bytes(8) + body)


def is_marker(packet):
    return b"marker " in packet[1][:40]


class Trial:
    """One kind of link between a hub and a spoke."""

    def __init__(self, link, directory, keyed=True, underlay=1500, scenario=None):
        self.scenario = scenario or scenarios.phase3(spokes=1)
        self.scenario.use_link(link)
        self.key = 1 if keyed else None
        for node in self.scenario.nodes if not keyed else ():
            node.replace(" tunnel key 1\n", "")
        directory.mkdir(parents=True)
        self.lab = Lab(self.scenario, directory)
        self.underlay = underlay
        self.markers = 0

    def __enter__(self):
        self.lab.__enter__()
        for namespace in self.lab.namespaces.values():  # its neighbour discovery is no packet of ours
            namespace.run("sh", "-ec", "for i in all default; do echo 1 >/proc/sys/net/ipv6/conf/$i/disable_ipv6; done; "
                          "echo 0 >/proc/sys/net/ipv4/icmp_ratelimit")
        self.lab.start().wait_registered()
        for name in ("hub", "spoke1"):
            self.lab.namespace(name).batch(f"link set eth0 mtu {self.underlay}")
            self.lab.namespace("internet").batch(f"link set {name} mtu {self.underlay}")
        self.hub, self.spoke = (self.lab.namespace(name) for name in ("hub", "spoke1"))
        self.spoke_tap, self.hub_tap = Tap(self.spoke, "tunnel1"), Tap(self.hub, "tunnel1")
        self.hub_wire, self.provider = Tap(self.hub, "eth0"), Tap(self.lab.namespace("internet"), "hub")
        self.hub_mac = bytes.fromhex(self.mac("hub", "eth0"))
        self.lladdr = self.peer()
        # The hub's threads carry what a client sends until it is a neighbour, which it is when the hub first wants it.
        wait_until(lambda: not self.hub.run("ping", "-n", "-c", "1", "-W", "1", tunnel(self.lab, "spoke1"),
                                            check=False).returncode, PATIENCE, "the hub knows the spoke")
        # Each path has carried something: neighbours are known, programs are attached.
        for _ in range(2):
            self.settle(self.to_hub)
        self.hub_wire.read().clear()
        return self

    def __exit__(self, *_):
        try:
            statuses = {name: daemon.stop() for name, daemon in self.lab.daemons.items()}
            assert not any(statuses.values()), statuses
        finally:
            self.lab.__exit__()

    def mac(self, name, device):
        return self.lab.namespace(name).ip("link", "show", "dev", device)[0]["address"].replace(":", "")

    def peer(self):
        """The hub's link-layer address at the spoke."""
        def found():
            table = self.spoke.ip("neigh", "show", "dev", "tunnel1")
            return [one["lladdr"] for one in table if one["dst"] == tunnel(self.lab, "hub") and "lladdr" in one]
        text = wait_until(found, PATIENCE, "the hub is a neighbour")[0]
        return bytes.fromhex(text.replace(":", "")) if ":" in text else craft.address(text)

    def to_hub(self, packet):
        self.spoke_tap.send(*packet, self.lladdr)

    def from_wire(self, packet):
        """As the spoke would have sent it, by the provider's end of the hub's wire."""
        header = struct.pack("!HH", 0x2000 if self.key else 0, packet[0]) + \
            (struct.pack("!I", self.key) if self.key else b"")
        rng = random.Random(1)
        self.wire(ipv4(rng, header + packet[1], 47, source=nbma(self.lab, "spoke1"), destination=nbma(self.lab, "hub"),
                       ttl=64))

    def wire(self, packet):
        self.provider.send(IPV4, packet, self.hub_mac)

    def settle(self, send):
        """Waits until all that was sent before has come out."""
        self.markers += 1
        wanted = [marker(self.markers, path) for path in ("fast", "slow")]
        for packet in wanted:
            send(packet)
        wait_until(lambda: all(one in self.hub_tap.read() for one in wanted), PATIENCE, "the markers came", interval=0.001)

    def outgoing(self, seed, count, sound=False):
        """Packets into the spoke's device: the inner packets that come out at the hub, and the outer headers."""
        rng = random.Random(seed)
        self.hub_tap.read().clear()
        came = []
        with one_processor():
            for start in range(0, count, BATCH):
                for _ in range(min(BATCH, count - start)):
                    self.to_hub(inner(rng, sound))
                self.settle(self.to_hub)
                came += [one for one in self.hub_tap.seen if not is_marker(one)]
                self.hub_tap.seen.clear()
        return came, [packet for _, packet in self.hub_wire.read() if packet[9:10] == b"\x2f"]

    def incoming(self, seed, count, sound=False):
        """Packets from the wire to the hub, which they fit: what comes out of its device."""
        rng = random.Random(seed)
        ends = nbma(self.lab, "spoke1"), nbma(self.lab, "hub")
        self.hub_tap.read().clear()
        came = []
        with one_processor():
            for start in range(0, count, BATCH):
                for _ in range(min(BATCH, count - start)):
                    packets = outer(rng, inner(rng, sound), self.key, *ends, sound=sound)
                    for packet in packets if max(map(len, packets)) <= self.underlay else ():
                        self.wire(packet)
                self.settle(self.from_wire)
                came += [one for one in self.hub_tap.seen if not is_marker(one)]
                self.hub_tap.seen.clear()
        return came

    def counters(self):
        """The hub as peer of the spoke, and the other way round."""
        found = []
        for name, other in (("spoke1", "hub"), ("hub", "spoke1")):
            peers = self.lab[name].ctl_json("show interfaces")["interfaces"][0]["peers"]
            found.append(next(one for one in peers if one["nbma"] == nbma(self.lab, other)))
        return [{key: one[key] for key in ("sent_packets", "sent_bytes", "received_packets", "received_bytes")}
                for one in found]

    def all_counted(self):
        """The counters. A thread counts what it has sent, so that a packet may have come before it is counted: they are
        right once every thread waits for its next packet."""
        def idle():
            return all(thread.read_text().rpartition(")")[2].split()[0] == "S" for daemon in self.lab.daemons.values()
                       for thread in Path(f"/proc/{daemon.process.pid}/task").glob("*/stat"))
        wait_until(idle, PATIENCE, "all threads wait", interval=0.001)
        return self.counters()

    def counted(self, work):
        """What `work` returns, and by how much the counters grew."""
        before = self.all_counted()
        result = work()
        return result, [{key: new[key] - old[key] for key in new} for new, old in zip(self.all_counted(), before)]


# --- what is compared

def same(one, other):
    """Two multisets of packets; what only one of them has, is told."""
    one, other = Counter(one), Counter(other)
    for name, more in (("fast path", one - other), ("threads", other - one)):
        for packet in list(more)[:5]:
            print(f"only by the {name}:", packet)
    assert one == other


def plain(packet, most):
    """Does the fast path take it? Such packets keep their order."""
    protocol, body = packet
    return 20 <= len(body) <= most and (protocol == IPV6 or (protocol == IPV4 and body[0] >> 4 == 4))


def header(packet):
    """Of an outer packet what does not differ from one to the next: no identification, and so no checksum."""
    return packet[1:4] + packet[6:10] + packet[12:]


def answers(trial):
    """The ICMP messages that a host behind the spoke gets for packets which cannot go on: who says what of which."""
    host, target = Tap(trial.lab.namespace("spoke1-host"), "eth0"), trial.lab.scenario.node("hub").lan_address
    router = bytes.fromhex(trial.mac("spoke1", "lan0"))
    trial.spoke.batch("route replace 192.168.77.0/24 via " + tunnel(trial.lab, "hub"))
    trial.hub.batch("route replace 192.168.77.0/24 dev lan0")  # without one, the kernel answers once a second at most
    for node in trial.spoke, trial.hub:
        node.sysctl(net_ipv4_icmp_ratelimit=0)
    rng, sent = random.Random(3), []
    for ttl, size, fragment, destination in (
            (1, 60, 0, target), (2, 60, 0, "192.168.77.1"), (1, 1400, 0x4000, target),
            (9, 1401, 0x4000, target), (9, 1500, 0x4000, target), (9, 1399, 0x4000, target), (9, 1400, 0, target),
            (9, 1401, 0, target), (9, 1500, 0, target), (2, 1500, 0, "192.168.77.1")):
        body = struct.pack("!HHHH", 1000, 9, size - 20, 0) + rng.randbytes(size - 28)
        sent.append(ipv4(rng, body, source=trial.lab.scenario.node("spoke1").host_address, destination=destination,
                         fragment=fragment, ttl=ttl))

    def got():
        """The kernel sends so many a second in all, and not more: what has had no answer goes again."""
        for packet in sent:
            host.send(IPV4, packet, router)
        # The quoted packet's time to live and checksum are those of where it ended.
        return {(packet[12:16], packet[20:22], packet[24:28], packet[32:36], packet[40:56])
                for protocol, packet in host.read() if protocol == IPV4 and packet[9] == 1}
    wait_until(lambda: len(got()) >= len(sent), PATIENCE, "an answer to each packet", interval=0.2)
    return got()


def datagrams(trial, seed, count):
    """Super-packets of UDP from the spoke: what was sent, what came at the hub's socket, and the counters."""
    rng = random.Random(seed)
    address = tunnel(trial.lab, "hub")
    with trial.hub.entered():
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with trial.spoke.entered():
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with receiver, sender:
        receiver.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE
        receiver.bind((address, 5000))
        receiver.settimeout(PATIENCE)
        sender.connect((address, 5000))

        def exchange():
            sent, came = [], []
            for _ in range(count):
                size = rng.randint(200, TUNNEL_MTU - GRE_AND_IP)
                data = rng.randbytes(rng.randint(1, 40 * size))[:60000]
                sender.setsockopt(socket.IPPROTO_UDP, 103, size)  # UDP_SEGMENT
                sender.send(data)
                parts = [data[at:at + size] for at in range(0, len(data), size)]
                sent += parts
                came += [receiver.recv(65536) for _ in parts]
            return sent, came
        with one_processor(*(daemon.process.pid for daemon in trial.lab.daemons.values())):
            (sent, came), counters = trial.counted(exchange)
    return sent, came, counters
