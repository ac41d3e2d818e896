# SPDX-License-Identifier: GPL-2.0-or-later
"""The tools that a network engineer uses, and their answers as data."""
import math
import os
import re
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass

from .wait import SLOWNESS, wait_until

LINGER = 3  # seconds for an answer
OVERTAKEN = 0.5  # seconds for one that a later packet's answer has overtaken, by another way


def traceroute_argv(destination, source=None, hops=8):
    # One probe per hop, one after the other: so each hop shows the path of its moment.
    return ["traceroute", "-n", "-q", "1", "-N", "1", "-w", f"{3 * SLOWNESS:g}", "-m", str(hops),
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
    beyond: int = 0  # packets after the last one that counts

    @property
    def received(self):
        return len({number for number, _ in self.replies})

    @property
    def lost(self):
        return self.sent - self.received

    @property
    def missing(self):
        """The sequence numbers without a reply."""
        return sorted(set(range(1, self.sent + 1)) - {number for number, _ in self.replies})

    @property
    def duplicates(self):
        return len(self.replies) - self.received

    @property
    def gap(self):
        """The longest time in seconds between one reply and the next."""
        times = [when for _, when in self.replies]
        return max((later - sooner for sooner, later in zip(times, times[1:])), default=0.0)


class Ping:
    """A ping in the background. `count`: the packets that count. With a `deadline` in seconds as well it goes on until
    each of them has its answer or can have none any more, or an error comes."""

    def __init__(self, namespace, destination, source=None, interval=0.01, count=None, size=None, deadline=None, more=()):
        options = [*(["-I", source] if source else []), *(["-c", str(count)] if count and not deadline else []),
                   *(["-s", str(size)] if size else []), *(["-w", str(math.ceil(deadline))] if deadline else []), *more]
        self.count = count
        self.ends = count and not deadline  # by itself
        self.output = tempfile.TemporaryFile()
        self.child = namespace.popen("ping", "-n", "-D", "-W", str(LINGER), "-i", str(interval), *options, destination,
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

    def overtaken(self, last):
        """Whether an answer up to number `last` is missing that may still come: a later one came only just now."""
        came, soon = dict(self.replies()), time.time() - OVERTAKEN * SLOWNESS
        after = math.inf
        for number in range(last, 0, -1):
            if number in came:
                after = min(after, came[number])
            elif after > soon:
                return True
        return False

    def result(self, timeout=120):
        """Ends it, or waits for its end where it has a count."""
        last = self.count or max((number for number, _ in self.replies()), default=0)
        if not self.ends:
            wait_until(lambda: self.child.poll() is not None or not self.overtaken(last), timeout,
                       "no answer is on its way")
            self.child.send_signal(signal.SIGINT)
        self.child.wait(timeout)
        text, replies = self.text(), self.replies()
        self.output.close()
        match = re.search(r"(\d+) packets transmitted", text)
        if not match:
            raise RuntimeError(f"ping: {text.strip()}")
        if self.count:
            transmitted = int(match.group(1))
            sent = min(transmitted, self.count)
            return PingResult(sent, [one for one in replies if one[0] <= sent], text, transmitted - sent)
        # What is on its way when ping is interrupted is not lost.
        return PingResult(last, [one for one in replies if one[0] <= last], text)


def ping(namespace, destination, source=None, count=10, interval=0.01, **options):
    """Pings `count` times and returns the result."""
    # With some answers and no deadline it ends two round trips after the last packet: too soon on a busy machine.
    deadline = (2 * count * interval + LINGER) * SLOWNESS if count > 1 else None
    return Ping(namespace, destination, source, interval, count, deadline=deadline, **options).result()
