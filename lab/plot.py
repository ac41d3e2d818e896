# SPDX-License-Identifier: GPL-2.0-or-later
"""What the stories of designs have in common: what a routing protocol brings over the tunnel, and what becomes of it.
Each step waits for a condition, says it, and raises Timeout where it does not come."""
import re
import time
from dataclasses import dataclass

from . import measure
from .story import overrides, tunnel_of
from .wait import wait_until

PATIENCE = 60
NEW_LAN = "192.168.{}.0/24"


@dataclass
class Look:
    """What to look at: `command` is for a shell on the node; each `word` in `see` that has backquotes is in its
    output."""
    node: str
    command: str
    see: str

    @property
    def words(self):
        return re.findall("`([^`]+)`", self.see)


def look(story, lab):
    """Runs every command that the scenario recommends, and checks that it shows what is promised."""
    story.terminal.heading("What to look at")
    for one in lab.scenario.look:
        missing = words = one.words
        text = ""

        def shows(one=one, words=words):
            nonlocal text, missing
            text = lab.command(one.node, one.command)
            missing = [word for word in words if word not in text]
            return not missing
        try:
            wait_until(shows, 20, "", interval=0.3)
        except AssertionError:
            pass
        story.terminal.command(one.node, one.command)
        story.terminal.output(text)
        story.check(not missing, one.see if not missing else f"not there: {', '.join(missing)}")
        story.terminal.say()


def gateways(lab, name, prefix):
    """The next hops of a node's route to exactly this prefix."""
    routes = lab.namespace(name).ip("route", "show", "exact", prefix)
    return [hop for route in routes
            for hop in ([route["gateway"]] if "gateway" in route else [one["gateway"] for one in route.get("nexthops", [])])]


def learns(story, lab, name, prefix, via, deadline=PATIENCE):
    """The node's routing daemon brings a route."""
    wait_until(lambda: gateways(lab, name, prefix) == [via], deadline, f"{name} learns {prefix} by {via}")
    story.check(True, f"{name} has learnt {prefix} by {via}")


def lacks(story, lab, name, prefix):
    story.check(not gateways(lab, name, prefix), f"{name} needs no route to {prefix}")


def reaches(lab, name, address, count=1):
    source = lab.scenario.node(name).lan_address
    return measure.ping(lab.namespace(name), address, source, count=count).received == count


def ends(lab):
    """The two spokes between which a story happens, and their hub's tunnel address."""
    first, second = lab.scenario.spokes[:2]
    return first, second, tunnel_of(lab.scenario.hubs[0])


def lan_added(story, lab):
    """A LAN more on the second spoke: the first reaches it as soon as the protocol has told everybody."""
    first, second, _ = ends(lab)
    number = int(second.lan_address.split(".")[2])
    address = f"192.168.{50 + number}.1"
    story.terminal.heading(f"{second.name} gets another LAN")
    commands = (f"link add lan2 type veth peer name lan3", "link set lan3 up", f"address add {address}/24 dev lan2",
                "link set lan2 up")
    for command in commands[2:]:
        story.terminal.command(second.name, f"ip {command}")
    lab.namespace(second.name).batch(*commands)
    started = time.monotonic()
    wait_until(lambda: reaches(lab, first.name, address), PATIENCE, f"{first.name} reaches {address}", interval=0.2)
    story.check(True, f"{first.name} reaches {address} after {time.monotonic() - started:.1f} s")
    return address


def phase1(story, lab):
    """Everything goes by the hub, always."""
    story.through_hub(lab)
    lan_added(story, lab)
    look(story, lab)


def phase2(story, lab):
    """The next hop is the far spoke: preserved by the hub, and resolved by NHRP."""
    first, second, _ = ends(lab)
    for one, other in ((first, second), (second, first)):
        learns(story, lab, one.name, other.lan_prefix, tunnel_of(other))
    story.phase2(lab)
    goes_direct(story, lab, lan_added(story, lab))
    look(story, lab)


def phase3(story, lab):
    """The next hop is the hub; redirect and shortcut make the path direct without the routing protocol's knowledge."""
    story.phase3(lab)
    goes_direct(story, lab, lan_added(story, lab))
    look(story, lab)
    story.check(overrides(lab, ends(lab)[0].name), "the shortcuts are where the routing daemon does not look")


def goes_direct(story, lab, address):
    """Packets from the first spoke need no hub in the end."""
    first = ends(lab)[0]

    def direct():
        return measure.traceroute(lab.namespace(first.name), address, first.lan_address) == [address]
    wait_until(direct, PATIENCE, f"{first.name} reaches {address} directly")
    story.check(True, f"and the path to {address} becomes direct")
