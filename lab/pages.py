#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Keeps docs/designs true: writes into each page what the scenario of its name has, and draws its picture. The prose
is by hand; what stands between <!-- begin X --> and <!-- end X --> is made here. --check tells what is not up to date."""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from lab.picture import svg  # noqa: E402: found by the path set above
from lab.scenarios import DESIGNS  # noqa: E402

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "designs"
OURS = "dmvpn.conf"


def block(title, text):
    return f"{title}:\n\n```\n{text.rstrip()}\n```\n"


def title_of(program):
    return "bird.conf" if program == "bird" else f"FRR, {program}"


def configurations(scenario):
    """Of the hubs and of the first spoke; the other spokes differ in their addresses only."""
    parts = []
    for node in [*scenario.hubs, scenario.spokes[0]]:
        parts.append(f"### {node.name}\n")
        parts.append(block(f"`{OURS}`", node.config))
        parts += [block(f"`{title_of(program)}`", text) for program, text in node.routing.items()]
        if node.commands:
            parts.append(block("When the tunnel is up", "\n".join(node.commands)))
        if node.setup:
            parts.append(block("Before that, by `ip`", "\n".join(f"ip {line}" for line in node.setup)))
        if node.sysctl:
            parts.append(block("Before that, by `sysctl -w`",
                               "\n".join(f"{key.replace('_', '.', 2)}={value}" for key, value in node.sysctl.items())))
    return "\n".join(parts)


def look(scenario):
    rows = [f"| {one.node} | `{one.command}` | {one.see} |" for one in scenario.look]
    return "\n".join(["| on | command | what you see |", "| --- | --- | --- |", *rows]) + "\n"


def run(scenario):
    return f"```sh\nsudo ./demo {scenario.name}                      # the story, told and checked\n" \
           f"sudo lab/dmvpn-lab {scenario.name} up            # the network, to play in\n" \
           f"sudo lab/dmvpn-lab {scenario.name} shell spoke1\nsudo lab/dmvpn-lab {scenario.name} down\n```\n"


def picture(scenario):
    return f"![{scenario.title}]({scenario.name}.svg)\n"


PARTS = {"picture": picture, "run": run, "configurations": configurations, "look": look}


def page(scenario, text):
    for name, make in PARTS.items():
        pattern = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"docs/designs/{scenario.name}.md has no <!-- begin {name} --> and <!-- end {name} -->")
        text = pattern.sub(lambda match, made=make(scenario): f"{match[1]}\n{made}\n{match[2]}", text)
    return text


def files():
    """All files of the folder that are made here, with the text that they should have."""
    for name, make in DESIGNS.items():
        scenario = make()
        path = FOLDER / f"{name}.md"
        yield path, page(scenario, path.read_text() if path.exists() else "")
        yield FOLDER / f"{name}.svg", svg(scenario, scenario.direct)


def stale():
    return [path for path, text in files() if not path.exists() or path.read_text() != text]


def main():
    if sys.argv[1:] == ["--check"]:
        for path in (found := stale()):
            print(f"{path} is not up to date: run lab/pages.py", file=sys.stderr)
        return 1 if found else 0
    for path, text in files():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
