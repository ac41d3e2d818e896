# SPDX-License-Identifier: GPL-2.0-or-later
"""Every design of docs/designs does what its page says: the story that ./demo tells is good, and so is each command which
it recommends to look at."""
import io

import pytest

from lab.scenarios import DESIGNS
from lab.story import Story
from lab.terminal import Terminal


@pytest.mark.parametrize("name", DESIGNS)
def test_design(network, name):
    said = io.StringIO()
    good = Story(Terminal(said)).tell(network(DESIGNS[name](), start=False))
    print(said.getvalue())
    assert good and "✘" not in said.getvalue()
