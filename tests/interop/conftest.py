# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the tests with FRR. They need a kernel with GRE: the guest of tests/vm, or any stock kernel."""
import contextlib

import pytest

from cloud import Cloud


@pytest.fixture
def common():
    """Options of all clouds; a module may have its own."""
    return {}


@pytest.fixture
def cloud(network, tmp_path, common):
    """cloud("spoke1", "spoke2", holdtime=30) gives a Cloud where these nodes run FRR, and all are registered."""
    with contextlib.ExitStack() as stack:
        def make(*frr, start=True, **options):
            made = Cloud(network, tmp_path, frr, **common, **options)
            stack.callback(made.stop)
            if start:
                made.start()
            return made

        yield make
