# SPDX-License-Identifier: GPL-2.0-or-later
"""The tools that a network engineer uses, and their answers as data."""
import os
import re
import signal
import subprocess
import tempfile
from dataclasses import dataclass

from .wait import wait_until


def traceroute_argv(destination, source=None, hops=8):
    # One probe per hop, one after the other: so each hop shows the path of its moment.
    return ["traceroute", "-n", "-q", "1", "-N", "1", "-w", "2", "-m", str(hops),
            *(["-s", source] if source else []), destination]


def parse_traceroute(text):
    return re.findall(r"^ *\d+ +(\S+)", text, re.MULTILINE)


def traceroute(namespace, destination, source=None):
    """The addresses of the hops, the destination's last."""
    return parse_traceroute(namespace.output(*traceroute_argv(destination, source)))


@dataclass
class PingResult:
    sent: int
    replies: list  # (sequence number, time in seconds)
    text: str

    @property
    def received(self):
        return len({number for number, _ in self.replies})

    @property
    def lost(self):
        return self.sent - self.received

    @property
    def duplicates(self):
        return len(self.replies) - self.received

    @property
    def gap(self):
        """The longest time in seconds between one reply and the next."""
        times = [when for _, when in self.replies]
        return max((later - sooner for sooner, later in zip(times, times[1:])), default=0.0)


class Ping:
    """A ping in the background."""

    def __init__(self, namespace, destination, source=None, interval=0.01, count=None, size=None):
        options = [*(["-I", source] if source else []), *(["-c", str(count)] if count else []),
                   *(["-s", str(size)] if size else [])]
        self.counted = count is not None
        self.output = tempfile.TemporaryFile()
        self.child = namespace.popen("ping", "-n", "-D", "-W", "3", "-i", str(interval), *options, destination,
                                     stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT)

    def text(self):
        """What it has printed so far."""
        descriptor = self.output.fileno()
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode()

    def replies(self):
        """(sequence number, time in seconds) of each reply so far."""
        return [(int(number), float(when)) for when, number
                in re.findall(r"^\[([\d.]+)\] \d+ bytes from .*icmp_seq=(\d+)", self.text(), re.MULTILINE)]

    def await_replies(self, count):
        """Waits until so many more have come."""
        wanted = len(self.replies()) + count
        wait_until(lambda: len(self.replies()) >= wanted, 30, f"{count} more replies to ping")

    def result(self, timeout=120):
        """Ends it, or waits for its end where it has a count."""
        if not self.counted and self.child.poll() is None:
            self.child.send_signal(signal.SIGINT)
        self.child.wait(timeout)
        text, replies = self.text(), self.replies()
        self.output.close()
        match = re.search(r"(\d+) packets transmitted", text)
        if not match:
            raise RuntimeError(f"ping: {text.strip()}")
        # What is on its way when ping is interrupted is not lost.
        last = max((number for number, _ in replies), default=0)
        return PingResult(int(match.group(1)) if self.counted else last, replies, text)


def ping(namespace, destination, source=None, count=10, interval=0.01, **options):
    """Pings `count` times and returns the result."""
    return Ping(namespace, destination, source, interval, count, **options).result()
