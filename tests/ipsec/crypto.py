# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon, strongSwan and the wire say of protection, in the words that the tests use."""
from facts import nbma
from lab.capture import gre_packets
from lab.protection import KEY, identity
from lab.scenario import gateway
from lab.wait import wait_until

CONNECTION = """connections {{ by-hand {{
  version = 2
  local_addrs = {local}
  remote_addrs = {remote}
  proposals = aes256gcm16-prfsha384-curve25519
  mobike = no
  local {{ auth = psk
    id = {me} }}
  remote {{ auth = psk
    id = "*.example.net" }}
  children {{ gre {{
    mode = {mode}
    local_ts = dynamic[gre]
    remote_ts = dynamic[gre]
    esp_proposals = aes256gcm16 }} }} }} }}
secrets {{ ike-1 {{ secret = "{key}" }} }}
"""


def clear_packets(lab, forgers=()):
    """GRE that was seen in the underlay, where there shall be ESP only. `forgers`: NBMA addresses that make some."""
    return [packet[:3] for packet in gre_packets(lab.capture.path) if packet[0] not in forgers]


def sessions(lab, name, peer=None):
    """The sessions of a node with `peer`, or with all."""
    return [session for interface in lab[name].ctl_json("show crypto session")["interfaces"]
            for session in interface["sessions"] if peer is None or session["peer"] == nbma(lab, peer)]


def sas(lab, name, peer=None):
    """The IKE SAs of a node that are established and carry packets."""
    return [sa for session in sessions(lab, name, peer) for sa in session["ike_sas"]
            if sa["established"] and sa["flows"]]


def spis(lab, name, peer=None):
    """The ESP SAs of a node, by what its peers send with."""
    return {flow["spi_in"] for sa in sas(lab, name, peer) for flow in sa["flows"]}


def settled(lab):
    """The lab, once nobody has two SAs with one peer: where a call takes long, as on a busy machine, it is made again, and one
    of the two SAs ends after a while."""
    def alone():
        return all(sum(sa["established"] for sa in session["ike_sas"]) < 2 for name in lab.daemons for session in sessions(lab, name))
    wait_until(alone, 30, "one SA with each peer", interval=0.2)
    return lab


def single(lab, one, other):
    """The SA of two nodes, once both have no more than one, with one pair: where both called, there are two for a moment. The
    second one may still be under way when the daemons, which are told of an SA when it is there, know the first."""
    ends = ((one, other), (other, one))

    def alone():
        return all([len(sa["flows"]) for sa in sas(lab, *pair)] == [1] for pair in ends) and \
            all(lab.swans[here].swanctl("--list-sas").count(f" @ {nbma(lab, there)}[") == 1 for here, there in ends)
    wait_until(alone, 30, f"one SA of {one} with {other}", interval=0.2)
    return sas(lab, one, other)[0]


def met(lab, one, other):
    """Whether the calls of two nodes met where ESP is charon's own: two SAs that come up at once may cost packets there, says
    docs/ipsec.md, "A kernel without ESP"."""
    return lab.swans[one].user_space and lab.swans[one].ike_sas_made(identity(other)) > 1


def translate(lab, rules):
    """Rules of a NAT in the underlay, where packets leave it."""
    text = "table ip nat {\n chain out { type nat hook postrouting priority srcnat\n" + "\n".join(rules) + "\n}\n}\n"
    lab.namespace("internet").run("nft", "-f", "-", input=text)


def behind_one_address(lab, *names):
    """Their sessions with the hub come from the address of the underlay's router on the hub's link."""
    spokes = ", ".join(nbma(lab, name) for name in names)
    translate(lab, [f"ip saddr {{ {spokes} }} oifname hub masquerade"])
    return gateway(lab.scenario.node("hub").nbma)


def by_hand(lab, name, remote, user_space):
    return CONNECTION.format(local=nbma(lab, name), remote=remote, me=identity(name), key=KEY,
                             mode="tunnel" if user_space else "transport")
