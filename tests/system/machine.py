# SPDX-License-Identifier: GPL-2.0-or-later
"""A copy of this machine with a systemd of its own, in the network of a node: what it writes goes to memory and ends with
it. What its systemd would do to the kernel at boot, such as settings, modules and binary formats, is left out. Its
/dev is its own too, with a tun device as udev makes it."""
import json
import os
import subprocess

from lab.daemon import Daemon
from lab.wait import wait_until

# $1 is an empty folder. Whatever the machine does with its control groups, ours are those of the second kind.
OUTSIDE = """
mount --make-rprivate /
mount -t tmpfs none "$1"
mkdir "$1/cgroup"
mount -t cgroup2 none "$1/cgroup"
mkdir -p "$1/cgroup/$2"
echo $$ >"$1/cgroup/$2/cgroup.procs"
exec unshare --cgroup --pid --uts --ipc --mount --fork --kill-child sh -ec "$3" sh "$1"
"""
INSIDE = """
read -r pid rest </proc/self/stat
root="$1/root"
mkdir "$1/upper" "$1/work" "$root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" none "$root"
mount -t tmpfs -o mode=755 none "$root/run"
mount -t tmpfs -o mode=1777 none "$root/tmp"
mount -t proc none "$root/proc"
mount -t sysfs none "$root/sys"
mount -t cgroup2 none "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 none "$root/dev"
mkdir "$root/dev/net" "$root/dev/shm" "$root/dev/pts"
for device in null zero full random urandom tty; do
	touch "$root/dev/$device"
	mount --bind "/dev/$device" "$root/dev/$device"
done
mknod -m 666 "$root/dev/net/tun" c 10 200
ln -s /proc/self/fd "$root/dev/fd"
for folder in /usr/lib/systemd/system-generators /usr/lib/systemd/system/sysinit.target.wants \
	/etc/systemd/system/sysinit.target.wants /usr/lib/systemd/system/local-fs.target.wants; do
	[ ! -d "$root$folder" ] || mount -t tmpfs none "$root$folder"
done
mkdir -p "$root/run/systemd/system"
printf '[Unit]\\nRequires=sysinit.target systemd-journald.service\\n' >"$root/run/systemd/system/copy.target"
echo "$pid"
exec chroot "$root" env -i container=copy PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	/lib/systemd/systemd --system --unit=copy.target --show-status=no --log-target=journal </dev/null
"""


class Machine:
    """In a network namespace (lab/namespace.py)."""

    def __init__(self, folder, namespace):
        self.folder = folder
        self.group = f"dmvpn-test-{os.getpid()}-{folder.name}"
        folder.mkdir(exist_ok=True)
        self.child = namespace.popen("unshare", "--mount", "sh", "-ec", OUTSIDE, "sh", folder, self.group, INSIDE,
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = self.child.stdout.readline()
        if not said.strip().isdigit():
            self.end()
            raise RuntimeError(f"a copy of this machine cannot be made here: {said.strip()}")
        self.pid = int(said)
        wait_until(lambda: self.run("systemctl", "is-system-running", check=False).stdout.strip() == "running", 60,
                   "the copy's systemd is up")

    def inside(self, *argv):
        return ["nsenter", f"--target={self.pid}", "--all", "--root", "--wd", *map(str, argv)]

    def run(self, *argv, check=True, timeout=120, **options):
        result = subprocess.run(self.inside(*argv), capture_output=True, text=True, stdin=subprocess.DEVNULL,
                                timeout=timeout, check=False, **options)
        if check and result.returncode:
            raise RuntimeError(f"{argv}: status {result.returncode}:\n{result.stdout[-6000:]}{result.stderr[-6000:]}")
        return result

    def path(self, path):
        """A path of the copy as a path of ours."""
        return f"/proc/{self.pid}/root{path}"

    def write(self, path, text):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        with open(self.path(path), "w", encoding="utf-8") as file:
            file.write(text)

    def properties(self, unit):
        """What systemd knows of a unit."""
        return dict(line.split("=", 1) for line in self.run("systemctl", "show", unit).stdout.splitlines() if "=" in line)

    def journal(self, *matches):
        self.run("journalctl", "--sync", check=False)  # it takes what was said from a pipe, later
        lines = self.run("journalctl", "--output=json", "--no-pager", *matches, check=False).stdout.splitlines()
        return [json.loads(line) for line in lines]

    def end(self):
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()
        remove = 'mount -t cgroup2 none "$1" && cd "$1" && [ ! -d "$2" ] || find "$2" -depth -type d -exec rmdir {} +'
        wait_until(lambda: subprocess.run(["unshare", "--mount", "sh", "-c", remove, "sh", str(self.folder), self.group],
                                          stderr=subprocess.DEVNULL, check=False).returncode == 0, 30, "all processes are gone")


class Service(Daemon):
    """A node's dmvpnd, as a service of a machine."""

    unit = "dmvpnd.service"

    def __init__(self, node, namespace, directory, machine):
        super().__init__(node, namespace, directory)
        self.machine = machine
        self.socket = machine.path("/run/dmvpnd/control")
        self.config = "/etc/dmvpn/dmvpnd.conf"

    def write_config(self):
        self.machine.write(self.config, self.node.config)

    def systemctl(self, verb):
        result = self.machine.run("systemctl", verb, self.unit, check=False)
        if result.returncode:
            raise RuntimeError(f"systemctl {verb} {self.unit}: {result.stderr}{self.log()}")

    def launch(self):
        self.write_config()
        self.systemctl("start")

    def wait_ready(self):
        wait_until(self.ready, 15, "the tunnel is up")

    def ready(self):
        return all(self.device_up(device) for device in self.devices)

    def restart(self):
        self.systemctl("restart")

    def stop(self):
        self.systemctl("stop")

    def log(self, since=0):
        """What the journal has of it, but for its first `since` lines."""
        return "\n".join(f"notice {entry['MESSAGE']}" for entry in self.machine.journal(f"--unit={self.unit}")[since:])

    def mark(self):
        return len(self.machine.journal(f"--unit={self.unit}"))

    @property
    def main_process(self):
        return self.machine.properties(self.unit)["MainPID"]
