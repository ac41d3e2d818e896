# SPDX-License-Identifier: GPL-2.0-or-later
"""Rekeying, lost SAs, charon and its socket gone and back, peers that restart: the tunnel recovers by itself."""
import time

from crypto import sas, single, spis
from facts import bindings, nbma, shortcut, tunnel, works
from lab import measure, scenarios
from lab.protection import KEY
from lab.wait import SLOWNESS, wait_until

WITHIN = 10  # seconds


def recovers(lab, what, within=WITHIN):
    started = time.monotonic()
    wait_until(lambda: works(lab, "spoke1", "spoke2"), within, what)
    return time.monotonic() - started


def test_rekey(protected):
    """New keys for packets and for IKE, while traffic flows: nothing is lost."""
    lab = protected(scenarios.phase3())
    shortcut(lab, "spoke1", "spoke2")
    for peer in ("hub", "spoke2"):
        single(lab, "spoke1", peer)
    before = spis(lab, "spoke1", "spoke2")
    stream = measure.Ping(lab.namespace("spoke1-host"), lab.scenario.node("spoke2").host_address, interval=0.05)
    swan = lab.swans["spoke1"]
    for sa in sas(lab, "spoke1"):
        swan.swanctl("--rekey", "--child-id", sa["flows"][0]["id"])
    wait_until(lambda: spis(lab, "spoke1", "spoke2") and not before & spis(lab, "spoke1", "spoke2"), 15, "new keys")
    ids = {sa["id"] for sa in sas(lab, "spoke1")}
    for number in ids:
        swan.swanctl("--rekey", "--ike-id", number)
    wait_until(lambda: len(sas(lab, "spoke1")) == 2 and not ids & {sa["id"] for sa in sas(lab, "spoke1")}, 15,
               "new IKE SAs")
    assert stream.result().lost == 0


def test_charon_restarts(protected):
    """Its SAs are gone with it: of the hub, then of a spoke; last, the hub loses all and tells nobody."""
    lab = protected(scenarios.phase3())
    for name in ("hub", "spoke1"):
        shortcut(lab, "spoke1", "spoke2")
        before = bindings(lab["hub"])
        lab.swans[name].kill()
        lab.swans[name].start()
        recovers(lab, f"after charon of {name} died")
        assert set(before) <= set(bindings(lab["hub"])), "no binding is lost"
    lab.swans["hub"].kill()
    for what in ("state", "policy"):
        lab.namespace("hub").run("ip", "xfrm", what, "flush", check=False)
    lab.swans["hub"].start()
    recovers(lab, "after the hub forgot its SAs")


def test_every_sa_is_kept(protected):
    """After a change that concerns neither peers nor protection, which costs no packet; and when the daemon died."""
    lab = protected(scenarios.phase3())
    shortcut(lab, "spoke1", "spoke2")
    peers = ("hub", "spoke2")
    for peer in peers:
        single(lab, "spoke1", peer)
    before = [spis(lab, "spoke1", peer) for peer in peers]
    stream = measure.Ping(lab.namespace("spoke1-host"), lab.scenario.node("spoke2").host_address, interval=0.05)
    config = lab.scenario.node("spoke1").config
    for changed in (config.replace(" ip nhrp shortcut\n", " ip nhrp shortcut\n ip nhrp holdtime 77\n description new\n"), config):
        assert "anew: " in lab["spoke1"].reload(changed)
        assert works(lab, "spoke1", "spoke2")
    assert stream.result().lost == 0
    assert all(before) and [spis(lab, "spoke1", peer) for peer in peers] == before

    lab["spoke1"].kill()
    lab["spoke1"].start()
    lab.route("spoke1")
    recovers(lab, "after dmvpnd was killed")
    wait_until(lambda: sas(lab, "spoke1", "hub"), WITHIN, "the daemon knows its SA")
    assert spis(lab, "spoke1", "hub") == before[0]


def test_clear_and_idle(protected):
    """`clear crypto session` ends SAs, of one peer or of all, which come back; the SA of a binding that ends goes with it."""
    lab = protected(scenarios.phase3(holdtime=60 if SLOWNESS > 1 else 45))
    shortcut(lab, "spoke1", "spoke2")
    for peer in ("hub", "spoke2"):
        single(lab, "spoke1", peer)
    direct, before = spis(lab, "spoke1", "spoke2"), spis(lab, "spoke1", "hub")
    assert lab["spoke1"].ctl(f"clear crypto session {nbma(lab, 'hub')}") == "1 session cleared.\n"
    wait_until(lambda: spis(lab, "spoke1", "hub") and not before & spis(lab, "spoke1", "hub"), 15, "another SA with the hub")
    assert spis(lab, "spoke1", "spoke2") == direct, "nobody else's"
    before = spis(lab, "spoke1")
    assert "cleared" in lab["spoke1"].ctl("clear crypto session")
    recovers(lab, "after clear crypto session")
    wait_until(lambda: spis(lab, "spoke1", "hub") and not before & spis(lab, "spoke1"), 15, "other SAs")
    lab["spoke1"].ctl("clear ip nhrp")
    lab["spoke2"].ctl("clear ip nhrp")
    wait_until(lambda: not sas(lab, "spoke1", "spoke2"), 90, "the SA with spoke2 ends with its binding")
    assert sas(lab, "spoke1", "hub"), "but not that with the hub"
    assert tunnel(lab, "hub") in lab["spoke1"].ctl("show dmvpn")


def test_why_there_is_no_sa(protected):
    """`why` says what is known of the last try: another key, nobody at the other end, no strongSwan of our own."""
    lab = protected(scenarios.phase3(), start=False)
    lab["spoke2"].node.replace(KEY, "another-key")
    lab.start().wait_registered("spoke1", deadline=30)

    def says(name, words):
        wait_until(lambda: words in lab[name].ctl(f"why {tunnel(lab, 'hub')}"), 40, f"{name} says: {words}")
    says("spoke2", "): strongSwan gave up, mostly as the two do not agree on keys")
    lab.swans["hub"].kill()
    lab["spoke1"].ctl("clear crypto session")
    says("spoke1", "): its IKE did not answer in time")
    lab.swans["spoke1"].kill()
    says("spoke1", "strongSwan does not answer on its VICI socket")
