# SPDX-License-Identifier: GPL-2.0-or-later
"""The story that ./demo tells is true: it is good where the path changed, and only there."""
import io
import os
import subprocess

import pytest

from lab import scenarios
from lab.daemon import ROOT
from lab.protection import protect
from lab.story import Story
from lab.terminal import Terminal


def tell(lab):
    said = io.StringIO()
    return Story(Terminal(said)).tell(lab), said.getvalue()


def test_good(network):
    good, said = tell(network(scenarios.phase3(), start=False))
    assert good, said
    for what in ("any IP network", "traceroute", "Interface: Tunnel1", "show ip route next-hop-override", "onlink",
                 "the routing table is unchanged"):
        assert what in said
    assert "✘" not in said


def test_protected(network):
    """./demo phase3 --ipsec, on any kernel."""
    good, said = tell(network(protect(scenarios.phase3()), start=False))
    assert good, said
    for what in ("IPsec between any two nodes", "Session status: UP-ACTIVE", "READY", "0 packets of the tunnel crossed"):
        assert what in said


@pytest.mark.parametrize("without, lacks", [("ip nhrp shortcut", "spoke1"), ("ip nhrp redirect", "hub")])
def test_the_path_does_not_change(network, without, lacks):
    scenario = scenarios.phase3()
    scenario.node(lacks).replace(f" {without}\n", "")
    good, said = tell(network(scenario, start=False))
    assert not good and "✘" in said, said


def test_the_exit_status_tells(build, tmp_path):
    """Of the command itself, with a daemon that does not start."""
    for name in ("dmvpnd", "dmvpnctl"):
        (tmp_path / name).symlink_to("/bin/false")
    result = subprocess.run([ROOT / "lab" / "dmvpn-lab", "phase3", "run"], capture_output=True, text=True, timeout=60,
                            env={**os.environ, "DMVPN_BUILD": str(tmp_path)}, check=False)
    assert result.returncode == 1, result
    result = subprocess.run([ROOT / "demo", "phase4"], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2 and "usage" in result.stderr
