# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the tests with networks: real daemons in real networks. What is true of every test is checked here at
its end: the daemons end with status 0, no sanitizer complained, and tshark can read every packet."""
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS.parent), str(TESTS / "system")]  # the lab, and facts.py for all

from lab.capture import complaints, sanitizer_reports  # noqa: E402
from lab.daemon import build_directory  # noqa: E402
from lab.network import Lab  # noqa: E402
from links import LONG, runs_on  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--link", choices=("user", "threads", "kernel", "mixed", "esp"), action="append",
                     help="the `tunnel link` of the nodes (user); mixed: they take turns with user and kernel; esp: user, "
                     "with the kernel's ESP. Given again, each test runs with each for which tests/links.py has it")
    parser.addoption("--captures", type=Path, help="leave the captures in this folder for tests/captures.py, instead "
                     "of reading them here: tshark is slow in an emulated guest")


def name_of(path):
    """A file's name in tests/links.py."""
    return path.relative_to(TESTS).as_posix()


def pytest_ignore_collect(collection_path, config):
    """A file that needs not be read costs an emulated guest no time."""
    if collection_path.suffix == ".py" and TESTS in collection_path.parents:
        return not any(runs_on(name_of(collection_path), link) for link in config.option.link) or None
    return None


def pytest_generate_tests(metafunc):
    if "link" in metafunc.fixturenames:
        metafunc.parametrize("link", metafunc.config.option.link, indirect=True, scope="module")


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(config, items):
    def wanted(item):
        links = [item.callspec.params["link"]] if "link" in item.fixturenames else config.option.link
        return any(runs_on(f"{name_of(item.path)}::{item.name}", link) for link in links)
    items[:] = sorted(filter(wanted, items), key=lambda item: not name_of(item.path).startswith(LONG))
    for item in items:
        if "shared" in item.fixturenames:  # one lab: one process of pytest's
            item.add_marker(pytest.mark.xdist_group(f"{item.path.stem}-{item.callspec.params['link']}"))


@pytest.fixture(scope="module")
def link(request):
    """The `tunnel link` of the nodes."""
    return request.param


def pytest_configure(config):
    config.option.link = config.option.link or ["user"]
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


def read_capture(lab, forgers, captures, name):
    """What tshark says of it; or it is kept for later, in a folder, with the names of the forgers."""
    lab.capture.stop()
    if captures is None:
        return [f"tshark: {complaint}" for complaint in complaints(lab.capture.path, forgers)]
    captures.mkdir(parents=True, exist_ok=True)
    kept = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=captures))
    shutil.copy(lab.capture.path, kept / "underlay.pcap")
    (kept / "forgers").write_text(" ".join(forgers))
    return []


@contextlib.contextmanager
def networks(directory, request, link):
    """The function that the fixtures `network` and `shared` give. What its labs leave is judged at the end."""
    with contextlib.ExitStack() as stack:
        labs = []

        def make(scenario, start=True, forgers=(), slow_path=False):
            scenario.use_link("threads" if slow_path and link == "user" else {"esp": "user"}.get(link, link))
            lab = stack.enter_context(Lab(scenario, directory))
            labs.append((lab, forgers))
            if start:
                lab.start().wait_registered()
            return lab

        yield make
        captures = request.config.getoption("captures")
        faults = []
        for lab, forgers in labs:
            faults += [*faults_of(lab), *read_capture(lab, forgers, captures, request.node.nodeid.rpartition("/")[2])]
        if faults:
            for lab, _ in labs:
                for name, daemon in lab.daemons.items():
                    print(f"--- log of {name}\n{daemon.tail(60)}")
            pytest.fail("\n".join(faults), pytrace=False)


@pytest.fixture
def network(tmp_path, request, link, build):
    """A function that builds a scenario: network(phase3()) gives a Lab whose daemons run and are registered.
    `start=False`: only the network. `forgers`: NBMA addresses whose packets tshark may complain of. `slow_path`: a user
    link carries data by its threads alone."""
    with networks(tmp_path, request, link) as make:
        yield make


@pytest.fixture(scope="module")
def shared(tmp_path_factory, request, link, build):
    """As `network`, for a lab that the tests of a file look at one after the other; each leaves it as it was."""
    with networks(tmp_path_factory.mktemp(request.path.stem), request, link) as make:
        yield make


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that failed shows the daemons' logs."""
    outcome = yield
    report = outcome.get_result()
    values = getattr(item, "funcargs", {})
    directory = values["lab"].directory if "lab" in values else values.get("tmp_path")
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
                                capture_output=True, text=True, timeout=120, check=False)
        assert not sanitizer_reports(result.stderr), result.stderr
        return result.returncode, result.stdout + result.stderr
    return check
