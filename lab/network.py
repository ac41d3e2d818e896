# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds a scenario: namespaces, links, addresses, daemons. Everything ends with it.

The underlay is one router, `internet`, with a subnet of its own for each site, so that NBMA addresses are
routed and neighbours of none."""
import contextlib
import json
import os
import shlex
import shutil
from pathlib import Path

from . import scenarios
from .capture import Capture
from .daemon import SANITIZER, START, Daemon
from .namespace import Namespace, Process
from .routing import routing_of
from .scenario import gateway
from .strongswan import StrongSwan
from .wait import wait_until

UNDERLAY = (scenarios.HUB_SITES, scenarios.SPOKE_SITES)


class Lab:
    """`keep`: it stays when the process that made it ends; see save() and load()."""

    def __init__(self, scenario, directory, keep=False):
        self.scenario = scenario
        self.directory = Path(directory)
        self.keep = keep
        self.namespaces = {}
        self.daemons = {}
        self.routing = {}
        self.swans = {}  # of the nodes whose tunnels are protected
        self.capture = None
        self.others = []  # processes of a lab that was loaded
        self.folders = []  # and what they leave

    def __enter__(self):
        try:
            return self.up()
        except BaseException:
            self.down()
            raise

    def __exit__(self, *_):
        self.down()

    def __getitem__(self, name):
        """The daemon of a node."""
        return self.daemons[name]

    def namespace(self, name):
        """Of a node, of a host ("spoke1-host") or of the underlay ("internet")."""
        return self.namespaces[name]

    # --- building

    def up(self):
        """Everything but the daemons."""
        if self.scenario.needs:
            self.scenario.needs()
        self.directory.mkdir(parents=True, exist_ok=True)
        self._namespace("internet").sysctl(net_ipv4_ip_forward=1)
        for node in self.scenario.nodes:
            self._build(node)
            if "tunnel protection" in node.config:
                self.swans[node.name] = StrongSwan(self.namespaces[node.name], self.directory)
                node.config = f"crypto vici socket {self.swans[node.name].socket}\n" + node.config
            if node.config:
                self.daemons[node.name] = Daemon(node, self.namespaces[node.name], self.directory)
                self.daemons[node.name].write_config()
        self.namespaces["internet"].batch(
            *(line for node in self.scenario.nodes for line in (f"link set {node.name} up", provider_address(node))))
        self.capture = Capture(self.namespaces["internet"], self.directory / "underlay.pcap", self.keep)
        return self

    def _namespace(self, name):
        self.namespaces[name] = Namespace(name, self.keep)
        return self.namespaces[name]

    def _build(self, node):
        """A node, all but the other end of its link to the underlay. Few commands, since each costs time."""
        namespace = self._namespace(node.name)
        lines = [f"link add eth0 type veth peer name {node.name} netns {self.namespaces['internet'].pid}"]
        if node.host:
            host = self._namespace(f"{node.name}-host")
            lines.append(f"link add lan0 type veth peer name eth0 netns {host.pid}")
        else:
            lines += ["link add lan0 type veth peer name lan1", "link set lan1 up"]
        namespace.batch(*lines, f"address add {node.lan} dev lan0", "link set lan0 up", *own_address(node),
                        *node.setup)
        if node.host:
            host.batch(f"address add {node.host_address}/{node.lan.partition('/')[2]} dev eth0",
                       "link set eth0 up", f"route add default via {node.lan_address}")
        namespace.sysctl(net_ipv4_ip_forward=1, **node.sysctl)

    def move(self, name, nbma):
        """Gives a node another address in the underlay, as a provider does over night."""
        node = self.scenario.node(name)
        self.namespaces[name].batch(f"address delete {node.nbma} dev eth0")
        self.namespaces["internet"].batch(f"address delete {node.gateway}/30 dev {name}")
        node.nbma = nbma
        self.plug(node)

    def plug(self, node):
        """Gives a node its addresses in the underlay, and its routes."""
        self.namespaces["internet"].batch(provider_address(node))
        self.namespaces[node.name].batch(*own_address(node))

    # --- daemons

    def start(self, *names):
        """Starts the daemons of these nodes, or of all, and brings what a routing protocol would."""
        names = names or list(self.daemons)
        for name in names:
            if name in self.swans and not self.swans[name].running:
                self.swans[name].start()
        for name in names:
            self.daemons[name].launch()
        for name in names:
            daemon = self.daemons[name]
            try:
                wait_until(daemon.ready, START, f"{name}: dmvpnd has its devices up")
            except AssertionError as error:
                raise AssertionError(f"{error}\n{daemon.tail()}") from None
            self.route(name)
        return self

    def route(self, name):
        """Gives a node the routes that a routing protocol would have learnt, or the protocol itself."""
        node = self.scenario.node(name)
        if node.routes:
            self.namespaces[name].batch(
                *(f"route replace {route.prefix} via {route.via} proto bgp" for route in node.routes))
        if node.routing and name not in self.routing:
            self.routing[name] = routing_of(self.namespaces[name], self.directory, node.routing).start()
        self._write_shell(name)
        for command in node.commands:
            self.command(name, command)

    def _write_shell(self, name):
        """What a shell on the node knows beyond the system's commands."""
        lines = [f"PS1='{name}$ '"]
        if name in self.daemons:
            daemon = self.daemons[name]
            program = shlex.quote(str(daemon.build / "dmvpnctl"))
            lines += [f'dmvpnctl() {{ {program} --control {daemon.socket} "$@"; }}',
                      *(f'{word}() {{ dmvpnctl {word} "$@"; }}' for word in ("show", "why", "topology"))]
        if name in self.routing:
            lines += [self.routing[name].functions]
        self.shell_file(name).write_text("\n".join(lines) + "\n")

    def shell_file(self, name):
        return self.directory / f"{name}.bashrc"

    def command(self, name, text, check=True):
        """What a command says in a shell on a node, where dmvpnctl, vtysh and birdc speak to the node's own daemons."""
        return self.namespaces[name].output("bash", "-c", text, check=check,
                                            env={**os.environ, "BASH_ENV": str(self.shell_file(name)), **SANITIZER})

    def wait_registered(self, *names, deadline=START):
        """Waits until these spokes, or all, have heard from every NHS since they were started."""
        for name in names or [node.name for node in self.scenario.spokes]:
            daemon = self.daemons[name]
            for address in nhs_addresses(daemon.node):
                daemon.wait_event("nhs-up", address, daemon.launched, deadline)
        return self

    def has_settled(self):
        """Where ESP is strongSwan's own: nobody makes an SA now, or has two with one peer."""
        return all(swan.has_settled() for swan in self.swans.values())

    def down(self):
        """Ends everything, whatever state it is in."""
        for routing in self.routing.values():
            with contextlib.suppress(Exception):
                routing.stop()
        for daemon in self.daemons.values():
            with contextlib.suppress(Exception):
                daemon.stop()
        for swan in self.swans.values():
            with contextlib.suppress(Exception):
                swan.stop()
        for process in self.others:
            process.end()
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)
        if self.capture:
            self.capture.stop()
        for namespace in self.namespaces.values():
            namespace.end()
        self.daemons, self.namespaces, self.routing, self.swans, self.capture, self.others = {}, {}, {}, {}, None, []

    # --- a lab that outlives the process which made it

    @property
    def record(self):
        return self.directory / "lab.json"

    def save(self):
        def identity(process):
            return [process.pid, process.started]
        self.record.write_text(json.dumps({
            "scenario": self.scenario.name,
            "namespaces": {name: identity(one.process) for name, one in self.namespaces.items()},
            "daemons": {name: identity(one.process) for name, one in self.daemons.items()},
            "others": [identity(Process(child.pid)) for child in self._others()],
            "folders": [str(routing.directory) for routing in self.routing.values()],
        }, indent=1))

    def _others(self):
        return [self.capture.recording.child, *(swan.child for swan in self.swans.values()),
                *(child for routing in self.routing.values() for child in routing.children)]

    @classmethod
    def load(cls, directory):
        """The lab that save() wrote down; ValueError if there is none."""
        lab = cls(None, directory, keep=True)
        try:
            record = json.loads(lab.record.read_text())
        except FileNotFoundError:
            raise ValueError(f"no lab is up in {directory}") from None
        lab.scenario = scenarios.CATALOGUE[record["scenario"]]()
        for name, identity in record["namespaces"].items():
            lab.namespaces[name] = Namespace.attach(name, Process(*identity))
        for name, identity in record["daemons"].items():
            daemon = Daemon(lab.scenario.node(name), lab.namespaces[name], lab.directory)
            daemon.process = Process(*identity)
            lab.daemons[name] = daemon
        lab.others = [Process(*identity) for identity in record["others"]]
        lab.folders = record["folders"]
        return lab


def provider_address(node):
    return f"address add {gateway(node.nbma)}/30 dev {node.name}"


def own_address(node):
    return [f"address add {node.nbma} dev eth0", "link set eth0 up",
            *(f"route replace {block} via {gateway(node.nbma)}" for block in UNDERLAY)]


def nhs_addresses(node):
    """The tunnel addresses of the servers in a node's configuration; of a dynamic one, what its line says of its place
    in the underlay."""
    words = (line.split() for line in node.config.splitlines())
    return [line[5 if line[3] == "dynamic" else 3] for line in words
            if line[:3] == ["ip", "nhrp", "nhs"] and line[3] not in ("cluster", "fallback")]
