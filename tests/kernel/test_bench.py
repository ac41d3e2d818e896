# SPDX-License-Identifier: GPL-2.0-or-later
"""The measuring tool on the kernel link: it works; an emulated guest's figures say nothing."""
import json
import subprocess


def test_forward(build):
    result = subprocess.run([build / "dmvpn-bench", "forward", "--link", "kernel", "--rounds", "1", "--seconds", "1", "--json"],
                            capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    assert figures["link"] == "kernel"
    for key in ("tcp1_gbps", "tcp1_ratio", "udp_kpps", "udp_ratio", "rtt_us", "veth_rtt_us"):
        assert figures[key] > 0, key
