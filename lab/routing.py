# SPDX-License-Identifier: GPL-2.0-or-later
"""A real routing protocol on a node: FRR's zebra and one of its protocol daemons, private to the namespace."""
import os
import shutil
import subprocess
from pathlib import Path

from .namespace import CommandFailed

FRR = Path("/usr/lib/frr")
RUN = Path("/run/frr")


class Routing:
    """Runs from start() until stop(), or until the lab's process ends. Needs root: FRR changes to its own user,
    which must be able to read its files; so they are under /run/frr."""

    def __init__(self, namespace, directory, daemon, config):
        self.namespace = namespace
        self.daemon = daemon
        self.log = directory / f"{namespace.name}.frr.log"
        self.pathspace = f"lab-{os.getpid()}-{namespace.name}"
        self.directory = RUN / self.pathspace
        self.configs = {"zebra": f"hostname {namespace.name}\n", daemon: config}
        self.children = []

    def start(self):
        if not (FRR / self.daemon).exists():
            raise CommandFailed(f"no {FRR / self.daemon}: install the package frr")
        self.directory.mkdir(parents=True, exist_ok=True)
        shutil.chown(self.directory, "frr", "frr")
        with open(self.log, "ab") as log:
            for name, config in self.configs.items():
                path = self.directory / f"{name}.conf"
                path.write_text(config)
                self.children.append(self.namespace.popen(
                    FRR / name, "-N", self.pathspace, "-f", path, "-P", "0", "--log", "stdout",
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True))

    def ask(self, command):
        """What vtysh shows."""
        return self.namespace.output("vtysh", "-N", self.pathspace, "-d", self.daemon, "-c", command)

    def stop(self):
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            child.wait(10)
        self.children = []
        shutil.rmtree(self.directory, ignore_errors=True)
