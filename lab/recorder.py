# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the GRE packets that come into a network namespace to a pcap file, each once. tcpdump would do, but it insists
on changing its user, which a user namespace does not allow.

Run as a program in a namespace: recorder.py FILE. Says "listening" and goes on until SIGTERM or SIGINT."""
import ctypes
import signal
import socket
import struct
import sys
import time

ETH_P_IP = 0x0800
SO_ATTACH_FILTER, SO_RCVBUFFORCE = 26, 33
LINKTYPE_RAW = 101  # packets begin with their IP header
LONGEST = 262144
# GRE that came in for this host, in the language of packet filters: operation, jump if true, if false, operand.
FILTER = [(0x20, 0, 0, 0xfffff004),  # the kind of the packet
          (0x15, 0, 3, 0),           # PACKET_HOST
          (0x30, 0, 0, 9),           # the protocol in the IP header
          (0x15, 0, 1, 47),          # GRE
          (0x06, 0, 0, LONGEST), (0x06, 0, 0, 0)]


def listen():
    """A socket for them, in the namespace of the calling thread."""
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *one) for one in FILTER))
    packets.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", len(FILTER), ctypes.addressof(program)))
    try:
        packets.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
    except PermissionError:
        pass  # in a user namespace: the usual buffer
    packets.settimeout(0.2)
    return packets


class Recorder:
    """Packets are kept from now on, and written by run()."""

    def __init__(self, path):
        self.packets = listen()
        self.file = open(path, "wb", buffering=0)
        self.file.write(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, LONGEST, LINKTYPE_RAW))

    def run(self, ended):
        """Goes on until ended() is true, and writes what has come until then."""
        with self.packets, self.file:
            while True:
                if ended():
                    self.packets.setblocking(False)
                try:
                    data = self.packets.recv(LONGEST)
                except TimeoutError:
                    continue
                except BlockingIOError:
                    return
                seconds, nanoseconds = divmod(time.time_ns(), 10**9)
                self.file.write(struct.pack("=IIII", seconds, nanoseconds // 1000, len(data), len(data)) + data)


def main():
    ends = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ends.append(True))
    recorder = Recorder(sys.argv[1])
    print("listening", flush=True)
    recorder.run(lambda: ends)


if __name__ == "__main__":
    main()
