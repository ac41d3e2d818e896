# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon and the kernel say, in the words that the tests use."""
import json

from lab import measure, story
from lab.story import overrides  # noqa: F401: of the kernel's tables, too
from lab.wait import wait_until

OVERRIDE_TABLE, OVERRIDE_PROTOCOL = str(story.OVERRIDE_TABLE), str(story.OVERRIDE_PROTOCOL)  # as in a command


# --- the daemon

def view(daemon, command):
    return daemon.ctl_json(command)


def entries(daemon, command="show ip nhrp"):
    return view(daemon, command)["entries"]


def entry(daemon, target):
    """The entry of the cache for an address or prefix; None where there is none."""
    target = target if "/" in target else f"{target}/32"
    return next((one for one in entries(daemon) if one["target"] == target), None)


def bound(daemon, target, nbma):
    """Whether a tunnel address is bound to this NBMA address, and not for the time being only."""
    one = entry(daemon, target)
    return one is not None and one["nbma"] == nbma and "temporary" not in one["flags"]


def bindings(daemon):
    """What is bound to what."""
    return {one["target"]: one["nbma"] for one in entries(daemon)}


def traffic(daemon, interface="tunnel1"):
    counted = view(daemon, "show ip nhrp traffic")["interfaces"]
    return next(one for one in counted if one["interface"] == interface)


def servers(daemon, interface="tunnel1"):
    """The next hop servers by their tunnel addresses."""
    known = view(daemon, "show ip nhrp nhs")["interfaces"]
    return {one["address"]: one for listed in known if listed["interface"] == interface for one in listed["nhs"]}


# --- the kernel

def rib(lab, name):
    """The routing table that everybody sees."""
    return sorted(lab.namespace(name).routes())


def neighbours(lab, name, device="tunnel1"):
    """Link-layer addresses by tunnel address, of those that can be used."""
    return lab.namespace(name).neighbours(device)


def path(lab, source, destination):
    """The hops from a node, out of its LAN address, to another node's LAN address."""
    origin, end = lab.scenario.node(source), lab.scenario.node(destination)
    return measure.traceroute(lab.namespace(source), end.lan_address, origin.lan_address)


def tunnel(lab, name):
    """A node's first tunnel address."""
    line = next(line for line in lab.scenario.node(name).config.splitlines() if line.startswith(" ip address"))
    return line.split()[2]


def lan(lab, name):
    return lab.scenario.node(name).lan_address


def nbma(lab, name):
    return lab.scenario.node(name).nbma_address


# --- the underlay

class Witness:
    """Counts what the underlay carries of ICMP "destination unreachable", by its code."""

    CODES = {"no_protocol": 2, "no_port": 3}

    def __init__(self, lab):
        self.namespace = lab.namespace("internet")
        lines = ["table ip witness {", *(f"counter {name} {{ }}" for name in self.CODES),
                 "chain forward {", "type filter hook forward priority 0",
                 *(f"icmp type 3 icmp code {code} counter name {name}" for name, code in self.CODES.items()), "}", "}"]
        self.namespace.run("nft", "-f", "-", input="\n".join(lines) + "\n")

    def seen(self):
        """How many of each there were: {"no_protocol": 0, "no_port": 1}"""
        said = json.loads(self.namespace.output("nft", "-j", "list", "counters", "table", "ip", "witness"))["nftables"]
        return {one["counter"]["name"]: one["counter"]["packets"] for one in said if "counter" in one}


# --- the way there

def ping(lab, source, destination, **options):
    """Between nodes, LAN address to LAN address."""
    return measure.ping(lab.namespace(source), lan(lab, destination), lan(lab, source), **options)


def shortcut(lab, source, destination, deadline=20, origin=None):
    """Makes traffic until a shortcut is there. The hub redirects a source and destination once in 8 seconds.
    `origin`: the packets' source address, in place of the LAN address."""
    node = lab.scenario.node(destination)

    def there():
        measure.ping(lab.namespace(source), node.lan_address, origin or lan(lab, source), count=1)
        return node.lan_prefix in overrides(lab, source)
    wait_until(there, deadline, f"{source} has a shortcut to {node.lan_prefix}")
    return node.lan_prefix


def works(lab, source, destination):
    """Whether a ping gets an answer now; for use with wait_until."""
    return ping(lab, source, destination, count=1).lost == 0
