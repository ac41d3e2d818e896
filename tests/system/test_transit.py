# SPDX-License-Identifier: GPL-2.0-or-later
"""What a hub does with the messages of others: its record in them, and nothing else changed."""
import craft
from facts import nbma, tunnel
from lab import scenarios
from lab.capture import gre_packets
from lab.wait import wait_until

VENDOR = b"\x00\x0d\xb9" + b"vendor's own"  # an OUI, and what only the vendor understands
FORWARD, REVERSE, VENDOR_PRIVATE = 4, 5, 8


def parts(body):
    """The extensions of an NHRP packet: {type: value}."""
    at, found = int.from_bytes(body[14:16], "big"), {}
    while at and at + 4 <= len(body):
        kind, length = (int.from_bytes(body[at + i:at + i + 2], "big") for i in (0, 2))
        found[kind & 0x3FFF] = body[at + 4:at + 4 + length]
        at += 4 + length
    return found


def test_extensions_of_a_request_and_of_its_reply(network):
    """The vendor's extension is carried through and comes back; the hub records itself, the request has one hop less."""
    lab = network(scenarios.phase3())
    hub, one, two = (nbma(lab, name) for name in ("hub", "spoke1", "spoke2"))
    request = craft.message(
        craft.RESOLUTION_REQUEST, one, tunnel(lab, "spoke1"), tunnel(lab, "spoke2"), craft.entry(), request_id=0xBEEF,
        hop_count=9, extensions=craft.extension(3) + craft.extension(FORWARD) + craft.extension(REVERSE)
        + craft.extension(VENDOR_PRIVATE, VENDOR, compulsory=False))
    craft.send(lab.namespace("spoke1"), hub, craft.gre(request))

    def seen(kind, source, destination):
        return [body for *ends, protocol, body in gre_packets(lab.capture.path)
                if ends == [source, destination] and protocol == craft.NHRP and body[17] == kind
                and body[24:28] == b"\0\0\xbe\xef"]
    passed_on = wait_until(lambda: seen(craft.RESOLUTION_REQUEST, hub, two), 10, "the hub passes it on")[0]
    reply = wait_until(lambda: seen(craft.RESOLUTION_REPLY, two, one), 10, "spoke2 replies, straight")[0]
    assert passed_on[9] == 8, "hop count"
    assert parts(passed_on)[VENDOR_PRIVATE] == parts(reply)[VENDOR_PRIVATE] == VENDOR
    assert craft.address(hub) + craft.address(tunnel(lab, "hub")) in parts(passed_on)[FORWARD]
    assert parts(passed_on)[REVERSE] == b""
    assert craft.address(two) + craft.address(tunnel(lab, "spoke2")) in parts(reply)[3], "the responder"
