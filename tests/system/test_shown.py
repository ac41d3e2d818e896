# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands of a shell that the pages show, in blocks `sh` and in the examples of the manual pages: each is run here, or another
test, which is named here, does what it says. (The commands of dmvpnctl are run by test_docs.py.)"""
import os
import re
import subprocess

import pytest

import craft
from facts import nbma, ping
from lab import scenarios
from lab.daemon import ROOT
from lab.wait import wait_until

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PROGRAMS = r"(?:sudo|build/|bench/|lab/|tests/vm/|\./|meson|ninja|apt-get|dpkg|openssl|nft|systemctl)"
ELSEWHERE = {  # command: who runs it
    r"packaging/install-packages build run .*": "check: packaging/install-packages",
    r"meson setup build && ninja -C build": "check: ninja -C",
    r"\./check": "check: passed, ",
    r"build/dmvpnd --config spoke\.conf --check": "tests/conftest.py: --check",
    r"build/dmvpnd --config spoke\.conf": "lab/daemon.py: --config",
    r"build/dmvpnctl show dmvpn": "tests/system/test_commands.py: show dmvpn",
    r"apt-get install dpkg-dev debhelper && apt-get build-dep \./": "tests/package/test_package.py: def test_build_dependencies",
    r"dpkg-buildpackage -b -us -uc": "tests/package/test_package.py: dpkg-buildpackage",
    r"apt-get install \.\./dmvpnd_\*\.deb .*": "tests/package/test_package.py: def test_packages",
    r"apt-get install charon-systemd .*": "packaging/debian-packages.txt: charon-systemd",
    r"systemctl enable --now strongswan": "lab/strongswan.py: charon-systemd",
    r"(build/)?dmvpn-bench hub .*": "tests/system/test_bench.py: bench(\"hub\"",
    r"build/dmvpn-bench resolve .*": "tests/system/test_bench.py: bench(\"resolve\"",
    r"build/dmvpn-bench convergence": "tests/system/test_bench.py: bench(\"convergence\"",
    r"build/dmvpn-bench hostile .*": "tests/system/test_bench.py: bench(\"hostile\"",
    r"build/dmvpn-bench forward --link bpf": "tests/system/test_bench.py: bench(\"forward\"",
    r"bench/curve": "tests/system/test_shown.py: def test_curve",
    r"bench/peers": "tests/system/test_bench.py: bench/peers",
    r"bench/compare( --spokes .*)?": "tests/vm/test_compare.py: bench",
    r"bench/protected .*": "tests/ipsec/test_figures.py: \"protected\"",
    r"bench/rivals( .*)?": "tests/system/test_bench.py: bench/rivals",
    r"dmvpn-bench forward --link kernel": "tests/kernel/test_bench.py: \"kernel\"",
    r"build/dmvpn-sim --hunt 10": "tests/sim/test_program.c: hunt_shrink",
    r"(build/)?dmvpn-sim --spokes 1000 --phase 3 --duration 1d": "check: --spokes 1000 --phase 3 --duration 1d",
    r"build/dmvpn-sim --bindings 1000000": "check: --bindings 1000000",
    r"tests/vm/run uname -r": "tests/vm/test_vm.py: def test_status_arguments_and_folder",
    r"tests/vm/run -c 2 -m 3G env .*": "check: tests/vm/run",
}


def commands(text):
    """The lines of a block without comments, continued lines joined, without sudo."""
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        line = re.sub(r"\s+#.*|\bsudo ", "", line).strip()
        if line:
            yield line


def shown():
    for page in PAGES:
        for block in re.findall(r"^[ \t]*```sh\n(.*?)^[ \t]*```$", page.read_text(), re.MULTILINE | re.DOTALL):
            yield from commands(block)
    for page in sorted((ROOT / "docs" / "man").glob("*.[158]")):
        for block in re.findall(r"^\.SH EXAMPLES\n\.nf\n(.*?)^\.fi$", page.read_text(), re.MULTILINE | re.DOTALL):
            yield from commands(block.replace("\\-", "-"))


def from_page(name, program):
    """The commands of a page that begin with a program's name."""
    return [command for block in re.findall(r"^[ \t]*```sh\n(.*?)^[ \t]*```$", (ROOT / name).read_text(), re.M | re.S)
            for command in commands(block) if command.startswith(program)]


def design(command):
    """The design that it is about, which test_designs.py plays; else phase 3."""
    words = command.split()
    return words[1] if len(words) > 1 and words[1] in scenarios.CATALOGUE else "phase3"


def test_every_command_has_a_test():
    run_here = [*from_page("docs/ipsec.md", "openssl"), *from_page("docs/security.md", "nft")]
    for command in shown():
        if command in run_here or re.fullmatch(r"\./demo|(lab/)?dmvpn-lab phase3 (up|shell spoke1|down)|(build/)?dmvpn-sim (--list|[^-].*)",
                                               command.replace(design(command), "phase3").replace("demo phase3", "demo")):
            continue
        place = next((place for pattern, place in ELSEWHERE.items() if re.fullmatch(pattern, command)), None)
        assert place, f"no test is known that runs `{command}`"
        file, _, text = place.partition(": ")
        assert text in (ROOT / file).read_text(), f"{file} does not run `{command}` any more"


def test_no_command_hides():
    """Every block that shows commands says that it is one."""
    for page in PAGES:
        for kind, block in re.findall(r"^[ \t]*```(\w*)\n(.*?)^[ \t]*```$", page.read_text(), re.MULTILINE | re.DOTALL):
            if kind == "":
                assert not re.match(rf"\s*{PROGRAMS}", block), f"{page}: a block that is not marked as `sh`:\n{block}"


def run(*argv, **options):
    result = subprocess.run([str(one) for one in argv], capture_output=True, text=True, timeout=120, check=False, **options)
    assert result.returncode == 0, (argv, result.stdout[-3000:], result.stderr[-3000:])
    return result.stdout


def test_laboratory(build, tmp_path):
    """up, a shell, down."""
    environment = {**os.environ, "DMVPN_BUILD": str(build), "DMVPN_LAB_DIR": str(tmp_path / "labs")}
    lab = ROOT / "lab" / "dmvpn-lab"
    assert "Up." in run(lab, "phase3", "up", env=environment)
    try:
        said = run(lab, "phase3", "shell", "spoke1", env=environment,
                   input="show dmvpn; why 10.0.0.1; ping -c 1 10.0.0.1; traceroute -n 10.0.0.1; ip route\n")
        assert "Tunnel1" in said and " 0% packet loss" in said and "dev tunnel1" in said and "Packets to 10.0.0.1 go straight" in said
    finally:
        run(lab, "phase3", "down", env=environment)
    assert not (tmp_path / "labs" / "phase3").exists()


def test_demo(build):
    said = run(ROOT / "lab" / "dmvpn-lab", "phase3", "run", env={**os.environ, "DMVPN_BUILD": str(build)})
    assert "✘" not in said and "phase3" in (ROOT / "demo").read_text()


@pytest.mark.parametrize("command", sorted({command.replace("build/", "") for command in shown()
                                            if re.fullmatch(r"(build/)?dmvpn-sim (--list|[^-].*)", command)}))
def test_simulator(build, command):
    run(build / command.split()[0], *command.split()[1:])


def test_certificates(tmp_path):
    """The page on IPsec makes them so."""
    made = from_page("docs/ipsec.md", "openssl")
    assert len(made) > 2
    run("sh", "-ec", "\n".join(made), cwd=tmp_path)
    said = run("openssl", "verify", "-CAfile", tmp_path / "ca.pem", tmp_path / "hub.pem")
    assert said.endswith("OK\n")
    assert "hub.example.net" in run("openssl", "x509", "-in", tmp_path / "hub.pem", "-noout", "-ext", "subjectAltName")


def test_filter(network):
    """The filter of the page on security, on a spoke of phase 1: its tunnel works behind it, and nobody else's GRE comes in."""
    scenario = scenarios.phase1()
    scenario.nodes.append(scenarios.stranger())
    lab = network(scenario, start=False, forgers=[scenarios.stranger().nbma_address])
    spoke = lab.namespace("spoke1")
    for line in from_page("docs/security.md", "nft"):
        spoke.run("sh", "-c", line.replace("203.0.113.1", "203.0.113.2").replace(" drop", " counter drop"))
    lab.start().wait_registered()
    assert ping(lab, "spoke1", "spoke2").lost == 0

    def dropped(count):
        shown = spoke.run("nft", "list", "table", "inet", "cloud").stdout
        return "203.0.113.2" in shown and f"counter packets {count} " in shown
    assert dropped(0)
    craft.send(lab.namespace("stranger"), nbma(lab, "spoke1"), craft.gre(bytes(4)), times=3)
    wait_until(lambda: dropped(3), 10, "a stranger's GRE is dropped")


def test_curve(tmp_path):
    run(ROOT / "bench" / "curve", "--spokes", "50", "100", "--seconds", "1", "--folder", tmp_path)
    assert (tmp_path / "hub-rate.svg").exists()
