# SPDX-License-Identifier: GPL-2.0-or-later
"""Metrics: what the commands count, in a form that Prometheus likes, and all that the dashboard asks for."""
import json
import re
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families as older_families

from facts import shortcut, traffic, tunnel
from lab import scenarios
from lab.daemon import ROOT
from lab.wait import SLOWNESS, wait_until
from promtool import promtool
from scrape import peers, samples, scrape

DASHBOARD = ROOT / "packaging" / "grafana-dashboard.json"


def measured(scenario):
    """The hub and spoke1 have metrics."""
    for name in ("hub", "spoke1"):
        scenario.node(name).config += "metrics listen 9178\n"
    return scenario


@pytest.fixture(scope="module")
def cloud(shared):
    return shared(measured(scenarios.phase3()))


@pytest.fixture
def lab(cloud):
    shortcut(cloud, "spoke1", "spoke2")
    return cloud


def test_metrics_are_those_of_the_commands(lab):
    def at_rest():
        """Both at once: spoke2 looks for its own shortcut still, and a message may come between."""
        before, text = traffic(lab["spoke1"]), scrape(lab, "spoke1")
        return before == traffic(lab["spoke1"]) and (samples(text), before)
    found, counted = wait_until(at_rest, 30, "no message comes meanwhile")
    device = ("interface", "tunnel1")
    for kind in ("sent", "received", "forwarded"):
        for name, value in counted[kind].items():
            if name != "total":
                assert found[f"dmvpn_nhrp_{kind}_total", (device, ("type", name.replace("_", "-")))] == value, name
    for name, value in counted["refused"].items():
        assert found["dmvpn_nhrp_refused_total", (device, ("reason", name.replace("_", "-").replace(" ", "-")))] == value
    assert found["dmvpn_nhs_up", (device, ("nbma", "203.0.113.2"), ("server", tunnel(lab, "hub")))] == 1
    assert found["dmvpn_shortcuts", (device,)] == 1
    assert found["dmvpn_peers", (device, ("state", "UP"), ("type", "resolved"))] == 1
    assert found["dmvpn_shortcut_setup_seconds_count", (device,)] == 1
    assert found["dmvpn_interface_up", (device,)] == 1
    assert found["dmvpn_hook_left_out_total", ()] == found["dmvpn_hook_killed_total", ()] == 0
    assert samples(scrape(lab, "hub"))["dmvpn_registered_clients", (device,)] == 2
    assert "dmvpn_nhs_up" in {family.name for family in older_families(scrape(lab, "spoke1", kind="text/plain"))}
    # Another port; and a registration that is answered at once, where the first one may have been too early.
    lab["spoke1"].reload(lab.scenario.node("spoke1").config.replace("9178", "9179").replace(
        " ip nhrp shortcut\n", " ip nhrp shortcut\n ip nhrp holdtime 66\n"))
    wait_until(lambda: samples(scrape(lab, "spoke1", 9179))["dmvpn_registration_seconds_count", (device,)] >= 1, 10,
               "a registration's round trip")
    lab["spoke1"].reload(lab.scenario.node("spoke1").config)


def test_peers_by_state(network):
    """The counts that are kept are those of the cache, in every state that it goes through."""
    lab = network(measured(scenarios.phase3(holdtime=int(15 * SLOWNESS))))
    assert peers(scrape(lab, "hub")) == {("registered", "UP"): 2}
    shortcut(lab, "spoke1", "spoke2")
    assert peers(scrape(lab, "spoke1")) == {("nhs", "UP"): 1, ("resolved", "UP"): 1}
    assert lab["spoke2"].stop() == 0
    wait_until(lambda: peers(scrape(lab, "hub")) == {("registered", "UP"): 1}, 20, "a client left")
    wait_until(lambda: peers(scrape(lab, "spoke1")) == {("nhs", "UP"): 1}, 20, "a peer left")
    lab["hub"].kill()
    wait_until(lambda: peers(scrape(lab, "spoke1")) == {("nhs", "NHRP"): 1}, 30, "the server does not answer")
    lab.namespace("spoke1").batch("addr flush dev eth0")
    wait_until(lambda: peers(scrape(lab, "spoke1")) == {("nhs", "INTF"): 1}, 15, "the tunnel is down")


def test_promtool(lab):
    """Prometheus' own judge has nothing to say: neither an error nor advice on names and texts."""
    text = scrape(lab, "spoke1", kind="text/plain")
    judged = subprocess.run([promtool(), "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (judged.returncode, judged.stdout, judged.stderr) == (0, "", "")
    bad = subprocess.run([promtool(), "check", "metrics"], input=text.replace("_total", "_count"), capture_output=True,
                         text=True, check=False)
    assert bad.returncode != 0, "it does judge"


def test_dashboard(lab):
    """It is what Grafana imports, and every metric and label that it asks for is there."""
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    assert board["title"] and board["uid"] and board["schemaVersion"] >= 36
    variables = {one["name"]: one for one in board["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource" and variables["datasource"]["query"] == "prometheus"
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"]) > 8
    taken = set()
    asked = [variables["instance"]["query"]["query"]]
    for panel in board["panels"]:
        assert panel["type"] in ("stat", "timeseries") and panel["title"] and panel["description"] and panel["targets"]
        place = panel["gridPos"]
        squares = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24 and not squares & taken, f"{panel['title']}: not a place of its own"
        taken |= squares
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        for one in (panel, *panel["targets"]):
            assert one["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        asked += [target["expr"] for target in panel["targets"]]
    known = samples(scrape(lab, "spoke1"))
    names = {name for name, _ in known}
    for expression in asked:
        used = re.findall(r"\bdmvpn_\w+", expression)
        assert used and set(used) <= names, expression
        labels = {label for name, pairs in known if name in used for label, _ in pairs} | {"instance"}
        for listed in re.findall(r"by \(([^)]*)\)", expression):
            assert set(re.split(r", *", listed)) <= labels, expression
    families = {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in names}
    assert families == {re.sub(r"_(total|bucket|count|sum)$", "", name) for text in asked
                        for name in re.findall(r"\bdmvpn_\w+", text)}, "the dashboard shows every metric"
