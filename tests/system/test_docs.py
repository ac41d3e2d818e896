# SPDX-License-Identifier: GPL-2.0-or-later
"""The pages say what is so. Their configurations are read by dmvpnd without an error or a surprise; the commands that they show
are run in the network that they are about, and answer as shown; their links lead somewhere. In the pages

* a block `ios` is a configuration of ours, a block `cisco` one of a router, which may have lines that are not ours;
* a block `console` shows commands behind a prompt, `spoke1#` for dmvpnctl and `spoke1$` for the node's shell, with what they
  say; `…` stands for what was left out;
* `show`, `why` and `clear` in the text are commands as well, unless they have places to fill in."""
import re

import pytest

from facts import bound, nbma, path, ping, shortcut, tunnel
from lab import scenarios
from lab.daemon import ROOT
from lab.wait import wait_until

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
HARMLESS = ["`match fvrf`: not ours, this changes nothing"]


def blocks(page, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def examples(kind):
    return [pytest.param(text, id=f"{page.stem}-{number}") for page in PAGES
            for number, text in enumerate(blocks(page, kind))]


# --- configurations

@pytest.mark.parametrize("text", examples("ios"))
def test_example(dmvpnd, text):
    status, said = dmvpnd(text)
    assert status == 0, said
    assert [line for line in said.splitlines() if not any(word in line for word in HARMLESS)] in ([], ["ok"]), said


@pytest.mark.parametrize("text", examples("cisco"))
def test_router_example(dmvpnd, text):
    """It can be pasted: what is not ours is named, and nothing is an error."""
    status, said = dmvpnd(text)
    assert status == 0, said
    assert all(line == "ok" or "changes nothing" in line or "not supported yet" in line
               for line in said.splitlines()), said


def test_first_lesson(network):
    """The first two examples of the page on IPsec: a hub and a spoke, and another spoke that differs in its address. What the
    pages have to say about sessions is run here."""
    hub, spoke = blocks(DOCS / "ipsec.md", "ios")[:2]
    scenario = scenarios.phase3()
    scenario.node("hub").config = hub
    for number in (1, 2):
        scenario.node(f"spoke{number}").config = spoke.replace("10.0.0.11", f"10.0.0.1{number}").replace(
            "tunnel source", "ip mtu 1360\n tunnel source")
    lab = network(scenario)
    shortcut(lab, "spoke1", "spoke2")
    wait_until(lab.has_settled, 30, "no two SAs with one peer")
    assert path(lab, "spoke1", "spoke2") == ["192.168.2.1"]
    assert "UP-ACTIVE" in lab["spoke1"].ctl("show crypto session")
    for command in all_mentioned(crypto=True):
        run(lab, "spoke1", "#", command)


# --- commands

def shown(page):
    """The commands in a page's consoles: node, `#` or `$`, command, and the lines that it says."""
    for block in blocks(page, "console"):
        parts = re.split(r"^([a-z0-9]+)([#$]) (.*)\n", block, flags=re.MULTILINE)[1:]
        for node, prompt, command, said in zip(*[iter(parts)] * 4):
            yield node, prompt, command, said.splitlines()


def mentioned(page):
    """The commands in a page's text that can be run as they are."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for command in re.findall(r"`(?:dmvpnctl )?((?:show|why|clear) [^`]*)`", text):
        if not re.search(r"[\[\]\\…]|\b[A-Z]{2,}\b", command):
            yield command.partition(" >")[0]


def all_mentioned(crypto):
    """Those of all pages, `clear` last. `crypto`: only those about sessions, which a tunnel without protection does not have."""
    commands = {command for page in PAGES for command in mentioned(page) if ("crypto" in command) == crypto}
    return sorted(commands, key=lambda command: (command.startswith("clear"), command))


def usual(line):
    """A line without what is another in each run: times, numbers, and what carries the packets."""
    line = re.sub(r"\b(user|kernel) link\b|\blink (user|kernel)\b", "LINK", line)
    line = re.sub(r"(Data goes by|lladdr) \S.*", r"\1", line)
    line = re.sub(r"\b[A-Z][a-z][a-z] +\d+ \d\d:\d\d:\d\d\.\d+|\b\d\d:\d\d:\d\d\b|\b\d+\.\d+ ms\b", "TIME", line)
    line = re.sub(r"(?<![\d./])\d+(?![\d/]|\.\d)", "N", line)
    return " ".join(line.replace(" used", "").split())


def compare(command, lines, said):
    there = [usual(line) for line in said.splitlines()]
    for line in lines:
        wanted, left_out, _ = line.partition("…")
        wanted = usual(wanted)
        if wanted and not any(one.startswith(wanted) if left_out else one == wanted for one in there):
            pytest.fail(f"{command} does not say\n{line}\nbut\n{said}", pytrace=False)


def run(lab, node, prompt, command):
    if prompt == "$":
        return lab.namespace(node).run("sh", "-c", command).stdout
    result = lab[node].ctl_run(command)
    assert result.returncode == 0, f"{node}# {command}: {result.stderr}"
    return result.stdout


def run_page(lab, page):
    for node, prompt, command, lines in shown(page):
        compare(f"{page.name}: {node}{prompt} {command}", lines, run(lab, node, prompt, command))


@pytest.mark.parametrize("name", ["phase1", "phase2"])
def test_page_of_phase(network, name):
    lab = network(getattr(scenarios, name)())
    ping(lab, "spoke1", "spoke2", count=3)
    for one, other in (("spoke1", "spoke2"), ("spoke2", "spoke1")) if name == "phase2" else ():
        wait_until(lambda: bound(lab[one], tunnel(lab, other), nbma(lab, other)), 15, f"{one} has resolved {other}")
    run_page(lab, DOCS / f"{name}.md")


def test_pages(network):
    """All the others are about phase 3."""
    lab = network(scenarios.phase3())
    shortcut(lab, "spoke1", "spoke2")
    shortcut(lab, "spoke2", "spoke1")
    for page in PAGES:
        if page.stem not in ("phase1", "phase2"):
            run_page(lab, page)
    commands = all_mentioned(crypto=False)
    assert len(commands) > 20
    for command in commands:
        run(lab, "spoke1", "#", command)


# --- links

@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page} leads to {target}, which is not there"


def test_index():
    """The README.md of each folder knows every page of it, and that of docs/ knows the folders."""
    for page in PAGES[1:]:
        folder = page.parent.parent if page.name == "README.md" else page.parent
        if folder == DOCS.parent:
            continue
        index = (folder / "README.md").read_text()
        assert f"({page.relative_to(folder)})" in index, f"{page} is not in the index"


def test_scenarios_of_the_field():
    """Every scenario of the simulator plays a problem of the page's table, and the table names no others."""
    section = (DOCS / "simulation.md").read_text().partition("## Problems from the field")[2].partition("\n## ")[0]
    named = re.findall(r"`([a-z0-9-]+)`", "\n".join(line for line in section.splitlines() if line.startswith("|")))
    assert sorted(named) == sorted(path.stem for path in (ROOT / "sim" / "scenarios").glob("*.sim"))


def test_algorithms():
    """The page on IPsec has the table of the algorithms that the source has, row by row: taken, with a warning, refused."""
    source = (ROOT / "src" / "conf" / "algorithm.c").read_text()
    rows = re.findall(r'\{ ALGORITHM_(\w+), "([^"]+)", (?:NULL|"[^"]*")(?:, ALGORITHM_(OLD|WEAK))?', source)
    assert len(rows) == len(re.findall(r"^\t\{ ALGORITHM_", source, re.MULTILINE))
    section = (DOCS / "ipsec.md").read_text().partition("### Algorithms")[2].partition("\n#")[0]
    lines = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    kinds = ("IKE_ENCRYPTION", "IKE_INTEGRITY", "IKE_PRF", "GROUP", "ESP_ENCRYPTION", "ESP_INTEGRITY")
    told = [(kind, name, strength) for kind, cells in zip(kinds, lines, strict=True)
            for strength, cell in zip(("", "OLD", "WEAK"), cells[2:5], strict=True) for name in re.findall(r"`([^`]+)`", cell)]
    assert sorted(told) == sorted(rows)
