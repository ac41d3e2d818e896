# SPDX-License-Identifier: GPL-2.0-or-later
"""The catalogue of networks. Each scenario is a function of its options; all take `holdtime` in seconds. Those of
phases.py are networks for tests; a design, with its routing protocol and its story, is a file of its own, whose
function is called `scenario`: ospf_phase1.py is "ospf-phase1"."""
from importlib import import_module
from pkgutil import iter_modules

from .parts import *  # noqa: F401,F403: `scenarios.hub` for the tests
from .phases import *  # noqa: F401,F403
from . import phases

CATALOGUE = {
    "phase1": phases.phase1,
    "phase2": phases.phase2,
    "phase2-summary": phases.phase2_summary,
    "phase3": phases.phase3,
    "phase3-default": phases.phase3_default,
    "phase3-exact": phases.phase3_exact,
    "dual-hub": phases.dual_hub,
    "dual-hub-phase3": phases.dual_hub_phase3,
    "two-clouds": phases.two_clouds,
    "full-mesh-20": phases.full_mesh_20,
}


def _designs():
    for module in iter_modules(__path__):
        scenario = getattr(import_module(f"{__name__}.{module.name}"), "scenario", None)
        if scenario:
            yield module.name.replace("_", "-"), scenario


DESIGNS = dict(_designs())
CATALOGUE |= DESIGNS
