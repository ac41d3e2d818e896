# SPDX-License-Identifier: GPL-2.0-or-later
"""What a network consists of, as data."""
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field

HOST_NUMBER = 10  # of the host in each LAN


@dataclass
class Route:
    """What a routing protocol would have learnt."""
    prefix: str
    via: str


@dataclass
class Node:
    """A host with a LAN. It runs dmvpnd where it has a configuration."""
    name: str
    nbma: str  # address and length in the underlay; the gateway is the other host of the /30
    config: str
    lan: str  # address and length on the device lan0
    host: bool = False  # a namespace of its own for a host in the LAN
    routes: list = field(default_factory=list)
    setup: list = field(default_factory=list)  # lines for `ip -batch`, before any daemon starts
    commands: list = field(default_factory=list)  # for a shell on the node, when its tunnels are up
    sysctl: dict = field(default_factory=dict)  # also before: {"net_ipv4_ip_forward": 1}
    routing: dict = field(default_factory=dict)  # routing daemons and their configurations, see lab/routing.py

    @property
    def nbma_address(self):
        return self.nbma.partition("/")[0]

    @property
    def lan_address(self):
        return self.lan.partition("/")[0]

    @property
    def lan_prefix(self):
        return str(ipaddress.ip_interface(self.lan).network)

    @property
    def host_address(self):
        return str(ipaddress.ip_interface(self.lan).network[HOST_NUMBER])

    @property
    def gateway(self):
        return gateway(self.nbma)

    def replace(self, old, new):
        """Changes the configuration; `old` must be there."""
        if old not in self.config:
            raise ValueError(f"{self.name}: no \"{old}\" in the configuration")
        self.config = self.config.replace(old, new)


@dataclass
class Scenario:
    name: str
    title: str
    nodes: list
    plot: Callable = None  # what there is to see and to check: plot(story, lab), see lab/plot.py
    look: list = field(default_factory=list)  # what to look at then
    through_hub: bool = False  # whether the design wants all traffic by the hub, also where spokes are multipoint
    needs: Callable = None  # raises where this system lacks something beyond what tunnels need

    def node(self, name):
        return next(node for node in self.nodes if node.name == name)

    def use_link(self, kind):
        """`tunnel link` of every tunnel: "user", "kernel", or "mixed": the nodes take turns with both."""
        kinds = ("kernel", "user") if kind == "mixed" else (kind,)
        for i, node in enumerate(self.nodes):
            node.config = re.sub(r"^interface tunnel\d+$", rf"\g<0>\n tunnel link {kinds[i % len(kinds)]}",
                                 node.config, flags=re.MULTILINE | re.IGNORECASE)

    @property
    def direct(self):
        """Whether spokes come to talk directly: their tunnels are multipoint, and something makes them resolve."""
        return all("tunnel mode gre multipoint" in node.config for node in self.spokes) and not self.through_hub

    @property
    def hubs(self):
        return [node for node in self.nodes if node.name.startswith("hub")]

    @property
    def spokes(self):
        return [node for node in self.nodes if node.name.startswith("spoke")]


def gateway(nbma):
    """The other host of the /30 which an underlay address is in."""
    interface = ipaddress.ip_interface(nbma)
    return str(next(host for host in interface.network.hosts() if host != interface.ip))


def site(block, number):
    """The address of the node at the numbered site of an underlay block, each site a routed /30."""
    subnet = list(ipaddress.ip_network(block).subnets(new_prefix=30))[number]
    return f"{subnet[2]}/30"
