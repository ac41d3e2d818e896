# SPDX-License-Identifier: GPL-2.0-or-later
"""The comparison with FRR at the smallest scale: it works, in a guest of its own."""
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_compare(tmp_path):
    argv = [ROOT / "bench" / "compare", "--guest", "qemu", "--servers", "FRR 8.4", "dmvpnd", "echo, single",
            "--spokes", "20", "--rounds", "1", "--direct", "1", "--seconds", "0.2", "--time", "400",
            "--out", tmp_path / "figures.json"]
    result = subprocess.run(argv, capture_output=True, text=True, timeout=420, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    assert "| 20 spokes |" in result.stdout and "packets lost" in result.stdout
    assert "| dmvpnd | never" not in result.stdout
    assert (tmp_path / "figures.json").stat().st_size > 100
