# SPDX-License-Identifier: GPL-2.0-or-later
"""A strongSwan of its own for each namespace: charon, with its configuration, its VICI socket and its log."""
import functools
import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from .namespace import CommandFailed, Process
from .wait import SLOWNESS, wait_until

CHARON = "/usr/sbin/charon-systemd"
SWANCTL = "/usr/sbin/swanctl"
APPARMOR = Path("/sys/module/apparmor/parameters/enabled")
PATIENCE = 15
PLUGINS = "random nonce openssl aes sha1 sha2 hmac kdf gcm pem pkcs1 pkcs8 x509 pubkey constraints"
FWMARK = "0x42"  # of IKE packets, where charon's own ESP takes the rest into its TUN device

KERNEL = f"""
  load = {PLUGINS} kernel-netlink socket-default vici
  install_routes = no
"""
# ESP inside of charon. What it sends is told from what it shall protect by a mark, and routes lead that into it.
USER_SPACE = f"""
  load = {PLUGINS} kernel-libipsec kernel-netlink socket-default vici
  install_routes = yes
  plugins {{
    kernel-netlink {{ fwmark = !{FWMARK} }}
    socket-default {{ fwmark = {FWMARK} }}
    kernel-libipsec {{ allow_peer_ts = yes }}
  }}
"""
CONFIG = """charon {{
  load_modular = no
  {kernel}
  plugins {{
    vici {{ socket = unix://{socket} }}
  }}
  retransmit_base = 1.5
  retransmit_timeout = 1.0
  retransmit_tries = 4
  half_open_timeout = 10
  cookie_threshold = 100000
  block_threshold = 100000
  threads = 16
  processor {{ priority_threads {{ high = 2
 critical = 2 }} }}
  syslog {{ daemon {{ default = -1 }}
 auth {{ default = -1 }} }}
  filelog {{ file {{ path = {log}
 time_format = %T
 flush_line = yes
 default = 1 }} }}
}}
charon-systemd {{ journal {{ default = -1 }} }}
"""


def kernel_has_esp(namespace):
    """Tries it: a kernel may have XFRM and no ESP."""
    state = ["src", "127.0.0.1", "dst", "127.0.0.1", "proto", "esp", "spi", "0x100"]
    algorithm = ["mode", "transport", "enc", "ecb(cipher_null)", ""]
    if namespace.run("ip", "xfrm", "state", "add", *state, *algorithm, check=False).returncode:
        return False
    namespace.run("ip", "xfrm", "state", "delete", *state)
    return True


class StrongSwan:
    def __init__(self, namespace, directory):
        self.namespace = namespace
        self.directory = directory / f"{namespace.name}.swan"
        self.socket = directory / f"{namespace.name}.vici"
        self.log_path = directory / f"{namespace.name}.charon.log"
        self.child = None
        self.process = None

    @property
    def environment(self):
        return {**os.environ, "STRONGSWAN_CONF": str(self.directory / "strongswan.conf"),
                "SWANCTL_DIR": str(self.directory)}

    @functools.cached_property
    def user_space(self):
        """Is ESP charon's own?"""
        return not kernel_has_esp(self.namespace)

    def start(self):
        """Starts it and waits until it can be asked."""
        self.directory.mkdir(exist_ok=True)
        self.socket.unlink(missing_ok=True)
        if self.user_space:  # replies come in by another device than requests go out by
            self.namespace.run("sh", "-ec", "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done")
        (self.directory / "strongswan.conf").write_text(CONFIG.format(
            kernel=USER_SPACE if self.user_space else KERNEL, socket=self.socket, log=self.log_path))
        with open(self.directory / "output", "ab") as output:
            self.child = self.namespace.popen(self.program(CHARON), stdin=subprocess.DEVNULL, stdout=output,
                                              stderr=output, start_new_session=True, env=self.environment)
        self.process = Process(self.child.pid)
        wait_until(self.ready, 2 * PATIENCE, f"{self.namespace.name}: charon listens on {self.socket}")
        return self

    def program(self, path):
        """What to start. The distribution's profile for AppArmor, which goes by the path, knows /etc/swanctl only; a
        copy is free of it."""
        if not os.access(path, os.X_OK):
            raise CommandFailed(f"no {path}: install the packages charon-systemd and strongswan-swanctl")
        if not APPARMOR.exists() or APPARMOR.read_text().strip() != "Y":
            return path
        copy = self.directory / Path(path).name
        if not copy.exists():
            shutil.copy(path, copy)
        return copy

    def ready(self):
        if self.child.poll() is not None:
            raise CommandFailed(f"{self.namespace.name}: charon ended with status {self.child.returncode}: "
                                f"{(self.directory / 'output').read_text(errors='replace')[-2000:]}")
        with socket.socket(socket.AF_UNIX) as vici:  # the file is there before charon listens
            return vici.connect_ex(str(self.socket)) == 0

    @property
    def running(self):
        return self.child is not None and self.child.poll() is None

    def stop(self):
        """Ends it as a service manager does."""
        if self.child is None:
            if self.process:
                self.process.end()
            return
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(PATIENCE * SLOWNESS)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.child = None

    def kill(self):
        """kill -9."""
        self.child.kill()
        self.child.wait()
        self.child = None

    def swanctl(self, *words, check=True):
        """What swanctl says, for example swanctl("--list-sas")."""
        return self.namespace.run(self.program(SWANCTL), *words, "--uri", f"unix://{self.socket}", check=check,
                                  env=self.environment).stdout

    def has_settled(self):
        """Where ESP is charon's own: no SA is under way, and none is the second one with its peer. Two that come up at once may
        cost packets there, says docs/ipsec.md, "A kernel without ESP"."""
        if not self.user_space:
            return True
        told = self.swanctl("--list-sas")
        peers = re.findall(r"^  remote .* @ (\S+)", told, re.MULTILINE)
        return "CONNECTING" not in told and len(peers) == len(set(peers))

    def ike_sas_made(self, peer=None):
        """How many IKE SAs came up since its log began: all, or those with the peer of this identity."""
        return sum("established between" in line and (peer is None or f"[{peer}]" in line) for line in self.log().splitlines())

    def load(self, text):
        """Loads a swanctl.conf."""
        (self.directory / "swanctl.conf").write_text(text)
        return self.swanctl("--load-all")

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""
