# SPDX-License-Identifier: GPL-2.0-or-later
"""FRR's zebra and nhrpd on a node of a lab, set up as their manual wants it: the kernel's GRE device, a tunnel address
of /32, an NFLOG rule for redirects."""
import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

from lab.namespace import CommandFailed

DEVICE = "gre1"
RTPROT_NHRP = 191
END_OF_REPLY = b"\0\0\0"  # and a byte for what became of the command
NFLOG_GROUP = 1
REDIRECT = f"""table ip frr {{
	chain forward {{
		type filter hook forward priority 0
		iifname {DEVICE} oifname {DEVICE} limit rate 10/second log group {NFLOG_GROUP} snaplen 128%s
	}}
}}
"""


class Frr:
    """`lines`: of nhrpd's interface; `hub`: the tunnel address of the hub, None on the hub itself; `routes`: prefix and
    next hop, what a routing protocol would bring; `programs`: which version; `threshold`: after how many packets
    that ask for a redirect the kernel tells nhrpd, None: as in its manual."""

    def __init__(self, namespace, directory, programs, nbma, address, lines, hub=None, routes=(), threshold=None):
        self.programs, self.threshold = programs, threshold
        self.namespace, self.address, self.nbma, self.hub = namespace, address, nbma, hub
        self.routes = routes
        self.log_path = directory / f"{namespace.name}.frr.log"
        self.pathspace = f"interop-{os.getpid()}-{namespace.name}"
        self.directory = Path("/run/frr") / self.pathspace
        body = "".join(f" {line}\n" for line in lines)
        self.configs = {
            **{program: "" for program in programs.besides},
            "zebra": f"hostname {namespace.name}\n",
            "nhrpd": f"hostname {namespace.name}\ndebug nhrp all\nnhrp nflog-group {NFLOG_GROUP}\n"
                     f"interface {DEVICE}\n{body}"}
        self.children = {}

    def start(self):
        """The device and the programs."""
        for program in self.configs:
            if not Path(self.programs.program(program)[-1]).exists():
                raise CommandFailed(f"there is no {self.programs.program(program)[-1]}: install the package frr")
        # A responder answers only where its route to the requester's tunnel address is on the tunnel.
        subnet = f"10.0.0.0/24 via {self.hub} dev {DEVICE} onlink" if self.hub else "blackhole 10.0.0.0/24"
        self.namespace.batch(
            f"link add {DEVICE} type gre key 1 local {self.nbma} ttl 64",
            f"address add {self.address}/32 dev {DEVICE}", f"link set {DEVICE} mtu 1400 up",
            f"route add {subnet}",
            *(f"route add {prefix} via {via} dev {DEVICE} onlink" for prefix, via in self.routes))
        self.namespace.sysctl(net_ipv4_ip_forward=1)
        self.namespace.sysctl(**{f"net_ipv4_conf/{name}/send_redirects": 0 for name in (DEVICE, "all")})
        self.namespace.run("nft", "-f", "-", input=REDIRECT % (
            f" queue-threshold {self.threshold}" if self.threshold else ""))
        self.directory.mkdir(parents=True, exist_ok=True)
        shutil.chown(self.directory, "frr", "frr")
        for program in self.configs:
            self.launch(program)

    def launch(self, program):
        config = self.directory / f"{program}.conf"
        config.write_text(self.configs[program])
        from_file = () if program in self.programs.besides else ("-f", config)  # mgmtd knows no -f
        with open(self.log_path, "ab") as log:
            self.children[program] = self.namespace.popen(
                *self.programs.program(program), "-N", self.pathspace, *from_file, "-P", "0", "--log", "stdout",
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def set_source(self, nbma):
        self.namespace.batch(f"link set {DEVICE} type gre key 1 local {nbma} ttl 64")

    def kill(self, program="nhrpd"):
        """kill -9."""
        child = self.children.pop(program)
        child.kill()
        child.wait()

    def stop(self):
        for program in list(self.children):
            self.kill(program)
        shutil.rmtree(self.directory, ignore_errors=True)

    def running(self):
        return all(child.poll() is None for child in self.children.values())

    def show(self, command):
        """What nhrpd shows. It is asked as vtysh asks it: that program itself would take a second of an emulated guest."""
        with socket.socket(socket.AF_UNIX) as vty:
            if vty.connect_ex(str(self.directory / "nhrpd.vty")):
                return {"table": []}
            vty.sendall(f"show ip nhrp {command} json\0".encode())
            said = b""
            while said[-4:-1] != END_OF_REPLY and (more := vty.recv(65536)):
                said += more
        text = said[:-4].decode()
        return json.loads(text[text.find("{"):]) if "{" in text else {"table": []}

    def cache(self):
        """NBMA addresses by tunnel address."""
        return {one["protocol"]: one["nbma"] for one in self.show("cache")["table"] if one["type"] != "local"}

    def shortcuts(self):
        """Next hops by prefix, of the routes that nhrpd made."""
        return {prefix: gateways[0] for prefix, gateways, _, _, protocol, _ in self.namespace.routes()
                if protocol == RTPROT_NHRP and gateways}

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""
