# SPDX-License-Identifier: GPL-2.0-or-later
"""Real routing daemons on a node, private to its namespace: FRR's (zebra and those of the protocols), or BIRD."""
import os
import re
import shutil
import subprocess
from pathlib import Path

from .namespace import CommandFailed
from .wait import wait_until

FRR = Path("/usr/lib/frr")
RUN = Path("/run/frr")
BIRD = Path("/usr/sbin/bird")


class Routing:
    """Runs from start() until stop(), or until the lab's process ends. `configs`: the daemons' names, each with its
    configuration: {"ospfd": "router ospf\\n…"} are FRR's, {"bird": "…"} is BIRD's."""

    def __init__(self, namespace, directory, configs):
        self.namespace = namespace
        self.configs = configs
        self.log = directory / f"{namespace.name}.routing.log"
        self.children = []
        self.by_name = {}

    def start(self):
        self.prepare()
        for name in self.configs:
            self.launch(name)
        return self

    def write(self, name, text):
        path = self.directory / f"{name}.conf"
        path.write_text(text)
        return path

    def _launch(self, name, *argv):
        if not argv[0].exists():
            raise CommandFailed(f"there is no {argv[0]}: sudo packaging/install-packages routing")
        with open(self.log, "ab") as log:
            child = self.namespace.popen(*argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                         start_new_session=True)
        self.children.append(child)
        self.by_name[name] = child

    def kill(self, name):
        """kill -9 of one daemon."""
        child = self.by_name.pop(name)
        self.children.remove(child)
        child.kill()
        child.wait()

    def stop(self):
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.children, self.by_name = [], {}
        shutil.rmtree(self.directory, ignore_errors=True)


class Frr(Routing):
    """Needs root: FRR changes to its own user, which must be able to read its files; so they are under /run/frr."""

    def __init__(self, namespace, directory, configs):
        super().__init__(namespace, directory, {"zebra": "", **configs})
        self.pathspace = f"lab-{os.getpid()}-{namespace.name}"
        self.directory = RUN / self.pathspace
        # A shell of the node has these as commands.
        self.functions = f'vtysh() {{ command vtysh --vty_socket {self.directory} --config_dir {self.directory} "$@"; }}'

    def prepare(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        shutil.chown(self.directory, "frr", "frr")
        (self.directory / "vtysh.conf").write_text("")

    def launch(self, name):
        config = self.write(name, f"hostname {self.namespace.name}\n{self.configs[name]}")
        self._launch(name, FRR / name, "-N", self.pathspace, "-f", config, "-P", "0", "--log", "stdout")
        if name == "zebra":  # The others, when they do not find it, try again after seconds.
            wait_until((self.directory / "zserv.api").exists, 30, f"{self.namespace.name}: zebra is there")

    def ask(self, command):
        """What vtysh shows."""
        return self.namespace.output("vtysh", "--vty_socket", self.directory, "--config_dir", self.directory, "-c",
                                     command)

    def refused(self):
        """Lines of the configuration that a daemon did not take."""
        return re.findall(r"on config line .*", self.log.read_text(errors="replace"))


class Bird(Routing):
    def __init__(self, namespace, directory, configs):
        super().__init__(namespace, directory, configs)
        self.directory = directory / f"{namespace.name}.bird"
        self.socket = self.directory / "bird.ctl"
        self.functions = f'birdc() {{ command birdc -s {self.socket} "$@"; }}'

    def prepare(self):
        self.directory.mkdir(parents=True, exist_ok=True)

    def launch(self, name):
        self._launch(name, BIRD, "-f", "-c", self.write(name, self.configs[name]), "-s", self.socket)

    def ask(self, command):
        """What birdc shows."""
        return self.namespace.output("birdc", "-s", self.socket, *command.split())

    def refused(self):
        return []  # BIRD does not start then


def routing_of(namespace, directory, configs):
    return (Bird if "bird" in configs else Frr)(namespace, directory, configs)
