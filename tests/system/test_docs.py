# SPDX-License-Identifier: GPL-2.0-or-later
"""The example configurations of the guides are what they seem: dmvpnd reads each without an error or a surprise, and those
of the first lesson make a protected network."""
import re

import pytest

from facts import path, shortcut
from lab import scenarios
from lab.daemon import ROOT

EXAMPLES = re.findall(r"^```ios\n(.*?)^```$", (ROOT / "docs" / "ipsec.md").read_text(), re.MULTILINE | re.DOTALL)
HARMLESS = ["`match fvrf`: not ours, this changes nothing"]


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_example(dmvpnd, number):
    status, said = dmvpnd(EXAMPLES[number])
    assert status == 0, said
    assert [line for line in said.splitlines() if not any(word in line for word in HARMLESS)] in ([], ["ok"]), said


def test_first_lesson(network):
    """The first two examples: a hub and a spoke, and another spoke that differs in its address."""
    hub, spoke = EXAMPLES[:2]
    scenario = scenarios.phase3()
    scenario.node("hub").config = hub
    for number in (1, 2):
        scenario.node(f"spoke{number}").config = spoke.replace("10.0.0.11", f"10.0.0.1{number}").replace(
            "tunnel source", "ip mtu 1360\n tunnel source")
    lab = network(scenario)
    shortcut(lab, "spoke1", "spoke2")
    assert path(lab, "spoke1", "spoke2") == ["192.168.2.1"]
    assert "UP-ACTIVE" in lab["spoke1"].ctl("show crypto session")
