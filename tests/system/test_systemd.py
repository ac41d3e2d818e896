# SPDX-License-Identifier: GPL-2.0-or-later
"""dmvpnd under a systemd with the unit file as it is: readiness, rights, restart under traffic, the watchdog, the journal.
The release build, since the unit's filter of system calls and memory knows no sanitizer."""
import contextlib
import re
import shutil

import pytest

from facts import Witness, lan, overrides, ping, shortcut, tunnel, works
from lab import scenarios
from lab.daemon import ROOT
from lab.measure import Ping
from lab.wait import SLOWNESS, wait_until
from test_restart import GAP
from machine import Machine, Service

CAP_BPF = 1 << 39
RIGHTS = (1 << 12) | (1 << 13) | CAP_BPF  # CAP_NET_ADMIN, CAP_NET_RAW
EXPOSURE = 2.5  # of 10, as systemd-analyze security judges; the unit has less
UNIT = ROOT / "packaging" / "dmvpnd.service"


def installed(machine):
    """As the package does it."""
    shutil.copy(ROOT / "build" / "dmvpnd", machine.path("/usr/sbin/dmvpnd"))
    shutil.copy(UNIT, machine.path("/usr/lib/systemd/system/dmvpnd.service"))
    for name, folder in (("dmvpnd.sysusers", "sysusers.d"), ("dmvpnd.tmpfiles", "tmpfiles.d")):
        shutil.copy(ROOT / "debian" / name, machine.path(f"/usr/lib/{folder}/dmvpnd.conf"))
    machine.write("/etc/dmvpn/dmvpnd.conf", (ROOT / "packaging" / "dmvpnd.conf").read_text(encoding="utf-8"))
    machine.run("systemd-sysusers")
    machine.run("systemd-tmpfiles", "--create", "dmvpnd.conf")
    machine.run("systemctl", "daemon-reload")


@pytest.fixture
def service(network, tmp_path):
    """A function that gives a network of phase 3 in which dmvpnd of spoke1 is a service."""
    with contextlib.ExitStack() as stack:
        def make():
            lab = network(scenarios.phase3(), start=False)
            machine = Machine(tmp_path / "machine", lab.namespace("spoke1"))
            stack.callback(machine.end)
            installed(machine)
            daemon = lab.daemons["spoke1"] = Service(lab.scenario.node("spoke1"), lab.namespace("spoke1"), tmp_path, machine)
            return lab, daemon
        yield make


def device(lab):
    return lab.namespace("spoke1").ip("link", "show", "dev", "tunnel1", check=False)


def machine_keeps(daemon):
    """Sockets that the manager has for the service's successor."""
    return int(daemon.machine.properties(daemon.unit)["NFileDescriptorStore"])


def status_of(daemon):
    lines = daemon.machine.run("cat", f"/proc/{daemon.main_process}/status").stdout.splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def test_start_rights_reload_and_stop(service):
    """`systemctl start` returns when it is ready; it runs as its own user and may do three things; a reload applies the file, the
    journal has the events' fields; a stop leaves nothing."""
    lab, daemon = service()
    machine = daemon.machine
    daemon.systemctl("start")  # the configuration that comes with the package
    assert machine.properties(daemon.unit)["ActiveState"] == "active"
    assert daemon.ctl_json("show running-config")["text"].count("interface") == 0
    said = machine.run("systemd-analyze", "security", "--no-pager", daemon.unit).stdout
    assert float(re.search(r"Overall exposure level for dmvpnd.service: ([\d.]+)", said).group(1)) <= EXPOSURE, said
    daemon.systemctl("stop")
    lab.start().wait_registered()
    told = machine.properties(daemon.unit)
    assert (told["Type"], told["ActiveState"], told["SubState"]) == ("notify", "active", "running")
    status = status_of(daemon)
    user = machine.run("id", "--user", "dmvpnd").stdout.strip()
    assert user != "0" and status["Uid"].split() == [user] * 4
    for kind in ("CapEff", "CapPrm", "CapBnd"):
        assert int(status[kind], 16) == RIGHTS, kind
    assert status["Seccomp"] == "2" and int(status["Seccomp_filters"]) >= 2, "the unit's and its own"
    assert status["NoNewPrivs"] == "1"
    shown = daemon.ctl_json("show interfaces")["interfaces"][0]
    assert shown["nhrp_filter"] == "eBPF" and "the kernel does not take" not in shown["data_path"], shown
    shortcut(lab, "spoke1", "spoke2")
    assert ping(lab, "spoke1", "spoke2").lost == 0
    up = machine.journal("--unit=dmvpnd", "DMVPN_EVENT=nhs-up")[0]
    assert (up["DMVPN_INTERFACE"], up["DMVPN_ADDRESS"], up["PRIORITY"], up["SYSLOG_IDENTIFIER"]) == (
        "tunnel1", tunnel(lab, "hub"), "5", "dmvpnd")
    lab.scenario.node("spoke1").replace(" ip nhrp shortcut\n", " ip nhrp shortcut\n ip nhrp holdtime 66\n")
    daemon.write_config()
    process = daemon.main_process
    daemon.systemctl("reload")
    wait_until(lambda: "ip nhrp holdtime 66" in daemon.ctl("show running-config"), 10, "the new configuration")
    assert daemon.main_process == process
    daemon.stop()
    assert machine.properties(daemon.unit)["Result"] == "success"
    assert not device(lab) and not overrides(lab, "spoke1")
    assert not daemon.machine.run("find", "/run/dmvpnd", "-name", "control", check=False).stdout


def test_without_cap_bpf(service):
    """As docs/security.md has it: it runs, and says what it lacks."""
    lab, daemon = service()
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    daemon.machine.write("/run/systemd/system/dmvpnd.service.d/less.conf",
                         re.search(r"```ini\n(# systemctl edit dmvpnd\n.*?)```", page, re.DOTALL).group(1))
    daemon.machine.run("systemctl", "daemon-reload")
    lab.start().wait_registered()
    assert int(status_of(daemon)["CapEff"], 16) == RIGHTS & ~CAP_BPF
    assert daemon.ctl_json("show interfaces")["interfaces"][0]["nhrp_filter"].startswith("none (the kernel does not take")
    assert ping(lab, "spoke1", "spoke2").lost == 0


def test_restart_under_traffic(service, link):
    """The kernel link loses nothing; the user link's device stays, and its gap is short. Peers who send meanwhile are not
    told that there is no GRE: the manager keeps a socket for it."""
    lab, daemon = service()
    lab.start().wait_registered()
    shortcut(lab, "spoke1", "spoke2")
    shortcut(lab, "spoke2", "spoke1")
    before, results, witness = device(lab)[0]["ifindex"], [], Witness(lab)
    # The user link's best of some: the machine may be busy with other tests.
    kernel = link == "kernel"
    while len(results) < 4 or (not kernel and len(results) < 12 and min(result.gap for result in results) >= GAP):
        process = daemon.main_process
        running = Ping(lab.namespace("spoke1"), lan(lab, "spoke2"), lan(lab, "spoke1"), interval=0.005)
        assert ping(lab, "spoke1", "spoke2", count=10).lost == 0
        daemon.restart()
        wait_until(lambda: ping(lab, "spoke1", "spoke2", count=10).lost == 0, 10, "traffic after the restart")
        results.append(running.result())
        assert daemon.main_process != process
    print("gaps:", [f"{result.gap:.3f} s, {result.lost} of {result.sent} lost" for result in results])
    assert witness.seen()["no_protocol"] == 0
    assert machine_keeps(daemon) == 0, "the successor has its own"
    assert device(lab)[0]["ifindex"] == before
    assert lan(lab, "spoke2").rpartition(".")[0] in str(overrides(lab, "spoke1"))
    if kernel:
        assert [result.lost for result in results] == [0] * len(results)
    else:
        assert min(result.gap for result in results) < GAP


def test_started_again(service):
    """A daemon that hangs is ended and started again, and finds the tunnel as it was. So it is however often it dies: systemd
    gives other units up that fail five times in ten seconds. A configuration that is refused is told once."""
    lab, daemon = service()
    daemon.machine.write("/run/systemd/system/dmvpnd.service.d/impatient.conf",
                         f"[Service]\nWatchdogSec={5 * SLOWNESS:g}\nTimeoutAbortSec=2\n")
    daemon.machine.run("systemctl", "daemon-reload")
    lab.start().wait_registered()
    shortcut(lab, "spoke1", "spoke2")
    before, mark = device(lab)[0]["ifindex"], daemon.mark()

    def again(times):
        known = daemon.machine.properties(daemon.unit)
        return (known["NRestarts"], known["SubState"]) == (str(times), "running")
    daemon.machine.run("kill", "-STOP", daemon.main_process)
    wait_until(lambda: again(1), 30, "systemd starts it again")
    daemon.wait_event("nhs-up", tunnel(lab, "hub"), since=mark)
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 20, "traffic")
    assert device(lab)[0]["ifindex"] == before
    assert "Watchdog timeout" in daemon.log(mark)
    for times in range(2, 8):
        daemon.machine.run("kill", "-KILL", daemon.main_process)
        wait_until(lambda count=times: again(count), 20, f"start number {times + 1}")
    wait_until(lambda: works(lab, "spoke1", "spoke2"), 20, "traffic")
    daemon.machine.write(daemon.config, "interface Tunnel1\n ip nhrp nonsense\n")
    with pytest.raises(RuntimeError, match="nonsense"):
        daemon.restart()
    known = daemon.machine.properties(daemon.unit)
    assert (known["SubState"], known["ExecMainStatus"]) == ("failed", "2")
