# SPDX-License-Identifier: GPL-2.0-or-later
"""Tells on the terminal what happens in a scenario, and whether it was what should happen."""
import re

from . import measure
from .capture import gre_packets
from .terminal import Terminal, beside, box
from .wait import SLOWNESS, Timeout, wait_until

OVERRIDE_TABLE = 1190
OVERRIDE_PROTOCOL = 191
WIDTH = 27


class Story:
    def __init__(self, terminal=None):
        self.terminal = terminal or Terminal()
        self.good = True

    # --- the parts that every story has

    def topology(self, scenario):
        """The network, drawn."""
        spokes = scenario.spokes[:4]
        width = WIDTH * len(spokes) + 2 * (len(spokes) - 1)
        hubs = row(scenario.hubs, width)
        sites = row(spokes, width)
        text = "any IP network, IPsec between any two nodes" if is_protected(scenario) else \
            "any IP network: a subnet for each site"
        underlay = box([text.center(width - 4)], width)
        # A line joins each box with the underlay.
        hub_columns, site_columns = middles(hubs[-1]), middles(sites[0])
        hubs[-1], underlay[0] = mark(hubs[-1], hub_columns, "┬"), mark(underlay[0], hub_columns, "┴")
        underlay[-1], sites[0] = mark(underlay[-1], site_columns, "┬"), mark(sites[0], site_columns, "┴")
        for line in (*hubs, *underlay, *sites):
            self.terminal.say(line.rstrip())
        if len(scenario.spokes) > len(spokes):
            self.terminal.say(f"… and {len(scenario.spokes) - len(spokes)} more spokes")

    def tell(self, lab):
        """The whole story of a lab that is not up yet. Returns whether all was as it should be."""
        scenario = lab.scenario
        self.terminal.heading(scenario.title)
        self.topology(scenario)
        self.terminal.say()
        swans = ", with a strongSwan beside" if is_protected(scenario) else ""
        self.terminal.say(f"Starting {len(scenario.nodes)} daemons, each in its network namespace{swans} …", "dim")
        lab.start()
        lab.wait_registered()
        self.check(True, "every spoke is registered with its hub" + ("s" if len(scenario.hubs) > 1 else ""))
        plots = {"phase1": self.through_hub, "phase2": self.phase2, "phase2-summary": self.through_hub,
                 "dual-hub": self.hub_dies}
        try:
            if scenario.plot:
                scenario.plot(self, lab)
            else:
                plots.get(scenario.name, self.phase3)(lab)
            if lab.swans:
                self.protection(lab)
        except Timeout as error:
            self.check(False, str(error))
        return self.good

    def check(self, condition, text):
        self.good = self.good and bool(condition)
        self.terminal.verdict(condition, text)
        return condition

    def traceroute(self, lab, title):
        """From the first spoke to the LAN address of the second."""
        first, second = lab.scenario.spokes[:2]
        self.terminal.heading(title)
        argv = measure.traceroute_argv(second.lan_address, first.lan_address)
        self.terminal.command(first.name, " ".join(argv), "$")
        text = lab.namespace(first.name).output(*argv)
        self.terminal.output(text)
        return measure.parse_traceroute(text)

    def show(self, lab, name, command):
        self.terminal.command(name, command)
        self.terminal.output(lab[name].ctl(command))

    def tables(self, lab, name):
        """The routing table, and the table of shortcuts."""
        for argv in (["ip", "route"], ["ip", "route", "show", "table", str(OVERRIDE_TABLE)]):
            self.terminal.command(name, " ".join(argv), "$")
            # A table without routes does not exist, says ip.
            self.terminal.output(lab.namespace(name).output(*argv, check=False) or "(empty)")

    # --- the stories

    def through_hub(self, lab):
        _, second = lab.scenario.spokes[:2]
        hub = tunnel_of(lab.scenario.hubs[0])
        wanted = [hub, second.lan_address]
        first_hops = self.traceroute(lab, "The first traceroute")
        second_hops = self.traceroute(lab, "The second traceroute")
        self.show(lab, lab.scenario.spokes[0].name, "show dmvpn")
        self.check(first_hops == wanted and second_hops == wanted, f"both times two hops, by the hub {hub}")

    def phase2(self, lab):
        first, second = lab.scenario.spokes[:2]
        hub = tunnel_of(lab.scenario.hubs[0])
        self.terminal.heading(f"The route of {first.name}: its next hop is the far spoke")
        before = self.rib(lab, first.name)
        self.tables(lab, first.name)
        hops = self.traceroute(lab, "The first traceroute: the next hop is not resolved yet")
        self.check(hops == [hub, second.lan_address], f"two hops, by the hub {hub}")
        lab[first.name].wait_event("binding-up", tunnel_of(second))
        lab[first.name].ctl_json("show ip nhrp")  # it answers when the kernel has what it logged
        hops = self.traceroute(lab, "The second traceroute: the next hop is resolved")
        self.check(hops == [second.lan_address], "one hop: direct")
        self.terminal.heading("What the spoke knows now")
        self.show(lab, first.name, "show dmvpn")
        self.unchanged(lab, first.name, before)

    def phase3(self, lab):
        first, second = lab.scenario.spokes[:2]
        hub = tunnel_of(lab.scenario.hubs[0])
        self.terminal.heading(f"The routing table of {first.name}, and the table of shortcuts, before")
        before = self.rib(lab, first.name)
        self.tables(lab, first.name)
        hops = self.traceroute(lab, "The first traceroute: the hub forwards, and says that there is a better way")
        self.check(hops == [hub, second.lan_address], f"two hops, by the hub {hub}")
        wait_until(lambda: overrides(lab, first.name), 10, f"{first.name} installs a shortcut")
        wait_until(lab.has_settled, 30, "no two SAs with one peer")
        hops = self.traceroute(lab, "The second traceroute: the shortcut is there")
        self.check(hops == [second.lan_address], "one hop: direct")
        self.terminal.heading("What the spoke knows now")
        self.show(lab, first.name, "show dmvpn")
        self.show(lab, first.name, "show ip route next-hop-override")
        self.terminal.heading("The routing table and the table of shortcuts, after")
        self.tables(lab, first.name)
        self.unchanged(lab, first.name, before)
        self.check(overrides(lab, first.name), "the override is in a table of its own")
        if first.host and second.host:
            self.between_hosts(lab, first, second)

    def between_hosts(self, lab, first, second):
        result = measure.ping(lab.namespace(f"{first.name}-host"), second.host_address, count=100)
        self.check(result.lost == 0, f"{result.sent} pings between hosts behind the spokes, {result.lost} lost")

    def protection(self, lab):
        """Who has IPsec with whom, and what the underlay saw of it."""
        first = lab.scenario.spokes[0]
        swan = lab.swans[first.name]
        self.terminal.heading("Protection" + (": ESP in user space, as this kernel has none" if swan.user_space else ""))
        self.show(lab, first.name, "show crypto session")
        self.show(lab, first.name, "show crypto ikev2 sa")
        sessions = [session for one in lab[first.name].ctl_json("show crypto session")["interfaces"]
                    for session in one["sessions"]]
        self.check(sessions and all(session["status"] == "UP-ACTIVE" for session in sessions),
                   f"{first.name} has IPsec with {len(sessions)} peers")
        clear = len(list(gre_packets(lab.capture.path)))
        self.check(clear == 0, f"{clear} packets of the tunnel crossed the underlay in clear text")

    def hub_dies(self, lab):
        first, second = lab.scenario.spokes[:2]
        one, two = (tunnel_of(hub) for hub in lab.scenario.hubs[:2])
        self.show(lab, first.name, "show ip nhrp nhs")
        self.check(self.traceroute(lab, "Both hubs are up") == [one, second.lan_address], f"by hub1 {one}")
        self.terminal.heading("kill -9 of hub1, under a ping every 50 ms")
        host = lab.namespace(f"{first.name}-host")
        wait_until(lambda: measure.ping(host, second.host_address, count=1).received, 10, "traffic")
        ping = measure.Ping(host, second.host_address, interval=0.05)
        # Twenty of them, so that the ping in the background has replies from before and after as well.
        wait_until(lambda: measure.ping(host, second.host_address, count=20).lost == 0, 10, "traffic")
        lab["hub1"].kill()
        for spoke in (first, second):
            self.terminal.say(lab[spoke.name].wait_event("nhs-down", one, deadline=30)[0], "dim")
        wait_until(lambda: measure.ping(host, second.host_address, count=20).lost == 0, 10, "traffic by hub2")
        hops = self.traceroute(lab, "hub1 is dead")
        result = ping.result()
        self.check(hops == [two, second.lan_address], f"by hub2 {two}")
        self.check(0 < result.gap < 20 * SLOWNESS, f"traffic stood still for {result.gap:.1f} s ({result.lost} of {result.sent} pings lost)")
        self.terminal.heading("hub1 comes back")
        marks = {spoke.name: lab[spoke.name].mark() for spoke in (first, second)}
        lab.start("hub1")
        for name, mark in marks.items():
            lab[name].wait_event("nhs-up", one, since=mark, deadline=90)
        wait_until(lambda: self.path(lab) == [one, second.lan_address], 10, "the path by hub1 again")
        self.traceroute(lab, "hub1 is back")
        self.check(True, f"by hub1 {one} again")

    # --- looking

    def rib(self, lab, name):
        return sorted(lab.namespace(name).routes())

    def unchanged(self, lab, name, before):
        """NHRP has left the routing table alone. A routing protocol may still learn, and miss a neighbour for a moment."""
        def same():
            after = self.rib(lab, name)
            return set(before) <= set(after) if name in lab.routing else after == before
        wait_until(same, 20, "the routing table is as it was")
        news = set(self.rib(lab, name)) - set(before)
        self.check(all(route[4] != OVERRIDE_PROTOCOL for route in news), "the routing table is unchanged")

    def path(self, lab):
        first, second = lab.scenario.spokes[:2]
        return measure.traceroute(lab.namespace(first.name), second.lan_address, first.lan_address)


def row(nodes, width):
    """Boxes of nodes beside each other, in the middle of `width` columns."""
    boxes = [box([node.name, f"tunnel {tunnel_of(node)}", f"NBMA   {node.nbma_address}", f"LAN    {node.lan_prefix}"],
                 WIDTH) for node in nodes]
    return [line.center(width) for line in beside(boxes)]


def middles(edge):
    """The columns in the middle of the boxes that have this lower or upper edge."""
    return [match.start() + WIDTH // 2 for match in re.finditer("[└┌]", edge)]


def mark(line, columns, sign):
    return "".join(sign if i in columns else character for i, character in enumerate(line))


def overrides(lab, name):
    """The prefixes of a node's shortcut routes, with their next hops."""
    return {prefix: next(iter(gateways), None) for prefix, gateways, *_ in lab.namespace(name).routes(OVERRIDE_TABLE)}


def tunnel_of(node):
    """The first tunnel address of a node."""
    return next(line.split()[2] for line in node.config.splitlines() if line.startswith(" ip address"))


def is_protected(scenario):
    return any("tunnel protection" in node.config for node in scenario.nodes)
