# SPDX-License-Identifier: GPL-2.0-or-later
"""A DNS server for tests: it answers for the names it is told of, by UDP, in a thread of its own."""
import contextlib
import ipaddress
import socket
import struct
import threading
import time

TYPES = {1: ipaddress.IPv4Address, 28: ipaddress.IPv6Address}
NO_ERROR, SERVER_FAILURE, NO_NAME = 0, 2, 3


class Dns:
    """`records`: addresses by name, changed at will; `silent`: it does not answer; `questions`: (time, name, type)."""

    def __init__(self, namespace, address, ttl=1):
        self.records, self.ttl = {}, ttl
        self.silent = False
        self.failing = False
        self.questions = []
        with namespace.entered():
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def asked(self, name):
        """How often."""
        return sum(one == name for _, one, _ in self.questions)

    def close(self):
        with contextlib.suppress(OSError):  # it wakes the thread all the same
            self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(5)
        self.socket.close()

    def _serve(self):
        while True:
            try:
                packet, client = self.socket.recvfrom(4096)
            except OSError:
                return
            if len(packet) < 12:
                return
            name, kind, end = question(packet)
            self.questions.append((time.monotonic(), name, kind))
            if not self.silent:
                self.socket.sendto(self._answer(packet, name, kind, end), client)

    def _answer(self, packet, name, kind, end):
        found = [ipaddress.ip_address(text).packed for text in self.records.get(name, ())
                 if kind in TYPES and isinstance(ipaddress.ip_address(text), TYPES[kind])]
        code = SERVER_FAILURE if self.failing else NO_ERROR if name in self.records else NO_NAME
        found = [] if self.failing else found
        header = packet[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, len(found), 0, 0)
        records = b"".join(struct.pack("!HHHIH", 0xc00c, kind, 1, self.ttl, len(data)) + data for data in found)
        return header + packet[12:end] + records


def question(packet):
    """Name, type and the end of the question section."""
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    return ".".join(labels), struct.unpack("!H", packet[at + 1:at + 3])[0], at + 5
