#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws what packaging/grafana-dashboard.json shows, of a run of the lab: a hub and two spokes of phase 3 under traffic; the hub is
killed after a while and comes back. Needs root and gnuplot; writes docs/metrics.svg."""
import argparse
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from lab import scenarios  # noqa: E402
from lab.daemon import ROOT  # noqa: E402
from lab.measure import Ping  # noqa: E402
from lab.network import Lab  # noqa: E402

PORT = 9178
GET = f"exec 3<>/dev/tcp/127.0.0.1/{PORT}; printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3"
DIES, RETURNS, ENDS = 20, 40, 80  # seconds
SCRIPT = """set terminal svg size 900,760 background '#ffffff' font 'sans,12'
set output '{output}'
set multiplot layout 3,2
set grid
set xrange [0:{end}]
set yrange [0:*]
set xlabel 'seconds'
set key top left
set style data lines
set arrow 1 from {dies}, graph 0 to {dies}, graph 1 nohead dashtype 2 linecolor 'red'
set arrow 2 from {returns}, graph 0 to {returns}, graph 1 nohead dashtype 2 linecolor 'web-green'
{plots}
"""


def value(samples, name, **labels):
    """The sum of the samples with these labels."""
    return sum(number for (found, label), number in samples.items()
               if found == name and all(f'{key}="{wanted}"' in label for key, wanted in labels.items()))


COLUMNS = {  # panel: (title, node, value)
    "Peers of spoke1 by state": [(state, "spoke1", lambda s, state=state: value(s, "dmvpn_peers", state=state))
                                 for state in ("UP", "NHRP")],
    "Server of spoke1, clients of the hub": [
        ("server up", "spoke1", lambda s: value(s, "dmvpn_nhs_up")),
        ("clients", "hub", lambda s: value(s, "dmvpn_registered_clients"))],
    "Shortcuts": [(node, node, lambda s: value(s, "dmvpn_shortcuts")) for node in ("spoke1", "spoke2")],
    "NHRP messages of spoke1, since the start": [
        (kind, "spoke1", lambda s, kind=kind: value(s, f"dmvpn_nhrp_{kind}_total")) for kind in ("sent", "received")],
}
HISTOGRAMS = {"Round trip of registrations, ms": "dmvpn_registration_seconds",
              "Set-up time of shortcuts, ms": "dmvpn_shortcut_setup_seconds"}


def scrape(lab, node):
    """The samples by name and labels; none where the daemon is not there."""
    text = lab.namespace(node).run("bash", "-c", GET, check=False).stdout
    return {(name, labels): float(number)
            for name, labels, number in re.findall(r"^(dmvpn_\w+)(?:\{(.*)\})? (\S+)$", text, re.MULTILINE)}


def cumulative(samples, name):
    """The share of all, in percent, that took at most so many milliseconds."""
    total = value(samples, f"{name}_count")
    bounds = sorted((float(re.search(r'le="([^"]+)"', labels)[1]), number) for (found, labels), number in samples.items()
                    if found == f"{name}_bucket" and "Inf" not in labels)
    return [(bound * 1000, 100 * number / total if total else 0) for bound, number in bounds]


def run(lab):
    """Rows of time and values, and the last samples of each node."""
    for node in lab.scenario.nodes:
        node.config += f"metrics listen {PORT}\n"
    lab.start().wait_registered()
    first, second = lab.scenario.spokes[:2]
    pings = [Ping(lab.namespace(one.name), other.lan_address, one.lan_address, interval=0.1)
             for one, other in ((first, second), (second, first))]
    begin, rows, last = time.monotonic(), [], {}
    steps = [(DIES, lab["hub"].kill), (RETURNS, lambda: lab.start("hub"))]
    clock = threading.Event()
    while (now := time.monotonic() - begin) < ENDS:
        if steps and now >= steps[0][0]:
            steps.pop(0)[1]()
        samples = {node.name: scrape(lab, node.name) for node in lab.scenario.nodes}
        last.update({name: found for name, found in samples.items() if found})
        rows.append([now] + [get(samples[node]) for lines in COLUMNS.values() for _, node, get in lines])
        clock.wait(0.5)
    for ping in pings:
        ping.result()
    return rows, last


def draw(rows, last, output):
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "rows"
        data.write_text("".join(" ".join(map(str, row)) + "\n" for row in rows))
        plots, column = [], 2
        for title, lines in COLUMNS.items():
            parts = []
            for name, _, _ in lines:
                parts.append(f"'{data}' using 1:{column} with steps linewidth 2 title '{name}'")
                column += 1
            plots.append(f"set title '{title}'\nplot {', '.join(parts)}")
        plots.append("unset arrow\nset logscale x\nset xrange [1:10000]\nset yrange [0:105]\n"
                     "set xlabel 'at most so many milliseconds'\nset ylabel 'percent'\nset key bottom right")
        for title, name in HISTOGRAMS.items():
            parts = []
            for node in ("spoke1", "spoke2"):
                file = Path(folder) / f"{name}-{node}"
                file.write_text("".join(f"{bound} {share}\n" for bound, share in cumulative(last[node], name)))
                parts.append(f"'{file}' with steps linewidth 2 title '{node}'")
            plots.append(f"set title '{title}'\nplot {', '.join(parts)}")
        script = SCRIPT.format(output=output, end=ENDS, dies=DIES, returns=RETURNS, plots="\n".join(plots))
        subprocess.run(["gnuplot"], input=script, text=True, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "metrics.svg", metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Lab(scenarios.phase3(holdtime=15), folder) as lab:
        draw(*run(lab), options.output.resolve())


if __name__ == "__main__":
    main()
