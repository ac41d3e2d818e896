# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting for a condition, never for an amount of time."""
import os
import time

# How many times slower than a common machine this one is: an emulated guest needs all deadlines to be longer.
SLOWNESS = float(os.environ.get("LAB_SLOWNESS", 1))

LONGEST = 2  # seconds between two questions


class Timeout(AssertionError):
    """What was waited for did not happen."""


def wait_until(condition, deadline, what, interval=0.05):
    """Returns the first true value of condition(), or raises Timeout after `deadline` seconds. Who was not let run for so
    long asks once more: what was asked before says nothing of now."""
    deadline *= SLOWNESS
    end = time.monotonic() + deadline
    while True:
        started = time.monotonic()
        value = condition()
        if value:
            return value
        if started >= end:
            raise Timeout(f"waited {deadline:g} s in vain: {what}")
        # A question that is dear is not asked all the time; least of all where others wait for the processor. Nor is one that
        # takes long, as a ping without an answer, asked but twice in the time that there is.
        time.sleep(max(interval, min(SLOWNESS * (time.monotonic() - started), LONGEST)))
