# SPDX-License-Identifier: GPL-2.0-or-later
"""What scenarios are made of: hubs, spokes, and their configurations."""
from ..scenario import Node, Route, Scenario, site

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


def spoke(number, *, hubs=1, lines=(), routes=(), static=(), shortcut=True, host=True, dynamic=False, **options):
    """A spoke. `static`: its `ip route` lines; `routes`: what a routing protocol would bring; `dynamic`: it learns the
    hubs' tunnel addresses from them."""
    body = []
    for i in range(1, hubs + 1):
        nbma = site(HUB_SITES, i - 1).partition("/")[0]
        if dynamic:
            body.append(f"ip nhrp nhs dynamic nbma {nbma} multicast")
            continue
        body += [f"ip nhrp map {tunnel_address(i)} {nbma}", f"ip nhrp map multicast {nbma}",
                 f"ip nhrp nhs {tunnel_address(i)}"]
    body += ["ip nhrp shortcut" if shortcut else "", *lines]
    statics = "".join(f"ip route {line}\n" for line in static)
    return Node(
        name=f"spoke{number}", nbma=site(SPOKE_SITES, number - 1), lan=f"192.168.{number}.1/24", host=host,
        config=f"hostname spoke{number}\n!\n" + interface(tunnel_address(10 + number), body, **options) + statics,
        routes=list(routes))


def stranger():
    """A host in the underlay that runs no dmvpnd, for packets made by hand."""
    return Node(name="stranger", nbma=site(SPOKE_SITES, 62), lan="192.168.250.1/24", config="")


def cloud(phase, spokes=2, **options):
    """A hub and its spokes, as the phase wants them, and no route but what a routing protocol will bring."""
    if phase == 1:
        point_to_point = ["tunnel mode gre ip", f"tunnel destination {site(HUB_SITES, 0).partition('/')[0]}"]
        nodes = [hub(redirect=False, **options),
                 *(spoke(i, shortcut=False, lines=point_to_point, **options) for i in range(1, spokes + 1))]
    else:
        nodes = [hub(redirect=phase == 3, **options),
                 *(spoke(i, shortcut=phase == 3, **options) for i in range(1, spokes + 1))]
    for node in nodes:
        node.routes = []
    return nodes


def run(nodes, hub=None, spoke=None):
    """Gives all nodes their routing daemons: `hub` and `spoke` are dictionaries of configurations, in which {tunnel},
    {nbma}, {lan} and {number} of the node are filled in."""
    for node in nodes:
        number = node.lan_address.split(".")[2]
        tunnel = next(line.split()[2] for line in node.config.splitlines() if line.startswith(" ip address"))
        values = {"{tunnel}": tunnel, "{nbma}": node.nbma_address, "{lan}": node.lan_prefix, "{number}": number}
        node.routing = {name: fill(text, values)
                        for name, text in (hub if node.name.startswith("hub") else spoke).items()}
    return nodes


def fill(text, values):
    for name, value in values.items():
        text = text.replace(name, value)
    return text
