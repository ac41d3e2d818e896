# SPDX-License-Identifier: GPL-2.0-or-later
"""MPLS over the tunnel: the design, with whichever link."""
import io

from lab.scenarios import DESIGNS
from lab.story import Story
from lab.terminal import Terminal


def test_labelled_packets_cross_hub_and_spoke(network):
    said = io.StringIO()
    good = Story(Terminal(said)).tell(network(DESIGNS["mpls"](), start=False))
    print(said.getvalue())
    assert good and "✘" not in said.getvalue()
