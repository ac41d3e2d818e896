# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual pages: without warnings, and complete where the program tells what there is."""
import re
import subprocess
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).resolve().parents[2] / "docs" / "man").glob("*.[0-9]"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_has_no_warnings(page):
    shown = subprocess.run(["man", "--warnings", "-Tutf8", "-l", str(page)], capture_output=True, text=True, check=True,
                           env={"PATH": "/usr/bin:/bin", "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
    assert shown.stderr == "" and "NAME" in re.sub(".\x08", "", shown.stdout)


def test_options_of_the_daemon_are_in_its_page(build):
    told = subprocess.run([str(build / "dmvpnd"), "--help"], capture_output=True, text=True, check=True).stdout
    page = next(page for page in PAGES if page.name == "dmvpnd.8").read_text(encoding="utf-8").replace("\\-", "-")
    options = set(re.findall(r"--[a-z-]+", told)) - {"--version", "--help"}
    assert len(options) > 5 and all(option in page for option in options)
