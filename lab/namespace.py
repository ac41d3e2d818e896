# SPDX-License-Identifier: GPL-2.0-or-later
"""A network namespace, held by a sleeping process: it ends with that process, and nothing is left behind."""
import json
import os
import signal
import subprocess
from pathlib import Path

from .wait import wait_until


class CommandFailed(RuntimeError):
    """A command in a namespace ended with an exit status that was not expected."""


def start_time(pid):
    """When a process started, in clock ticks; None if it is gone. Tells a process from a later one with its ID."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


class Process:
    """Any process of a lab, also one that an earlier run of dmvpn-lab started."""

    def __init__(self, pid, started=None):
        self.pid = pid
        self.started = started or start_time(pid)

    def alive(self):
        return self.started is not None and start_time(self.pid) == self.started

    def end(self, first=signal.SIGTERM, deadline=5):
        """Sends `first`, and SIGKILL after the deadline. Returns whether `first` was enough."""
        for number in (first, signal.SIGKILL):
            if not self.alive():
                return True
            os.kill(self.pid, number)
            try:
                wait_until(lambda: not self.alive(), deadline, f"process {self.pid} ends")
                return number == first
            except AssertionError:
                continue
        return False


class Namespace:
    """`keep`: outlive the process that made it."""

    def __init__(self, name, keep=False):
        self.name = name
        self.guard = [] if keep else ["setpriv", "--pdeathsig", "KILL"]
        # The pipe tells when the namespace is there.
        holder = subprocess.Popen(
            [*self.guard, "unshare", "--net", "sh", "-c", "echo; exec sleep infinity >/dev/null"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        if not holder.stdout.readline():
            raise CommandFailed(f"no network namespace for {name}: {holder.stderr.read().decode().strip()}")
        holder.stdout.close()
        holder.stderr.close()
        self.child = holder
        self.process = Process(holder.pid)
        self.batch("link set lo up")

    @classmethod
    def attach(cls, name, process):
        """A namespace that an earlier run made."""
        self = cls.__new__(cls)
        self.name, self.guard, self.child, self.process = name, [], None, process
        return self

    @property
    def pid(self):
        return self.process.pid

    def enter(self, *argv):
        """The command line that runs `argv` in the namespace."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--", *map(str, argv)]

    def popen(self, *argv, **options):
        return subprocess.Popen([*self.guard, *self.enter(*argv)], **options)

    def run(self, *argv, check=True, timeout=60, **options):
        """Runs a command to its end; its output is text. `check`: exit status 0 is expected."""
        result = subprocess.run(self.enter(*argv), text=True, capture_output=True, timeout=timeout, **options)
        if check and result.returncode:
            raise CommandFailed(f"{self.name}: {' '.join(map(str, argv))}: exit status {result.returncode}: "
                                f"{(result.stderr or result.stdout).strip()}")
        return result

    def output(self, *argv, **options):
        return self.run(*argv, **options).stdout

    def batch(self, *lines):
        """Several `ip` commands at once."""
        self.run("ip", "-batch", "-", input="\n".join(lines) + "\n")

    def ip(self, *argv, check=True):
        """What `ip -json` says."""
        result = self.run("ip", "-json", *argv, check=check)
        return json.loads(result.stdout or "[]") if not result.returncode else []

    def sysctl(self, **settings):
        """sysctl(net_ipv4_ip_forward=1)"""
        lines = "; ".join(f"echo {value} >/proc/sys/{key.replace('_', '/', 2)}" for key, value in settings.items())
        self.run("sh", "-ec", lines)

    def end(self):
        self.process.end(signal.SIGKILL)
        if self.child:
            self.child.wait()
