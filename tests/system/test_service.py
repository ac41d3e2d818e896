# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon as a service: what it tells the service manager, what it may do, metrics and hooks."""
import shutil
import socket
import subprocess

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as older_families

from facts import ping, shortcut, traffic, tunnel, works
from lab import scenarios
from lab.wait import wait_until

NOBODY = "65534"
NET_ADMIN_AND_RAW = (1 << 12) | (1 << 13)


def status_of(daemon):
    with open(f"/proc/{daemon.child.pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


class Manager:
    """Hears what a service tells its manager (sd_notify)."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)
        self.environment = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "3000000"}
        self.heard = []

    def has(self, text):
        while True:
            try:
                self.heard += self.socket.recv(4096).decode().splitlines()
            except BlockingIOError:
                return text in self.heard

    def wait(self, text):
        wait_until(lambda: self.has(text), 15, f"the service says {text}")


def test_own_user_two_capabilities_and_a_filter(network):
    """As the unit file has it: another user than root, CAP_NET_ADMIN and CAP_NET_RAW, a seccomp filter; and all works."""
    lab = network(scenarios.phase3(), start=False)
    capabilities = "-all,+net_admin,+net_raw"
    daemon = lab["spoke1"]
    daemon.wrapper = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--inh-caps", capabilities,
                      "--ambient-caps", capabilities, "--bounding-set", capabilities, "--no-new-privs"]
    daemon.state.mkdir()
    shutil.chown(daemon.state, int(NOBODY), int(NOBODY))
    run = daemon.state / "run"
    run.mkdir()
    shutil.chown(run, int(NOBODY), int(NOBODY))
    daemon.socket = run / "control"
    for folder in daemon.state.parents:
        folder.chmod(folder.stat().st_mode | 0o011)
    lab.start().wait_registered()
    status = status_of(daemon)
    assert status["Uid"].split() == [NOBODY] * 4
    for kind in ("CapEff", "CapPrm", "CapBnd"):
        assert int(status[kind], 16) == NET_ADMIN_AND_RAW, kind
    assert status["Seccomp"].strip() == "2" and status["NoNewPrivs"].strip() == "1"
    shortcut(lab, "spoke1", "spoke2")
    assert ping(lab, "spoke1", "spoke2").lost == 0
    daemon.restart()
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 10, "traffic after a restart")


def test_tells_its_manager(network, tmp_path):
    lab = network(scenarios.phase1(), start=False)
    manager = Manager(tmp_path / "notify")
    lab["hub"].environment = manager.environment
    lab.start()
    manager.wait("READY=1")
    manager.wait("WATCHDOG=1")
    manager.heard.clear()
    lab["hub"].reload(lab.scenario.node("hub").config)
    manager.wait("RELOADING=1")
    manager.wait("READY=1")
    lab["hub"].restart()
    manager.wait("STOPPING=1")


def scrape(lab, name, port=9178, kind="application/openmetrics-text; version=1.0.0"):
    with lab.namespace(name).popen("python3", "-c", "import sys, urllib.request as r; "
                                   "a = r.urlopen(r.Request(sys.argv[1], headers={'Accept': sys.argv[2]}), timeout=5); print(a.headers['Content-Type']); "
                                   "sys.stdout.write(a.read().decode())", f"http://127.0.0.1:{port}/metrics", kind,
                                   stdout=subprocess.PIPE, text=True) as child:
        told, _, text = child.communicate(timeout=30)[0].partition("\n")
    assert told.startswith(kind)
    return text


def samples(text):
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text) for sample in family.samples}


def test_metrics_are_those_of_the_commands(network):
    lab = network(scenarios.phase3(), start=False)
    for name in ("hub", "spoke1"):
        lab.scenario.node(name).config += "metrics listen 9178\n"
    lab.start().wait_registered()
    shortcut(lab, "spoke1", "spoke2")
    text = scrape(lab, "spoke1")
    found, counted = samples(text), traffic(lab["spoke1"])
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
    assert found["dmvpn_hook_left_out_total", ()] == 0
    assert samples(scrape(lab, "hub"))["dmvpn_registered_clients", (device,)] == 2
    assert "dmvpn_nhs_up" in {family.name for family in older_families(scrape(lab, "spoke1", kind="text/plain"))}
    # Another port; and a registration that is answered at once, where the first one may have been too early.
    lab["spoke1"].reload(lab.scenario.node("spoke1").config.replace("9178", "9179").replace(
        " ip nhrp shortcut\n", " ip nhrp shortcut\n ip nhrp holdtime 66\n"))
    wait_until(lambda: samples(scrape(lab, "spoke1", 9179))["dmvpn_registration_seconds_count", (device,)] >= 1, 10,
               "a registration's round trip")


@pytest.mark.parametrize("slow", [False, True])
def test_hook(network, tmp_path, slow):
    """It gets the facts; one that hangs holds nothing up."""
    lab = network(scenarios.phase1(), start=False)
    told, program = tmp_path / "told", tmp_path / "hook"
    program.write_text("#!/bin/sh\n" + ("sleep 3\n" if slow else "") +
                       f'echo "$DMVPN_EVENT $DMVPN_INTERFACE $DMVPN_ADDRESS $DMVPN_NBMA $DMVPN_REASON" >>{told}\n')
    program.chmod(0o755)
    lab.scenario.node("hub").config += f"event hook {program}\n"
    lab.start().wait_registered()
    assert ping(lab, "spoke1", "hub").lost == 0
    expected = [f"peer-up tunnel1 {tunnel(lab, name)} {lab.scenario.node(name).nbma_address} "
                for name in ("spoke1", "spoke2")]
    wait_until(lambda: told.exists() and sorted(told.read_text().splitlines()) == expected, 15, "the hook is told")
    assert lab["spoke1"].stop() == 0
    wait_until(lambda: f"peer-down tunnel1 {tunnel(lab, 'spoke1')} " in told.read_text(), 15, "the hook is told of the end")
