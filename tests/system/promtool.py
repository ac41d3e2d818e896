#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prometheus' own judge of metrics, `promtool`: from Debian's package `prometheus`, unpacked into a cache and never installed,
since the package starts a service. Run as a program, this file fills the cache."""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

PACKAGE = "prometheus"
CACHE = Path(os.environ.get("PROMTOOL_CACHE") or
             Path(os.environ.get("XDG_CACHE_HOME") or "/root/.cache") / "dmvpn-promtool")


def promtool():
    """The program's path. Fetches it where it is not there: that needs a network."""
    installed = shutil.which("promtool")
    if installed:
        return installed
    program = CACHE / "promtool"
    if not program.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:  # where apt, which fetches as a user of its own, may write
            os.chmod(folder, 0o777)
            subprocess.run(["apt-get", "-q", "download", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            subprocess.run(["dpkg-deb", "-x", next(Path(folder).glob("*.deb")), folder], check=True)
            shutil.move(Path(folder) / "usr/bin/promtool", CACHE / "new")
            os.rename(CACHE / "new", program)  # at once, for several tests at a time
    return str(program)


if __name__ == "__main__":
    print(promtool())
