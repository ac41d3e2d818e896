#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's kernel: Debian's own, unpacked from its package into a cache and never installed.

Run as a program, this file fills the cache."""
import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

# The kernel must have virtiofs, overlay and virtio_console.
PACKAGE = os.environ.get("VM_KERNEL", "linux-image-cloud-amd64")
CACHE = Path(os.environ.get("VM_CACHE") or
             Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dmvpn-vm")
BOOT_MODULES = ("virtio_pci", "virtio_console", "virtiofs", "overlay")


class KernelMissing(RuntimeError):
    """The kernel could not be had."""


def run(*argv, **options):
    result = subprocess.run(argv, text=True, capture_output=True, env={**os.environ, "LC_ALL": "C"}, **options)
    if result.returncode:
        raise KernelMissing(f"{' '.join(map(str, argv))}: {(result.stderr or result.stdout).strip()}")
    return result.stdout


def image_package():
    """The package with the image; PACKAGE may only depend on it."""
    found = re.search(r"^ *Depends: (linux-image-\d\S*)", run("apt-cache", "depends", PACKAGE), re.MULTILINE)
    return found[1] if found else PACKAGE


def unpack(package, folder):
    with tempfile.TemporaryDirectory() as download:
        os.chmod(download, 0o777)  # apt fetches as a user of its own
        run("apt-get", "-q", "download", package, cwd=download)
        run("dpkg", "-x", next(Path(download).glob("*.deb")), folder)


def pack(folder):
    """A folder as a piece of an initramfs."""
    names = "\n".join(str(path.relative_to(folder)) for path in sorted(folder.rglob("*")))
    return subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], input=names.encode(), cwd=folder,
                          stdout=subprocess.PIPE, check=True).stdout


class Kernel:
    def __init__(self, folder):
        self.folder = folder
        self.image = next(folder.glob("boot/vmlinuz-*"))
        self.modules = folder / "lib" / "modules"
        self.initramfs = folder / "initramfs"

    @classmethod
    def prepare(cls):
        """From the cache, which is filled where it is empty, by one at a time."""
        folder = CACHE / PACKAGE
        CACHE.mkdir(parents=True, exist_ok=True)
        with open(CACHE / "lock", "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if (folder / "initramfs").exists():
                return cls(folder)
            new = Path(tempfile.mkdtemp(prefix=PACKAGE + ".", dir=CACHE))
            try:
                fill(new)
                shutil.rmtree(folder, ignore_errors=True)
                new.rename(folder)
            except BaseException:
                shutil.rmtree(new, ignore_errors=True)
                raise
            return cls(folder)


def fill(folder):
    try:
        image = image_package()
    except KernelMissing:
        run("apt-get", "-q", "update")
        image = image_package()
    version = image.removeprefix("linux-image-")
    try:
        unpack(image, folder)
    except KernelMissing:  # the lists are older than the archive
        run("apt-get", "-q", "update")
        unpack(image, folder)
    unpack("busybox-static", folder)
    if not (folder / "lib/modules" / version).is_dir():
        raise KernelMissing(f"{image} has no modules for {version}")
    run("depmod", "-b", folder, version)

    base = folder / "base"
    (base / "modules").mkdir(parents=True)
    order = []
    for module in BOOT_MODULES:
        for line in run("modprobe", "-d", folder, "-S", version, "--show-depends", module).splitlines():
            path = Path(line.split()[1]) if line.startswith("insmod ") else None
            if path and path.name not in order:
                order.append(path.name)
                shutil.copy(path, base / "modules")
    (base / "modules/order").write_text("\n".join(order) + "\n")
    shutil.move(folder / "bin/busybox", base)
    (folder / "initramfs").write_bytes(pack(base))
    for leftover in (base, folder / "usr", folder / "bin"):
        shutil.rmtree(leftover, ignore_errors=True)


if __name__ == "__main__":
    Kernel.prepare()
