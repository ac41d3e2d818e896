# SPDX-License-Identifier: GPL-2.0-or-later
"""Regional hubs under a central one. Requests pass from hub to hub, shortcuts do not."""
from .. import measure, plot
from ..plot import Look
from ..scenario import Route, Scenario
from ..story import overrides
from ..wait import wait_until
from .parts import ALL_LANS, HUB_SITES, hub, site, spoke, tunnel_address

CENTRAL, WEST, EAST = (tunnel_address(number) for number in (1, 2, 3))
NOWHERE = "192.168.99.0/24"
LOOK = [
    Look("spoke1", "dmvpnctl show ip nhrp nhs", "One server, the regional hub `10.0.0.2`, `RE`."),
    Look("hub1", "dmvpnctl show dmvpn", "The central hub's only peers are the regional hubs, `10.0.0.2` and `10.0.0.3`."),
    Look("spoke1", "dmvpnctl show ip route next-hop-override", "The shortcut to a LAN of the other region: `192.168.3.0/24` "
         "by the spoke itself, `10.0.0.13`."),
]


def underlay(number):
    return site(HUB_SITES, number - 1).partition("/")[0]


def register(number):
    """What a node needs to register with hub `number`."""
    return [f"ip nhrp nhs {tunnel_address(number)} nbma {underlay(number)} multicast"]


def lans(*numbers, via):
    return [Route(f"192.168.{number}.0/24", via(number)) for number in numbers]


def story(teller, lab):
    first, third = lab.scenario.node("spoke1"), lab.scenario.node("spoke3")
    namespace = lab.namespace(first.name)

    def trace():
        return measure.traceroute(namespace, third.lan_address, first.lan_address)
    for name in ("hub2", "hub3"):
        lab[name].wait_event("nhs-up", CENTRAL)
    teller.check(True, "the regional hubs are registered with the central one")
    teller.terminal.heading("The first traceroute from the west to the east: three hubs are on the way")
    hops = trace()
    teller.terminal.output(" → ".join(hops))
    # The second probe has begun the resolution already: the third may find the direct path.
    teller.check(hops in ([WEST, CENTRAL, EAST, third.lan_address], [WEST, CENTRAL, third.lan_address]),
                 "by the hub of the west and the central one, to the hub of the east")
    wait_until(lambda: third.lan_prefix in overrides(lab, first.name), 30, f"{first.name} installs a shortcut")
    wait_until(lambda: trace() == [third.lan_address], 30, "the direct path")
    for name in ("hub2", "hub1", "hub3"):
        passed = sum(one["forwarded"]["resolution_request"] for one in lab[name].ctl_json("show ip nhrp traffic")["interfaces"])
        teller.check(passed, f"{name} has passed on the Resolution Request, with its record in it")
    teller.check(True, f"then one hop: {first.name} and {third.name}, of two regions, talk directly")
    plot.look(teller, lab)
    loop(teller, lab, first)


def loop(teller, lab, spoke_):
    """A mistake in the routing: each hub believes that the next one knows the way."""
    teller.terminal.heading(f"A mistake: every hub leads {NOWHERE} to another hub, in a circle")
    for name, via in (("hub2", CENTRAL), ("hub1", EAST), ("hub3", WEST)):
        lab.namespace(name).batch(f"route add {NOWHERE} via {via} proto bgp")
    mark = lab["hub2"].mark()

    def told():
        lab.namespace(spoke_.name).run("ping", "-c", "1", "-W", "0.2", "-I", spoke_.lan_address, NOWHERE.replace("0/24", "1"),
                                       check=False)
        return [line for line in lab["hub2"].events("packet-refused", mark) if "loop detected" in line]
    line = wait_until(told, 30, "hub2 finds its own record in a request")[0]
    teller.terminal.output(line)
    teller.check(True, "the hub that saw the request twice reports the loop, and passes it on no more")


def scenario(**options):
    nodes = [hub(1, name="hub1", **options), hub(2, name="hub2", lines=register(1), **options),
             hub(3, name="hub3", lines=[*register(1), f"ip nhrp map {WEST} {underlay(2)}"], **options)]
    nodes[0].routes = lans(1, 2, via=lambda _: WEST) + lans(3, 4, via=lambda _: EAST)
    for node, numbers in ((nodes[1], (1, 2)), (nodes[2], (3, 4))):
        node.routes = [*lans(*numbers, via=lambda number: tunnel_address(10 + number)),
                       Route("192.168.0.0/16", CENTRAL)]
    for number, region in ((1, 2), (2, 2), (3, 3), (4, 3)):
        nodes.append(spoke(number, hubs=0, lines=register(region), host=False,
                           static=[f"{ALL_LANS} {tunnel_address(region)}"], **options))
    return Scenario("hierarchical", "A central hub and two regional ones: spokes of two regions find a direct path", nodes,
                    story, LOOK)
