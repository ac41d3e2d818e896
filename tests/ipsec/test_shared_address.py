# SPDX-License-Identifier: GPL-2.0-or-later
"""Several spokes behind one NAT address, all at once. The hub tells them apart by the marks of their SAs, so this needs the
kernel's own ESP."""
import itertools

from crypto import behind_one_address, sas, sessions, spis
from facts import bindings, lan, tunnel, works
from lab import measure, scenarios
from lab.protection import identity
from lab.wait import wait_until

TABLE = ("inet", "dmvpn-marks")


def network_of(protected, count=2):
    """A hub and spokes behind one address: the lab, the spokes' names, and that address."""
    names = [f"spoke{number}" for number in range(1, count + 1)]
    lab = protected(scenarios.phase3(spokes=count, host=False), start=False)
    outside = behind_one_address(lab, *names)
    lab.start().wait_registered(deadline=30)
    assert [bindings(lab["hub"])[tunnel(lab, name) + "/32"] for name in names] == [outside] * count
    return lab, names, outside


def flows_of(lab, names):
    """Pings from each of these spokes to the others' LANs, and from the hub to each."""
    return ([measure.Ping(lab.namespace("hub"), tunnel(lab, name), interval=0.1) for name in names] +
            [measure.Ping(lab.namespace(one), lan(lab, other), lan(lab, one), interval=0.1)
             for one, other in itertools.permutations(names, 2)])


def lost(flows):
    results = [flow.result() for flow in flows]
    assert all(result.sent > 5 for result in results), "there was something to lose"
    return [result.lost for result in results if result.lost]


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

    flows = flows_of(lab, names)
    before = spis(lab, "spoke1", "hub")
    swan = lab.swans["spoke1"]
    swan.swanctl("--rekey", "--child-id", sas(lab, "spoke1")[0]["flows"][0]["id"])
    wait_until(lambda: spis(lab, "spoke1", "hub") and not before & spis(lab, "spoke1", "hub"), 15, "new keys")
    number = sas(lab, "spoke1")[0]["id"]
    swan.swanctl("--rekey", "--ike-id", number)
    wait_until(lambda: [sa["id"] for sa in sas(lab, "spoke1")] not in ([], [number]), 15, "a new IKE SA")
    assert lost(flows) == []

    flows = flows_of(lab, names[1:])
    lab["spoke1"].stop()
    wait_until(lambda: tunnel(lab, "spoke1") + "/32" not in bindings(lab["hub"]), 15, "spoke1 is gone")
    assert lost(flows) == []


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
    assert lost(flows) == []
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
    assert lost(flows) == []
    assert [spis(lab, name, "hub") for name in names] == before

    lab.swans["hub"].kill()
    lab.swans["hub"].start()
    wait_until(lambda: all_work(lab, names), 20, "after charon of the hub died")
    lab["hub"].stop()
    assert marks_table(lab) == ""


def test_table_is_kept(protected):
    """Somebody deletes the table: it comes back."""
    lab, names, _ = network_of(protected)
    before = marks_table(lab)
    assert before.count("127.212.") == 2
    lab.namespace("hub").run("nft", "delete", "table", *TABLE)
    wait_until(lambda: marks_table(lab) == before, 10, "the table is there again")
    wait_until(lambda: all_work(lab, names), 10, "traffic")
