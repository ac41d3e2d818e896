# SPDX-License-Identifier: GPL-2.0-or-later
"""Whole DMVPN networks in network namespaces: to play in, to demonstrate and to test."""
import os

# Administrators' programs, also where the caller's PATH lacks them.
os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
