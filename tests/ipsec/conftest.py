# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the tests of protection: scenarios with a strongSwan in each node. What is true of every test is checked
here at its end: not one GRE packet crossed the underlay in clear text."""
import pytest

from crypto import clear_packets, settled
from lab.protection import Authority, protect


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ca")


@pytest.fixture
def protected(network):
    """protected(scenario) gives a Lab whose tunnels are protected; the words are those of lab.protection.protect and of
    the fixture `network`."""
    labs = []

    def make(scenario, start=True, forgers=(), **options):
        lab = network(protect(scenario, **options), start=start, forgers=forgers)
        labs.append((lab, forgers))
        return settled(lab) if start else lab

    yield make
    for lab, forgers in labs:
        lab.capture.stop()
        assert clear_packets(lab, forgers) == []
