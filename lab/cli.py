# SPDX-License-Identifier: GPL-2.0-or-later
"""dmvpn-lab: the command."""
import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

from .daemon import build_directory
from .namespace import CommandFailed
from .network import Lab
from .protection import protect
from .scenarios import CATALOGUE
from .story import Story

REEXEC = "DMVPN_LAB_UNPRIVILEGED"


def lab_root():
    """Where labs that stay up are written down."""
    if "DMVPN_LAB_DIR" in os.environ:
        return Path(os.environ["DMVPN_LAB_DIR"])
    if os.geteuid() == 0:
        return Path("/run/dmvpn-lab")
    return Path(os.environ.get("XDG_RUNTIME_DIR", Path.home() / ".cache")) / "dmvpn-lab"


def become_root():
    """Without root: goes on in a user namespace, where the system allows one."""
    if os.geteuid() == 0:
        if REEXEC in os.environ:
            check_tun()
        return
    if subprocess.run(["unshare", "-Urnm", "true"], capture_output=True, check=False).returncode:
        raise SystemExit("This system allows no unprivileged user namespaces: run it as root (sudo).")
    environment = {**os.environ, REEXEC: "1", "DMVPN_LAB_DIR": str(lab_root())}
    os.execvpe("unshare", ["unshare", "-Urnm", sys.executable, *sys.argv], environment)


def check_tun():
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        raise SystemExit("/dev/net/tun may not be opened without root on this system: run it as root (sudo).")


def make(name, ipsec=False):
    if name not in CATALOGUE:
        raise SystemExit(f"no scenario \"{name}\"; there are: {', '.join(CATALOGUE)}")
    if not (build_directory() / "dmvpnd").exists():
        raise SystemExit(f"no dmvpnd in {build_directory()}: build it first (meson setup build && ninja -C build)")
    scenario = CATALOGUE[name]()
    if not ipsec:
        return scenario
    if REEXEC in os.environ:
        raise SystemExit("charon, the daemon of strongSwan, insists on being root: run it as root (sudo).")
    return protect(scenario)


def up(name, ipsec):
    directory = lab_root() / name
    if (directory / "lab.json").exists():
        raise SystemExit(f"{name} is up already; end it by: dmvpn-lab {name} down")
    lab = Lab(make(name, ipsec), directory, keep=True)
    with contextlib.ExitStack() as undo:
        undo.callback(lab.down)
        lab.up().start().wait_registered()
        lab.save()
        undo.pop_all()
    Story().topology(lab.scenario)
    print(f"Up. Configurations, logs and underlay.pcap are in {directory}.\n"
          f"  dmvpn-lab {name} shell spoke1     a shell on a spoke; there: show dmvpn, why ADDRESS, dmvpnctl\n"
          f"  dmvpn-lab {name} down             the end")


def down(name):
    directory = lab_root() / name
    Lab.load(directory).down()
    shutil.rmtree(directory)


def shell(name, node):
    lab = Lab.load(lab_root() / name)
    if node not in lab.namespaces:
        raise SystemExit(f"no node \"{node}\"; there are: {', '.join(lab.namespaces)}")
    namespace = lab.namespaces[node]
    setup = lab.shell_file(node)
    if not setup.exists():  # a host, or the underlay
        setup.write_text(f"PS1='{node}$ '\n")
    user = ["-U", "--preserve-credentials"] if os.geteuid() else []
    os.environ["BASH_ENV"] = str(setup)  # where input is no terminal
    os.execvp("nsenter", ["nsenter", "-t", str(namespace.pid), *user, "-n", "bash", "--rcfile", str(setup)])


def run(name, ipsec):
    """Shows the scenario; exit status 0 if the path became what it should."""
    with tempfile.TemporaryDirectory(prefix="dmvpn-lab-") as directory, Lab(make(name, ipsec), directory) as lab:
        return 0 if Story().tell(lab) else 1


def main(argv=None):
    parser = argparse.ArgumentParser(
        prog="dmvpn-lab", description="DMVPN networks in network namespaces.",
        epilog=textwrap.fill("Scenarios: " + ", ".join(CATALOGUE), 79, break_on_hyphens=False),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="tell the scenarios' names, and nothing else")
    parser.add_argument("scenario", nargs="?", choices=CATALOGUE, metavar="SCENARIO", help="the network, see below")
    parser.add_argument("action", nargs="?", default="run", choices=["up", "down", "shell", "run"],
                        help="build it and leave it; remove it; open a shell in a node; tell its story (the default)")
    parser.add_argument("--ipsec", action="store_true",
                        help="protect the tunnels by IPsec, with a strongSwan in each node")
    parser.add_argument("node", nargs="?", metavar="NODE", help="for shell: a node, or NODE-host, or internet")
    options = parser.parse_args(argv)
    if options.list:
        print("\n".join(CATALOGUE))
        return 0
    if not options.scenario:
        parser.error("which scenario?")
    if options.action == "shell" and not options.node:
        parser.error("shell: of which node?")
    try:
        if options.action == "shell":
            return shell(options.scenario, options.node)
        if options.action == "down":
            return down(options.scenario)
        become_root()
        return (up if options.action == "up" else run)(options.scenario, options.ipsec)
    except (CommandFailed, AssertionError, ValueError) as error:
        print(f"dmvpn-lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
