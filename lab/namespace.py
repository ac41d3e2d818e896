# SPDX-License-Identifier: GPL-2.0-or-later
"""A network namespace, held by a thread of ours or by a sleeping process: it ends with that, and nothing is left behind."""
import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import threading
from pathlib import Path

from . import tables
from .wait import SLOWNESS, wait_until

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCGIFADDR, IFF_UP = 0x8913, 0x8914, 0x8915, 1


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
            with contextlib.suppress(ProcessLookupError):  # it ends by itself
                os.kill(self.pid, number)
            try:
                wait_until(lambda: not self.alive(), deadline, f"process {self.pid} ends")
                return number == first
            except AssertionError:
                continue
        return False


def system_call(function, *arguments):
    if function(*arguments):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def finish(child, text, timeout):
    """Waits for a command's end, as subprocess.run() does."""
    with child:
        try:
            out, err = child.communicate(text, timeout)
        except BaseException:
            child.kill()
            raise
    return subprocess.CompletedProcess(child.args, child.returncode, out, err)


def unshare_network():
    """The calling thread comes to be in a network namespace of its own, with `lo` up."""
    system_call(LIBC.unshare, CLONE_NEWNET)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))


class SleepingProcess:
    """Holds a namespace that shall outlive us."""

    def __init__(self):
        self.child = subprocess.Popen(
            ["sleep", "infinity"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, preexec_fn=unshare_network)
        self.process = Process(self.child.pid)

    def end(self):
        self.process.end(signal.SIGKILL)
        self.child.wait()


class SleepingThread:
    """Holds a namespace, and costs no process: one is much to an emulated guest."""

    def __init__(self):
        self.ready, self.ended, self.error = threading.Event(), threading.Event(), None
        self.thread = threading.Thread(target=self._hold, daemon=True)
        self.thread.start()
        self.ready.wait()
        if self.error:
            raise self.error
        self.process = Process(self.thread.native_id)

    def _hold(self):
        try:
            unshare_network()
        except OSError as error:
            self.error = error
        self.ready.set()
        if not self.error:
            self.ended.wait()

    def end(self):
        self.ended.set()
        self.thread.join()


class Namespace:
    """No helper program enters it, each of which costs a lot in an emulated guest: a command starts from a thread that
    is in it, and a process that shall end with us enters it between fork and exec. `keep`: outlive the process that
    made it."""

    def __init__(self, name, keep=False):
        self.name = name
        self.keep = keep
        try:
            self.holder = SleepingProcess() if keep else SleepingThread()
        except (OSError, subprocess.SubprocessError) as error:
            raise CommandFailed(f"no network namespace for {name}: this needs root: {error}") from None
        self.process = self.holder.process

    @classmethod
    def attach(cls, name, process):
        """A namespace that an earlier run made."""
        self = cls.__new__(cls)
        self.name, self.keep, self.holder, self.process = name, True, None, process
        return self

    @property
    def pid(self):
        """Of what holds it: /proc/PID/ns/net is the namespace."""
        return self.process.pid

    def _enter(self):
        with open(f"/proc/{self.pid}/ns/net", "rb") as namespace:
            system_call(LIBC.setns, namespace.fileno(), CLONE_NEWNET)

    def _end_with_parent(self):
        if not self.keep:
            system_call(LIBC.prctl, PR_SET_PDEATHSIG, signal.SIGKILL)

    def _start(self):
        self._end_with_parent()
        self._enter()

    @contextlib.contextmanager
    def entered(self):
        """The calling thread is in the namespace. What it starts without a preexec_fn is forked cheaply."""
        with open("/proc/thread-self/ns/net", "rb") as before:
            self._enter()
            try:
                yield
            finally:
                system_call(LIBC.setns, before.fileno(), CLONE_NEWNET)

    def popen(self, *argv, **options):
        return subprocess.Popen(list(map(str, argv)), preexec_fn=self._start, **options)

    def run(self, *argv, check=True, timeout=60, input=None, **options):
        """Runs a command to its end; its output is text. `check`: exit status 0 is expected. `timeout`: in seconds of a common
        machine, as all deadlines."""
        with self.entered():
            child = subprocess.Popen(list(map(str, argv)), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     stdin=subprocess.PIPE if input else None, **options)
        result = finish(child, input, timeout * SLOWNESS)
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

    def routes(self, table=tables.MAIN):
        """See tables.routes()."""
        with self.entered():
            return tables.routes(table)

    def neighbours(self, device):
        """Link-layer addresses by address; none where there is no such device."""
        with self.entered():
            devices = Path("/proc/thread-self/net/dev").read_text().split()
            return tables.neighbours(socket.if_nametoindex(device)) if f"{device}:" in devices else {}

    def sysctl(self, **settings):
        """sysctl(net_ipv4_ip_forward=1)"""
        with self.entered():
            for key, value in settings.items():
                Path("/proc/sys", key.replace("_", "/", 2)).write_text(f"{value}\n")

    def usable(self, device):
        """Whether a device is up and has an address. Asked often, so no program is started for it."""
        request = struct.pack("16s24x", device.encode())
        with self.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            # The kernel would look for a module of that name.
            if f"{device}:" not in Path("/proc/thread-self/net/dev").read_text().split():
                return False
            with contextlib.suppress(OSError):
                flags = struct.unpack_from("H", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request), 16)[0]
                return bool(flags & IFF_UP and fcntl.ioctl(any_socket, SIOCGIFADDR, request))
            addresses = Path("/proc/thread-self/net/if_inet6").read_text().splitlines()
            return any(line.split()[-1] == device for line in addresses)

    def end(self):
        if self.holder:
            self.holder.end()
        else:
            self.process.end(signal.SIGKILL)


@contextlib.contextmanager
def one_processor(*processes):
    """We and these processes stay on one: a veth queues packets on the processor that sends them, so that a sender which moves
    to another reorders its own."""
    tasks = [0, *(int(task) for process in processes for task in os.listdir(f"/proc/{process}/task"))]
    before = os.sched_getaffinity(0)

    def stay(processors):
        for task in tasks:
            with contextlib.suppress(ProcessLookupError):  # it has ended
                os.sched_setaffinity(task, processors)
    stay({min(before)})
    try:
        yield
    finally:
        stay(before)
