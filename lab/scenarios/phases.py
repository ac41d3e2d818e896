# SPDX-License-Identifier: GPL-2.0-or-later
"""The phases, with static routes or with those that a routing protocol would bring."""
from ..scenario import Route, Scenario, site
from .parts import ALL_LANS, HOLDTIME, HUB_SITES, hub, interface, spoke, tunnel_address


def phase1(holdtime=HOLDTIME, spokes=2, **options):
    def point_to_point(number):
        nbma = site(HUB_SITES, 0).partition("/")[0]
        return spoke(number, shortcut=False, holdtime=holdtime, static=[f"{ALL_LANS} {tunnel_address(1)}"],
                     lines=["tunnel mode gre ip", f"tunnel destination {nbma}"], **options)
    return Scenario("phase1", "Phase 1: the spokes' tunnels are point-to-point, all traffic goes through the hub",
                    [hub(redirect=False, spokes=spokes, holdtime=holdtime, **options),
                     *map(point_to_point, range(1, spokes + 1))])


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


def _phase3(name, title, static, holdtime=HOLDTIME, spokes=2, host=True, spoke_lines=(), dynamic=False, **options):
    return Scenario(name, title, [
        hub(spokes=spokes, holdtime=holdtime, **options),
        *(spoke(i, static=static(i), holdtime=holdtime, host=host, lines=spoke_lines, dynamic=dynamic, **options)
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


def dual_hub(holdtime=HOLDTIME, shortcut=False, hubs=2, **options):
    numbers = range(1, hubs + 1)
    static = [f"{ALL_LANS} {tunnel_address(i)} {10 * i}" for i in numbers]
    name = "dual-hub-phase3" if shortcut else "dual-hub"
    return Scenario(name, "Several hubs in one cloud: the next one takes over when the first dies", [
        *(hub(i, name=f"hub{i}", redirect=shortcut, holdtime=holdtime, **options) for i in numbers),
        *(spoke(i, hubs=hubs, static=static, shortcut=shortcut, holdtime=holdtime,
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
