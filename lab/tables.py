# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's tables of routes and neighbours, over rtnetlink. Tests ask for them over and over while they wait; a
program that is started for each question takes most of an emulated guest's time."""
import ipaddress
import os
import socket
import struct

RTM_GETROUTE, RTM_GETNEIGH = 26, 30
NLM_F_REQUEST, NLM_F_DUMP = 1, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
MESSAGE = struct.Struct("=IHHII")  # length, type, flags, sequence number, port
ATTRIBUTE = struct.Struct("=HH")  # length, type
ROUTE = struct.Struct("=BBBBBBBBI")  # family, length of destination and source, TOS, table, protocol, scope, type, flags
NEIGHBOUR = struct.Struct("=BxxxiHBB")  # family, device, state, flags, type
NEXT_HOP = struct.Struct("=HBBi")  # length, flags, hops, device
RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, RTA_MULTIPATH, RTA_TABLE = 1, 4, 5, 6, 9, 15
NDA_DST, NDA_LLADDR = 1, 2
NUD_NOARP = 0x40
RTM_F_CLONED = 0x200
MAIN = 254


def aligned(length):
    return (length + 3) & ~3


def attributes(data):
    """By type."""
    found, at = {}, 0
    while at + ATTRIBUTE.size <= len(data):
        length, kind = ATTRIBUTE.unpack_from(data, at)
        found[kind & 0x3fff] = data[at + ATTRIBUTE.size:at + length]
        at += aligned(length)
    return found


def dump(kind, header):
    """The payloads of all messages which the kernel of the calling thread's namespace answers."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as rtnetlink:
        rtnetlink.send(MESSAGE.pack(MESSAGE.size + len(header), kind, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + header)
        while True:
            data, at = rtnetlink.recv(65536), 0
            while at < len(data):
                length, kind = MESSAGE.unpack_from(data, at)[:2]
                payload = data[at + MESSAGE.size:at + length]
                if kind == NLMSG_ERROR:
                    number = -struct.unpack_from("=i", payload)[0]
                    raise OSError(number, os.strerror(number))
                if kind == NLMSG_DONE:
                    return
                yield payload
                at += aligned(length)


def next_hops(data):
    """The gateways of a route with several."""
    while len(data) >= NEXT_HOP.size:
        length = NEXT_HOP.unpack_from(data)[0]
        yield attributes(data[NEXT_HOP.size:length]).get(RTA_GATEWAY)
        data = data[aligned(length):]


def routes(table=MAIN):
    """Of IPv4, in the kernel's order: (prefix as `ip` writes it, gateways, device's index, metric, protocol, type)."""
    found = []
    for payload in dump(RTM_GETROUTE, ROUTE.pack(socket.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0)):
        _, length, _, _, short, protocol, _, kind, flags = ROUTE.unpack_from(payload)
        has = attributes(payload[ROUTE.size:])
        # What the kernel learnt of a path's MTU is told as a route, too.
        if flags & RTM_F_CLONED or table != number(has.get(RTA_TABLE), short):
            continue
        hops = [has[RTA_GATEWAY]] if RTA_GATEWAY in has else next_hops(has.get(RTA_MULTIPATH, b""))
        found.append((prefix(has.get(RTA_DST, bytes(4)), length),
                      tuple(str(ipaddress.IPv4Address(hop)) for hop in hops if hop),
                      number(has.get(RTA_OIF), 0), number(has.get(RTA_PRIORITY), 0), protocol, kind))
    return found


def neighbours(device):
    """Link-layer addresses by address, of those neighbours on a device, by its index, that have one."""
    found = {}
    for payload in dump(RTM_GETNEIGH, NEIGHBOUR.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
        _, at, state, _, _ = NEIGHBOUR.unpack_from(payload)
        has = attributes(payload[NEIGHBOUR.size:])
        if at == device and not state & NUD_NOARP and NDA_LLADDR in has:
            found[str(ipaddress.ip_address(has[NDA_DST]))] = link_layer_address(has[NDA_LLADDR])
    return found


def prefix(address, length):
    text = str(ipaddress.IPv4Address(address))
    return "default" if length == 0 else text if length == 32 else f"{text}/{length}"


def link_layer_address(data):
    return str(ipaddress.IPv4Address(data)) if len(data) == 4 else data.hex(":")


def number(data, otherwise):
    return otherwise if data is None else int.from_bytes(data, "little")
