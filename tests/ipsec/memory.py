# SPDX-License-Identifier: GPL-2.0-or-later
"""What a core dump of a process would hold, read from the process itself: where a core goes is a setting of the whole
machine, which a test leaves alone."""
import re
from pathlib import Path

CHUNK = 1 << 20


def dumped_regions(pid):
    """(start, end) of the mappings that the kernel would dump: those which nobody marked, and which have pages."""
    for region in re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", Path(f"/proc/{pid}/smaps").read_text(), flags=re.MULTILINE)[1:]:
        start, end = (int(number, 16) for number in region.split()[0].split("-"))
        resident = sum(int(size) for size in re.findall(r"^(?:Rss|Swap): +(\d+) kB", region, re.MULTILINE))
        flags = re.search(r"^VmFlags: (.*)$", region, re.MULTILINE).group(1).split()
        if resident and not {"dd", "io"} & set(flags) and "rd" in flags:
            yield start, end


def core_holds(pid, word):
    """How many times a core dump of the process would hold these bytes."""
    found = 0
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end in dumped_regions(pid):
            tail = b""
            for offset in range(start, end, CHUNK):
                memory.seek(offset)
                try:
                    chunk = tail + memory.read(min(CHUNK, end - offset))
                except OSError:  # of the kernel's own, as [vvar]
                    break
                found += chunk.count(word)
                tail = chunk[-len(word) + 1:]
    return found
