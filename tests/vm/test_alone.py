# SPDX-License-Identifier: GPL-2.0-or-later
"""tests/kernel/test_neighbours.py fills the kernel's table of neighbours, which all namespaces share: so it has a guest of its
own, where nobody else needs one."""
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_neighbours():
    command = "modprobe ip_gre && exec /usr/bin/python3 -m pytest -q -p no:cacheprovider --link=kernel tests/kernel/test_neighbours.py"
    result = subprocess.run([ROOT / "tests/vm/run", "-t", "400", "env", "LAB_SLOWNESS=3", "sh", "-c", command], cwd=ROOT,
                            capture_output=True, text=True, timeout=450, check=False)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
