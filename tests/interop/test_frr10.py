# SPDX-License-Identifier: GPL-2.0-or-later
"""dmvpnd with FRR 10 of Debian 13, which has Cisco's authentication. docs/interoperability.md names these tests."""
import pytest

# These tests are the same with this version and the password: see `common`.
from test_frr import (test_hub_restart, test_purge_is_nothing_to_frr, test_refresh_and_expiry,  # noqa: F401
                      test_unique_at_our_hub, test_unique_is_nothing_to_frr)
from cloud import PATIENCE
from facts import traffic
from lab.capture import nhrp_packets
from lab.wait import wait_until
from programs import Newer

PASSWORD = "s3cr3t"
REGISTRATION_REQUEST, ERROR = 3, 7


@pytest.fixture
def common():
    return {"programs": Newer(), "password": PASSWORD}


@pytest.mark.parametrize("frr", [("spoke2",), ("hub", "spoke2")], ids=["our hub", "FRR hub"])
def test_shortcut_both_ways(cloud, frr):
    """With the password: registration, redirect, resolution, and a direct path in both directions. Ours stays under
    traffic; FRR's ends with its holding time and comes again."""
    made = cloud(*frr, holdtime=15, dynamic=True)
    made.wait_shortcut("spoke1", "spoke2")
    made.wait_shortcut("spoke2", "spoke1")
    made.stays("spoke1", "spoke2")
    assert made.path("spoke1", "spoke2") == [made.lan("spoke2")]
    assert ERROR not in {kind for _, _, kind in nhrp_packets(made.lab.capture.path)}


@pytest.mark.parametrize("frr", [("spoke2",), ("hub",)], ids=["our hub", "FRR hub"])
def test_wrong_password(cloud, frr):
    """It is refused, and refused only: FRR answers Error Indications with others, without end; we answer none."""
    made = cloud(*frr, start=False)
    ours = "hub" if "hub" not in frr else "spoke2"
    node = made.lab.scenario.node(ours)
    node.replace(f"authentication {PASSWORD}", "authentication another")
    for name in made.names:
        made.start_node(name)

    def requests():
        packets = nhrp_packets(made.lab.capture.path)
        return sum(kind == REGISTRATION_REQUEST for _, _, kind in packets), packets
    wait_until(lambda: requests()[0] >= 4, PATIENCE, "registrations, again and again")
    registrations, packets = requests()
    errors = sum(kind == ERROR for _, _, kind in packets)
    assert errors <= 2 * registrations, f"{errors} Error Indications for {registrations} registrations"
    sent = traffic(made.lab[ours])["sent"]["error_indication"]
    # Another one may have come meanwhile.
    wait_until(lambda: sent <= requests()[0], PATIENCE, "no more of ours than registrations")
    assert made.binding("hub", "spoke2") is None
