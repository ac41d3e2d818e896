#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts test cases: count.py meson TESTLOG.json | pytest JUNIT.xml. Prints "PASSED FAILED"."""
import json
import re
import sys
import xml.etree.ElementTree as ElementTree


def meson(path):
    """Every program's cmocka cases where it names them, else the program as one."""
    passed = failed = 0
    with open(path, encoding="utf-8") as file:
        for line in file:
            test = json.loads(line)
            # cmocka writes its report on either stream.
            text = f"{test.get('stdout', '')}\n{test.get('stderr', '')}"
            good = len(re.findall(r"^\[ +OK +\]", text, re.MULTILINE))
            bad = len(set(re.findall(r"^\[ +FAILED +\] (\w+)", text, re.MULTILINE)))
            if test["result"] != "OK":
                bad = max(bad, 1)
            elif not good:
                good = 1
            passed, failed = passed + good, failed + bad
    return passed, failed


def pytest(path):
    suite = ElementTree.parse(path).getroot().find("testsuite")
    total, bad = int(suite.get("tests")), int(suite.get("failures")) + int(suite.get("errors"))
    # A test that was skipped proved nothing.
    return total - bad - int(suite.get("skipped")), bad + int(suite.get("skipped"))


if __name__ == "__main__":
    print(*{"meson": meson, "pytest": pytest}[sys.argv[1]](sys.argv[2]))
