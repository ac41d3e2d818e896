# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs one command as root in a QEMU guest with a stock Debian kernel, over the host's own file system.

The guest sees the host's tree at the same paths through virtiofs; an overlay in the guest's memory takes what it writes.
Three virtual serial ports carry the command's stdout, its stderr, and a line at the end: "STATUS BYTES BYTES"."""
import contextlib
import os
import platform
import selectors
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from kernel import pack

HERE = Path(__file__).resolve().parent
FILE_SERVERS = ("/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd")
KERNEL_ARGUMENTS = ("panic=-1 mitigations=off norandmaps no_timer_check tsc=reliable random.trust_cpu=on "
                    # What hardens or accounts costs most where each instruction is emulated, and half of the time is the kernel's.
                    "init_on_alloc=0 hardened_usercopy=off randomize_kstack_offset=off apparmor=0 audit=0 psi=0 nowatchdog "
                    # Whoever waits for a grace period of RCU does so expedited; what is left need not be looked at every 4 ms.
                    "rcupdate.rcu_expedited=1 rcutree.jiffies_till_first_fqs=4 rcutree.jiffies_till_next_fqs=4")
# Page tables of four levels: emulation walks each of them in software. And no fast string operations: it does them byte by
# byte, where the kernel would else take eight bytes at a time to clear and copy pages.
PROCESSOR = "max,la57=off,erms=off,fsrm=off"
PROBE_TIME = 5
FILE_SERVER_SECONDS = 60
TIMED_OUT, DIED = 124, 125


class GuestError(RuntimeError):
    """The guest could not be started."""


def spawn(*argv, **options):
    """A child that ends with us, however we end."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *map(str, argv)], stdin=subprocess.DEVNULL, **options)


def end(child):
    if child.poll() is None:
        child.kill()
    child.wait()


class Guest:
    """`writable`: folders of the host that the guest may write. `console`: a file for the guest kernel's log."""

    def __init__(self, kernel, memory="1G", processors=1, writable=(), console=None):
        self.kernel = kernel
        self.memory, self.processors = memory, processors
        self.writable = [Path(folder).resolve() for folder in writable]
        self.console = console

    def run(self, argv, deadline=None):
        """The command's exit status; TIMED_OUT after `deadline` seconds, DIED where the guest ended by itself."""
        with contextlib.ExitStack() as stack:
            folder = Path(tempfile.mkdtemp(prefix="dmvpn-vm."))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            self.write_initramfs(folder, argv)
            accelerator = self.accelerator(folder)
            os.makedirs("/run/virtiofsd", exist_ok=True)
            files = spawn("unshare", "-m", HERE / "share", folder, self.file_server(),
                          f"--socket-path={folder}/fs", "-o", "source=/", "-o", "sandbox=chroot", "-o", "cache=always",
                          stdout=(folder / "fs.log").open("wb"), stderr=subprocess.STDOUT)
            stack.callback(end, files)
            self.await_file_server(files, folder)

            ports = {name: socket.socketpair() for name in ("out", "err", "ctl")}
            for ours, theirs in ports.values():
                stack.callback(ours.close)
            devices = ["-chardev", f"socket,id=fs,path={folder}/fs",
                       "-device", "vhost-user-fs-pci,chardev=fs,tag=host", "-device", "virtio-serial-pci"]
            for name, (_, theirs) in ports.items():
                devices += ["-chardev", f"socket,id={name},fd={theirs.fileno()}",
                            "-device", f"virtserialport,chardev={name},name={name}"]
            arguments = "console=ttyS0" if self.console else "quiet"
            serial = f"file:{Path(self.console).resolve()}" if self.console else "null"
            qemu = self.boot(folder, accelerator, arguments, serial, *devices,
                             pass_fds=[theirs.fileno() for _, theirs in ports.values()])
            stack.callback(end, qemu)
            for _, theirs in ports.values():
                theirs.close()
            status = relay(*(ours for ours, _ in ports.values()), deadline and time.monotonic() + deadline)
            if status == DIED:
                os.write(2, (folder / "qemu.log").read_bytes() or b"the guest ended by itself\n")
            return status

    def write_initramfs(self, folder, argv):
        """What every guest has, followed by what this one has to do."""
        vm = folder / "vm"
        vm.mkdir()
        (vm / "command").write_text(f"exec {shlex.join(argv)}\n")
        (vm / "folder").write_text(f"{os.getcwd()}\n")
        (vm / "modules").write_text(f"{self.kernel.modules}\n")
        (vm / "writable").write_text("".join(f"{one}\n" for one in self.writable))
        shutil.copy(HERE / "init", folder / "init")
        os.chmod(folder / "init", 0o755)
        own = pack(folder)
        (folder / "initramfs").write_bytes(self.kernel.initramfs.read_bytes() + own)

    def boot(self, folder, accelerator, arguments, serial, *devices, **options):
        return spawn(
            "qemu-system-x86_64", "-accel", accelerator, "-cpu", PROCESSOR, "-smp", self.processors, "-m", self.memory,
            "-M", "q35,memory-backend=mem,sata=off,smbus=off,hpet=off,vmport=off",
            "-object", f"memory-backend-memfd,id=mem,size={self.memory},share=on",
            "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
            "-kernel", self.kernel.image, "-initrd", folder / "initramfs",
            "-append", f"{KERNEL_ARGUMENTS} {arguments}", "-serial", serial, *devices,
            stdout=(folder / "qemu.log").open("wb"), stderr=subprocess.STDOUT, **options)

    def accelerator(self, folder):
        """KVM where a stock kernel boots with it, which a probe finds out once for each host kernel; or emulation."""
        if not os.access("/dev/kvm", os.W_OK):
            return "tcg,thread=multi"
        verdict = self.kernel.folder / f"kvm-{platform.release()}"
        if not verdict.exists():
            qemu = self.boot(folder, "kvm", "quiet vm_probe console=ttyS0", f"file:{folder}/probe")
            try:
                qemu.wait(PROBE_TIME)
            except subprocess.TimeoutExpired:
                end(qemu)
            probe = folder / "probe"
            boots = probe.exists() and b"vm-probe-ok" in probe.read_bytes()
            found = verdict.with_name(folder.name)  # somebody else may look meanwhile
            found.write_text("kvm" if boots else "tcg,thread=multi")
            found.rename(verdict)
        return verdict.read_text()

    @staticmethod
    def file_server():
        for path in FILE_SERVERS:
            if os.path.exists(path):
                return path
        raise GuestError("there is no virtiofsd: install the package qemu-system-common")

    @staticmethod
    def await_file_server(files, folder):
        end = time.monotonic() + FILE_SERVER_SECONDS
        while not (folder / "fs").exists():
            if files.poll() is not None or time.monotonic() >= end:
                raise GuestError(f"virtiofsd did not start: {(folder / 'fs.log').read_text().strip()}")
            time.sleep(0.01)


def write(descriptor, data):
    while data:
        data = data[os.write(descriptor, data):]


def relay(out, err, ctl, end_time):
    """Passes the streams on until the guest has told the command's exit status and all its bytes are there."""
    passed = {out: 0, err: 0}
    line = b""
    with selectors.DefaultSelector() as selector:
        for port in (out, err, ctl):
            selector.register(port, selectors.EVENT_READ)
        while True:
            left = end_time and end_time - time.monotonic()
            if left is not None and left <= 0:
                return TIMED_OUT
            for key, _ in selector.select(left):
                port = key.fileobj
                data = port.recv(65536)
                if not data:
                    selector.unregister(port)
                    if port is ctl:
                        return DIED
                elif port is ctl:
                    line += data
                else:
                    write(1 if port is out else 2, data)
                    passed[port] += len(data)
            if line.endswith(b"\n"):
                status, sent_out, sent_err = map(int, line.split())
                if (sent_out, sent_err) == (passed[out], passed[err]):
                    ctl.sendall(b"\n")
                    return status
