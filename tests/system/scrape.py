# SPDX-License-Identifier: GPL-2.0-or-later
"""What a daemon in the lab tells Prometheus."""
from urllib.request import Request, urlopen

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from lab.wait import SLOWNESS


def scrape(lab, name, port=9178, kind="application/openmetrics-text; version=1.0.0"):
    request = Request(f"http://127.0.0.1:{port}/metrics", headers={"Accept": kind})
    with lab.namespace(name).entered(), urlopen(request, timeout=15 * SLOWNESS) as answer:
        assert answer.headers["Content-Type"].startswith(kind)
        return answer.read().decode()


def samples(text):
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text) for sample in family.samples}


def peers(text):
    """How many there are by type and state, but for none."""
    return {(dict(labels)["type"], dict(labels)["state"]): value for (name, labels), value in samples(text).items()
            if name == "dmvpn_peers" and value}
