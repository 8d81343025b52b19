# SPDX-License-Identifier: MIT
"""What differs from machine to machine: whether one process may look into another's memory, ptrace (man 2), and what compilers say of lines."""
import ctypes
import os
import pathlib
import re
import subprocess
import sys

SKIPPED = 77  # ctest's SKIP_RETURN_CODE for tests that need it

LIBC = ctypes.CDLL(None)
ATTACH = """
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
PTRACE_SEIZE = 0x4206
sys.exit(libc.ptrace(PTRACE_SEIZE, int(sys.argv[1]), 0, 0) and ctypes.get_errno())
"""


def let_anybody_trace():
    """In a child: it is then not only for its parents, where Yama (kernel.yama.ptrace_scope) says so."""
    LIBC.prctl(0x59616D61, ctypes.c_ulong(-1))  # PR_SET_PTRACER, PR_SET_PTRACER_ANY


def refusal():
    """What the kernel says, as that of a restricted container does; None where it may."""
    with subprocess.Popen(["sleep", "1000"], preexec_fn=let_anybody_trace) as process:
        try:
            error = subprocess.run([sys.executable, "-c", ATTACH, str(process.pid)], timeout=30).returncode
        finally:
            process.kill()
    return f"the kernel refuses ptrace (man 2): {os.strerror(error)}" if error else None


def without_odd_lines(text, program):
    """GCC has what stands within a co_await, and a coroutine's beginning, in the line where a statement or the function ends: of a program
    that it made, the functions and files of examples/stuck are compared, and no lines."""
    if b"clang version" in pathlib.Path(program).read_bytes():
        return text
    return re.sub(r"(\(stuck/\w+\.cc):\d+\)", r"\1)", text)
