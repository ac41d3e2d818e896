# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the tests with networks: real daemons in real networks. What is true of every test is checked here at
its end: the daemons end with status 0, no sanitizer complained, and tshark can read every packet."""
import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS.parent), str(TESTS / "system")]  # the lab, and facts.py for all

from lab.capture import complaints, sanitizer_reports  # noqa: E402
from lab.daemon import build_directory  # noqa: E402
from lab.network import Lab  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--link", choices=("user", "threads", "kernel", "mixed"), default="user",
                     help="the `tunnel link` of the nodes; mixed: they take turns with user and kernel")
    parser.addoption("--captures", type=Path, help="leave the captures in this folder for tests/captures.py, instead "
                     "of reading them here: tshark is slow in an emulated guest")


# What is the same whether the user link has its fast path or not: with --link=threads it is not played again.
ONCE_FOR_THE_USER_LINK = {
    "test_bench": "chooses its links itself",
    "test_difference": "plays both",
    "test_designs": "routing protocols meet by multicast, which the threads carry anyway; test_routing has what they route",
    "test_demo": "the stories of the designs",
    "test_names": "of names in DNS, before there is a tunnel",
    "test_options": "commands of NHRP: rates, timers, passwords, ranks of servers",
    "test_commands": "what dmvpnctl shows",
    "test_shell": "the shell of dmvpnctl",
    "test_shown": "what the pages show",
    "test_docs": "what the pages tell to run",
    "test_manual": "the manual pages",
    "test_config": "no tunnel at all",
    "test_events": "the log and its events",
    "test_metrics": "the metrics over HTTP",
    "test_service": "the service manager",
    "test_systemd": "the service manager",
    "test_cleanup": "what is left when the daemon ends",
}


def pytest_collection_modifyitems(config, items):
    """What has no network has no link: once is enough."""
    link = config.getoption("link")
    if link != "user":
        items[:] = [item for item in items if "dmvpnd" not in item.fixturenames]
    if link == "threads":
        items[:] = [item for item in items if item.path.stem not in ONCE_FOR_THE_USER_LINK]


def pytest_configure():
    if os.geteuid() != 0:
        pytest.exit("The tests make network namespaces: run them as root (sudo).", returncode=1)


@pytest.fixture(scope="session")
def build():
    """Where dmvpnd is."""
    if not (build_directory() / "dmvpnd").exists():
        pytest.exit(f"There is no dmvpnd in {build_directory()}: build it, or set DMVPN_BUILD.", returncode=1)
    return build_directory()


def faults_of(lab):
    """Ends the daemons and tells what is wrong with what they leave."""
    for name, daemon in lab.daemons.items():
        if daemon.child is None:
            continue
        if daemon.child.poll() is not None:
            yield f"{name}: dmvpnd ended by itself with status {daemon.child.returncode}"
            continue
        status = daemon.stop()
        if status:
            yield f"{name}: dmvpnd ended with status {status} after SIGTERM"
    for name, daemon in lab.daemons.items():
        for report in sanitizer_reports(daemon.log()):
            yield f"{name}: {report}"


def read_capture(lab, forgers, kept):
    """What tshark says of it; or it is kept for later, in a folder, with the names of the forgers."""
    lab.capture.stop()
    if kept is None:
        return [f"tshark: {complaint}" for complaint in complaints(lab.capture.path, forgers)]
    kept.mkdir(parents=True)
    shutil.copy(lab.capture.path, kept / "underlay.pcap")
    (kept / "forgers").write_text(" ".join(forgers))
    return []


@pytest.fixture
def network(tmp_path, request, build):
    """A function that builds a scenario: network(phase3()) gives a Lab whose daemons run and are registered.
    `start=False`: only the network. `forgers`: NBMA addresses whose packets tshark may complain of. `slow_path`: a user
    link carries data by its threads alone."""
    with contextlib.ExitStack() as stack:
        labs = []

        def make(scenario, start=True, forgers=(), slow_path=False):
            link = request.config.getoption("link")
            scenario.use_link("threads" if slow_path and link == "user" else link)
            lab = stack.enter_context(Lab(scenario, tmp_path))
            labs.append((lab, forgers))
            if start:
                lab.start().wait_registered()
            return lab

        yield make
        captures, link = (request.config.getoption(name) for name in ("captures", "link"))
        faults = []
        for i, (lab, forgers) in enumerate(labs):
            kept = captures and captures / f"{link}-{request.node.nodeid.rpartition('/')[2]}.{i}"
            faults += [*faults_of(lab), *read_capture(lab, forgers, kept)]
        if faults:
            for lab, _ in labs:
                for name, daemon in lab.daemons.items():
                    print(f"--- log of {name}\n{daemon.tail(60)}")
            pytest.fail("\n".join(faults), pytrace=False)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that failed shows the daemons' logs."""
    outcome = yield
    report = outcome.get_result()
    directory = item.funcargs.get("tmp_path") if hasattr(item, "funcargs") else None
    if report.when == "call" and report.failed and directory:
        for path in sorted(directory.glob("*.log"))[:6]:
            tail = "\n".join(path.read_text(errors="replace").splitlines()[-40:])
            report.sections.append((path.name, tail))


@pytest.fixture
def dmvpnd(tmp_path, build):
    """A function that runs dmvpnd --check on a text: (exit status, what it said)."""
    def check(text):
        path = tmp_path / "dmvpn.conf"
        path.write_text(text)
        result = subprocess.run([str(build / "dmvpnd"), "--config", str(path), "--check"],
                                capture_output=True, text=True, timeout=30, check=False)
        assert not sanitizer_reports(result.stderr), result.stderr
        return result.returncode, result.stdout + result.stderr
    return check
