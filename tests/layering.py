#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks the dependencies between the folders of src/: includes point only to the left of

    base <- wire <- core <- conf <- {link, ike} <- {linux, ctl} <- daemon     (cli stands on base alone)

where links also make their requests by linux/rtnl.h, which knows no link; and the protocol core does no I/O: layering.py [BUILD] also looks at what the archives base, wire and core of a build ask of the C library.
Prints one line per fault; exit status 0 if there is none."""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = {
    "base": set(),
    "wire": {"base"},
    "core": {"base", "wire"},
    "conf": {"base", "wire", "core"},
    "link": {"base", "wire", "core", "conf"},
    "linux": {"base", "wire", "core", "conf", "link"},
    "ike": {"base", "wire", "core", "conf"},
    "ctl": {"base", "wire", "core", "conf", "link", "ike"},
    "daemon": {"base", "wire", "core", "conf", "linux", "link", "ike", "ctl"},
    "cli": {"base"},
}
# Single headers beyond it.
EXCEPTIONS = {("link", "linux/rtnl.h")}
PURE = ("base", "wire", "core")
# The log writes, and says when; the allocator says why it ends the process.
EXEMPT = {"log.c.o", "alloc.c.o"}
IMPURE = re.compile(r"""^(
    socket | bind | connect | listen | accept4? | send(to|msg|mmsg)? | recv(from|msg|mmsg)? | [gs]etsockopt |
    open(at|64)? | creat | f?open(64)? | fdopen | read | p?readv? | write | p?writev? | close | ioctl | fcntl |
    fprintf | printf | puts | fputs | perror | mmap | unlink | rename | stat | fstat |
    clock_gettime | gettimeofday | time | sleep | usleep | nanosleep | localtime(_r)? | gmtime(_r)? |
    rand(om)? | srand(om)? | getrandom | getentropy | arc4random | pthread_create | fork | execv[pe]* | system | getenv |
    (uv|mnl|nft|json|ares|MHD|sd|seccomp|bpf)_\w+
    )$""", re.VERBOSE)


def include_faults():
    for path in sorted((ROOT / "src").glob("*/*.[ch]")):
        folder = path.parent.name
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if "<uthash.h>" in line and path.name != "hash.h":
                yield f"{path.relative_to(ROOT)}:{number}: include \"base/hash.h\", whose hashes have a secret seed"
            match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not match:
                continue
            target = match.group(1).partition("/")[0]
            if "/" not in match.group(1):
                yield f"{path.relative_to(ROOT)}:{number}: include \"{match.group(1)}\" by its folder"
            elif target != folder and target not in ALLOWED.get(folder, set()) and (
                    folder, match.group(1)) not in EXCEPTIONS:
                yield f"{path.relative_to(ROOT)}:{number}: {folder} must not know {target}"


def symbol_faults(build):
    for folder in PURE:
        archives = sorted(build.glob(f"src/{folder}/lib{folder}.a"))
        if not archives:
            yield f"{build}: no library of src/{folder} to look at"
        for archive in archives:
            yield from archive_faults(folder, archive)


def archive_faults(folder, archive):
    text = subprocess.run(["nm", "-u", str(archive)], check=True, capture_output=True, text=True).stdout
    member = ""
    for line in text.splitlines():
        if line.endswith(":"):
            member = Path(line[:-1]).name
            continue
        symbol = re.sub(r"@.*|^__(isoc99_)?|_chk$", "", line.split()[-1]) if line.split() else ""
        if IMPURE.match(symbol) and member not in EXEMPT:
            yield f"src/{folder}: {member} uses {symbol}: no I/O and no clock here"


def main():
    faults = list(include_faults())
    if len(sys.argv) > 1:
        faults += symbol_faults(Path(sys.argv[1]))
    print("\n".join(faults) if faults else "layering: in order")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
