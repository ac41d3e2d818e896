# SPDX-License-Identifier: GPL-2.0-or-later
"""The GRE device: made, adopted, refused, removed."""
from facts import nbma, tunnel, works
from lab import scenarios
from lab.wait import wait_until

OUTSIDER = "type gre local {} key 9 ttl 33"


def device(lab, name):
    """What `ip link` says of the tunnel's device; None where there is none."""
    found = lab.namespace(name).ip("-details", "link", "show", "dev", "tunnel1", check=False)
    return found[0] if found else None


def gre(lab, name):
    return device(lab, name)["linkinfo"]["info_data"]


def tables(lab, name):
    return lab.namespace(name).output("nft", "list", "tables")


def start_again(lab, name):
    """Starts a daemon that was there before, and waits until it is registered."""
    mark = lab[name].mark()
    lab.start(name)
    lab[name].wait_event("nhs-up", since=mark)


def test_made_and_removed(network):
    lab = network(scenarios.phase3(spokes=1))
    made = device(lab, "hub")
    assert made["linkinfo"]["info_kind"] == "gre"
    assert made["ifalias"] == "dmvpnd"
    assert "NOARP" not in made["flags"] and "MULTICAST" in made["flags"]
    assert made["broadcast"] == "127.255.255.255", "multicast goes to ourselves"
    data = gre(lab, "hub")
    assert (data["local"], data["remote"], data["ttl"]) == (nbma(lab, "hub"), "any", 64)
    assert not data["pmtudisc"], "DF is the payload's"
    assert "dmvpn-tunnel1" in tables(lab, "hub")
    assert lab["hub"].stop() == 0
    assert device(lab, "hub") is None
    assert "dmvpn" not in tables(lab, "hub")


def test_crash_leaves_the_device(network):
    """Traffic goes on without the daemon; the next one adopts the device, and loses nothing."""
    lab = network(scenarios.phase3(spokes=1))
    before = device(lab, "spoke1")["ifindex"]
    lab["spoke1"].kill()
    assert works(lab, "spoke1", "hub")
    assert "dmvpn-tunnel1" not in tables(lab, "spoke1"), "the table goes with its owner"
    start_again(lab, "spoke1")
    assert device(lab, "spoke1")["ifindex"] == before
    assert "adopted the device" in lab["spoke1"].log()
    assert works(lab, "spoke1", "hub")


def test_somebody_elses_device_is_adopted_and_stays(network):
    lab = network(scenarios.phase3(spokes=1), start=False)
    lab.namespace("spoke1").batch(f"link add tunnel1 {OUTSIDER.format('192.0.2.77')}")
    before = device(lab, "spoke1")
    lab.start().wait_registered()
    assert device(lab, "spoke1")["ifindex"] == before["ifindex"]
    assert gre(lab, "spoke1")["local"] == nbma(lab, "spoke1")
    assert works(lab, "spoke1", "hub")
    assert lab["spoke1"].stop() == 0
    after = device(lab, "spoke1")
    assert after["linkinfo"] == before["linkinfo"], "it has its settings again"
    assert ("NOARP" in after["flags"], after["broadcast"]) == (True, before["broadcast"])
    assert "MULTICAST" not in after["flags"]


def test_a_device_of_another_kind_is_refused(network):
    lab = network(scenarios.phase3(spokes=1), start=False)
    lab.namespace("spoke1").batch("link add tunnel1 type veth peer name other")
    lab["spoke1"].launch()
    wait_until(lambda: "remove it (`ip link delete tunnel1`)" in lab["spoke1"].log(), 10, "the log names the remedy")
    assert device(lab, "spoke1")["linkinfo"]["info_kind"] == "veth"
    lab.namespace("spoke1").batch("link delete tunnel1")
    lab["hub"].start()
    lab.wait_registered("spoke1")


def test_a_clash_with_another_tunnel_is_told(network):
    lab = network(scenarios.phase3(spokes=1), start=False)
    lab.namespace("spoke1").batch(f"link add other type gre local {nbma(lab, 'spoke1')} key 1")
    lab["spoke1"].launch()
    wait_until(lambda: "another GRE device has the source" in lab["spoke1"].log(), 10, "the log tells")
    lab.namespace("spoke1").batch("link delete other")
    lab["hub"].start()
    lab.wait_registered("spoke1")


def test_the_other_kind_of_link_before(network):
    """A TAP that a killed daemon left, then a GRE device, and back."""
    lab = network(scenarios.phase3(spokes=1))
    spoke = lab.scenario.node("spoke1")
    for old, new, kind in (("kernel", "user", "tun"), ("user", "kernel", "gre")):
        lab["spoke1"].kill()
        spoke.replace(f"tunnel link {old}", f"tunnel link {new}")
        start_again(lab, "spoke1")
        assert device(lab, "spoke1")["linkinfo"]["info_kind"] == kind
        wait_until(lambda: works(lab, "spoke1", "hub"), 10, "traffic")


def test_point_to_point_after_multipoint(network):
    """The kernel cannot change one to the other: ours is made again."""
    lab = network(scenarios.phase3(spokes=1))
    lab["spoke1"].kill()
    spoke = lab.scenario.node("spoke1")
    spoke.replace("tunnel mode gre multipoint", f"tunnel mode gre ip\n tunnel destination {nbma(lab, 'hub')}")
    start_again(lab, "spoke1")
    assert gre(lab, "spoke1")["remote"] == nbma(lab, "hub")
    assert works(lab, "spoke1", "hub")


def test_deleted_device_is_made_again(network):
    lab = network(scenarios.phase3(spokes=1))
    lab.namespace("spoke1").batch("link delete tunnel1")
    wait_until(lambda: works(lab, "spoke1", "hub"), 10, "the tunnel is back")
    assert tunnel(lab, "spoke1") in str(lab.namespace("spoke1").ip("address", "show", "dev", "tunnel1"))
