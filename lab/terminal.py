# SPDX-License-Identifier: GPL-2.0-or-later
"""Text on a terminal: colours only where there is one, and boxes."""
import os
import sys

COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


class Terminal:
    def __init__(self, stream=sys.stdout):
        self.stream = stream
        self.blank = True  # nothing yet, or an empty line
        self.coloured = stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"

    def paint(self, text, *colours):
        if not self.coloured or not colours:
            return text
        return f"\033[{';'.join(COLOURS[colour] for colour in colours)}m{text}\033[0m"

    def say(self, text="", *colours):
        print(self.paint(text, *colours), file=self.stream, flush=True)
        self.blank = not text

    def heading(self, text):
        if not self.blank:
            self.say()
        self.say(f"── {text} {'─' * max(0, 76 - len(text))}".rstrip(), "bold", "cyan")
        self.say()

    def command(self, node, text, prompt="#"):
        """What is typed, as on the prompt of the node: `#` for dmvpnctl, `$` for a shell."""
        self.say(f"{self.paint(node + prompt, 'bold')} {self.paint(text, 'yellow')}")

    def output(self, text):
        for line in text.rstrip().splitlines():
            self.say("  " + line)
        self.say()

    def verdict(self, good, text):
        self.say(f"{'✔' if good else '✘'} {text}", "bold", "green" if good else "red")


def box(lines, width):
    """Lines in a box of `width` columns, as a list of lines."""
    inner = width - 4
    return ["┌" + "─" * (width - 2) + "┐", *(f"│ {line:<{inner}.{inner}} │" for line in lines),
            "└" + "─" * (width - 2) + "┘"]


def beside(boxes, gap=2):
    """Boxes of equal height in one row."""
    return [(" " * gap).join(row) for row in zip(*boxes)]
