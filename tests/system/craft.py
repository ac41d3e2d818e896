# SPDX-License-Identifier: GPL-2.0-or-later
"""NHRP packets made by hand, well-formed or not, and a way to send them from a namespace."""
import errno
import socket
import struct

from lab.wait import wait_until

RESOLUTION_REQUEST, RESOLUTION_REPLY, REGISTRATION_REQUEST, REGISTRATION_REPLY = 1, 2, 3, 4
PURGE_REQUEST, PURGE_REPLY, ERROR_INDICATION, TRAFFIC_INDICATION = 5, 6, 7, 8
UNIQUE_NAT = 0x2002
NHRP, IPV4 = 0x2001, 0x0800


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def address(text):
    return socket.inet_aton(text)


def entry(protocol=None, nbma=None, holding_time=60, prefix=32, code=0):
    """A Client Information Entry."""
    return struct.pack("!BBHHHBBBB", code, prefix, 0, 1400, holding_time, 4 if nbma else 0, 0,
                       4 if protocol else 0, 0) + (address(nbma) if nbma else b"") + \
        (address(protocol) if protocol else b"")


def extension(kind, value=b"", compulsory=True):
    return struct.pack("!HH", kind | (0x8000 if compulsory else 0), len(value)) + value


def password(text):
    """Cisco's authentication."""
    return extension(7, struct.pack("!I", 1) + text.encode())


def message(kind, source_nbma, source, destination, entries=b"", *, flags=0, request_id=77, auth="BigScale",
            extensions=b"", version=1, hop_count=255, payload=None):
    """A whole NHRP message with a right checksum. `payload`: in place of CIEs, for errors and indications."""
    if kind in (ERROR_INDICATION, TRAFFIC_INDICATION):
        mandatory = struct.pack("!BBHHH", 4, 4, 0, 0, 0) + address(source_nbma) + address(source) + \
            address(destination) + (payload or b"")
    else:
        mandatory = struct.pack("!BBHI", 4, 4, flags, request_id) + address(source_nbma) + address(source) + \
            address(destination) + entries
    tail = (password(auth) if auth else b"") + extensions
    tail = tail + extension(0) if tail else b""
    size = 20 + len(mandatory) + len(tail)

    def fixed(total):
        return struct.pack("!HHIBBHHHBBBB", 1, IPV4, 0, 0, hop_count, size, total,
                           20 + len(mandatory) if tail else 0, version, kind, 4, 0)
    return fixed(checksum(fixed(0) + mandatory + tail)) + mandatory + tail


def gre(payload, protocol=NHRP, key=1, flags=0x2000):
    header = struct.pack("!HH", flags, protocol)
    return header + (struct.pack("!I", key) if flags & 0x2000 else b"") + payload


def send(namespace, destination, *packets, times=1):
    """Sends GRE packets, as they are, from a namespace; all of them so many times."""
    with namespace.entered(), socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_GRE) as underlay:
        for _ in range(times):
            for packet in packets:
                wait_until(lambda: taken(underlay, packet, destination), 10, "room in the socket", 0.01)


def taken(underlay, packet, destination):
    """Whether there was room for it: a raw socket does not wait."""
    try:
        return underlay.sendto(packet, (destination, 0)) == len(packet)
    except OSError as error:
        if error.errno != errno.ENOBUFS:
            raise
        return False
