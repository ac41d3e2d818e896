# SPDX-License-Identifier: GPL-2.0-or-later
"""Two clouds, one over each provider; OSPF chooses."""
from .. import measure, plot
from ..plot import Look
from ..scenario import Scenario
from ..wait import SLOWNESS, wait_until
from .parts import HUB_SITES, hub, interface, run, site, spoke, tunnel_address

OSPF = """\
interface tunnel{cloud}
 ip ospf network point-to-multipoint
 ip ospf hello-interval 1
 ip ospf dead-interval 4
 ip ospf retransmit-interval 1
 ip ospf cost {cost}
"""
COMMON = """\
router ospf
 ospf router-id {nbma}
 passive-interface default
 network 10.0.0.0/23 area 0
 network 192.168.0.0/16 area 0
"""
COSTS = {1: "10", 2: "100"}
SPOKE = "".join(OSPF.replace("{cloud}", str(cloud)).replace("{cost}", cost) for cloud, cost in COSTS.items()) + COMMON + \
    " no passive-interface tunnel1\n no passive-interface tunnel2\n"
ONE, TWO = tunnel_address(1), tunnel_address(1, 1)
# A provider that carries nothing: packets with the key of the cloud over it are dropped.
LOST = """table ip provider {
	chain forward {
		type filter hook forward priority 0
		ip protocol gre @th,32,32 1 drop
	}
}
"""
LOOK = [
    Look("spoke1", "dmvpnctl show ip nhrp nhs", "A server in each cloud, `10.0.0.1` and `10.0.1.1`, both `RE`."),
    Look("spoke1", 'vtysh -c "show ip ospf neighbor"', "A neighbour in each cloud, over `tunnel1` and `tunnel2`."),
    Look("spoke1", 'vtysh -c "show ip route ospf"', "The LAN `192.168.2.0/24` by the cheaper cloud, `10.0.0.1`."),
]


def story(teller, lab):
    first, second = lab.scenario.spokes[:2]
    internet, host = lab.namespace("internet"), lab.namespace(f"{first.name}-host")
    for one, other in ((first, second), (second, first)):
        plot.learns(teller, lab, one.name, other.lan_prefix, ONE)
        plot.shows(lab, one.name, 'vtysh -c "show ip ospf neighbor"', "tunnel2")
    plot.goes_by(teller, lab, ONE)
    plot.look(teller, lab)
    teller.terminal.heading("The first provider is lost, under a ping every 50 ms")
    ping = measure.Ping(host, second.host_address, interval=0.05)
    wait_until(lambda: measure.ping(host, second.host_address, count=20).lost == 0, plot.PATIENCE, "traffic")
    internet.run("nft", "-f", "-", input=LOST)
    plot.learns(teller, lab, first.name, second.lan_prefix, TWO)
    wait_until(lambda: measure.ping(host, second.host_address, count=20).lost == 0, plot.PATIENCE, "traffic again")
    gap = ping.result().gap
    plot.goes_by(teller, lab, TWO)
    teller.check(0 < gap < 8 * SLOWNESS, f"time without traffic: {gap:.1f} s; OSPF's dead interval is 4 s")
    teller.terminal.heading("The first provider is back")
    ping = measure.Ping(host, second.host_address, interval=0.05)
    internet.run("nft", "delete", "table", "ip", "provider")
    plot.learns(teller, lab, first.name, second.lan_prefix, ONE)
    plot.goes_by(teller, lab, ONE)
    result = ping.result()
    teller.check(True, f"{result.lost} of {result.sent} pings lost on the way back")


def second_cloud(number, lines, **options):
    return interface(tunnel_address(number, 1), lines, number=2, **options)


def scenario(**options):
    hubs = [hub(1, name="hub1", redirect=False, **options), hub(2, name="hub2", redirect=False, **options)]
    hubs[1].config = "hostname hub2\n!\n" + second_cloud(1, ["ip nhrp map multicast dynamic"], **options)
    nbma = site(HUB_SITES, 1).partition("/")[0]
    spokes = [spoke(number, shortcut=False, **options) for number in (1, 2)]
    for number, node in enumerate(spokes, 1):
        node.config += second_cloud(10 + number, [f"ip nhrp nhs {TWO} nbma {nbma} multicast"], **options)
    for node in hubs:
        node.routes = []
    run(hubs[:1], hub={"ospfd": OSPF.replace("{cloud}", "1").replace("{cost}", "10") + COMMON + " no passive-interface tunnel1\n"})
    run(hubs[1:], hub={"ospfd": OSPF.replace("{cloud}", "2").replace("{cost}", "100") + COMMON + " no passive-interface tunnel2\n"})
    run(spokes, spoke={"ospfd": SPOKE})
    return Scenario("dual-cloud", "Two clouds, one over each provider: OSPF takes the second when the first is lost",
                    [*hubs, *spokes], story, LOOK, through_hub=True)
