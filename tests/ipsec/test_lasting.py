# SPDX-License-Identifier: GPL-2.0-or-later
"""SAs over the time: reauthentication, peers that are dead to each other, the line to charon, and what a core dump
would tell of the keys."""
import contextlib
import re
import socket
import subprocess
import threading

from crypto import sas, settled, single, spis
from facts import bindings, lan, nbma, path, shortcut, works
from lab import measure, scenarios
from lab.protection import KEY
from lab.wait import wait_until
from memory import core_holds

WITHIN = 10  # seconds


class Relay:
    """Stands where charon's VICI socket was, and carries what is said until it is cut."""

    def __init__(self, swan):
        self.place = swan.socket
        self.charon = swan.socket.with_suffix(".charon")
        swan.socket.rename(self.charon)
        self.ends = []
        self.listener = None

    def open(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.place))
        self.listener.listen()
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()
        return self

    def accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                charon = socket.socket(socket.AF_UNIX)
                charon.connect(str(self.charon))
                self.ends += [client, charon]
                for one, other in ((client, charon), (charon, client)):
                    threading.Thread(target=carry, args=(one, other), daemon=True).start()

    def cut(self):
        """The socket is gone, and everybody's connection with it."""
        self.place.unlink()
        for end in (self.listener, *self.ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.ends = []


def carry(source, destination):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            destination.sendall(data)
    with contextlib.suppress(OSError):
        destination.shutdown(socket.SHUT_RDWR)


def swanctl(lab, relay, name, *words):
    """Asks charon itself, whatever has become of the relay."""
    swan = lab.swans[name]
    return lab.namespace(name).run(swan.program("/usr/sbin/swanctl"), *words, "--uri", f"unix://{relay.charon}",
                                   env=swan.environment).stdout


def test_reauthentication(protected):
    """Everything is made anew: the tunnel works again at once, and nobody forgets anybody."""
    lab = protected(scenarios.phase3())
    shortcut(lab, "spoke1", "spoke2")
    ids = [single(lab, "spoke1", peer)["id"] for peer in ("hub", "spoke2")]
    before, bound = spis(lab, "spoke1"), bindings(lab["hub"])
    for one in ids:
        lab.swans["spoke1"].swanctl("--rekey", "--reauth", "--ike-id", one)
    wait_until(lambda: all(spis(lab, "spoke1", peer) and not before & spis(lab, "spoke1", peer)
                           for peer in ("hub", "spoke2")), WITHIN, "other SAs with both")
    wait_until(lambda: works(lab, "spoke1", "spoke2"), WITHIN, "traffic again")
    assert set(bound) <= set(bindings(lab["hub"]))


@contextlib.contextmanager
def apart(lab, one, other, which=""):
    """The underlay takes nothing from one node to the other, or not `which`, in nft's words."""
    underlay, ends = lab.namespace("internet"), f"{{ {nbma(lab, one)}, {nbma(lab, other)} }}"
    underlay.run("nft", "add table ip apart; add chain ip apart forward { type filter hook forward priority 0; }; "
                 f"add rule ip apart forward ip saddr {ends} ip daddr {ends} {which} drop")
    yield
    underlay.run("nft", "delete table ip apart")


def test_reauthentications_overlap(protected):
    """spoke1 makes its SA with spoke2 anew and is held up until it has made that with the hub anew, too. The number by which
    packets find their SA, freed by the first and taken by the second, strongSwan before 5.9.12 would use for both."""
    lab = protected(scenarios.phase3())
    shortcut(lab, "spoke1", "spoke2")
    swan = lab.swans["spoke1"]
    ids = {peer: single(lab, "spoke1", peer)["id"] for peer in ("hub", "spoke2")}
    before = spis(lab, "spoke1")
    with apart(lab, "spoke1", "spoke2", "udp length 300-500"):  # an IKE_SA_INIT has 372 bytes, and a DELETE has 65
        for peer in ("spoke2", "hub"):
            swan.swanctl("--rekey", "--reauth", "--ike-id", ids[peer])
            wait_until(lambda: not before & spis(lab, "spoke1", peer), WITHIN, "the old SA is gone")
        wait_until(lambda: sas(lab, "spoke1", "hub"), WITHIN, "an SA with the hub")
        assert not sas(lab, "spoke1", "spoke2"), "held up"
    wait_until(lambda: sas(lab, "spoke1", "spoke2"), 2 * WITHIN, "an SA with spoke2")
    for peer in ("hub", "spoke2"):
        single(lab, "spoke1", peer)
    numbers = re.findall(r"gre: #\d+, reqid (\d+), INSTALLED", swan.swanctl("--list-sas"))
    assert len(numbers) == 2 and (len(set(numbers)) == 2 or not swan.user_space), "the kernel looks at addresses, too"
    wait_until(lambda: works(lab, "spoke1", "hub"), WITHIN, "traffic with the hub")
    shortcut(lab, "spoke1", "spoke2")
    wait_until(lambda: path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")], WITHIN, "the direct path")


def test_dead_peer(protected):
    """Packets between spoke1 and the hub are lost: DPD ends their SA, which the state shows, and nobody else's."""
    lab = protected(scenarios.phase3(holdtime=300))
    shortcut(lab, "spoke1", "spoke2")
    shortcut(lab, "spoke2", "spoke1")
    sa = single(lab, "spoke1", "spoke2")
    stream = measure.Ping(lab.namespace("spoke1-host"), lab.scenario.node("spoke2").host_address, interval=0.05)
    stream.await_replies(1)
    with apart(lab, "spoke1", "hub"):
        wait_until(lambda: not sas(lab, "spoke1", "hub"), 60, "DPD ends the SA with the hub")
        wait_until(lambda: "IKE" in lab["spoke1"].ctl("show dmvpn"), 30, "the state tells that IKE is missing")
        assert stream.result().lost == 0, "the SA with spoke2 carries on"
        assert [one["id"] for one in sas(lab, "spoke1", "spoke2")] == [sa["id"]]
    # A call that was lost is repeated by charon in 1 to 5 seconds, and given up by the daemon after 8.
    wait_until(lambda: sas(lab, "spoke1", "hub"), 3 * WITHIN, "an SA with the hub again")


def test_vici_socket_gone(protected):
    """The socket of charon is gone and comes back, and in between SAs are rekeyed: nothing is lost, and the daemon
    knows the SAs of now and can have others made."""
    lab = protected(scenarios.phase3(), start=False)
    relay = Relay(lab.swans["spoke1"].start()).open()
    settled(lab.start().wait_registered())
    shortcut(lab, "spoke1", "spoke2")
    sa = single(lab, "spoke1", "spoke2")
    before, bound = spis(lab, "spoke1"), bindings(lab["spoke1"])
    stream = measure.Ping(lab.namespace("spoke1-host"), lab.scenario.node("spoke2").host_address, interval=0.05)
    relay.cut()
    swanctl(lab, relay, "spoke1", "--rekey", "--child-id", sa["flows"][0]["id"])
    wait_until(lambda: "lost strongSwan" in lab["spoke1"].log(), 10, "the daemon says what is missing")
    assert works(lab, "spoke1", "spoke2")
    relay.open()
    old = sa["flows"][0]["spi_in"]
    wait_until(lambda: (now := spis(lab, "spoke1", "spoke2")) - before and old not in now, WITHIN, "the daemon knows the new keys")
    assert stream.result().lost == 0
    assert bound.items() <= bindings(lab["spoke1"]).items()
    lab["spoke1"].ctl("clear crypto session")
    wait_until(lambda: sas(lab, "spoke1", "hub") and not before & spis(lab, "spoke1"), WITHIN, "SAs are made")
    wait_until(lambda: works(lab, "spoke1", "spoke2"), WITHIN, "traffic")


def test_no_key_in_a_core(protected):
    """The keys stay out of core dumps, after a start, a reload and a change at the terminal."""
    lab = protected(scenarios.phase3(spokes=1))
    daemon = lab["spoke1"]
    another = "Another-" + KEY
    assert core_holds(daemon.child.pid, b"spoke1.example.net") > 0, "the search finds what is there"
    assert core_holds(daemon.child.pid, KEY.encode()) == 0

    def wiped():  # when it is on its way to strongSwan no more
        return core_holds(daemon.child.pid, KEY.encode()) == 0
    daemon.reload(lab.scenario.node("spoke1").config.replace(KEY, another))
    wait_until(wiped, 10, "no copy stays of a reload")
    said = subprocess.run([daemon.build / "dmvpnctl", "--control", daemon.socket], text=True, capture_output=True, timeout=60,
                          input=f"configure terminal\ncrypto ikev2 keyring KEYS\npeer ANY\npre-shared-key {another}-2\nend\n",
                          check=False)
    assert said.returncode == 0, said
    wait_until(wiped, 10, "no copy stays of a change")
