# SPDX-License-Identifier: GPL-2.0-or-later
"""What a daemon in the lab tells Prometheus."""
import subprocess

from prometheus_client.openmetrics.parser import text_string_to_metric_families


def scrape(lab, name, port=9178, kind="application/openmetrics-text; version=1.0.0"):
    with lab.namespace(name).popen("python3", "-c", "import sys, urllib.request as r; "
                                   "a = r.urlopen(r.Request(sys.argv[1], headers={'Accept': sys.argv[2]}), timeout=5); "
                                   "print(a.headers['Content-Type']); "
                                   "sys.stdout.write(a.read().decode())", f"http://127.0.0.1:{port}/metrics", kind,
                                   stdout=subprocess.PIPE, text=True) as child:
        told, _, text = child.communicate(timeout=30)[0].partition("\n")
    assert told.startswith(kind)
    return text


def samples(text):
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text) for sample in family.samples}


def peers(text):
    """How many there are by type and state, but for none."""
    return {(dict(labels)["type"], dict(labels)["state"]): value for (name, labels), value in samples(text).items()
            if name == "dmvpn_peers" and value}
