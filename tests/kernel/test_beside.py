# SPDX-License-Identifier: GPL-2.0-or-later
"""The user link on a host that has the kernel's GRE, too."""
import time

from facts import Witness, nbma, ping
from lab import measure, scenarios

NODES = ("hub", "spoke1")
BURST = 6  # of ICMP errors that the kernel sends at once to whom it sent none for a while
INSIDE = {"hub": "10.9.0.1", "spoke1": "10.9.0.2"}  # addresses in the kernel's tunnel


def test_user_link_beside_a_gre_device(network):
    """Both carry their packets. No peer is told that there is no such protocol; what the kernel says of the user link's
    packets, which no device of its own claims, is port unreachable, once a second and peer at most in the long run."""
    lab = network(scenarios.phase3(spokes=1), start=False)
    for name, other in zip(NODES, reversed(NODES)):
        lab.scenario.node(name).replace("tunnel link kernel", "tunnel link user")
        lab.namespace(name).batch(
            f"link add other type gre local {nbma(lab, name)} remote {nbma(lab, other)} key 9",
            f"address add {INSIDE[name]}/24 dev other", "link set other up")
    witness, began = Witness(lab), time.monotonic()
    lab.start().wait_registered()
    for _ in range(3):
        assert ping(lab, "spoke1", "hub", count=20).lost == 0
        assert measure.ping(lab.namespace("spoke1"), INSIDE["hub"], count=20).lost == 0
    seen, seconds = witness.seen(), time.monotonic() - began
    assert seen["no_protocol"] == 0
    assert 0 < seen["no_port"] <= len(NODES) * (seconds + BURST)
