# SPDX-License-Identifier: GPL-2.0-or-later
"""strongSwan configured by hand: a peer without a dmvpnd, and `tunnel protection vici profile`."""
from craft import REGISTRATION_REQUEST, UNIQUE_NAT, entry, gre, message, send
from crypto import by_hand, sas, sessions
from facts import bindings, lan, nbma, path, tunnel, works
from lab import scenarios
from lab.protection import identity
from lab.strongswan import StrongSwan
from lab.wait import wait_until

def test_peer_without_a_daemon(protected):
    """Our hub takes the registration of a host that has IPsec by swanctl.conf, and NHRP made by hand."""
    scenario = scenarios.phase3()
    scenario.nodes.append(scenarios.stranger())
    lab = protected(scenario)
    swan = StrongSwan(lab.namespace("stranger"), lab.directory).start()
    try:
        swan.load(by_hand(lab, "stranger", nbma(lab, "hub"), swan.user_space))
        swan.swanctl("--initiate", "--child", "gre")
        wait_until(lambda: sas(lab, "hub", "stranger"), 10, "the hub knows the SA")
        assert sessions(lab, "hub", "stranger")[0]["identity"] == identity("stranger")
        me = nbma(lab, "stranger")
        packet = gre(message(REGISTRATION_REQUEST, me, "10.0.0.77", tunnel(lab, "hub"), entry(), flags=UNIQUE_NAT))

        def registered():
            send(lab.namespace("stranger"), nbma(lab, "hub"), packet)
            return bindings(lab["hub"]).get("10.0.0.77/32") == me
        wait_until(registered, 10, "its registration is taken", interval=1)
    finally:
        swan.stop()


def test_vici_profile(protected):
    """The administrator's own connections: dmvpnd starts them, follows them, and makes none."""
    lab = protected(scenarios.phase3(), start=False)
    for name in ("hub", "spoke1", "spoke2"):
        node = lab[name].node
        node.replace("tunnel protection ipsec profile DMVPN", "tunnel protection vici profile by-hand")
        start = node.config.index("crypto ikev2 keyring")
        node.config = node.config[:start] + node.config[node.config.index("hostname "):]
        lab[name].write_config()
        swan = lab.swans[name].start()
        remote = nbma(lab, "hub") if name != "hub" else "%any"
        swan.load(by_hand(lab, name, remote, swan.user_space))
    lab.start().wait_registered(deadline=30)
    assert path(lab, "spoke1", "spoke2") == [tunnel(lab, "hub"), lan(lab, "spoke2")]
    assert works(lab, "spoke1", "spoke2")
    assert "by-hand" in lab.swans["spoke1"].swanctl("--list-sas")
