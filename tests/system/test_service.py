# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon as a service: what it tells the service manager, what it may do, and hooks."""
import os
import re
import shutil
import signal
import socket
import stat

import craft
from facts import Witness, nbma, ping, shortcut, tunnel, works
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
        self.heard, self.kept = [], []

    def has(self, text):
        while True:
            try:
                said, fds, _, _ = socket.recv_fds(self.socket, 4096, 1)
                self.heard += said.decode().splitlines()
                self.kept += fds
            except BlockingIOError:
                return text in self.heard

    def wait(self, text):
        wait_until(lambda: self.has(text), 15, f"the service says {text}")


def as_the_unit_does(daemon, tun, mode):
    """Runs the daemon as another user than root, with two capabilities, and with a device for user links of this mode."""
    capabilities = "-all,+net_admin,+net_raw"
    os.mknod(tun, stat.S_IFCHR, os.makedev(10, 200))
    tun.chmod(mode)
    daemon.wrapper = ["unshare", "--mount", "sh", "-ec", 'mount --bind "$0" /dev/net/tun; exec "$@"', tun,
                      "setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--inh-caps", capabilities,
                      "--ambient-caps", capabilities, "--bounding-set", capabilities, "--no-new-privs"]
    daemon.state.mkdir()
    shutil.chown(daemon.state, int(NOBODY), int(NOBODY))
    run = daemon.state / "run"
    run.mkdir()
    shutil.chown(run, int(NOBODY), int(NOBODY))
    daemon.socket = run / "control"
    for folder in daemon.state.parents:
        folder.chmod(folder.stat().st_mode | 0o011)


def test_own_user_two_capabilities_and_a_filter(network, tmp_path):
    """As the unit file has it: another user than root, CAP_NET_ADMIN and CAP_NET_RAW, a seccomp filter; and all works."""
    lab = network(scenarios.phase3(), start=False)
    daemon = lab["spoke1"]
    as_the_unit_does(daemon, tmp_path / "tun", 0o666)
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


def test_only_a_user_link_needs_its_device(network, tmp_path):
    """Without one the daemon starts; with one, the log names the device and the remedy, and the daemon tries on."""
    lab = network(scenarios.phase3(), start=False)
    daemon = lab["spoke1"]
    config = re.sub(r" tunnel link \w+", " tunnel link user", lab.scenario.node("spoke1").config)
    as_the_unit_does(daemon, tmp_path / "tun", 0o600)
    lab.scenario.node("spoke1").config = "hostname spoke1\n"
    lab.start("spoke1")
    mark = daemon.mark()
    daemon.reload(config)
    wait_until(lambda: "not allowed to open /dev/net/tun" in daemon.log(mark) and "--device" in daemon.log(mark), 10,
               "the log says what is missing")
    assert not daemon.device_up("tunnel1")
    (tmp_path / "tun").chmod(0o666)
    wait_until(lambda: daemon.device_up("tunnel1"), 15, "the tunnel comes up once it may")


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


def test_leaves_a_socket_for_its_successor(network, tmp_path):
    """Between two daemons nobody is told that there is no GRE: the service manager has a socket for it. On the kernel link
    the device stays, and answers for itself."""
    lab = network(scenarios.phase3(), start=False)
    daemon, manager = lab["spoke2"], Manager(tmp_path / "notify")
    lab.scenario.node("spoke2").config = re.sub(" tunnel link .*", " tunnel link user", lab.scenario.node("spoke2").config)
    daemon.environment = manager.environment
    lab.start().wait_registered()
    witness = Witness(lab)

    def send():
        craft.send(lab.namespace("hub"), nbma(lab, "spoke2"), craft.gre(bytes(40), protocol=craft.IPV4))
        return witness.seen()["no_protocol"]
    daemon.child.send_signal(signal.SIGUSR2)
    assert daemon.child.wait(30) == 0
    daemon.child = None
    manager.wait("FDSTORE=1")
    assert "FDNAME=gre" in manager.heard and len(manager.kept) == 1
    assert [send() for _ in range(10)] == [0] * 10
    os.close(manager.kept.pop())
    wait_until(send, 10, "without the socket the kernel says so")
    lab.start("spoke2").wait_registered()
    assert ping(lab, "hub", "spoke2").lost == 0


def test_hook(network, tmp_path):
    """It gets the facts; and where it takes its time it holds nothing up."""
    lab = network(scenarios.phase1(), start=False)
    told, program = tmp_path / "told", tmp_path / "hook"
    program.write_text('#!/bin/sh\nsleep 2\n'
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
