# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of the kernel link which the system tests, run with --link=kernel, do not cover. They need a kernel with GRE:
run them as root on such a system, or in the guest of tests/vm."""
import contextlib
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

from lab.capture import sanitizer_reports  # noqa: E402
from lab.network import Lab  # noqa: E402


def pytest_configure():
    if os.geteuid() != 0:
        pytest.exit("The tests of the kernel link make network namespaces: run them as root.", returncode=1)


def faults_of(lab):
    """Ends the daemons and tells what is wrong with how they ended."""
    for name, daemon in lab.daemons.items():
        if daemon.child is not None and daemon.child.poll() is not None:
            yield f"{name}: dmvpnd ended by itself with status {daemon.child.returncode}"
        elif daemon.child is not None and (status := daemon.stop()):
            yield f"{name}: dmvpnd ended with status {status} after SIGTERM"
        for report in sanitizer_reports(daemon.log()):
            yield f"{name}: {report}"


@pytest.fixture
def network(tmp_path):
    """network(scenario) gives a Lab whose daemons run on the kernel link and are registered; with
    `start=False` only the network."""
    with contextlib.ExitStack() as stack:
        labs = []

        def build(scenario, start=True):
            scenario.use_link("kernel")
            labs.append(stack.enter_context(Lab(scenario, tmp_path)))
            if start:
                labs[-1].start().wait_registered()
            return labs[-1]

        yield build
        faults = [fault for lab in labs for fault in faults_of(lab)]
        assert not faults, "\n".join(faults)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that failed shows the daemons' logs."""
    outcome = yield
    report = outcome.get_result()
    directory = getattr(item, "funcargs", {}).get("tmp_path")
    if report.when == "call" and report.failed and directory:
        report.sections += [(path.name, path.read_text(errors="replace")) for path in sorted(directory.glob("*.log"))]
