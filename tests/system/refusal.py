# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel that does not know something, as an older one: it refuses one system call, or only where one of its arguments
has a certain value."""
import sys

BPF, SETSOCKOPT = 321, 54
# Runs a command under a filter of classic BPF on struct seccomp_data: the call's number is at 0, its first argument at 16.
REFUSE = """
import ctypes, os, struct, sys
error, call, argument, value = map(int, sys.argv[1:5])
load, if_equal, give = 0x20, 0x15, 0x06
code = [(load, 0, 0, 0), (if_equal, 0, 3 if argument >= 0 else 1, call)]
code += [(load, 0, 0, 16 + 8 * argument), (if_equal, 0, 1, value)] if argument >= 0 else []
code += [(give, 0, 0, 0x00050000 | error), (give, 0, 0, 0x7fff0000)]
filter = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in code))
program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(filter))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.c_char_p(program)):
    sys.exit(os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[5], sys.argv[5:])
"""


def refused(error, call, argument=-1, value=0):
    """The `wrapper` of a Daemon which runs on such a kernel. `argument`: counted from 0; none: each such call."""
    return [sys.executable, "-c", REFUSE, str(error), str(call), str(argument), str(value)]
