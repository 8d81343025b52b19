#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles a file that must not compile, and writes a verdict: `ok`, or what is wrong.

The file holds one misuse beside its remedy, and says which error a user meets first:

    // error: a coroutine is awaited as an rvalue
    #ifdef HOCKET_FIXED
    co_await std::move(coro);
    #else
    co_await coro;
    #endif

The text is a regular expression. `error(clang)` and `error(gcc)` hold for one compiler; `warning` is for a warning, which is
an error under -Werror. With HOCKET_FIXED the file must compile, so that the test cannot pass for a wrong reason.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys

CLAIM = re.compile(r"^ *// (error|warning)(?:\((clang|gcc)\))?: *(.+?) *$", re.MULTILINE)
ERROR_LINE = re.compile(r"^.*?: (?:fatal )?error: (.*)$", re.MULTILINE)


def claims_of(text, kind):
    """The (sort, pattern) pairs that hold for this kind of compiler."""
    return [(sort, pattern) for sort, only, pattern in CLAIM.findall(text) if only in ("", kind)]


def judge(source, command, kind, depfile):
    text = source.read_text()
    claims = claims_of(text, kind)
    if len(claims) != 1:
        return f"{source} must say one thing that {kind} reports (`// error: ...`), and says {len(claims)}"
    if "#ifdef HOCKET_FIXED" not in text:
        return f"{source} must hold the remedy too, under #ifdef HOCKET_FIXED"
    sort, pattern = claims[0]

    environment = {**os.environ, "LC_ALL": "C"}
    compiler = [*command, "-fsyntax-only", "-fdiagnostics-color=never"]
    fixed = subprocess.run([*compiler, "-DHOCKET_FIXED", "-MD", "-MF", depfile, "-MT", str(depfile)[: -len(".d")], source],
                           capture_output=True, text=True, env=environment)
    if fixed.returncode != 0:
        return f"{source} does not compile with HOCKET_FIXED:\n{fixed.stderr}"
    broken = subprocess.run([*compiler, source], capture_output=True, text=True, env=environment)
    if broken.returncode == 0:
        return f"{source} compiles, and must not"
    first = ERROR_LINE.search(broken.stderr)
    message = first.group(1) if first else ""
    if not re.search(pattern, message):
        return f"{source}: the first error line is\n  {message}\nand should match\n  {pattern}\n\n{broken.stderr}"
    if sort == "warning" and "[-Werror" not in message:
        return f"{source}: `{message}` is an error, not a warning"
    return "ok"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("verdict", type=pathlib.Path)
    parser.add_argument("--kind", choices=["clang", "gcc"], required=True)
    arguments, command = parser.parse_known_args()
    depfile = pathlib.Path(f"{arguments.verdict}.d")
    depfile.write_text("")
    arguments.verdict.write_text(judge(arguments.source, command[1:], arguments.kind, depfile) + "\n")


if __name__ == "__main__":
    sys.exit(main())
