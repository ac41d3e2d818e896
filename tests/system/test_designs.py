# SPDX-License-Identifier: GPL-2.0-or-later
"""Every design of docs/designs does what its page says: the story that ./demo tells is good, and so is each command which
it recommends to look at; and the page has the scenario's configurations, commands and picture."""
import io
import re

import pytest

from lab import pages
from lab.scenarios import DESIGNS
from lab.story import Story
from lab.terminal import Terminal


# What needs more of the kernel runs in the guest: tests/kernel.
@pytest.mark.parametrize("name", [name for name in DESIGNS if not DESIGNS[name]().needs])
def test_design(network, name):
    said = io.StringIO()
    good = Story(Terminal(said)).tell(network(DESIGNS[name](), start=False))
    print(said.getvalue())
    assert good and "✘" not in said.getvalue()


def test_pages_are_true():
    """What lab/pages.py makes is in them, and nothing else in a page is a command that no test runs."""
    assert not pages.stale(), "run lab/pages.py"
    index = (pages.FOLDER / "README.md").read_text()
    for name, make in DESIGNS.items():
        text = (pages.FOLDER / f"{name}.md").read_text()
        by_hand = re.sub(r"<!-- begin (\w+) -->.*?<!-- end \1 -->", "", text, flags=re.DOTALL)
        assert not re.search(r"(^|[`#$] ?)(vtysh|birdc|dmvpnctl|ip -?\w* ?route|ping|traceroute) ", by_hand, re.MULTILINE), name
        assert make().look, name
        assert f"({name}.md)" in index
