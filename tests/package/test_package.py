# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian packages: they build, install, run and go without a trace, on a copy of this machine that nobody else sees."""
import contextlib
import os
import re
import shutil
import signal
import subprocess

from lab.daemon import ROOT
from lab.wait import wait_until

# What the files and the devices of the copy are made of; $1 is an empty folder. Ends as a process whose root is the copy.
MAKE_COPY = """
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" none "$1/root"
mount -t tmpfs none "$1/root/run"
mount -t proc none "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs none "$1/root/dev/net"
mknod -m 666 "$1/root/dev/net/tun" c 10 200
cp "$2"/*.deb "$1/root/run"
ip link set lo up
exec chroot "$1/root" sh -c 'echo made; exec sleep infinity'
"""
# As the unit has it.
CAPABILITIES = "-all,+net_admin,+net_raw"
AS_SERVICE = ["setpriv", "--reuid", "dmvpnd", "--regid", "dmvpnd", "--clear-groups", "--inh-caps", CAPABILITIES,
              "--ambient-caps", CAPABILITIES, "--bounding-set", CAPABILITIES, "--no-new-privs"]
# dpkg's own records, and the user, which stays.
RECORDS = re.compile(r"/var/(lib/dpkg|log|cache/man)/|/etc/(passwd|group|shadow|gshadow)-?$|/etc/\.pwd\.lock$")
# What every package is built with anyway, and what only tests need.
NOT_NAMED = {"gcc", "libc6-dev", "linux-libc-dev", "libcmocka-dev"}
DEBHELPER = {"debhelper-compat", "dh-sequence-installsysusers"}


def run(*argv, timeout=900, **options):
    result = subprocess.run(list(map(str, argv)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            stdin=subprocess.DEVNULL, timeout=timeout, check=False, **options)
    assert result.returncode == 0, f"{argv}: status {result.returncode}:\n{result.stdout[-6000:]}"
    return result.stdout


class Copy:
    """This machine with other files and no network: what is written goes to memory and ends with it."""

    def __init__(self, folder, packages):
        self.folder = folder
        self.child = subprocess.Popen(["unshare", "--mount", "--net", "sh", "-ec", MAKE_COPY, "sh", folder, packages],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        assert self.child.stdout.readline() == "made\n", "an overlay of / cannot be made here"

    def inside(self, *argv):
        return ["nsenter", f"--target={self.child.pid}", "--mount", "--net", "--root", "--wd", *argv]

    def run(self, *argv, **options):
        return run(*self.inside(*argv), **options)

    def changes(self):
        """The paths that the machine does not have, or that it had."""
        upper = f"{self.folder}/upper"
        found = run("nsenter", f"--target={self.child.pid}", "--mount", "find", upper, "-printf", "%y /%P\n").splitlines()
        paths = [(line[0], line[2:]) for line in found]
        return {path for kind, path in paths if not RECORDS.match(path) and
                (kind == "c" or not os.path.lexists(path))}

    def end(self):
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()


def built(folder):
    """Builds the packages of a copy of the tree. The folder is always the same one, which a compiler cache wants."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT, folder / "tree", symlinks=True,
                    ignore=lambda path, names: {name for name in names if name in (".git", "__pycache__") or
                                                path == str(ROOT) and name.startswith(("build", "obj-"))})
    run("dpkg-buildpackage", "-b", "-us", "-uc", cwd=folder / "tree",
        env={**os.environ, "DEB_BUILD_OPTIONS": "noautodbgsym parallel=2"})
    shutil.rmtree(folder / "tree")
    return folder


@contextlib.contextmanager
def service(copy):
    """dmvpnd as systemd starts it."""
    copy.run("install", "-d", "-o", "dmvpnd", "-g", "dmvpnd", "/run/dmvpnd", "/var/lib/dmvpnd")
    with subprocess.Popen(copy.inside(*AS_SERVICE, "dmvpnd"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True) as child:
        try:
            wait_until(lambda: child.poll() is not None or copy.run("find", "/run/dmvpnd", "-name", "control"), 15,
                       "dmvpnd has its socket")
            yield
        finally:
            child.send_signal(signal.SIGTERM)
            said = child.communicate(timeout=30)[1]
        assert child.returncode == 0, said


def test_build_dependencies():
    listed = (ROOT / "packaging" / "debian-packages.txt").read_text().partition("[build]\n")[2].partition("\n\n")[0]
    control = (ROOT / "debian" / "control").read_text()
    named = re.findall(r"^ ([a-z0-9.+-]+)", control.partition("Build-Depends:")[2].partition("\n\n")[0], re.MULTILINE)
    assert set(named) - DEBHELPER == set(listed.split()) - NOT_NAMED


def test_packages(build, tmp_path):
    packages = built(build / "package")
    copy = Copy(tmp_path, packages)
    try:
        assert copy.changes() == set()
        copy.run("sh", "-c", "dpkg --install /run/*.deb")
        assert "/usr/sbin/dmvpnd" in copy.changes()
        copy.run("dmvpnd", "--check")
        version = re.search(r"^Version: (.*)$", copy.run("dpkg", "--status", "dmvpnd"), re.MULTILINE).group(1)
        for program in ("dmvpnd", "dmvpnctl"):
            assert copy.run(program, "--version").split()[-1] == version, program
        copy.run("systemd-analyze", "verify", "--man=no", "/lib/systemd/system/dmvpnd.service")
        assert "phase3" in copy.run("dmvpn-lab", "--list").split()
        assert "a-partition-heals" in copy.run("dmvpn-sim", "--list")
        copy.run("dmvpn-sim", "a-partition-heals")
        copy.run("dmvpn-bench", "--help")
        copy.run("bash", "-ec", ". /usr/share/bash-completion/completions/dmvpnctl; complete -p dmvpnctl")
        for page in (ROOT / "docs" / "man").glob("*.[0-9]"):
            assert copy.run("man", "--where", page.stem), page
        assert copy.run("stat", "-c", "%U %G %a", "/etc/dmvpn", "/etc/dmvpn/dmvpnd.conf") == "root dmvpnd 770\ndmvpnd dmvpnd 640\n"
        with service(copy):
            copy.run("dmvpnctl", "show", "dmvpn")
            copy.run("dmvpnctl", "write", "memory")
        saved = copy.run("cat", "/etc/dmvpn/dmvpnd.conf")
        copy.run("sh", "-c", "dpkg --install /run/dmvpnd_*.deb")
        assert copy.run("cat", "/etc/dmvpn/dmvpnd.conf") == saved, "an upgrade keeps the configuration"
        copy.run("dpkg", "--purge", "dmvpnd", "dmvpn-tools")
        assert copy.changes() == set()
        assert copy.run("find", "/run", "-name", "*dmvpn*", "-not", "-name", "*.deb") == ""
    finally:
        copy.end()
