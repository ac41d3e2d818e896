# SPDX-License-Identifier: GPL-2.0-or-later
"""A real terminal, in which a program runs as a person uses it: tmux."""
import os
import shlex
import subprocess
from pathlib import Path

from lab.daemon import SANITIZER
from lab.wait import wait_until


class Screen:
    """`argv` in a terminal of its own. `home`: the folder that the program takes for its user's."""

    def __init__(self, directory, *argv, home=None, columns=100, lines=30):
        self.tmux = ["tmux", "-S", str(directory / "tmux"), "-f", "/dev/null"]
        suppressions = Path(__file__).with_name("libedit.supp")
        words = ["env", f"LSAN_OPTIONS=suppressions={suppressions}:print_suppressions=0", f"HOME={home or directory}", "LANG=C.UTF-8", *(f"{k}={v}" for k, v in SANITIZER.items()),
                 *map(str, argv)]
        # What the program leaves stays to be seen.
        command = f"{shlex.join(words)}; echo \"status $?\"; exec sleep 1000"
        self.run("new-session", "-d", "-x", str(columns), "-y", str(lines), command)

    def run(self, *words):
        environment = {key: value for key, value in os.environ.items() if key != "TMUX"}
        return subprocess.run([*self.tmux, *words], check=True, text=True, capture_output=True, timeout=30,
                              env=environment).stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.run("kill-server")

    @property
    def text(self):
        """What is seen, without the blanks at the ends of lines."""
        return "\n".join(line.rstrip() for line in self.run("capture-pane", "-p").splitlines()).rstrip()

    @property
    def last(self):
        return self.text.rpartition("\n")[2]

    def type(self, text):
        self.run("send-keys", "-l", text)

    def press(self, *keys):
        """By tmux's names: Enter, Tab, Up, C-c, C-u, …"""
        self.run("send-keys", *keys)

    def enter(self, text):
        self.type(text)
        self.press("Enter")

    def wait(self, *texts, deadline=15):
        """Until all of these are seen."""
        def seen():
            text = self.text
            return all(one in text for one in texts)
        try:
            wait_until(seen, deadline, "")
        except Exception:
            raise AssertionError(f"waited in vain for {texts}; the screen:\n{self.text}") from None

    def wait_last(self, line, deadline=15):
        """Until the last line is this one."""
        try:
            wait_until(lambda: self.last == line, deadline, "")
        except Exception:
            raise AssertionError(f"waited in vain for the line \"{line}\"; the screen:\n{self.text}") from None
