# SPDX-License-Identifier: GPL-2.0-or-later
"""One dmvpnd in its namespace: start, end, ask, and read its log."""
import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

from .namespace import CommandFailed, Process
from .wait import SLOWNESS, wait_until

ROOT = Path(__file__).resolve().parent.parent
SANITIZER = {
    "ASAN_OPTIONS": "detect_leaks=1:exitcode=99:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99",
    "TSAN_OPTIONS": "halt_on_error=1:exitcode=99",
}
# Patient: the daemon may run under a sanitizer on a busy machine.
PATIENCE = 15
# To start: beside others, each of which has a processor's work to do then.
START = 30


def build_directory():
    return Path(os.environ.get("DMVPN_BUILD", ROOT / "build")).resolve()


class Daemon:
    def __init__(self, node, namespace, directory):
        self.node = node
        self.namespace = namespace
        self.build = build_directory()
        self.config_path = directory / f"{node.name}.conf"
        self.log_path = directory / f"{node.name}.log"
        self.socket = directory / f"{node.name}.sock"
        self.state = directory / f"{node.name}.state"
        self.prefix = []  # a command that starts what is behind it
        self.wrapper = []  # a command that runs dmvpnd, as setpriv does
        self.options = []  # more for it
        self.environment = {}  # more for it
        self.child = None
        self.process = None
        self.launched = 0  # where the log of the process that runs begins

    @property
    def devices(self):
        """The tunnel devices of the configuration."""
        found = re.findall(r"^interface tunnel(\d+)", self.node.config, re.MULTILINE | re.IGNORECASE)
        return [f"tunnel{number}" for number in found]

    def argv(self, *extra):
        level = os.environ.get("DMVPN_LOG_LEVEL", "info")
        return [*self.prefix, str(self.build / "dmvpnd"), "--config", str(self.config_path), "--control", str(self.socket),
                "--state-dir", str(self.state), "--log-level", level, *self.options, *extra]

    def write_config(self):
        self.config_path.write_text(self.node.config)

    def launch(self):
        """Starts the process and returns at once."""
        self.write_config()
        self.state.mkdir(exist_ok=True)
        self.launched = self.mark()
        with open(self.log_path, "ab") as log:
            self.child = self.namespace.popen(
                *self.wrapper, *self.argv(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, **SANITIZER, **self.environment})
        self.process = Process(self.child.pid)

    def start(self):
        """Starts it and waits until its tunnel devices carry packets."""
        self.launch()
        self.wait_ready()

    def wait_ready(self):
        wait_until(self.ready, START, f"{self.node.name}: dmvpnd has its devices up; its log:\n{self.tail()}")

    def ready(self):
        if self.child.poll() is not None:
            raise CommandFailed(f"{self.node.name}: dmvpnd ended with status {self.child.returncode}:\n{self.tail()}")
        return self.listens() and all(self.device_up(device) for device in self.devices)

    def listens(self):
        """Whether it answers on its control socket. The file alone, and the device, may be a killed predecessor's."""
        with socket.socket(socket.AF_UNIX) as control:
            return control.connect_ex(str(self.socket)) == 0

    def device_up(self, device):
        return self.namespace.usable(device)

    def reload(self, config):
        """Gives it another configuration (SIGHUP), and waits until it said what it makes of it. Returns that line."""
        self.config_path.write_text(config)
        mark = self.mark()
        self.child.send_signal(signal.SIGHUP)

        def said():
            return re.search(r"\S+ (read .* anew: .*|.* has errors: nothing was changed)$", self.log(mark), re.MULTILINE)
        return wait_until(said, PATIENCE, f"{self.node.name}: dmvpnd reads its configuration anew").group(1)

    def stop(self):
        """Ends it as a service manager does. Returns the exit status; None where it is not our child."""
        if self.child is None:
            if self.process:
                self.process.end()
            return None
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(PATIENCE * SLOWNESS)
            except subprocess.TimeoutExpired:
                self.kill()
                raise CommandFailed(f"{self.node.name}: dmvpnd did not end within {PATIENCE * SLOWNESS:g} s of SIGTERM") from None
        status, self.child = self.child.returncode, None
        return status

    def restart(self):
        """As `systemctl restart`: it leaves all in place for its successor, which starts at once."""
        self.child.send_signal(signal.SIGUSR2)
        status = self.child.wait(PATIENCE * SLOWNESS)
        if status:
            raise CommandFailed(f"{self.node.name}: dmvpnd ended with status {status} after SIGUSR2:\n{self.tail()}")
        self.launch()
        self.wait_ready()

    def kill(self):
        """kill -9."""
        self.child.kill()
        self.child.wait()
        self.child = None

    @property
    def running(self):
        return self.child is not None and self.child.poll() is None

    # --- questions over the control socket

    def ctl_run(self, *words):
        return self.namespace.run(self.build / "dmvpnctl", "--control", self.socket, *words, check=False,
                                  env={**os.environ, **SANITIZER})

    def ctl(self, command):
        """The text that dmvpnctl shows for a command."""
        result = self.ctl_run(*command.split())
        if result.returncode:
            raise CommandFailed(f"{self.node.name}: dmvpnctl {command}: status {result.returncode}: {result.stderr}")
        return result.stdout

    def ctl_json(self, command):
        """The view of a command. The daemon is asked for it without dmvpnctl, unless its reply comes in parts or is for
        dmvpnctl to carry out: tests ask over and over while they wait."""
        reply = self._ask(command)
        if reply.get("more") or reply.get("view") == "client":
            result = self.ctl_run("--json", *command.split())
            reply = {"ok": not result.returncode, "error": result.stderr, "data": json.loads(result.stdout or "null")}
        if not reply["ok"]:
            raise CommandFailed(f"{self.node.name}: {command}: {reply['error']}")
        return reply["data"]

    def _ask(self, command):
        """The reply, or the first part of it, to a command on the control socket."""
        with socket.socket(socket.AF_UNIX) as control, control.makefile("rw") as lines:
            control.settimeout(PATIENCE * SLOWNESS)
            control.connect(str(self.socket))
            print(json.dumps({"command": command.split()}), file=lines, flush=True)
            return json.loads(lines.readline())

    # --- the log

    def log(self, since=0):
        if not self.log_path.exists():
            return ""
        return self.log_path.read_bytes()[since:].decode(errors="replace")

    def mark(self):
        """The present end of the log, for `since`."""
        return self.log_path.stat().st_size if self.log_path.exists() else 0

    def tail(self, lines=20):
        return "\n".join(self.log().splitlines()[-lines:])

    def events(self, name, since=0):
        """Log lines of a stable event name, for example "nhs-up"."""
        pattern = re.compile(rf"\b(?:error|warning|notice|info|debug) (?:\S+: )?{re.escape(name)}\b")
        return [line for line in self.log(since).splitlines() if pattern.search(line)]

    def wait_event(self, name, text="", since=0, deadline=PATIENCE):
        def found():
            return [line for line in self.events(name, since) if text in line]
        return wait_until(found, deadline, f"{self.node.name} logs {name} {text}")
