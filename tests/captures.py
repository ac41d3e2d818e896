#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Has tshark read the captures that the system tests left with --captures: captures.py FOLDER."""
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lab.capture import complaints  # noqa: E402


def read(folder):
    return complaints(folder / "underlay.pcap", (folder / "forgers").read_text().split())


def main():
    folders = sorted(Path(sys.argv[1]).iterdir())
    with ThreadPoolExecutor(2) as pool:
        found = [f"{folder.name}: {complaint}" for folder, lines in zip(folders, pool.map(read, folders))
                 for complaint in lines]
    print(f"{len(folders)} captures", *found, sep="\n")
    return bool(found) or not folders


if __name__ == "__main__":
    sys.exit(main())
