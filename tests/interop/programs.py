#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FRR's programs: those of the package that is installed, and a newer version, Debian 13's, unpacked from its packages
into a cache and never installed. It runs with its own libraries and loader.

Run as a program, this file fills the cache; the tests only look there, since they run in a guest without a network."""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SUITE = "trixie"
MIRROR = "http://deb.debian.org/debian"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
PACKAGES = ("frr", "libaudit1", "libc6", "libcap-ng0", "libcap2", "libcares2", "libcrypt1", "libgcc-s1", "libjson-c5",
            "liblua5.3-0", "liblzma5", "libpam0g", "libpcre2-8-0", "libprotobuf-c1", "libreadline8t64", "libtinfo6",
            "libunwind8", "libxxhash0", "libyang3")
CACHE = Path(os.environ.get("FRR_CACHE") or
             Path(os.environ.get("XDG_CACHE_HOME") or "/root/.cache") / "dmvpn-frr")


class Installed:
    besides = ()  # programs that zebra and nhrpd want to be there

    def program(self, name):
        """The beginning of a command line."""
        return [f"/usr/lib/frr/{name}"]


class Newer:
    besides = ("mgmtd",)

    def __init__(self):
        self.root = CACHE / SUITE
        if not self.root.exists():
            raise FileNotFoundError(f"there is no {self.root}: run {Path(__file__).name} as root, with a network")

    def _run(self, path):
        libraries = self.root / "usr/lib/x86_64-linux-gnu"
        return [str(self.root / "usr/lib64/ld-linux-x86-64.so.2"), "--library-path", f"{libraries}:{libraries}/frr",
                str(self.root / path)]

    def program(self, name):
        return self._run(f"usr/lib/frr/{name}")


def apt(folder, *argv):
    """apt-get with a state of its own, which knows nothing of the system."""
    options = {"Etc::sourcelist": folder / "sources.list", "Etc::sourceparts": "-", "State": folder / "state",
               "State::status": folder / "status", "Cache": folder / "cache"}
    subprocess.run(["apt-get", "-q", *(f"-oDir::{name}={value}" for name, value in options.items()), *argv],
                   cwd=folder / "packages", check=True)


def fetch():
    """Fills the cache where it is empty."""
    if (CACHE / SUITE).exists():
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{SUITE}.", dir=CACHE))
    try:
        for name in ("state/lists/partial", "cache/archives/partial", "packages", "root"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        (folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] {MIRROR} {SUITE} main\n")
        os.chmod(folder, 0o755)
        os.chmod(folder / "packages", 0o777)  # apt fetches as a user of its own
        apt(folder, "update")
        apt(folder, "download", *PACKAGES)
        for package in (folder / "packages").glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, folder / "root"], check=True)
        (folder / "root").rename(CACHE / SUITE)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    fetch()
    sys.exit(subprocess.run([*Newer().program("nhrpd"), "--version"], check=False).returncode)
