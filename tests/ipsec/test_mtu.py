# SPDX-License-Identifier: GPL-2.0-or-later
"""The default `ip mtu` of a protected tunnel: what is full is not fragmented in the underlay."""
import sys

import pytest

from facts import lan, works
from lab import scenarios
from lab.wait import wait_until

UNDERLAY_MTU = 1500
SERVER = "import socket; s = socket.create_server((%r, 5000)); print('on', flush=True); c, _ = s.accept(); n = 0\n" \
    "while d := c.recv(65536): n += len(d)\nprint(n)"
CLIENT = "import socket, sys; s = socket.create_connection((%r, 5000), source_address=(%r, 0)); s.sendall(bytes(%d))"
# Reads the underlay's packets until nobody has more to say on its standard input, and tells of them.
LARGEST = """
import select, socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
largest = fragments = 0
print('on', flush=True)
while s in (ready := select.select([s, sys.stdin], [], [])[0]):
    data, address = s.recvfrom(65536)
    if address[2] == 4: continue
    fragments += bool(int.from_bytes(data[6:8], 'big') & 0x3fff)
    largest = max(largest, len(data))
print(largest, fragments)
"""
SIZE = 400_000


def transfer(lab, source, destination):
    """TCP from a spoke's LAN address to another's. Returns how many bytes came."""
    address = lan(lab, destination)
    server = lab.namespace(destination).popen(sys.executable, "-c", SERVER % address, stdout=-1, text=True)
    server.stdout.readline()
    lab.namespace(source).run(sys.executable, "-c", CLIENT % (address, lan(lab, source), SIZE), timeout=120)
    return int(server.communicate(timeout=60)[0])


@pytest.mark.parametrize("nat", [False, True])
def test_full_size_tcp(protected, nat):
    """With ESP alone, and with ESP in UDP."""
    lab = protected(scenarios.phase1(), start=False)
    for daemon in lab.daemons.values():
        daemon.node.config = "".join(line for line in daemon.node.config.splitlines(True) if "ip mtu" not in line or
                                     "1360" in line)
    if nat:
        lab.namespace("internet").run("nft", "-f", "-", input="table ip nat { chain out { type nat hook postrouting "
                                      "priority srcnat; iifname spoke1 oifname hub masquerade; }; }\n")
    lab.start().wait_registered(deadline=30)
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 10, "traffic")
    watch = lab.namespace("internet").popen(sys.executable, "-c", LARGEST, stdin=-1, stdout=-1, text=True)
    watch.stdout.readline()
    assert transfer(lab, "spoke1", "spoke2") == SIZE
    largest, fragments = map(int, watch.communicate(timeout=60)[0].split())
    assert fragments == 0
    assert UNDERLAY_MTU - 150 < largest <= UNDERLAY_MTU, "full packets, and none too large"
