# SPDX-License-Identifier: GPL-2.0-or-later
"""Events for programs: as lines of JSON, and as fields of systemd's journal; with the names of the manual."""
import json
import re
import socket
from pathlib import Path

from facts import shortcut, tunnel
from lab import scenarios
from lab.wait import wait_until

ROOT = Path(__file__).resolve().parents[2]

# The daemon's stderr is taken for a stream of the journal, whose socket is the test's, where nobody else sees it.
UNDER_JOURNAL = """
set -e
mount -t tmpfs none /run
mkdir -p /run/systemd/journal
mount --bind "$1" /run/systemd/journal
shift
JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$@"
"""


def names_in_the_manual():
    page = (ROOT / "docs" / "man" / "dmvpnd.8").read_text(encoding="utf-8").replace("\\-", "-")
    section = page.partition(".SH EVENTS\n")[2].partition("\n.SH ")[0]
    lines = re.findall(r"^\.BR? (.*)$", section, re.MULTILINE)
    return {name for line in lines for name in re.findall(r"[a-z]+(?:-[a-z]+)+", line)}


def test_the_manual_has_every_name():
    source = (ROOT / "src" / "core" / "action.c").read_text(encoding="utf-8")
    assert names_in_the_manual() == set(re.findall(r'\[EVENT_\w+\] = "([^"]+)"', source))


class Journal:
    """The place of systemd-journald: keeps the entries that come."""

    def __init__(self, folder):
        folder.mkdir()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(folder / "socket"))
        self.socket.setblocking(False)
        self.entries = []

    def find(self, **wanted):
        while True:
            try:
                lines = self.socket.recv(65536).decode().splitlines()
            except BlockingIOError:
                return [entry for entry in self.entries if wanted.items() <= entry.items()]
            self.entries.append(dict(line.split("=", 1) for line in lines))


def test_lines_of_json_and_fields_of_the_journal(network, tmp_path):
    lab = network(scenarios.phase3(), start=False)
    for name in ("hub", "spoke1"):
        lab[name].options = ["--log-format", "json"]
    journal = Journal(tmp_path / "journal")
    lab["spoke2"].wrapper = ["unshare", "-m", "sh", "-c", UNDER_JOURNAL, "sh", str(tmp_path / "journal")]
    lab.start()
    wait_until(lambda: lab["hub"].log().count("peer-up") >= 4 and "nhs-up" in lab["spoke1"].log(), 15, "both are registered")
    nbma = {name: lab.scenario.node(name).nbma_address for name in ("hub", "spoke2")}
    wanted = {"SYSLOG_IDENTIFIER": "dmvpnd", "PRIORITY": "5", "DMVPN_EVENT": "nhs-up", "DMVPN_INTERFACE": "tunnel1",
              "DMVPN_ADDRESS": tunnel(lab, "hub"), "DMVPN_NBMA": nbma["hub"]}
    entry = wait_until(lambda: journal.find(**wanted), 15, "the journal has the event")[0]
    assert entry["MESSAGE"].startswith("tunnel1: nhs-up ") and lab["spoke2"].log() == ""
    shortcut(lab, "spoke1", "spoke2")
    assert lab["spoke2"].stop() == 0
    # An event may be told later than what it is about.
    wait_until(lambda: "peer-down" in lab["hub"].log() and "shortcut-up" in lab["spoke1"].log(), 15, "both events are told")
    told = {name: [json.loads(line) for line in lab[name].log().splitlines()] for name in ("hub", "spoke1")}
    for line in told["hub"] + told["spoke1"]:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
        assert line["level"] in ("error", "warning", "notice", "info", "debug") and line["message"]
        assert line.get("event") in {None, *names_in_the_manual()}

    def only(name, event, address):
        return next(line for line in told[name] if line.get("event") == event and line.get("address") == address)

    up = only("spoke1", "nhs-up", tunnel(lab, "hub"))
    assert (up["interface"], up["nbma"], up["level"]) == ("tunnel1", nbma["hub"], "notice") and "reason" not in up
    down = only("hub", "peer-down", tunnel(lab, "spoke2"))
    assert (down["interface"], down["nbma"]) == ("tunnel1", nbma["spoke2"]) and down["reason"]
    made = only("spoke1", "shortcut-up", tunnel(lab, "spoke2"))
    assert "/" in made["prefix"] and made["nbma"] == nbma["spoke2"]

