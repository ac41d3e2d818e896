# SPDX-License-Identifier: GPL-2.0-or-later
"""`tunnel hairpin fast`: a hub whose fast path sends packets on from peer to peer without the device. What comes
out is what the host's own routing would send, by the fast path or by the threads; what it must not judge, the host gets."""
import os
import random
import socket
import struct

import craft
import difference
from difference import IPV4, Trial, ipv4, same, transport
from facts import nbma, overrides, ping, tunnel, works
from lab import scenarios
from lab.namespace import one_processor
from lab.wait import wait_until

SEED = int(os.environ.get("DIFFERENCE_SEED", 7))
COUNT = 1500
LINE = " tunnel hairpin fast\n"
PATIENCE = 20


def scenario(line=LINE):
    made = scenarios.phase3(spokes=2)
    made.node("hub").replace(" ip nhrp redirect\n", line)
    return made


def routed_by_host(lab):
    """Packets that the hub's kernel forwarded so far."""
    rows = [line.split()[1:] for line in lab.namespace("hub").output("cat", "/proc/net/snmp").splitlines()
            if line.startswith("Ip:")]
    return int(dict(zip(*rows))["ForwDatagrams"])


class Transit(Trial):
    """Packets that come to the hub from spoke1, and what it sends to spoke2."""

    def __enter__(self):
        super().__enter__()
        wait_until(lambda: not self.hub.run("ping", "-n", "-c", "1", "-W", "1", tunnel(self.lab, "spoke2"),
                                            check=False).returncode, PATIENCE, "the hub knows the other spoke")
        self.ends = nbma(self.lab, "spoke1"), nbma(self.lab, "hub")
        self.wanted = craft.address(nbma(self.lab, "spoke2"))
        # What comes to spoke2 for nobody does not come back.
        self.lab.namespace("spoke2").batch("route add blackhole 192.168.77.0/24", "route add blackhole 8.8.8.8/32")
        self.hub.batch(*(f"route replace {one} via {self.lab.scenario.node('hub').gateway}" for one in (
            nbma(self.lab, "spoke1"), nbma(self.lab, "spoke2"))), "route replace default via " + tunnel(self.lab, "spoke2"))
        self.pass_markers()
        return self

    def host(self, name):
        return self.lab.scenario.node(name).host_address

    def random_packet(self, rng):
        """For spoke2's network mostly; with what a router must refuse, answer or look at."""
        protocol = rng.choice([17, 6, 6, 1, 47])
        source = rng.choice([self.host("spoke1")] * 16 + ["127.0.0.1", self.lab.scenario.node("hub").host_address,
                                                          "0.0.0.0", "224.1.1.1", "255.255.255.255"])
        target = rng.choice([self.host("spoke2")] * 16 + [self.host("spoke1"), "192.168.77.1", "8.8.8.8", "224.0.0.9",
                                                          "127.0.0.2", "0.0.0.0", "239.1.2.3", "255.255.255.255"])
        options = rng.choice([b""] * 6 + [b"\1\1\1\1"])
        payload = transport(rng, protocol, difference.size_of(rng, difference.TUNNEL_MTU + 8) - 20 - len(options))
        packet = ipv4(rng, payload, protocol, source=source, destination=target, tos=rng.getrandbits(8), options=options,
                      fragment=rng.choice([0, 0, 0x4000, 0x2000, 0x0010]), ttl=rng.choice([None, None, 1, 2]))
        if rng.random() < 0.05:  # and a wrong checksum, or length
            at = rng.choice([2, 10])
            packet = packet[:at] + rng.randbytes(2) + packet[at + 2:]
        return IPV4, packet

    def sent(self):
        """The GRE packets to spoke2 since, but NHRP."""
        found = [packet for _, packet in self.provider.read() if packet[9] == 47 and packet[16:20] == self.wanted]
        self.provider.seen.clear()
        return found

    def pass_markers(self):
        """One by each way through the hub. Returns what it sent to spoke2 before and between them."""
        self.markers += 1
        body = b"marker %d" % self.markers
        rng, ends = random.Random(self.markers), {"source": self.host("spoke1"), "destination": self.host("spoke2")}
        header = struct.pack("!HHI", 0x2000, IPV4, 1)
        plain, odd = (ipv4(rng, body, 253, ttl=9, options=options, **ends) for options in (b"", b"\1\1\1\1"))
        for inner, options in ((plain, b""), (odd, b""), (plain, b"\1\1\1\1")):
            self.wire(ipv4(rng, header + inner, 47, source=self.ends[0], destination=self.ends[1], options=options, ttl=64))
        found = []

        def came():
            found.extend(self.sent())
            return sum(body == packet[-len(body):] for packet in found) == 3
        wait_until(came, PATIENCE, "the markers came", interval=0.001)
        return [packet for packet in found if body != packet[-len(body):]]

    def transit(self, seed, count):
        rng, found = random.Random(seed), []
        with one_processor():
            for start in range(0, count, difference.BATCH):
                for _ in range(min(difference.BATCH, count - start)):
                    for packet in difference.outer(rng, self.random_packet(rng), self.key, *self.ends):
                        self.wire(packet)
                found += self.pass_markers()
        return found

    def counters(self):
        """Of both spokes at the hub."""
        peers = {one["nbma"]: one for one in self.lab["hub"].ctl_json("show interfaces")["interfaces"][0]["peers"]}
        return [{key: peers[nbma(self.lab, name)][key] for key in keys} for name, keys in (
            ("spoke1", ("received_packets", "received_bytes")), ("spoke2", ("sent_packets", "sent_bytes")))]


def test_passes_on_what_the_host_would(tmp_path, build):
    """Random packets: the same come out, with the same counts, in the same headers."""
    found = {}
    for name, link, line in (("past the host", "user", LINE), ("by the host", "user", ""), ("threads", "threads", LINE)):
        with Transit(link, tmp_path / link / str(len(found)), scenario=scenario(line)) as trial:
            before = routed_by_host(trial.lab)
            found[name] = trial.counted(lambda: trial.transit(SEED, COUNT))  # pylint: disable=cell-var-from-loop
            found[name, "routed"] = routed_by_host(trial.lab) - before
    past, by_host, threads = (found[name] for name in ("past the host", "by the host", "threads"))
    assert len(past[0]) > COUNT / 4
    assert found["past the host", "routed"] < found["by the host", "routed"] - COUNT / 6, "two paths"
    for other in by_host, threads:
        same(map(difference.header, past[0]), map(difference.header, other[0]))
        assert past[1] == other[1]


def test_frames_of_others_are_left_alone(tmp_path, build):
    """With a VLAN's tag they belong to another interface, and with another's address to another host."""
    for number, (link, line) in enumerate((("user", LINE), ("user", ""), ("threads", ""))):
        with Transit(link, tmp_path / str(number), scenario=scenario(line)) as trial:
            inner = ipv4(random.Random(1), b"not for you", 253, source=trial.host("spoke1"), ttl=9,
                         destination=trial.host("spoke2"))
            packet = ipv4(random.Random(2), struct.pack("!HHI", 0x2000, IPV4, 1) + inner, 47, source=trial.ends[0],
                          destination=trial.ends[1], ttl=64)
            with trial.lab.namespace("internet").entered():
                raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
                raw.bind(("hub", 0))

            def frames():
                for mac, tag in ((trial.hub_mac, b"\x81\0\0\x64"), (bytes.fromhex("02aabbccddee"), b"")):  # pylint: disable=cell-var-from-loop
                    raw.send(mac + bytes.fromhex("020000000001") + tag + b"\x08\0" + packet)  # pylint: disable=cell-var-from-loop
                return trial.pass_markers()  # pylint: disable=cell-var-from-loop
            with raw:
                found, counted = trial.counted(frames)
            assert not found
            # The three markers alone.
            assert counted[0]["received_packets"] == counted[1]["sent_packets"] == 3, counted


def test_line_is_taken_over(network):
    """Taken away and given while the tunnel is up; beside `ip nhrp redirect` the hub sees all and redirects."""
    lab = network(scenario())
    hub = lab.scenario.node("hub")
    wait_until(lambda: works(lab, "spoke1", "spoke2"), PATIENCE, "traffic")

    def routed():
        before = routed_by_host(lab)
        assert ping(lab, "spoke1", "spoke2", count=20).lost == 0
        return routed_by_host(lab) - before

    def is_routed(wanted):
        wait_until(lambda: (routed() >= 40) == wanted, PATIENCE, f"the host routes: {wanted}")
    def configure(old, new):
        hub.replace(old, new)
        lab["hub"].reload(hub.config)
    is_routed(False)
    configure(LINE, "")
    is_routed(True)
    configure(" ip nhrp network-id", LINE + " ip nhrp network-id")
    is_routed(False)
    configure(LINE, LINE + " ip nhrp redirect\n")
    wait_until(lambda: ping(lab, "spoke1", "spoke2").lost == 0 and overrides(lab, "spoke1"), PATIENCE, "a shortcut")
