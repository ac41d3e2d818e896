# SPDX-License-Identifier: GPL-2.0-or-later
"""Pings between many pairs at once, by sockets of this process: a `ping` for each would be a process for each, which is what
costs an emulated guest most."""
import contextlib
import socket
import struct

REQUEST, REPLY = 8, 0
IDENTIFIER = 0x4e48


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


class Echo:
    """Between an address of a namespace and one that its packets go to."""

    def __init__(self, namespace, source, destination):
        self.sent = self.answered = 0  # numbers of requests
        with namespace.entered():
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_ICMP)
        self.socket.bind((source, 0))
        self.socket.connect((destination, 0))

    def send(self):
        """One request more."""
        self.sent += 1
        packet = struct.pack("!BBHHH", REQUEST, 0, 0, IDENTIFIER, self.sent)
        packet = packet[:2] + struct.pack("!H", checksum(packet)) + packet[4:]
        with contextlib.suppress(OSError):  # it is lost, as the lack of an answer tells
            self.socket.send(packet)

    def is_answered(self):
        """Whether the last request has its answer."""
        with contextlib.suppress(OSError):
            while packet := self.socket.recv(2048):
                kind, _, _, identifier, number = struct.unpack_from("!BBHHH", packet, 4 * (packet[0] & 0xf))
                if (kind, identifier) == (REPLY, IDENTIFIER):
                    self.answered = max(self.answered, number)  # whichever comes first
        return self.answered == self.sent

    def close(self):
        self.socket.close()
