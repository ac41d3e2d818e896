# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest as a way to run a command: what goes in and what comes out."""
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from lab.wait import wait_until  # noqa: E402

RUN = Path(__file__).resolve().parent / "run"
# A boot takes seconds under emulation, and more on a busy machine.
BOOT = 90


def start(*argv, **options):
    return subprocess.Popen([RUN, *map(str, argv)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def vm(*argv, **options):
    result = subprocess.run([RUN, "-t", str(BOOT), *map(str, argv)], capture_output=True, timeout=2 * BOOT,
                            check=False, **options)
    return result.returncode, result.stdout, result.stderr


def children(pid):
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_status_arguments_and_folder(tmp_path):
    """The command sees its arguments, its folder and a stock kernel; a process that it leaves does not hold the guest."""
    status, out, err = vm("sh", "-c", 'echo "$2|$1|$#|$PWD"; echo oops >&2; id -u; sleep 1000 & exit 200', "sh",
                          "a b", "it's", cwd=tmp_path)
    assert (status, out.decode(), err) == (200, f"it's|a b|2|{tmp_path}\n0\n", b"oops\n")


def test_files_and_modules(tmp_path):
    """Writes are kept in the folders of --write only; the kernel has the devices that the machine's own may lack."""
    kept, lost = tmp_path / "the kept", tmp_path / "lost"
    kept.mkdir()
    lost.mkdir()
    script = ('echo 1 >"$1/file" && echo 2 >"$2/file" && cat "$2/file" && modprobe -a esp4 &&'
              ' ip link add g0 type gre local 192.0.2.1 key 1 && ip -d link show g0')
    status, out, err = vm("-w", kept, "sh", "-c", script, "sh", kept, lost)
    assert status == 0, err.decode()
    assert out.startswith(b"2\n") and b"gre remote any" in out
    assert (kept / "file").read_text() == "1\n"
    assert list(lost.iterdir()) == []


def test_many_bytes(tmp_path):
    """Both streams arrive whole, apart from each other, however slow the reader is."""
    data = random.Random(1).randbytes(8 << 20)
    (tmp_path / "data").write_bytes(data)
    status, out, err = vm("sh", "-c", 'cat "$1"; head -c 1000000 "$1" >&2', "sh", tmp_path / "data")
    assert status == 0
    assert hashlib.sha256(out).digest() == hashlib.sha256(data).digest()
    assert err == data[:1000000]


def test_time_is_over():
    started = time.monotonic()
    assert subprocess.run([RUN, "-t", "8", "sleep", "1000"], check=False).returncode == 124
    assert time.monotonic() - started < BOOT


def test_kernel_crash():
    assert vm("sh", "-c", "echo c >/proc/sysrq-trigger")[0] == 125


def test_reader_goes_away():
    """A pipe that nobody reads ends the guest."""
    child = start("-t", 2 * BOOT, "yes")
    assert child.stdout.readline() == b"y\n"
    child.stdout.close()
    assert child.wait(BOOT) == 128 + signal.SIGPIPE
    child.stderr.close()


def test_killed(tmp_path):
    """Whatever ends the runner ends its processes."""
    child = start("-t", 2 * BOOT, "sh", "-c", "echo up; sleep 1000", env={**os.environ, "TMPDIR": str(tmp_path)})
    assert child.stdout.readline() == b"up\n"
    family = children(child.pid)
    assert len(family) == 2, "QEMU and the file server"
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family), 10, "all processes end")
