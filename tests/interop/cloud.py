# SPDX-License-Identifier: GPL-2.0-or-later
"""A hub and two spokes, each of them dmvpnd or FRR, and what the tests ask both in the same words."""
from facts import entry, overrides, tunnel
from frr import Frr
from lab import measure, scenarios
from lab.wait import wait_until
from programs import Installed

LANS = "192.168.0.0/16"
# FRR retries and refreshes in steps of seconds, and all of it may run in an emulated guest.
PATIENCE = 30


class Cloud:
    """`frr`: the nodes that run FRR; `unique`: FRR's spokes claim their tunnel address for themselves; `nhs`: how they
    name their server, "dynamic" or by address; `shortcut`: whether FRR's spokes do; `dynamic`: our spokes learn their
    server's address; `programs`: which FRR; `password`: of NHRP, for all; `threshold`: see Frr."""

    def __init__(self, network, directory, frr, holdtime=30, nhs="dynamic", unique=False, shortcut=True, dynamic=False,
                 programs=None, password=None, threshold=None):
        scenario = scenarios.phase3(authentication=password, holdtime=holdtime, host=False, dynamic=dynamic)
        plans = {name: self._plan(scenario, name, holdtime, nhs, unique, shortcut) for name in frr}
        for plan in plans.values():
            plan[2].extend([f"ip nhrp authentication {password}"] if password else [])
        for name in frr:
            scenario.node(name).config = ""
        self.lab = network(scenario, start=False, forgers=[scenario.node(name).nbma_address for name in frr])
        self.frr = {name: Frr(self.lab.namespace(name), self.lab.directory, programs or Installed(), *plan,
                                threshold=threshold)
                    for name, plan in plans.items()}

    @staticmethod
    def _plan(scenario, name, holdtime, nhs, unique, shortcut):
        node = scenario.node(name)
        address = next(line.split()[2] for line in node.config.splitlines() if line.startswith(" ip address"))
        lines = ["ip nhrp network-id 1", f"ip nhrp holdtime {holdtime}"]
        lines += [] if unique else ["ip nhrp registration no-unique"]
        if node in scenario.hubs:
            routes = [(route.prefix, route.via) for route in node.routes]
            return node.nbma_address, address, [*lines, "ip nhrp redirect"], None, routes
        hub = scenarios.tunnel_address(1)
        server = "dynamic" if nhs == "dynamic" else hub
        lines += [f"ip nhrp nhs {server} nbma {scenario.node('hub').nbma_address}"]
        lines += ["ip nhrp shortcut"] if shortcut else []
        return node.nbma_address, address, lines, hub, [(LANS, hub)]

    @property
    def names(self):
        return ["hub", "spoke1", "spoke2"]

    def start(self):
        for name in self.names:
            self.start_node(name)
        for spoke in self.names[1:]:
            self.wait_bound("hub", spoke)
            self.wait_bound(spoke, "hub")
        return self

    def start_node(self, name):
        if name in self.frr:
            self.frr[name].start()
        else:
            self.lab.start(name)

    def kill(self, name):
        """kill -9, of the part that speaks NHRP."""
        (self.frr.get(name) or self.lab[name]).kill()

    def restart(self, name):
        if name in self.frr:
            self.frr[name].launch("nhrpd")
        else:
            self.lab.start(name)

    def move(self, name, nbma):
        """Another address in the underlay."""
        self.lab.move(name, nbma)
        if name in self.frr:
            self.frr[name].set_source(self.nbma(name))

    def stop(self):
        for frr in self.frr.values():
            frr.stop()

    # --- questions to either kind

    def address(self, name):
        return self.frr[name].address if name in self.frr else tunnel(self.lab, name)

    def nbma(self, name):
        return self.lab.scenario.node(name).nbma_address

    def lan(self, name):
        return self.lab.scenario.node(name).lan_address

    def prefix(self, name):
        return self.lab.scenario.node(name).lan_prefix

    def binding(self, holder, of):
        """The NBMA address that a node has for another's tunnel address."""
        if holder in self.frr:
            return self.frr[holder].cache().get(self.address(of))
        one = entry(self.lab[holder], self.address(of))
        return one and one["nbma"]

    def wait_bound(self, holder, of):
        wait_until(lambda: self.binding(holder, of) == self.nbma(of), PATIENCE, f"{holder} has a binding for {of}", 0.3)

    def wait_unbound(self, holder, of):
        wait_until(lambda: self.binding(holder, of) is None, PATIENCE, f"{holder} forgets {of}", 0.3)

    def shortcuts(self, name):
        return self.frr[name].shortcuts() if name in self.frr else overrides(self.lab, name)

    def ping(self, source, destination, **options):
        return measure.ping(self.lab.namespace(source), self.lan(destination), self.lan(source), **options)

    def stays(self, source, destination):
        """Traffic for longer than the holding time, which has two ends in it. FRR's shortcut ends with that and comes again, for
        which a spoke of FRR's may lose a packet."""
        missing = self.ping(source, destination, count=100, interval=0.2).missing
        assert len(missing) <= 2 * len({source, destination} & set(self.frr)), missing

    def works(self, source, destination):
        return self.ping(source, destination, count=1).lost == 0

    def path(self, source, destination):
        return measure.traceroute(self.lab.namespace(source), self.lan(destination), self.lan(source))

    def wait_shortcut(self, source, destination):
        """Keeps up traffic until there is a shortcut."""
        def there():
            self.ping(source, destination, count=3, interval=0.2)
            return self.prefix(destination) in self.shortcuts(source)
        wait_until(there, PATIENCE, f"{source} has a shortcut to {destination}")
        wait_until(lambda: self.path(source, destination) == [self.lan(destination)], PATIENCE,
                   f"packets go straight from {source} to {destination}")
