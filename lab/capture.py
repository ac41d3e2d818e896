# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures of the underlay, and what an independent dissector says of them."""
import ipaddress
import json
import os
import re
import struct
import subprocess
import sys
import threading
from pathlib import Path

from .recorder import Recorder
from .wait import SLOWNESS

RECORDER = Path(__file__).resolve().parent / "recorder.py"
PCAP_HEADER, PCAP_RECORD = 24, 16  # bytes
NHRP = 0x2001  # the protocol in GRE
COMPLAINT = "_ws.malformed or _ws.expert.severity >= 0x00600000"  # warnings and errors


class RecordingProcess:
    """Outlives us."""

    def __init__(self, namespace, path):
        errors = path.with_suffix(".err")
        with open(errors, "wb") as log:
            self.child = namespace.popen(sys.executable, "-I", "-S", RECORDER, path, stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        if not self.child.stdout.readline():
            raise RuntimeError(f"no capture: {errors.read_text().strip()}")
        self.child.stdout.close()

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            self.child.wait(10)


class RecordingThread:
    """Costs an emulated guest little, where Python takes half a second to start."""

    def __init__(self, namespace, path):
        self.ended = threading.Event()
        with namespace.entered():
            recorder = Recorder(path)
        self.thread = threading.Thread(target=recorder.run, args=(self.ended.is_set,), daemon=True)
        self.thread.start()

    def stop(self):
        self.ended.set()
        self.thread.join()


class Capture:
    """All GRE packets that enter the underlay, each once. `keep`: also when the process ends that made it."""

    def __init__(self, namespace, path, keep=False):
        self.path = path
        self.recording = (RecordingProcess if keep else RecordingThread)(namespace, path)

    def stop(self):
        """Ends the capture."""
        self.recording.stop()


def dissect(path, display_filter, *fields):
    """The packets that a display filter of Wireshark's finds: a list of dictionaries of the fields' values."""
    argv = ["tshark", "-n", "-r", str(path), "-Y", display_filter, "-T", "json"]
    for name in fields:
        argv += ["-e", name]
    result = subprocess.run(argv, capture_output=True, text=True, timeout=120 * SLOWNESS,
                            env={**os.environ, "HOME": str(path.parent)})
    if result.returncode:
        raise RuntimeError(f"tshark: {result.stderr.strip()}")
    return [packet["_source"]["layers"] for packet in json.loads(result.stdout or "[]")]


def complaints(path, ignore_sources=()):
    """NHRP packets that tshark finds fault with, as lines of text. `ignore_sources`: NBMA addresses that forge."""
    wanted = f"nhrp and ({COMPLAINT})"
    for address in ignore_sources:
        wanted += f" and not ip.src == {address}"
    fields = ("frame.number", "ip.src", "ip.dst", "nhrp.hdr.op.type", "_ws.expert.message")
    return [", ".join(f"{name} {' '.join(packet.get(name, ['-']))}" for name in fields)
            for packet in dissect(path, wanted, *fields)]


def gre_packets(path):
    """All packets of a capture: (source, destination, protocol in GRE, what follows the GRE header). Our own reader,
    for what needs no dissector: tshark takes seconds to start in an emulated guest."""
    data = path.read_bytes()
    at = PCAP_HEADER
    while at + PCAP_RECORD <= len(data):
        length = struct.unpack_from("=I", data, at + 8)[0]
        packet = data[at + PCAP_RECORD:at + PCAP_RECORD + length]
        if len(packet) < length:
            return  # it is being written
        at += PCAP_RECORD + length
        gre = packet[4 * (packet[0] & 15):]
        if len(gre) >= 4:
            options = sum(4 for flag in (0x80, 0x20, 0x10) if gre[0] & flag)
            addresses = (str(ipaddress.ip_address(packet[first:first + 4])) for first in (12, 16))
            yield *addresses, int.from_bytes(gre[2:4], "big"), gre[4 + options:]


def nhrp_packets(path):
    """All NHRP packets of a capture: (source, destination, type)."""
    return [(source, destination, body[17]) for source, destination, protocol, body in gre_packets(path)
            if protocol == NHRP]


def data_packets(path, source, destination):
    """How many GRE packets that are not NHRP went from one NBMA address to another."""
    return sum(packet[:2] == (source, destination) and packet[2] != NHRP for packet in gre_packets(path))


def sanitizer_reports(text):
    """What AddressSanitizer, LeakSanitizer, ThreadSanitizer and UBSan wrote into a log."""
    return re.findall(r"^.*(?:ERROR: \w+Sanitizer|runtime error:|SUMMARY: \w+Sanitizer).*$", text, re.MULTILINE)
