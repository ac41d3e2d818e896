# SPDX-License-Identifier: GPL-2.0-or-later
"""The catalogue of networks. Each scenario is a function of its options; all take `holdtime` in seconds."""
from .scenario import Node, Route, Scenario, site

HUB_SITES = "203.0.113.0/24"
SPOKE_SITES = "198.51.100.0/24"
ALL_LANS = "192.168.0.0 255.255.0.0"
HOLDTIME = 500


def tunnel_address(number, cloud=0):
    """Hubs have the numbers 1–9, spokes 11 and above."""
    return f"10.0.{cloud}.{number}"


def interface(address, lines, *, number=1, holdtime=HOLDTIME, key=None, network_id=None, authentication="BigScale"):
    """The block that hub and spoke have in common, with `lines` in it."""
    common = [
        f"ip address {address} 255.255.255.0",
        "ip mtu 1400",
        f"ip nhrp authentication {authentication}" if authentication else "",
        f"ip nhrp network-id {network_id or number}",
        f"ip nhrp holdtime {holdtime}",
        *lines,
        "tunnel source eth0",
        f"tunnel key {key or number}",
        "" if any(line.startswith("tunnel mode") for line in lines) else "tunnel mode gre multipoint",
    ]
    body = "\n".join(f" {line}" for line in common if line)
    return f"interface Tunnel{number}\n{body}\n!\n"


def hub(number=1, *, lines=(), spokes=2, name=None, redirect=True, **options):
    """A hub; it names no spoke. Its routes to the spokes' LANs are what a routing protocol would bring."""
    name = name or "hub"
    body = ["ip nhrp map multicast dynamic", "ip nhrp redirect" if redirect else "", *lines]
    lan = f"192.168.{100 + number}.1/24" if number > 1 else "192.168.0.1/24"
    return Node(
        name=name, nbma=site(HUB_SITES, number - 1), lan=lan,
        config=f"hostname {name}\n!\n" + interface(tunnel_address(number), body, **options),
        routes=[Route(f"192.168.{i}.0/24", tunnel_address(10 + i)) for i in range(1, spokes + 1)])


def spoke(number, *, hubs=1, lines=(), routes=(), static=(), shortcut=True, host=True, **options):
    """A spoke. `static`: its `ip route` lines; `routes`: what a routing protocol would bring."""
    body = []
    for i in range(1, hubs + 1):
        nbma = site(HUB_SITES, i - 1).partition("/")[0]
        body += [f"ip nhrp map {tunnel_address(i)} {nbma}", f"ip nhrp map multicast {nbma}",
                 f"ip nhrp nhs {tunnel_address(i)}"]
    body += ["ip nhrp shortcut" if shortcut else "", *lines]
    statics = "".join(f"ip route {line}\n" for line in static)
    return Node(
        name=f"spoke{number}", nbma=site(SPOKE_SITES, number - 1), lan=f"192.168.{number}.1/24", host=host,
        config=f"hostname spoke{number}\n!\n" + interface(tunnel_address(10 + number), body, **options) + statics,
        routes=list(routes))


def phase1(holdtime=HOLDTIME, **options):
    def point_to_point(number):
        nbma = site(HUB_SITES, 0).partition("/")[0]
        return spoke(number, shortcut=False, holdtime=holdtime, static=[f"{ALL_LANS} {tunnel_address(1)}"],
                     lines=["tunnel mode gre ip", f"tunnel destination {nbma}"], **options)
    return Scenario("phase1", "Phase 1: the spokes' tunnels are point-to-point, all traffic goes through the hub",
                    [hub(redirect=False, holdtime=holdtime, **options), point_to_point(1), point_to_point(2)])


def phase2(holdtime=HOLDTIME, spokes=2, **options):
    def one(number):
        routes = [Route(f"192.168.{other}.0/24", tunnel_address(10 + other))
                  for other in range(1, spokes + 1) if other != number]
        return spoke(number, shortcut=False, routes=routes, holdtime=holdtime, **options)
    return Scenario("phase2", "Phase 2: the next hop of a route is the far spoke, NHRP resolves it",
                    [hub(redirect=False, spokes=spokes, holdtime=holdtime, **options),
                     *map(one, range(1, spokes + 1))])


def phase2_summary(holdtime=HOLDTIME, **options):
    summary = [Route("192.168.0.0/16", tunnel_address(1))]
    return Scenario("phase2-summary", "Phase 2 with a summary route: its next hop is the hub, so no direct path forms",
                    [hub(redirect=False, holdtime=holdtime, **options),
                     *(spoke(i, shortcut=False, routes=summary, holdtime=holdtime, **options) for i in (1, 2))])


def _phase3(name, title, static, holdtime=HOLDTIME, spokes=2, host=True, spoke_lines=(), **options):
    return Scenario(name, title, [
        hub(spokes=spokes, holdtime=holdtime, **options),
        *(spoke(i, static=static(i), holdtime=holdtime, host=host, lines=spoke_lines, **options)
          for i in range(1, spokes + 1))])


def phase3(**options):
    return _phase3("phase3", "Phase 3: the spokes have one summary route, the hub redirects, a shortcut forms",
                   lambda _: [f"{ALL_LANS} {tunnel_address(1)}"], **options)


def phase3_default(**options):
    return _phase3("phase3-default", "Phase 3 with nothing but a default route on the spokes",
                   lambda _: [f"0.0.0.0 0.0.0.0 {tunnel_address(1)}"], **options)


def phase3_exact(**options):
    return _phase3("phase3-exact", "Phase 3 where the shortcut has the prefix of the route that it overrides",
                   lambda i: [f"192.168.{3 - i}.0 255.255.255.0 {tunnel_address(1)}"], **options)


def full_mesh_20(**options):
    return _phase3("full-mesh-20", "Phase 3: 20 spokes, each with each",
                   lambda _: [f"{ALL_LANS} {tunnel_address(1)}"], spokes=20, host=False, **options)


def dual_hub(holdtime=HOLDTIME, shortcut=False, **options):
    static = [f"{ALL_LANS} {tunnel_address(1)} 10", f"{ALL_LANS} {tunnel_address(2)} 20"]
    name = "dual-hub-phase3" if shortcut else "dual-hub"
    return Scenario(name, "Two hubs in one cloud: the second takes over when the first dies", [
        hub(1, name="hub1", redirect=shortcut, holdtime=holdtime, **options),
        hub(2, name="hub2", redirect=shortcut, holdtime=holdtime, **options),
        *(spoke(i, hubs=2, static=static, shortcut=shortcut, holdtime=holdtime,
                lines=["ip nhrp registration timeout 3"], **options) for i in (1, 2))])


def dual_hub_phase3(**options):
    return dual_hub(shortcut=True, **options)


def two_clouds(holdtime=HOLDTIME, **options):
    """spoke1 is in both clouds, spoke2 and spoke3 in cloud 1, spoke4 in cloud 2."""
    hub_node = hub(spokes=3, holdtime=holdtime, **options)
    hub_node.config += interface(tunnel_address(1, 1), ["ip nhrp map multicast dynamic", "ip nhrp redirect"],
                                 number=2, holdtime=holdtime, **options)
    hub_node.routes.append(Route("192.168.4.0/24", tunnel_address(14, 1)))

    nbma = hub_node.nbma_address

    def in_cloud_2(number):
        lines = [f"ip nhrp map {tunnel_address(1, 1)} {nbma}", f"ip nhrp map multicast {nbma}",
                 f"ip nhrp nhs {tunnel_address(1, 1)}", "ip nhrp shortcut"]
        return interface(tunnel_address(10 + number, 1), lines, number=2, holdtime=holdtime, **options)

    first = [f"{ALL_LANS} {tunnel_address(1)}"]
    both = spoke(1, static=[*first, f"192.168.4.0 255.255.255.0 {tunnel_address(1, 1)}"], holdtime=holdtime, **options)
    both.config += in_cloud_2(1)
    last = spoke(4, holdtime=holdtime, **options)
    last.config = (f"hostname {last.name}\n!\n" + in_cloud_2(4) + f"ip route {ALL_LANS} {tunnel_address(1, 1)}\n")
    return Scenario("two-clouds", "Two clouds on one host, told apart by the tunnel key", [
        hub_node, both, *(spoke(i, static=first, holdtime=holdtime, **options) for i in (2, 3)), last])


def ospf(network_type, node, priority):
    """OSPF on the tunnel and the LAN of a node, with timers for the impatient."""
    return ("ospfd", f"""hostname {node.name}
interface tunnel1
 ip ospf network {network_type}
 ip ospf priority {priority}
 ip ospf hello-interval 1
 ip ospf dead-interval 4
 ip ospf mtu-ignore
interface lan0
 ip ospf passive
router ospf
 ospf router-id {node.nbma_address}
 network 10.0.0.0/24 area 0
 network {node.lan_prefix} area 0
""")


def _ospf(scenario, name, title, network_type):
    scenario.name, scenario.title = name, title
    for node in scenario.nodes:
        node.routes = []
        node.config = "".join(line for line in node.config.splitlines(True) if not line.startswith("ip route"))
        node.routing = ospf(network_type, node, 1 if node in scenario.hubs else 0)
    return scenario


def phase2_ospf(**options):
    return _ospf(phase2(**options), "phase2-ospf", "Phase 2 with OSPF on a broadcast network: next hops are spokes",
                 "broadcast")


def phase3_ospf(**options):
    return _ospf(phase3(**options), "phase3-ospf", "Phase 3 with OSPF point-to-multipoint: every next hop is the hub",
                 "point-to-multipoint")


def stranger():
    """A host in the underlay that runs no dmvpnd, for packets made by hand."""
    return Node(name="stranger", nbma=site(SPOKE_SITES, 62), lan="192.168.250.1/24", config="")


CATALOGUE = {
    "phase1": phase1,
    "phase2": phase2,
    "phase2-summary": phase2_summary,
    "phase3": phase3,
    "phase3-default": phase3_default,
    "phase3-exact": phase3_exact,
    "dual-hub": dual_hub,
    "dual-hub-phase3": dual_hub_phase3,
    "two-clouds": two_clouds,
    "full-mesh-20": full_mesh_20,
    "phase2-ospf": phase2_ospf,
    "phase3-ospf": phase3_ospf,
}
