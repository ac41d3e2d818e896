# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may register what: nobody takes an address or a LAN of another."""
from crypto import sas, sessions
from facts import bindings, nbma, overrides, traffic, tunnel, works
from lab import scenarios
from lab.protection import Authority, identity
from lab.wait import wait_until


def test_cannot_take_an_address(protected):
    """spoke3 has a key and the tunnel address of spoke2."""
    lab = protected(scenarios.phase3(spokes=3), start=False)
    lab["spoke3"].node.replace("ip address 10.0.0.13 ", "ip address 10.0.0.12 ")
    for name in ("spoke2", "spoke3"):  # else it were refused in any case
        lab[name].node.replace("tunnel mode", "ip nhrp registration no-unique\n tunnel mode")
        lab[name].write_config()
    lab.start("hub", "spoke1", "spoke2").wait_registered("spoke1", "spoke2", deadline=30)
    assert bindings(lab["hub"])["10.0.0.12/32"] == nbma(lab, "spoke2")
    lab.start("spoke3")
    wait_until(lambda: sas(lab, "hub", "spoke3"), 15, "spoke3 has an SA")
    wait_until(lambda: traffic(lab["hub"])["refused"]["identity"], 15, "its registration is refused, and counted")
    assert bindings(lab["hub"])["10.0.0.12/32"] == nbma(lab, "spoke2")
    assert works(lab, "spoke1", "spoke2")


def test_authorize(protected):
    """By configuration, spoke2 may have 10.0.0.12 and nothing else of the tunnel; its LAN is not among it either."""
    lab = protected(scenarios.phase3(), start=False)
    rules = ["spoke1.example.net 0.0.0.0/0", "hub.example.net 0.0.0.0/0", "spoke2.example.net 10.0.0.12/32"]
    for name in ("hub", "spoke1"):
        lab[name].node.replace("tunnel source", "\n ".join(
            ["ip nhrp authorize identity " + rule for rule in rules] + ["tunnel source"]))
        lab[name].write_config()
    lab.start().wait_registered(deadline=30)
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 10, "traffic by the hub")
    wait_until(lambda: works(lab, "spoke1", "spoke2") and traffic(lab["spoke1"])["refused"]["identity"], 30,
               "the answer for the LAN is refused")
    assert overrides(lab, "spoke1") == {}
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 10, "traffic by the hub still")


def test_authorize_registration(protected):
    """An address outside of the rules is not registered."""
    lab = protected(scenarios.phase3(), start=False)
    lab["hub"].node.replace("tunnel source", "ip nhrp authorize identity spoke1.* 10.0.0.0/24\n "
                            "ip nhrp authorize identity spoke2.* 10.0.0.99/32\n tunnel source")
    lab["hub"].write_config()
    lab.start().wait_registered("spoke1", deadline=30)
    wait_until(lambda: traffic(lab["hub"])["refused"]["identity"], 15, "spoke2 is refused")
    assert tunnel(lab, "spoke2") + "/32" not in bindings(lab["hub"])


def test_another_authority(protected, authority, tmp_path):
    """A certificate of somebody else's authority opens nothing, nor does a name that is not accepted."""
    other = Authority(tmp_path / "other", "other")
    lab = protected(scenarios.phase3(), start=False, authority=authority)
    certificate, key = other.issue("spoke2")
    lines = lab["spoke2"].node.config.splitlines()
    lines = [f" certificate file {certificate}" if line.startswith(" certificate file") else
             f" key file {key}" if line.startswith(" key file") else line for line in lines]
    lab["spoke2"].node.config = "\n".join(lines) + "\n"
    lab.start().wait_registered("spoke1", deadline=30)
    wait_until(lambda: "AUTH_FAILED" in lab.swans["spoke2"].log() or "no trusted" in lab.swans["hub"].log(), 20,
               "the hub refuses spoke2")
    assert not sas(lab, "hub", "spoke2")
    assert tunnel(lab, "spoke2") + "/32" not in bindings(lab["hub"])


def test_address_in_the_certificate(protected, authority):
    """A certificate names a tunnel address in its subjectAltName: with that as its identity a spoke may have it, and no other
    one. spoke2 has another one, spoke3 says that it is who its certificate does not say."""
    lab = protected(scenarios.phase3(spokes=3), start=False, authority=authority)
    certified = {"spoke1": "10.0.0.11", "spoke2": "10.0.0.99", "spoke3": "10.0.0.98"}
    said = {**certified, "spoke3": "10.0.0.13"}
    for name, daemon in lab.daemons.items():
        daemon.node.replace(" match identity remote fqdn", " match identity remote address 10.0.0.0 255.255.255.0\n"
                            " match identity remote fqdn")
        if name in certified:
            authority.issue(name, certified[name])  # in the place of the one without an address
            daemon.node.replace(f"identity local fqdn {identity(name)}", f"identity local address {said[name]}")
    lab.start().wait_registered("spoke1", deadline=30)
    assert sessions(lab, "hub", "spoke1")[0]["identity"] == "10.0.0.11"
    wait_until(lambda: traffic(lab["hub"])["refused"]["identity"], 15, "spoke2 may not have the address that it registers")
    assert sessions(lab, "hub", "spoke2")[0]["identity"] == "10.0.0.99"
    wait_until(lambda: "AUTH_FAILED" in lab.swans["spoke3"].log(), 15, "spoke3 is not who it says")
    assert set(bindings(lab["hub"])) & {f"10.0.0.1{number}/32" for number in (1, 2, 3)} == {"10.0.0.11/32"}
