# SPDX-License-Identifier: GPL-2.0-or-later
"""The measuring tool itself, at a small scale: it works, and its figures mean what they say."""
import json
import subprocess

import pytest

from lab.daemon import ROOT, build_directory
from refusal import BPF, refused


def bench(*arguments):
    result = subprocess.run([build_directory() / "dmvpn-bench", *arguments, "--json"], capture_output=True, text=True,
                            timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def in_a_quiet_moment(measurement):
    """What is asserted of times: a machine that others use may be busy for all of a short measurement, not of three."""
    for _ in range(2):
        try:
            return measurement()
        except AssertionError as error:
            print(error)
    return measurement()


def test_hub():
    figures = bench("hub", "--spokes", "200", "--seconds", "1")
    assert figures["spokes"] == 200
    assert figures["data_packets"] > 0 and figures["data_lost"] == 0
    for key in ("cold_seconds", "registrations_per_second", "refreshes_per_second",
                "reply_p99_ms", "steady_cpu_percent", "restart_seconds", "echo_per_second", "show_seconds"):
        assert figures[key] > 0, key
    assert figures["rss_bytes_per_spoke"] >= 0  # so few may fit what the hub has at its start
    # Both are rounded.
    assert figures["registrations_per_second"] == pytest.approx(200 / figures["cold_seconds"], rel=0.05, abs=1)


@pytest.mark.parametrize("server", ["dmvpnd", "echo", "echo-single"])
def test_rival(server):
    """What bench/compare compares; of FRR in tests/vm."""
    figures = bench("rival", "--server", server, "--spokes", "50", "--seconds", "0.2")
    assert figures["refreshes_per_second"] > 0 and figures["answered_of_1000"] > 0
    assert ("registrations_per_second" in figures) == (server == "dmvpnd")


def test_show_does_not_stall_registrations():
    """Who registers while a long view is asked for over and over would wait for half of one, were it made at once."""
    def measurement():
        figures = bench("hub", "--spokes", "10000", "--seconds", "2", "--rounds", "1")
        assert figures["show_reply_p50_ms"] < figures["show_seconds"] * 1000 / 8
    in_a_quiet_moment(measurement)


def test_resolve():
    figures = bench("resolve", "--spokes", "50")
    assert figures["answered_per_second"] > 0 and figures["forwarded_per_second"] > 0


def test_convergence():
    """No packet is lost while the direct path is set up."""
    figures = bench("convergence")
    for phase in ("phase2", "phase3"):
        assert figures[f"{phase}_direct_ms"] > 0 and figures[f"{phase}_packets"] > 0
        assert figures[f"{phase}_lost"] == 0


def test_hostile():
    """Under attack every spoke keeps its address and has its answer, and what was refused is counted.

    The hub has one of two processors, and shares it with whatever else this machine does: so the times, which
    docs/performance.md has from an idle one, are only held against what would be a stall, also beside the other servers."""
    def measurement():
        # A fifth comes in the name of the spokes, each of which may send 100 packets a second before it counts as a stranger.
        figures = bench("hostile", "--spokes", "100", "--seconds", "1", "--rounds", "1", "--flood", "20000")
        assert figures["echo_hostile_per_second"] > 10 and figures["floor_hostile_p99_ms"] > 0
        assert 10 < figures["hostile_per_second"] < 60000
        assert figures["hostile_p50_ms"] < max(5 * figures["calm_p50_ms"], 5 * figures["floor_hostile_p50_ms"], 100)
        assert figures["hostile_p99_ms"] < max(10 * figures["calm_p99_ms"], 10 * figures["floor_hostile_p99_ms"], 1000)
        return figures
    figures = in_a_quiet_moment(measurement)
    assert figures["bindings_kept"] == 100
    assert figures["hostile_unanswered"] == 0
    assert figures["refused_authentication"] > 0 and figures["registrations_refused"] > 0
    assert figures["refused_senders"] > 0
    assert figures["rss_growth_bytes"] < 32 << 20


def test_wrong_use_is_told():
    result = subprocess.run([build_directory() / "dmvpn-bench", "hub", "--spokes", "0"], capture_output=True,
                            text=True, check=False, timeout=60)
    assert result.returncode == 2 and "--help" in result.stderr


def carries(figures):
    for key in ("tcp1_gbps", "udp_kpps", "rtt_us", "veth_rtt_us", "cpu_ms_per_gbit"):
        assert figures[key] > 0, key


def test_forward():
    """Both ends of the tunnel and the plain wire, in one round, with many peers in the tables."""
    figures = bench("forward", "--link", "bpf", "--underlay", "wire", "--rounds", "1", "--seconds", "1",
                    "--peers", "2000")
    assert figures["link"] == "bpf" and figures["underlay"] == "wire" and figures["peers"] == 2000
    carries(figures)
    assert figures["tcp1_ratio"] > 0 and figures["udp_ratio"] > 0


def test_forward_measures_what_it_says():
    """Where the kernel takes no eBPF, the threads are not measured in its name."""
    argv = [*refused(1, BPF), build_directory() / "dmvpn-bench", "forward", "--link", "bpf", "--rounds", "1", "--seconds", "1"]
    result = subprocess.run(list(map(str, argv)), capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 1 and "data does not go by eBPF, but by: threads (no eBPF: " in result.stderr, result


def test_rivals():
    """Another program in place of dmvpnd, here the wire itself; and the driver of them all, without the rivals, which
    are not installed for tests."""
    carries(bench("forward", "--rival", "sh -ec 'case $0 in from) n=1;; to) n=2;; esac; ip address add 172.31.0.$n/16 "
                  "dev w0; exec sleep 100'", "--rounds", "1", "--seconds", "1"))
    argv = [ROOT / "bench/rivals", "--what", "one at a time", "--rounds", "1", "--seconds", "1", "--json"]
    result = subprocess.run([*argv, "--build", build_directory()], stdout=subprocess.PIPE, timeout=120, check=True)
    carries(json.loads(result.stdout)["one at a time"])


def test_plots_of_data(tmp_path):
    """Of what was measured before, which the drivers' files have."""
    figures = {key: 1.5 for key in ("tcp1_gbps", "tcp1_ratio", "tcp4_gbps", "tcp4_ratio", "tcp_both_gbps", "udp_kpps",
                                    "udp_ratio", "udp_cpu_us", "veth_udp_cpu_us", "rtt_us", "veth_rtt_us", "cpu_ms_per_gbit")}
    rivals, peers = tmp_path / "rivals", tmp_path / "peers"
    rivals.write_text(json.dumps({one: [{"threads": figures, "nebula": figures}] for one in ("virt", "wire")}))
    peers.write_text(json.dumps([[{**figures, "underlay": underlay, "peers": count}
                                  for underlay in ("virt", "wire") for count in (2, 100)]]))
    for driver, results, more, plots in (
            ("bench/rivals", rivals, ["--what", "threads", "nebula"], ("tcp", "ratio", "rtt")),
            ("bench/peers", peers, ["--peers", "2", "100"], ("peers",))):
        result = subprocess.run([ROOT / driver, "--rounds", "1", "--results", results, "--folder", tmp_path, *more],
                                stdout=subprocess.PIPE, text=True, timeout=60, check=True)
        assert "one TCP stream, Gbit/s" in result.stdout
        for plot in plots:
            assert "<svg" in (tmp_path / f"forward-{plot}.svg").read_text()
