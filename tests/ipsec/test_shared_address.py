# SPDX-License-Identifier: GPL-2.0-or-later
"""Several spokes behind one NAT address, all at once. The hub tells them apart by the marks of their SAs, so this needs the
kernel's own ESP."""
import contextlib
import errno
import itertools
import subprocess
import sys
from pathlib import Path

from crypto import behind_one_address, by_hand, sas, sessions, settled, spis
from facts import bindings, lan, nbma, overrides, tunnel, works
from lab import measure, scenarios
from lab.protection import identity
from lab.strongswan import StrongSwan
from lab.wait import wait_until
from refusal import SETSOCKOPT, refused

sys.path.append(str(Path(__file__).resolve().parents[1] / "interop"))
from frr import Frr  # noqa: E402
from programs import Installed  # noqa: E402

TABLE = ("inet", "dmvpn-marks")
SO_RCVMARK = 75


def network_of(protected, count=2):
    """A hub and spokes behind one address: the lab, the spokes' names, and that address."""
    names = [f"spoke{number}" for number in range(1, count + 1)]
    lab = protected(scenarios.phase3(spokes=count, host=False), start=False)
    outside = behind_one_address(lab, *names)
    settled(lab.start().wait_registered(deadline=30))
    assert [bindings(lab["hub"])[tunnel(lab, name) + "/32"] for name in names] == [outside] * count
    return lab, names, outside


def flows_of(lab, names):
    """Pings from each of these spokes to the others' LANs, and from the hub to each. An emulated guest that has other tests to
    do, too, cannot encrypt 300 packets a second between TAP devices and sockets: their queues overflow."""
    interval = 0.4 if "tunnel link user" in lab.scenario.node("hub").config else 0.1
    hub = lab.namespace("hub")
    for address in (tunnel(lab, name) for name in names):
        # The kernel learns of a neighbour by the first packet to it, which waits a second at most.
        wait_until(lambda to=address: measure.ping(hub, to, count=1).lost == 0, 10, f"{address} is a neighbour")
    flows = ([measure.Ping(hub, tunnel(lab, name), interval=interval) for name in names] +
             [measure.Ping(lab.namespace(one), lan(lab, other), lan(lab, one), interval=interval)
              for one, other in itertools.permutations(names, 2)])
    for flow in flows:
        flow.await_replies(1)
    return flows


def lost(lab, flows):
    """What the flows lost until now and a moment longer: what happened may have been quick."""
    measure.ping(lab.namespace("internet"), nbma(lab, "hub"), count=40, interval=0.1)
    wait_until(lambda: all(len(flow.replies()) > 5 for flow in flows), 30, "there was something to lose")
    return [result.lost for result in map(measure.Ping.result, flows) if result.lost]


def all_work(lab, names):
    return all(works(lab, one, other) for one, other in itertools.permutations(names, 2))


def marks_table(lab, name="hub"):
    tables = lab.namespace(name).output("nft", "list", "tables")
    return lab.namespace(name).output("nft", "list", "table", *TABLE) if f"table {' '.join(TABLE)}" in tables else ""


def session_of(lab, name):
    return next((one for one in sessions(lab, "hub") if one["identity"] == identity(name)), None)


def wait_taken_over(lab, names):
    """The device and the socket are there before the successor is."""
    wait_until(lambda: lab["hub"].ctl_run("show", "crypto", "session").returncode == 0, 15, "the hub's daemon answers")
    wait_until(lambda: all(session_of(lab, name) for name in names), 15, "the SAs are taken over")


def test_three(protected):
    """Each gets its own packets, talks to the others by the hub, and none suffers from another's new keys or end."""
    lab, names, _ = network_of(protected, 3)
    assert {session["identity"] for session in sessions(lab, "hub")} == {identity(name) for name in names}
    assert len({session["port"] for session in sessions(lab, "hub")}) == 3
    assert "replay_window 1024" in lab.namespace("hub").output("ip", "xfrm", "state")

    flows = flows_of(lab, names)
    before = spis(lab, "spoke1", "hub")
    swan = lab.swans["spoke1"]
    swan.swanctl("--rekey", "--child-id", sas(lab, "spoke1")[0]["flows"][0]["id"])
    wait_until(lambda: spis(lab, "spoke1", "hub") and not before & spis(lab, "spoke1", "hub"), 15, "new keys")
    number = sas(lab, "spoke1")[0]["id"]
    swan.swanctl("--rekey", "--ike-id", number)
    wait_until(lambda: [sa["id"] for sa in sas(lab, "spoke1")] not in ([], [number]), 15, "a new IKE SA")
    assert lost(lab, flows) == []

    flows = flows_of(lab, names[1:])
    lab["spoke1"].stop()
    wait_until(lambda: tunnel(lab, "spoke1") + "/32" not in bindings(lab["hub"]), 15, "spoke1 is gone")
    assert lost(lab, flows) == []


def test_one_is_lost(protected):
    """One loses its SA, comes back, dies without a word: the other notices nothing."""
    lab, names, outside = network_of(protected)
    flows = flows_of(lab, ["spoke2"])
    number = session_of(lab, "spoke1")["ike_sas"][0]["id"]
    lab.swans["hub"].swanctl("--terminate", "--ike-id", number, check=False)
    wait_until(lambda: all_work(lab, names), 20, "spoke1 is back")
    assert session_of(lab, "spoke1")["ike_sas"][0]["id"] != number
    lab["spoke1"].kill()
    lab.swans["spoke1"].kill()
    wait_until(lambda: session_of(lab, "spoke1") is None, 60, "the hub knows that spoke1 is dead")
    lab.swans["spoke1"].start()
    lab["spoke1"].start()
    lab.route("spoke1")
    wait_until(lambda: all_work(lab, names), 20, "spoke1 is there again")
    assert lost(lab, flows) == []
    assert bindings(lab["hub"])[tunnel(lab, "spoke1") + "/32"] == outside


def test_hub_starts_anew(protected):
    """A reload, a restart and a crash of the hub's daemon cost no packet; it finds everybody again, also after charon's end."""
    lab, names, _ = network_of(protected)
    flows = flows_of(lab, names)
    before = [spis(lab, name, "hub") for name in names]
    config = lab.scenario.node("hub").config
    lab["hub"].reload(config.replace(" ip nhrp redirect\n", " ip nhrp redirect\n description new\n"))
    lab["hub"].restart()
    wait_taken_over(lab, names)
    lab["hub"].kill()
    assert marks_table(lab).count("127.212.") == 2, "one has a stand-in, in both maps"
    lab["hub"].start()
    wait_taken_over(lab, names)
    wait_until(lambda: set(bindings(lab["hub"])) >= {tunnel(lab, name) + "/32" for name in names}, 15, "and the clients")
    assert lost(lab, flows) == []
    assert [spis(lab, name, "hub") for name in names] == before

    lab.swans["hub"].kill()
    lab.swans["hub"].start()
    wait_until(lambda: all_work(lab, names), 20, "after charon of the hub died")
    lab["hub"].stop()
    assert marks_table(lab) == ""


def test_kernel_without_marks(protected):
    """Linux before 5.19 tells a socket no marks: the log names those that share an address, and the last one has the hub."""
    lab = protected(scenarios.phase3(host=False), start=False)
    outside = behind_one_address(lab, "spoke1", "spoke2")
    lab["hub"].wrapper = refused(errno.ENOPROTOOPT, SETSOCKOPT, 2, SO_RCVMARK)
    lab.start("hub", "spoke1").wait_registered("spoke1", deadline=30)
    assert measure.ping(lab.namespace("hub"), tunnel(lab, "spoke1"), count=1).lost == 0
    assert "the same address" not in lab["hub"].log()
    lab.start("spoke2")
    warning = (f"{identity('spoke1')} and {identity('spoke2')} have the same address {outside}, where NAT put them, and their "
               "SAs have no marks: only the last one can be sent to")
    wait_until(lambda: warning in lab["hub"].log(), 20, "the log says what is wrong")
    wait_until(lambda: measure.ping(lab.namespace("hub"), tunnel(lab, "spoke2"), count=1).lost == 0, 10, "the last one works")
    assert lab["hub"].log().count("the same address") == 1, "it says so once"
    assert marks_table(lab) == ""


def test_table_is_kept(protected):
    """Somebody deletes the table: it comes back. Somebody else has one of this name: the log says what that means."""
    lab, names, _ = network_of(protected)
    before = marks_table(lab)
    assert before.count("127.212.") == 2
    hub = lab.namespace("hub")
    hub.run("nft", "delete", "table", *TABLE)
    wait_until(lambda: marks_table(lab) == before, 10, "the table is there again")
    wait_until(lambda: all_work(lab, names), 10, "traffic")

    table = " ".join(TABLE)
    somebody = hub.popen("nft", "-i", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    print(f"delete table {table}; add table {table} {{ flags owner; }}", file=somebody.stdin, flush=True)
    wait_until(lambda: "flags owner" in marks_table(lab), 10, "nobody else can change it")
    old = {sa["id"] for sa in sas(lab, "hub")}
    lab["hub"].ctl("clear crypto session")  # SAs with other marks
    wait_until(lambda: f"cannot set the nftables table {table}" in lab["hub"].log(), 20, "the log says so")
    assert "protected tunnels carry nothing without it" in lab["hub"].log()
    wait_until(lambda: len({sa["id"] for sa in sas(lab, "hub")} - old) == len(names), 20, "what comes then changes nothing any more")
    somebody.communicate(timeout=20)  # it goes with its owner, and no event tells of it
    wait_until(lambda: all_work(lab, names), 30, "traffic again")


def start_frr(lab, name, address):
    """A spoke of FRR, protected by a strongSwan of the administrator's."""
    swan = StrongSwan(lab.namespace(name), lab.directory).start()
    yield swan
    swan.load(by_hand(lab, name, nbma(lab, "hub"), swan.user_space))

    def initiated():
        swan.swanctl("--initiate", "--child", "gre", check=False)
        return "INSTALLED" in swan.swanctl("--list-sas")
    wait_until(initiated, 30, f"{name} has an SA", interval=1)
    hub = tunnel(lab, "hub")
    lines = ["ip nhrp network-id 1", "ip nhrp holdtime 30", f"ip nhrp nhs {hub} nbma {nbma(lab, 'hub')}"]
    frr = Frr(lab.namespace(name), lab.directory, Installed(), nbma(lab, name), address, lines, hub, [("192.168.0.0/16", hub)])
    frr.start()
    yield frr


def test_spokes_that_know_nothing(protected):
    """FRR with a swanctl.conf, twice, and one of ours, behind one address: they register, and reach each other by the hub."""
    scenario = scenarios.phase3(spokes=3, host=False, authentication=None)
    scenario.node("hub").replace(" ip nhrp redirect\n", "")
    foreign = {"spoke2": "10.0.0.12", "spoke3": "10.0.0.13"}
    for name in foreign:
        scenario.node(name).config = ""
    lab = protected(scenario, start=False)
    outside = behind_one_address(lab, "spoke1", *foreign)
    with contextlib.ExitStack() as stack:
        lab.start().wait_registered("spoke1", deadline=30)
        for name, address in foreign.items():
            for program in start_frr(lab, name, address):
                stack.callback(program.stop)
        addresses = [tunnel(lab, "spoke1"), *foreign.values()]
        wait_until(lambda: [bindings(lab["hub"]).get(f"{address}/32") for address in addresses] == [outside] * 3, 60,
                   "all are registered")
        assert {session["identity"] for session in sessions(lab, "hub")} == {identity(name) for name in ("spoke1", *foreign)}
        pairs = list(itertools.permutations(("spoke1", *foreign), 2))
        wait_until(lambda: all(works(lab, *pair) for pair in pairs), 30, "everybody reaches everybody")
        flows = [measure.Ping(lab.namespace("hub"), address, interval=0.1) for address in addresses]
        flows += [measure.Ping(lab.namespace(one), lan(lab, other), lan(lab, one), interval=0.1) for one, other in pairs]
        wait_until(lambda: session_of(lab, "spoke3")["ike_sas"][0]["flows"][0]["packets_in"] > 50, 60, "traffic")
        assert lost(lab, flows) == []
        assert overrides(lab, "spoke1") == {}
