# SPDX-License-Identifier: GPL-2.0-or-later
"""Protected scenarios: the `crypto` blocks of a router in every node's configuration, by a pre-shared key or by
certificates of a small authority."""
import re
import subprocess

from .namespace import CommandFailed, Namespace
from .strongswan import kernel_has_esp

DOMAIN = "example.net"
KEY = "Correct-Horse-Battery"
USER_SPACE_MTU = 1360  # charon's own ESP is in tunnel mode, always in UDP, and its device has an MTU of 1400


def identity(name):
    """Of a node, in the certificate and in IKE."""
    return f"{name}.{DOMAIN}"


def openssl(*words):
    result = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, timeout=60, check=False)
    if result.returncode:
        raise CommandFailed(f"openssl {words[0]}: {result.stderr.strip()}")


class Authority:
    """A certificate authority, and what it issues, as files of a folder."""

    def __init__(self, directory, name="authority"):
        self.directory = directory
        self.name = name
        directory.mkdir(parents=True, exist_ok=True)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 30,
                "-subj", f"/O=Open DMVPN/CN={name}", "-keyout", self.key, "-out", self.certificate)

    @property
    def certificate(self):
        return self.directory / f"{self.name}.pem"

    @property
    def key(self):
        return self.directory / f"{self.name}.key"

    def issue(self, node, address=None):
        """A certificate for a node: its name, and `address`, an IP address that it may have in the tunnel. Returns the
        paths of certificate and private key."""
        stem = self.directory / f"{self.name}-{node}"
        names = f"DNS:{identity(node)}" + (f",IP:{address}" if address else "")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                f"/O=Open DMVPN/CN={node}", "-addext", f"subjectAltName={names}", "-keyout", f"{stem}.key",
                "-out", f"{stem}.req")
        openssl("x509", "-req", "-in", f"{stem}.req", "-CA", self.certificate, "-CAkey", self.key, "-days", 30,
                "-copy_extensions", "copy", "-CAcreateserial", "-out", f"{stem}.pem")
        return f"{stem}.pem", f"{stem}.key"


def key_blocks(key=KEY):
    """A key for everybody, and names instead of addresses, which NAT changes."""
    return f"""crypto ikev2 keyring KEYS
 peer ANY
  address 0.0.0.0 0.0.0.0
  pre-shared-key {key}
crypto ikev2 profile IKE
 match identity remote fqdn domain {DOMAIN}
 identity local fqdn NAME
 authentication remote pre-share
 authentication local pre-share
 keyring local KEYS
 dpd 5 2 on-demand
"""


def certificate_blocks(authority, node, address=None):
    certificate, key = authority.issue(node, address)
    return f"""crypto pki trustpoint CA
 ca file {authority.certificate}
 certificate file {certificate}
 key file {key}
crypto ikev2 profile IKE
 match identity remote fqdn domain {DOMAIN}
 identity local fqdn NAME
 authentication remote rsa-sig
 authentication local rsa-sig
 pki trustpoint CA
 dpd 5 2 on-demand
"""


def profile_blocks(lines=()):
    body = "".join(f" {line}\n" for line in ("set transform-set AES", "set ikev2-profile IKE", *lines))
    return f"crypto ipsec transform-set AES esp-gcm 256\n mode transport\ncrypto ipsec profile DMVPN\n{body}"


def protect(scenario, authority=None, lines=(), shared=False, names=None):
    """Protects every tunnel of a scenario. `authority`: by its certificates, else by a key. `lines`: more of the
    `crypto ipsec profile`. `names`: of these nodes only."""
    probe = Namespace("probe")
    try:
        user_space = not kernel_has_esp(probe)
    finally:
        probe.end()
    for node in scenario.nodes:
        if not node.config or (names is not None and node.name not in names):
            continue
        blocks = certificate_blocks(authority, node.name) if authority else key_blocks()
        line = " tunnel protection ipsec profile DMVPN" + (" shared" if shared else "")
        config = re.sub(r"^interface tunnel\d+$", rf"\g<0>\n{line}", node.config, flags=re.MULTILINE | re.IGNORECASE)
        mtu = f" ip mtu {USER_SPACE_MTU}\n" if user_space else ""
        config = config.replace(" ip mtu 1400\n", mtu)
        node.config = blocks.replace("NAME", identity(node.name)) + profile_blocks(lines) + config
    return scenario
