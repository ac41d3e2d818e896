# SPDX-License-Identifier: GPL-2.0-or-later
"""What dmvpnd made, it removes; what a killed one left, the next finds."""
import re

from facts import OVERRIDE_TABLE, overrides, path, lan, rib, shortcut
from lab import scenarios


def traces(lab, name):
    """All that dmvpnd may have made in a namespace."""
    namespace = lab.namespace(name)
    return {
        "links": sorted(link["ifname"] for link in namespace.ip("link")),
        "rules": sorted(str(rule) for rule in namespace.ip("rule")),
        "rules6": sorted(str(rule) for rule in namespace.ip("-6", "rule")),
        "overrides": overrides(lab, name),
        "routes": rib(lab, name),
        "neighbours": sorted(one["dst"] for one in namespace.ip("neigh") if one.get("dev", "").startswith("tunnel")),
        "nftables": namespace.output("nft", "list", "tables"),
        "control": lab.daemons[name].socket.exists(),
    }


def test_clean_exit(network):
    lab = network(scenarios.phase3(), start=False)
    names = [node.name for node in lab.scenario.nodes]
    before = {name: traces(lab, name) for name in names}
    lab.start().wait_registered()
    shortcut(lab, "spoke1", "spoke2")
    while_up = traces(lab, "spoke1")
    assert "tunnel1" in while_up["links"] and while_up["overrides"] and while_up["control"]
    for name in names:
        assert lab[name].stop() == 0
        assert traces(lab, name) == before[name]


def test_after_kill(network):
    """After kill -9 the next start adopts or cleans what it finds, and says so."""
    lab = network(scenarios.phase3(), start=False)
    before = traces(lab, "spoke1")
    lab.start().wait_registered()
    shortcut(lab, "spoke1", "spoke2")
    lab["spoke1"].kill()
    left = traces(lab, "spoke1")
    assert left["rules"] != before["rules"], "a killed process cannot clean up"
    mark = lab["spoke1"].mark()
    lab.start("spoke1")
    lab["spoke1"].wait_event("nhs-up", since=mark)
    said = lab["spoke1"].log(mark)
    assert re.search(r"adopt|removed|left|clean", said), said
    shortcut(lab, "spoke1", "spoke2")
    assert path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")]
    assert lab["spoke1"].stop() == 0
    assert traces(lab, "spoke1") == before


def test_second_daemon_is_refused(network):
    """Two daemons with one control socket: the second says why it does not start, and harms nothing."""
    lab = network(scenarios.phase3())
    daemon = lab["spoke1"]
    result = lab.namespace("spoke1").run(*daemon.argv(), check=False, timeout=20)
    assert result.returncode != 0
    assert str(daemon.socket) in result.stderr
    assert daemon.running and daemon.device_up("tunnel1")
    shortcut(lab, "spoke1", "spoke2")


def test_deleted_by_somebody_else(network):
    """Desired state is made again where others remove it."""
    lab = network(scenarios.phase3())
    prefix = shortcut(lab, "spoke1", "spoke2")
    lab.namespace("spoke1").batch(f"route delete {prefix} table {OVERRIDE_TABLE}")
    shortcut(lab, "spoke1", "spoke2")
