# SPDX-License-Identifier: GPL-2.0-or-later
"""What the stories of designs have in common: what a routing protocol brings over the tunnel, and what becomes of it.
Each step waits for a condition, says it, and raises Timeout where it does not come."""
import re
import time
from dataclasses import dataclass

from . import measure
from .story import overrides, tunnel_of
from .wait import SLOWNESS, wait_until

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
    refused = [line for routing in lab.routing.values() for line in routing.refused()]
    story.check(not refused, "the routing daemons take their configurations" + "".join(f"; not {line}" for line in refused))
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
        story.terminal.command(one.node, one.command, "$")
        story.terminal.output(text)
        story.check(not missing, one.see if not missing else f"not there: {', '.join(missing)}")
        story.terminal.say()


def gateways(lab, name, prefix):
    """The next hops of a node's route to exactly this prefix."""
    wanted = "default" if prefix == "0.0.0.0/0" else prefix
    return [hop for found, hops, *_ in lab.namespace(name).routes() for hop in hops if found == wanted]


def learns(story, lab, name, prefix, via, deadline=PATIENCE):
    """The node's routing daemon brings a route."""
    wait_until(lambda: gateways(lab, name, prefix) == [via], deadline, f"{name} learns {prefix} by {via}")
    story.check(True, f"{name} has learnt {prefix} by {via}")


def settled(story, lab, name):
    """Waits until the protocol has brought everything to a node: its table has not changed for a second."""
    table, since = None, 0

    def quiet():
        nonlocal table, since
        now = story.rib(lab, name)
        if now != table:
            table, since = now, time.monotonic()
        return time.monotonic() - since > SLOWNESS
    wait_until(quiet, PATIENCE, f"the routing table of {name} settles")


def lacks(story, lab, name, prefix):
    story.check(not gateways(lab, name, prefix), f"{name} needs no route to {prefix}")


def reaches(lab, name, address):
    source = lab.scenario.node(name).lan_address
    # Not patient, so that a figure of how long it took is exact.
    return not lab.namespace(name).run("ping", "-n", "-c", "1", "-W", str(0.2 * SLOWNESS), "-I", source, address,
                                       check=False).returncode


def ends(lab):
    """The two spokes between which a story happens, and their hub's tunnel address."""
    first, second = lab.scenario.spokes[:2]
    return first, second, tunnel_of(lab.scenario.hubs[0])


def lan_added(story, lab, restart=None):
    """A LAN more on the second spoke: the first reaches it as soon as the protocol has told everybody. `restart`: a
    routing daemon that has to be stopped before and started after."""
    first, second, _ = ends(lab)
    number = int(second.lan_address.split(".")[2])
    address = f"192.168.{50 + number}.1"
    story.terminal.heading(f"{second.name} gets another LAN")
    commands = ("link set lan2 up", f"address add {address}/24 dev lan2")
    namespace = lab.namespace(second.name)
    namespace.batch("link add lan2 type veth peer name lan3", "link set lan3 up")
    if restart:
        lab.routing[second.name].kill(restart)
    for command in commands:
        story.terminal.command(second.name, f"ip {command}", "$")
        namespace.batch(command)
        wait_until(lambda: namespace.ip("link", "show", "lan2")[0]["operstate"] == "UP", PATIENCE, "lan2 is up")
    if restart:
        lab.routing[second.name].launch(restart)
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
    settled(story, lab, first.name)
    story.phase2(lab)
    goes_direct(story, lab, lan_added(story, lab))
    look(story, lab)


def phase3(story, lab):
    """The next hop is the hub; redirect and shortcut make the path direct without the routing protocol's knowledge."""
    settled(story, lab, ends(lab)[0].name)
    story.phase3(lab)
    goes_direct(story, lab, lan_added(story, lab))
    look(story, lab)
    story.check(overrides(lab, ends(lab)[0].name), "the shortcuts are where the routing daemon does not look")


def phase3_by_summary(story, lab, summary):
    """Phase 3 where spokes learn nothing but one route by the hub, the `summary`, and the hub all their LANs."""
    first, second, hub = ends(lab)
    for one, other in ((first, second), (second, first)):
        learns(story, lab, one.name, summary, hub)
        learns(story, lab, lab.scenario.hubs[0].name, one.lan_prefix, tunnel_of(one))
        lacks(story, lab, one.name, other.lan_prefix)
    phase3(story, lab)


def goes_direct(story, lab, address):
    """Packets from the first spoke need no hub in the end."""
    first = ends(lab)[0]

    def direct():
        return measure.traceroute(lab.namespace(first.name), address, first.lan_address) == [address]
    wait_until(direct, PATIENCE, f"{first.name} reaches {address} directly")
    story.check(True, f"and the path to {address} becomes direct")


def tunnel(lab, name):
    """A node's first tunnel address."""
    return tunnel_of(lab.scenario.node(name))


def phase2_by_neighbours(story, lab, restart):
    """The spokes are neighbours of each other: the protocol's own packets have resolved the next hop before any data."""
    first, second, _ = ends(lab)
    for one, other in ((first, second), (second, first)):
        learns(story, lab, one.name, other.lan_prefix, tunnel_of(other))
    story.tables(lab, first.name)
    goes_direct(story, lab, second.lan_address)
    goes_direct(story, lab, lan_added(story, lab, restart))
    look(story, lab)


def shows(lab, name, command, word, deadline=PATIENCE):
    """Waits until a command's output has a word."""
    wait_until(lambda: word in lab.command(name, command, check=False), deadline, f"{name}: {command}: {word}", 0.2)


def goes_by(story, lab, hop):
    """The hub that traffic goes by. On a busy machine the routing daemons may take one for dead for a moment."""
    first, second, _ = ends(lab)
    wanted = [hop, second.lan_address]
    wait_until(lambda: measure.traceroute(lab.namespace(first.name), second.lan_address, first.lan_address) == wanted, PATIENCE,
               f"traffic goes by {hop}")
    story.check(True, f"traffic goes by {hop}")


def dies(story, lab, name, first_hop, second_hop):
    """The host of a hub is gone from one moment to the next, under a ping every 10 ms. Returns its result."""
    first, second, _ = ends(lab)
    story.terminal.heading(f"{name} is silent from now on, under a ping every 10 ms")
    host = lab.namespace(f"{first.name}-host")
    wait_until(lambda: measure.ping(host, second.host_address, count=20).lost == 0, PATIENCE, "traffic")
    goes_by(story, lab, first_hop)
    ping = measure.Ping(host, second.host_address, interval=0.01)
    wait_until(lambda: measure.ping(host, second.host_address, count=20).lost == 0, PATIENCE, "traffic")
    lab.namespace("internet").batch(f"link set {name} down")
    wait_until(lambda: measure.ping(host, second.host_address, count=50).lost == 0, PATIENCE, "traffic by the other hub")
    result = ping.result()
    goes_by(story, lab, second_hop)
    return result
