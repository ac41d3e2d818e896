# SPDX-License-Identifier: GPL-2.0-or-later
"""Which tests run with which `tunnel link`. The test is the same, with a parameter: `user` and `threads` on the machine
itself; in the guest `kernel`, `mixed` (the nodes take turns with user and kernel) and `esp` (all have the user link, with the
kernel's ESP).

A test of tests/system or tests/ipsec runs with each unless it is in one of these lists, with the reason. On the kernel link
everything runs that has a tunnel, but for what is the user link's own, and for pages whose commands other tests run."""

CORE = "what NHRP says and when, which the core decides"
SHOWN = "how something is written down, shown or typed"
NOTHING = "no tunnel, no link"
BOTH = "mixed has both links on the kernel's ESP; the rest of tests/ipsec has the kernel link alone, in phases 1 and 3, with keys"

NOT_ON_THE_KERNEL_LINK = {
    "system/test_bench.py": "the tool has links of its own; tests/kernel/test_bench.py measures the kernel's",
    "system/test_config.py::test_check": NOTHING,
    "system/test_config.py::test_missing_file": NOTHING,
    "system/test_config.py::test_nothing_is_half_applied": NOTHING,
    "system/test_demo.py::test_the_exit_status_tells": NOTHING,
    "system/test_designs.py::test_pages": SHOWN,
    "system/test_difference.py": "the two ways of the user link; tests/kernel/test_difference.py has all three",
    "system/test_docs.py": "lessons and their pages: commands that other tests run",
    "system/test_events.py::test_the_manual_has_every_name": NOTHING,
    "system/test_faults.py": "what the user link does where a kernel refuses something",
    "system/test_forwarding.py::test_a_stream": "there the kernel's rules count a super-packet once",
    "system/test_forwarding.py::test_super_packets": "there the kernel cuts and joins them by itself",
    "system/test_manual.py": SHOWN,
    "system/test_hairpin.py": "the fast path of the user link",
    "system/test_service.py::test_leaves_a_socket_for_its_successor": "the user link's socket; the kernel's device stays",
    "system/test_service.py::test_only_a_user_link_needs_its_device": "the device of the user link",
    "system/test_shown.py": SHOWN,
    "ipsec/test_closed.py::test_recursive_route": "what the threads drop; the kernel's device has a check of its own",
    "ipsec/test_figures.py": SHOWN,
    "ipsec/test_protected_phases.py::test_dual_hub": BOTH,
    "ipsec/test_protected_phases.py::test_phase": BOTH,
    "ipsec/test_protected_phases.py::test_two_clouds_share": "which SAs are the same ones, which the daemon decides",
}

# What is the same whether the user link has its fast path or not.
NOT_WITH_THREADS_ALONE = {
    "system/test_bench.py": "chooses its links itself",
    "system/test_cleanup.py": "what is left when the daemon ends",
    "system/test_commands.py": SHOWN,
    "system/test_config.py": NOTHING,
    "system/test_demo.py": "the stories of the designs",
    "system/test_designs.py": "multicast, which the threads carry anyway; test_routing.py has what is routed",
    "system/test_difference.py": "plays both",
    "system/test_docs.py": SHOWN,
    "system/test_events.py": SHOWN,
    "system/test_manual.py": SHOWN,
    "system/test_metrics.py": SHOWN,
    "system/test_names.py": "names and DNS, before there is a tunnel",
    "system/test_options.py": CORE,
    "system/test_hairpin.py": "plays both",
    "system/test_service.py": "the service manager",
    "system/test_shell.py": SHOWN,
    "system/test_shown.py": SHOWN,
    "system/test_systemd.py": "the service manager",
}

# One cloud with both links.
MIXED = ("interop/", "ipsec/test_protected_phases.py::test_phase2", "ipsec/test_protected_phases.py::test_phase3[mixed-True]",
         "ipsec/test_protected_phases.py::test_dual_hub", "system/test_multicast.py", "system/test_phases.py::test_phase",
         "system/test_phases.py::test_no_packet_is_lost")

# These take the longest and begin first, so that no processor is left alone with one of them at the end.
LONG = ("package/", "system/test_shell.py", "system/test_many.py", "system/test_systemd.py", "ipsec/", "interop/",
        "system/test_forged.py", "system/test_commands.py", "system/test_flood.py")

# The user link with the kernel's ESP.
ESP = ("ipsec/test_protected_phases.py::test_phase1", "ipsec/test_protected_phases.py::test_phase3[esp-False]",
       "ipsec/test_shared_address.py::test_three")


def runs_on(name, link):
    """Whether a test, or some of a file, runs on a link. `name`: as "system/test_phases.py::test_phase3[kernel]"."""
    if link in ("mixed", "esp"):
        return any(name.startswith(one) or one.startswith(f"{name}::") for one in (MIXED if link == "mixed" else ESP))
    if link == "kernel":
        return not name.startswith(("interop/", *NOT_ON_THE_KERNEL_LINK))
    if link == "threads":
        return not name.startswith(tuple(NOT_WITH_THREADS_ALONE))
    return True
