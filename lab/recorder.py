# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the GRE packets that come into this network namespace to a pcap file, each once. tcpdump would do,
but it insists on changing its user, which a user namespace does not allow.

Run as a program in a namespace: recorder.py FILE. Says "listening" and goes on until SIGTERM or SIGINT."""
import signal
import socket
import struct
import sys
import time

ETH_P_IP = 0x0800
PACKET_HOST = 0  # came in for this host
SO_RCVBUFFORCE = 33
LINKTYPE_RAW = 101  # packets begin with their IP header
GRE = 47


def record(path):
    ended = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.append(True))
    with open(path, "wb", buffering=0) as file, \
            socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP)) as packets:
        try:
            packets.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
        except PermissionError:
            pass  # in a user namespace: the usual buffer
        packets.settimeout(0.2)
        file.write(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, LINKTYPE_RAW))
        print("listening", flush=True)
        while not ended:
            try:
                data, (_, _, kind, *_) = packets.recvfrom(262144)
            except TimeoutError:
                continue
            if kind == PACKET_HOST and len(data) >= 20 and data[9] == GRE:
                seconds, nanoseconds = divmod(time.time_ns(), 10**9)
                file.write(struct.pack("=IIII", seconds, nanoseconds // 1000, len(data), len(data)) + data)


if __name__ == "__main__":
    record(sys.argv[1])
