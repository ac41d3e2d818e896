# SPDX-License-Identifier: GPL-2.0-or-later
"""Protection fails closed: in no state does GRE leave in clear text, nor is GRE taken that comes in clear text. The
fixture `protected` watches the underlay from before the first daemon until after the last, and finds none."""
import subprocess

from craft import REGISTRATION_REQUEST, UNIQUE_NAT, entry, gre, message, send
from crypto import sas
from facts import bindings, lan, nbma, overrides, shortcut, tunnel, works
from lab import measure, scenarios
from lab.wait import wait_until
from scrape import peers, scrape


def try_hard(lab):
    """Traffic from everybody to everybody, whether it gets there or not: by the tunnel devices, as they are."""
    names = [node.name for node in lab.scenario.nodes if node.config]
    children = [lab.namespace(one).popen("ping", "-n", "-c", "5", "-i", "0.1", "-W", "1", *source, where,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                for one in names for other in names if one != other
                for where, source in ((tunnel(lab, other), ()), (lan(lab, other), ("-I", lan(lab, one))))]
    for child in children:
        child.wait(60)


def test_no_state_leaks(protected):
    """Before the first SA, with charon dead, with the SAs ended, with the daemons killed."""
    scenario = scenarios.phase3()
    scenario.node("spoke1").config += "metrics listen 9178\n"
    lab = protected(scenario, start=False)
    for daemon in lab.daemons.values():
        daemon.launch()
    for daemon in lab.daemons.values():
        wait_until(daemon.ready, 20, "the devices are there")
    for name in lab.daemons:
        lab.route(name)
    try_hard(lab)  # there is no charon yet
    assert not works(lab, "spoke1", "spoke2")
    wait_until(lambda: peers(scrape(lab, "spoke1")).get(("nhs", "IPSEC")) == 1, 10, "the state tells that IPsec is missing")

    for swan in lab.swans.values():
        swan.start()
    lab.wait_registered(deadline=30)
    shortcut(lab, "spoke1", "spoke2")
    assert sas(lab, "spoke1", "spoke2")
    wait_until(lambda: peers(scrape(lab, "spoke1")) == {("nhs", "UP"): 1, ("resolved", "UP"): 1}, 10, "all states are UP")

    for name in ("spoke1", "hub"):
        lab.swans[name].swanctl("--terminate", "--ike-id", sas(lab, name)[0]["id"], "--force", check=False)
        try_hard(lab)  # while they are made again
    lab.swans["spoke1"].kill()
    lab.swans["hub"].stop()
    try_hard(lab)
    lab["spoke1"].kill()
    lab["hub"].kill()
    try_hard(lab)  # nobody guards but the kernel
    for name in ("spoke1", "hub"):
        lab.swans[name].start()
        lab[name].launch()
        try_hard(lab)
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 30, "all is well again")
    lab["spoke2"].stop()
    try_hard(lab)  # after an end in order
    lab["spoke2"].start()


def test_without_policies(protected):
    """Somebody takes the policies away, so that the kernel would send everything in clear text: it is dropped."""
    lab = protected(scenarios.phase1())
    assert works(lab, "spoke1", "hub")
    spoke = lab.namespace("spoke1")

    def dropped():
        rules = spoke.output("nft", "list", "table", "inet", "dmvpn-protect")
        return [line for line in rules.splitlines() if "saddr" in line and "packets 0 " not in line and "drop" in line]
    assert not dropped(), "nothing was tried before"
    for words in ("route flush table 220", "xfrm policy flush"):  # ESP in user space; in the kernel
        spoke.run("ip", *words.split(), check=False)
    try_hard(lab)
    assert dropped(), "what was tried is counted"


def test_takes_nothing_in_clear_text(protected):
    """A stranger registers and sends data without IPsec; and so does somebody who has the address of a spoke."""
    scenario = scenarios.phase3()
    scenario.nodes.append(scenarios.stranger())
    stranger = scenario.node("stranger").nbma_address
    lab = protected(scenario, forgers=(stranger,))
    before = bindings(lab["hub"])

    def registration(source):
        return gre(message(REGISTRATION_REQUEST, source, "10.0.0.99", tunnel(lab, "hub"), entry(), flags=UNIQUE_NAT))
    send(lab.namespace("stranger"), nbma(lab, "hub"), *[registration(stranger)] * 5)
    device = lab.namespace("hub").ip("-s", "link", "show", "dev", "tunnel1")[0]["stats64"]["rx"]["packets"]
    echo = measure.ping(lab.namespace("spoke1"), lan(lab, "hub"), lan(lab, "spoke1"), count=3)
    assert echo.lost == 0
    after = lab.namespace("hub").ip("-s", "link", "show", "dev", "tunnel1")[0]["stats64"]["rx"]["packets"]
    assert after > device, "what is protected is taken"
    assert bindings(lab["hub"]) == before
    assert "10.0.0.99/32" not in bindings(lab["hub"])


def test_wrong_key(protected):
    """Without an SA nothing is registered, and the state says what is missing."""
    scenario = scenarios.phase3()
    lab = protected(scenario, start=False)
    lab["spoke2"].node.replace("pre-shared-key ", "pre-shared-key Not-")
    lab["spoke2"].write_config()
    lab.start().wait_registered("spoke1", deadline=30)
    wait_until(lambda: " IKE " in lab["spoke2"].ctl("show dmvpn"), 15, "the state is IKE")
    try_hard(lab)
    assert "10.0.0.12/32" not in bindings(lab["hub"])
    assert overrides(lab, "spoke1") == {}
    assert "Not-" not in lab["spoke2"].log() + lab["spoke2"].ctl("show running-config")


def test_recursive_route(protected):
    """A route to the hub's NBMA address that leads into the tunnel: the ESP is not sent by the tunnel again."""
    lab = protected(scenarios.phase1())
    spoke = lab.namespace("spoke1")
    spoke.run("ip", "route", "add", nbma(lab, "hub"), "via", tunnel(lab, "hub"), "dev", "tunnel1")
    spoke.run("ping", "-c", "3", "-i", "0.2", "-W", "1", tunnel(lab, "hub"), check=False)
    wait_until(lambda: "leads into the tunnel itself" in lab["spoke1"].log(), 10, "the log warns")
    facts = lab["spoke1"].ctl_json("show interfaces")["interfaces"][0]
    assert facts["drops"]["not_wanted"] > 0
    assert sum(peer["sent_packets"] for peer in facts["peers"]) < 100, "nothing goes round"
