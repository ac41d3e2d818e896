# SPDX-License-Identifier: GPL-2.0-or-later
"""The configuration file: what --check says, and that a router's block can be pasted."""
import pytest

from facts import lan, overrides, path, shortcut
from lab import scenarios

GOOD = scenarios.phase3().node("spoke1").config

PASTED = """!
version 15.7
service timestamps debug datetime msec
hostname Branch-1
alias interface GigabitEthernet0/1 eth0
!
interface GigabitEthernet0/1
 ip address dhcp
 duplex auto
!
int tu1
 description to the head office
 bandwidth 10000
 ip add 10.0.0.11 255.255.255.0
 no ip redirects
 ip mtu 1400
 ip nhrp auth BigScale
 ip nhrp map 10.0.0.1 203.0.113.2
 ip nhrp map multicast 203.0.113.2
 ip nhrp network-id 1
 ip nhrp holdtime 500
 ip nhrp nhs 10.0.0.1
 ip nhrp short
 ip tcp adjust-mss 1360
 ip ospf network point-to-multipoint
 delay 1000
 tunnel source GigabitEthernet0/1
 tunnel mode gre multi
 tunnel key 1
exit
!
router ospf 1
 network 10.0.0.0 0.0.0.255 area 0
!
ip route 192.168.0.0 255.255.0.0 10.0.0.1
end
"""


def test_check_takes_what_is_right(dmvpnd):
    status, said = dmvpnd(GOOD)
    assert status == 0, said


def test_check_warns_of_what_is_not_ours(dmvpnd):
    status, said = dmvpnd(PASTED)
    assert status == 0, said
    warnings = [line for line in said.splitlines() if "not ours" in line]
    for number, text in enumerate(PASTED.splitlines(), 1):
        if text.strip().split(" ")[0] in ("bandwidth", "delay", "router") or "ip ospf" in text:
            assert any(f":{number}:" in line for line in warnings), f"line {number}, {text}: {said}"


@pytest.mark.parametrize("wrong, line, column, hint", [
    (" ip nhrp shortcat", 6, 10, "shortcut"),
    (" tunnel sorce eth0", 6, 9, "source"),
    (" ip nhrp network-id 0", 6, 21, "1"),
    (" ip nhrp holdtime never", 6, 19, ""),
    (" ip nhrp map 10.0.0 203.0.113.2", 6, 14, ""),
    (" ip nhrp authentication TooLongForCisco", 6, 25, "8"),
    (" ip nhrp nhs 10.0.0.1 clustr 1", 6, 23, "cluster"),
])
def test_check_tells_line_column_and_the_nearest_command(dmvpnd, wrong, line, column, hint):
    lines = GOOD.splitlines()
    lines.insert(line - 1, wrong)
    status, said = dmvpnd("\n".join(lines) + "\n")
    assert status == 2
    assert f":{line}:{column}:" in said, said
    assert hint in said


def test_check_tells_all_errors(dmvpnd):
    text = GOOD.replace("ip nhrp network-id 1", "ip nhrp network-it 1").replace("tunnel key 1", "tunnel kay 1")
    status, said = dmvpnd(text)
    assert status == 2
    assert "network-it" in said and "kay" in said


@pytest.mark.parametrize("text", ["", "!\n", "hostname lonely\n"])
def test_check_of_next_to_nothing(dmvpnd, text):
    """No tunnel: nothing that could run, but nothing that could crash either."""
    status, said = dmvpnd(text)
    assert status in (0, 2), said


def test_missing_file(network):
    lab = network(scenarios.phase3(), start=False)
    daemon = lab["spoke1"]
    daemon.config_path.unlink()
    result = lab.namespace("spoke1").run(*daemon.argv(), check=False)
    assert result.returncode != 0
    assert str(daemon.config_path) in result.stderr


def test_nothing_is_half_applied(network):
    """With an error in the file the daemon makes no device and no rule."""
    lab = network(scenarios.phase3(), start=False)
    daemon = lab["spoke1"]
    daemon.config_path.write_text(GOOD + "interface Tunnel2\n ip nhrp nonsense\n")
    result = lab.namespace("spoke1").run(*daemon.argv(), check=False)
    assert result.returncode != 0
    assert not daemon.device_up("tunnel1")
    assert "1190" not in lab.namespace("spoke1").output("ip", "rule")


def test_pasted_block_runs(network):
    scenario = scenarios.phase3()
    scenario.node("spoke1").config = PASTED
    lab = network(scenario, start=False)
    lab.start().wait_registered()
    shortcut(lab, "spoke1", "spoke2")
    assert path(lab, "spoke1", "spoke2") == [lan(lab, "spoke2")]
    assert overrides(lab, "spoke1") == {"192.168.2.0/24": "10.0.0.12"}


def test_source_by_address_and_other_forms(network):
    """`tunnel source ADDRESS`, /len masks, `nhs … nbma … multicast`, `no` forms."""
    scenario = scenarios.phase3()
    spoke = scenario.node("spoke1")
    spoke.config = """HOSTNAME one
INTERFACE TUNNEL 1
 IP ADDRESS 10.0.0.11/24
 ip nhrp network-id 7
 ip nhrp authentication Old
 ip nhrp authentication BigScale
 ip nhrp nhs 10.0.0.1 nbma 203.0.113.2 multicast priority 1 cluster 0
 ip nhrp holdtime 30
 no ip nhrp holdtime
 no shutdown
 ip nhrp shortcut
 tunnel source 198.51.100.2
 tunnel key 1
 tunnel mode gre multipoint
ip route 192.168.0.0/16 10.0.0.1
"""
    lab = network(scenario, start=False)
    lab.start().wait_registered()
    shortcut(lab, "spoke1", "spoke2")
