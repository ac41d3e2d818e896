# SPDX-License-Identifier: GPL-2.0-or-later
"""A tunnel source that goes and comes back, or moves, as with PPPoE, DHCP and WWAN."""
from facts import nbma, works
from lab import scenarios
from lab.wait import wait_until

SOON = 5  # seconds in which the tunnel is back


def replug(lab, name):
    """Deletes the interface of a node in the underlay, and makes it again."""
    node = lab.scenario.node(name)
    internet = lab.namespace("internet")
    mark = lab[name].mark()
    lab.namespace(name).batch("link delete eth0")
    wait_until(lambda: "waits for its source" in lab[name].log(mark), 10, "it misses its source")
    lab.namespace(name).batch(f"link add eth0 type veth peer name {name} netns {internet.pid}")
    internet.batch(f"link set {name} up")
    lab.plug(node)


def test_source_interface_is_made_again(network):
    lab = network(scenarios.phase3(spokes=1))
    for _ in range(2):
        replug(lab, "spoke1")
        wait_until(lambda: works(lab, "spoke1", "hub"), SOON, "the tunnel is back")


def test_hub_source_interface_is_made_again(network):
    lab = network(scenarios.phase3(spokes=1))
    replug(lab, "hub")
    wait_until(lambda: works(lab, "spoke1", "hub"), SOON, "the tunnel is back")


def test_source_moves(network):
    """The device follows, and the neighbours which the kernel forgets by that are set again."""
    lab = network(scenarios.phase3(spokes=1, spoke_lines=["ip nhrp registration no-unique"]))
    lab.move("spoke1", "198.51.100.129/30")
    wait_until(lambda: works(lab, "spoke1", "hub"), SOON, "the tunnel follows")
    data = lab.namespace("spoke1").ip("-details", "link", "show", "dev", "tunnel1")[0]
    assert data["linkinfo"]["info_data"]["local"] == nbma(lab, "spoke1") == "198.51.100.129"
    assert data["broadcast"] == "127.255.255.255"
