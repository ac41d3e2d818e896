# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's neighbour table under many bindings, with its limits as the distribution set them."""
import ipaddress
import sys

import pytest

from lab.namespace import Namespace
from lab.wait import wait_until

BINDINGS = ipaddress.ip_address("10.1.0.0")
SITES = ipaddress.ip_address("198.18.0.0")
MISSES = 3_000  # more than gc_thresh3, 1,024
# One packet each to addresses that nobody has bound; a socket each, since what waits for a neighbour fills its buffer.
SCAN = """
import socket, sys
for i in range(int(sys.argv[1])):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.sendto(b"x", (f"10.9.{i >> 8}.{i & 255}", 9))
        except OSError:
            pass
"""


@pytest.fixture
def namespace():
    made = Namespace("many")
    made.batch("link add tunnel1 type gre local 192.0.2.1 key 1 ttl 64", "link set tunnel1 arp on up",
               "address add 10.0.0.1/8 dev tunnel1")
    made.run("sh", "-ec", "cd /proc/sys/net/ipv4/neigh/tunnel1; echo 1 >app_solicit; echo 0 >mcast_solicit")
    yield made
    made.end()


def bound(namespace):
    listed = namespace.output("ip", "neigh", "show", "dev", "tunnel1", "nud", "permanent").splitlines()
    return len({line.split()[0] for line in listed})


def await_bound(namespace, count):
    """All namespaces have one hash table of neighbours. Whoever makes it grow during a listing makes that list some twice
    and leave others out; what is lost stays lost."""
    wait_until(lambda: bound(namespace) == count, 10, f"{count} bindings in the list")


def bind(namespace, first, count):
    namespace.batch(*(f"neigh replace {BINDINGS + i} lladdr {SITES + i} dev tunnel1 nud permanent"
                      for i in range(first, first + count)))


@pytest.mark.parametrize("count", [5_000, 20_000])
def test_bindings_are_not_collected(namespace, count):
    """Permanent neighbours, as the daemon sets them, are outside of gc_thresh1 to gc_thresh3: neither do they fill
    the table, nor does a full one drop them or refuse another."""
    bind(namespace, 0, count)
    await_bound(namespace, count)
    namespace.run(sys.executable, "-c", SCAN, str(MISSES))
    await_bound(namespace, count)
    bind(namespace, count, 100)
    await_bound(namespace, count + 100)
