# SPDX-License-Identifier: GPL-2.0-or-later
"""dmvpnctl as a person uses it, in a real terminal: the shell, configuring, and top."""
import subprocess

import pytest

from facts import ping, shortcut
from lab import scenarios
from lab.daemon import ROOT
from lab.wait import wait_until
from screen import Screen

PROMPT = "spoke1#"


@pytest.fixture(scope="module")
def cloud(shared):
    return shared(scenarios.phase3())


@pytest.fixture
def lab(cloud):
    shortcut(cloud, "spoke1", "spoke2")
    return cloud


@pytest.fixture
def screen(lab, tmp_path):
    spoke = lab["spoke1"]
    with Screen(tmp_path, spoke.build / "dmvpnctl", "--control", spoke.socket, lines=20) as screen:
        screen.wait_last(PROMPT)
        yield screen


def fresh(screen, prompt=PROMPT):
    """An empty screen with a prompt."""
    screen.press("C-u")
    screen.press("C-l")
    wait_until(lambda: screen.text == prompt, 15, "the screen is empty")


def test_help_and_completion(screen):
    screen.type("show ip ?")
    screen.wait("  nhrp                 The NHRP cache", "  route ")
    screen.wait_last(f"{PROMPT} show ip")
    fresh(screen)
    screen.type("sh")
    screen.press("Tab")
    screen.wait_last(f"{PROMPT} show")
    screen.type("ip nh")
    screen.press("Tab")
    screen.wait_last(f"{PROMPT} show ip nhrp")
    screen.type("s")
    screen.press("Tab")  # several: they are listed
    screen.wait("  shortcut ", "  summary ", "  self ")
    screen.wait_last(f"{PROMPT} show ip nhrp s")
    screen.enter("u")  # an abbreviation will do
    screen.wait("IP NHRP cache ")
    screen.wait_last(PROMPT)
    screen.type("show dmvpn | ?")
    screen.wait("  include ", "  count ", "  json ")


def test_filters_and_pages(screen):
    screen.enter("show dmvpn | include UP | exclude Legend|NHS|UpDn")
    screen.wait("198.51.100.6 ")
    screen.wait_last(PROMPT)
    assert "Legend" not in screen.text.partition("exclude Legend")[2]
    fresh(screen)
    screen.enter("show version | json")
    screen.wait('"schema": "dmvpn/version/1"')
    screen.wait_last(PROMPT)
    fresh(screen)
    screen.enter("show running-config all")
    screen.wait_last(" --More--")
    top = screen.text
    screen.press("Enter")
    wait_until(lambda: screen.text != top and screen.last == " --More--", 15, "one line more")
    screen.press("q")
    screen.wait_last(PROMPT)
    assert "\nend" not in screen.text
    screen.enter("terminal length 0")
    screen.enter("show running-config all")
    screen.wait("\nend")


def test_history_and_mistakes(screen):
    screen.enter("show dmvpm")
    screen.wait('% Unknown word "dmvpm"; known here: ')
    screen.enter("show version")
    screen.wait("uptime is")
    screen.wait_last(PROMPT)  # what is typed before it is echoed twice
    screen.press("Up", "Up")
    screen.wait_last(f"{PROMPT} show dmvpm")
    screen.press("C-c")
    screen.wait_last(PROMPT)
    screen.enter("exit")
    screen.wait_last("status 0")


def test_live_events(lab, screen):
    """They come above the line that is being typed."""
    screen.enter("terminal monitor")
    screen.wait("Terminal monitor is on")
    screen.wait_last(PROMPT)
    screen.type("show ver")
    screen.wait_last(f"{PROMPT} show ver")
    lab["spoke1"].ctl("clear ip nhrp shortcut")
    screen.wait("Tunnel1: shortcut-down 192.168.2.0/24 via 10.0.0.12 at 198.51.100.6: ")
    screen.wait_last(f"{PROMPT} show ver")
    screen.press("Enter")
    screen.wait("uptime is")


def test_configure(lab, screen):
    spoke = lab["spoke1"]
    screen.enter("configure terminal")
    screen.wait_last("spoke1(config)#")
    screen.enter("interface tunnel1")
    screen.wait_last("spoke1(config-if)#")
    screen.type("ip nhrp ?")
    screen.wait("  holdtime ", "  network-id ")
    screen.type("hold")
    screen.press("Tab")
    screen.enter("300")
    wait_until(lambda: "ip nhrp holdtime 300" in spoke.ctl("show running-config"), 15, "it is applied at once")
    screen.enter("ip nhrp holdtime 99999")
    screen.wait('% expected a number from 1 to 65535, not "99999"')
    screen.enter("do show version")
    screen.wait("uptime is")
    screen.wait_last("spoke1(config-if)#")
    screen.enter("end")
    screen.wait_last(PROMPT)
    screen.enter("write memory")
    screen.wait("Written to ")
    assert "ip nhrp holdtime 300" in spoke.config_path.read_text()
    spoke.config_path.write_text(spoke.config_path.read_text().replace("holdtime 300", "holdtime 400"))
    screen.enter("reload")
    screen.wait("ip nhrp holdtime 400", " changed.")
    assert "BigScale" not in screen.text


def test_connects_again(lab, screen):
    """The daemon is restarted under a shell."""
    lab["spoke1"].stop()
    lab["spoke1"].start()
    screen.enter("show ip nhrp nhs")
    screen.enter("show ip nhrp nhs")
    screen.wait("10.0.0.1")


def test_script(lab, tmp_path):
    """Lines from a pipe: the status tells whether all of them were taken."""
    spoke = lab["spoke1"]
    argv = [spoke.build / "dmvpnctl", "--control", spoke.socket]

    def run(text):
        return subprocess.run(argv, input=text, text=True, capture_output=True, timeout=60, check=False)
    good = run("configure terminal\ninterface tunnel1\nip nhrp holdtime 500\nend\nshow run | include hold\n")
    assert good.returncode == 0 and " ip nhrp holdtime 500\n" in good.stdout, good
    bad = run("show version\nshow nonsense\nshow version\n")
    assert bad.returncode == 1 and bad.stdout.count("uptime") == 2 and 'Unknown word "nonsense"' in bad.stderr, bad


def test_top(lab, tmp_path):
    spoke = lab["spoke1"]
    with Screen(tmp_path, spoke.build / "dmvpnctl", "--control", spoke.socket, "top") as screen:
        screen.wait("spoke1, up ", ": 2 peers, 2 up, ", "Peer NBMA Addr", "198.51.100.6", "q quit")
        screen.wait("received ")

        def rate():  # it is that of the last moments
            ping(lab, "spoke1", "spoke2", count=5)
            return "sent 0 bit/s" not in screen.text
        wait_until(rate, 15, "a rate is seen")
        screen.press("o")
        screen.wait("order: address")
        screen.press("q")
        screen.wait_last("status 0")


def test_top_needs_a_terminal(lab):
    result = lab["spoke1"].ctl_run("top")
    assert result.returncode == 1 and "needs a terminal" in result.stderr


def test_why(network):
    lab = network(scenarios.phase3())
    shortcut(lab, "spoke1", "spoke2")
    spoke = lab["spoke1"]
    text = spoke.ctl("why 192.168.2.1")
    assert text.startswith("Packets to 192.168.2.1 go straight to 10.0.0.12 at 198.51.100.6.\n")
    assert "A shortcut overrides it: 192.168.2.0/24 goes by 10.0.0.12 on tunnel1" in text
    assert "go by the server 10.0.0.1 at 203.0.113.2." in spoke.ctl("why 192.168.0.1")
    assert spoke.ctl_json("why 203.0.113.2")["verdict"] == "elsewhere"
    missing = spoke.ctl_json("why 10.0.0.99")
    assert missing["arrives"] is False and missing["verdict"] == "unresolved"
    assert lab["hub"].stop() == 0

    def seen():  # silence is asked about where packets go
        ping(lab, "spoke1", "hub", count=1)
        return spoke.ctl_json("why 10.0.0.1")["arrives"] is False
    wait_until(seen, 30, "the server's end is seen")
    text = spoke.ctl("why 10.0.0.1")
    assert "! server      The server 10.0.0.1 at 203.0.113.2 does not answer: " in text, text
    text = spoke.ctl("why 192.168.0.1")
    assert "`ip route` to 192.168.0.0/16 by 10.0.0.1 is configured, and out of the table: the next hop server 10.0.0.1 is " \
        "down; `why 10.0.0.1` tells more." in text, text


def test_topology(lab, tmp_path):
    spoke = lab["spoke1"]
    text = spoke.ctl("topology")
    assert "10.0.0.12 at 198.51.100.6: peer, direct, UP" in text and "behind it 192.168.2.0/24" in text
    facts = spoke.ctl_json("topology")
    assert facts["schema"] == "dmvpn/topology/1"
    assert {peer["role"] for peer in facts["peers"]} == {"server", "peer"}
    assert "self -- p0" in spoke.ctl("topology --dot")
    picture = spoke.ctl("topology --svg")
    path = tmp_path / "topology.svg"
    path.write_text(picture)
    subprocess.run(["rsvg-convert", str(path), "-o", str(tmp_path / "topology.png")], check=True, timeout=60)
    assert picture.count("<line") == 2


def test_bash_completion(lab, build, tmp_path):
    """As a person at a prompt of bash gets it, by the Tab key."""
    rc = tmp_path / "bashrc"
    rc.write_text(f"PATH={build}:$PATH; PS1='$ '; . {ROOT}/packaging/dmvpnctl.bash-completion\n")
    with Screen(tmp_path, "bash", "--noprofile", "--rcfile", rc, "-i", columns=200) as screen:
        screen.wait_last("$")
        typed = f"dmvpnctl --control {lab['spoke1'].socket}"
        screen.type(f"{typed} show ip nh")
        screen.press("Tab")
        screen.wait_last(f"$ {typed} show ip nhrp")
        screen.type("s")
        screen.press("Tab", "Tab")  # several: they are listed
        screen.wait("self ", "shortcut ", "static ", "summary")
        screen.wait_last(f"$ {typed} show ip nhrp s")
        assert sorted(screen.text.splitlines()[-2].split()) == ["self", "shortcut", "static", "summary"]
        screen.type("um")
        screen.press("Tab")
        screen.press("Enter")
        screen.wait("IP NHRP cache ")
