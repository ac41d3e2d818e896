# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual pages: without warnings, and complete where the program tells what there is."""
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = ["dmvpnd.8", "dmvpn-bench.1", "dmvpn-lab.1", "dmvpn-sim.1"]
MADE = ["dmvpnctl.1", "dmvpnd.conf.5"]  # from the tables of commands


def shown(build, page):
    """The text of a page without bold letters and hyphenation."""
    folder = build if page in MADE else ROOT
    told = subprocess.run(["man", "--warnings", "-Tutf8", "-l", str(folder / "docs" / "man" / page)], capture_output=True,
                          text=True, check=True, env={"PATH": "/usr/bin:/bin", "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
    assert told.stderr == ""
    plain = re.sub("\x1b\\[[0-9;]*m|.\x08", "", told.stdout)
    return re.sub("\u2010\\n\\s*", "", plain).replace("\u2010", "-").replace("\u2212", "-")


def test_every_page_is_known():
    here = {path.name.removesuffix(".in") for path in (ROOT / "docs" / "man").glob("*.[0-9]*")}
    assert here == {*WRITTEN, *MADE}


@pytest.mark.parametrize("page", [*WRITTEN, *MADE])
def test_page_has_no_warnings(build, page):
    text = shown(build, page)
    assert "NAME\n" in text and "SEE ALSO\n" in text
    named = {f"{name}.{section}" for name, section in re.findall(r"(dmvpn[a-z.-]*)\((\d)\)", text)}
    assert named <= {*WRITTEN, *MADE}


@pytest.mark.parametrize("page", [page for page in [*WRITTEN, *MADE] if page != "dmvpnd.conf.5"])
def test_options_are_in_the_page(build, page):
    name = page.rpartition(".")[0]
    program = ROOT / "lab" / name if name == "dmvpn-lab" else build / name
    told = subprocess.run([str(program), "--help"], capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"--[a-z-]+", told)) - {"--version", "--help"}
    text = shown(build, page)
    assert len(options) > 1 and {option for option in options if option not in text} == set()


def test_every_command_is_in_its_page(build):
    schema = (ROOT / "src" / "conf" / "schema.c").read_text(encoding="utf-8")
    rows = re.findall(r'\{ COMMAND_[A-Z0-9_ |]+,\s*((?:"[^"]*"\s*)+),\s*"([^"]+)"', schema)
    table = (ROOT / "src" / "ctl" / "commands.c").read_text(encoding="utf-8")
    commands = re.findall(r'^\t\{ "([^"]+)", "([^"]+)", "', table, re.MULTILINE)
    assert len(rows) > 60 and len(commands) > 60
    for page, wanted in (("dmvpnd.conf.5", [("".join(re.findall('"([^"]*)"', syntax)), text) for syntax, text in rows]),
                         ("dmvpnctl.1", commands)):
        text = "".join(shown(build, page).split())
        missing = [syntax for syntax, told in wanted if f"{syntax}{told[0].upper()}{told[1:]}.".replace(" ", "") not in text]
        assert missing == [], page
