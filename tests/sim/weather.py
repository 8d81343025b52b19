#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tests of streams, TLS and HTTP on the backend `sim`: each test body once more for each seed, with other latency, short reads and
writes, completions in any order, and cancels that lose.

A list (tests/sim/net_test.txt) names the tests of a program that have a meaning there, one a line; `calm` behind a name: only without
weather, because the test says how many reads there are, or what has happened after so many milliseconds. Tests with peers that are no
hocket, or with the system's own descriptors, are not in it.

usage: weather.py PROGRAM LIST [--seeds A..B]   seed 0, which is calm, and those seeds (default: 1..5); exit status 1 if a test fails
       weather.py PROGRAM LIST --find           tries every test of PROGRAM, and writes LIST
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import time

TRIED = range(1, 101)  # by --find, and by a million seeds of ./dev sim
PATIENCE = 120  # seconds of the real clock for a whole program: a test takes milliseconds


def tests_of(program):
    """All names, `Suite.test`."""
    names, suite = [], ""
    listed = subprocess.run([program, "--gtest_list_tests", "--gtest_filter=-Once*:*/Once*:Simulation*"], capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        name = line.split("#")[0].strip()
        if not line.startswith(" "):
            suite = name if name.endswith(".") else suite
        elif name:
            names.append(suite + name)
    return names


def failed_in(output):
    return re.findall(r"^\[  FAILED  \] (\S+?),? .*\(\d+ ms\)$", output, re.MULTILINE)


def run(program, names, seed, patience=PATIENCE):
    """The tests that failed, and what was printed. A program that ends or hangs in a test has failed in that one."""
    environment = {**os.environ, "HOCKET_BACKEND": "sim", "HOCKET_SIM_SEED": str(seed)}
    process = subprocess.Popen([program, "--gtest_filter=" + ":".join(names)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               errors="replace", env=environment)
    try:
        output, _ = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
    failed = failed_in(output)
    if process.returncode not in (0, 1) or (process.returncode == 1 and not failed):
        begun = re.findall(r"^\[ RUN      \] (\S+)", output, re.MULTILINE)
        failed += begun[-1:] or ["(the start)"]
    return failed, output


def command(program, name, seed):
    return f"HOCKET_BACKEND=sim HOCKET_SIM_SEED={seed} {program} --gtest_filter={name}"


def read_list(path):
    """All tests, and those that bear any weather."""
    lines = [line.split() for line in path.read_text().splitlines()]
    return [line[0] for line in lines], [line[0] for line in lines if len(line) == 1]


def said_by(name, output, most=2000):
    """What a program has printed in this test."""
    said = re.search(r"^\[ RUN      \] " + re.escape(name) + r"\n(.*?)(?=^\[ RUN|\Z)", output, re.MULTILINE | re.DOTALL)
    return said[1][:most] if said else output[-2000:]


def survivors(program, names, seed):
    """Those of `names` that pass. What follows one that ends or hangs the program is tried without it."""
    passed = []
    while names:
        failed, output = run(program, names, seed, 10)
        passed += re.findall(r"^\[       OK \] (\S+?),? .*\(\d+ ms\)$", output, re.MULTILINE)
        skipped = re.findall(r"^\[  SKIPPED \] (\S+?),? .*\(\d+ ms\)$", output, re.MULTILINE)
        seen = set(passed) | set(failed) | set(skipped)
        left = [name for name in names if name not in seen]
        if len(left) == len(names):
            sys.exit(f"{program} runs none of its tests:\n{output[-2000:]}")
        names = left
    return passed


def find(program, path):
    calm = survivors(program, tests_of(program), 0)
    all_weather = calm
    for seed in TRIED:
        all_weather = survivors(program, all_weather, seed)
        print(f"seed {seed}: {len(all_weather)} of {len(calm)}", flush=True)
    path.write_text("".join(name + ("" if name in set(all_weather) else " calm") + "\n" for name in sorted(calm)))


def main():
    parser = argparse.ArgumentParser(description="Tests on simulated hosts.")
    parser.add_argument("program")
    parser.add_argument("list", type=pathlib.Path)
    parser.add_argument("--seeds", default="1..5", metavar="A..B")
    parser.add_argument("--find", action="store_true")
    asked = parser.parse_args()
    if asked.find:
        return find(asked.program, asked.list)
    seeds = re.fullmatch(r"(\d+)\.\.(\d+)", asked.seeds)
    if not seeds:
        parser.error(f"--seeds {asked.seeds}: A..B is expected")

    calm, all_weather = read_list(asked.list)
    gone = sorted(set(calm) - set(tests_of(asked.program)))
    if gone:
        sys.exit(f"{asked.list} names tests that are not there: {', '.join(gone)}")
    schedules, bad, told = 0, 0, time.monotonic()
    for seed in [0, *range(int(seeds[1]), int(seeds[2]) + 1)]:
        names = all_weather if seed else calm
        failed, output = run(asked.program, names, seed)
        schedules += len(names)
        for name in failed:
            bad += 1
            print(f"{name} fails:\n{said_by(name, output)}\n    {command(asked.program, name, seed)}", flush=True)
        if sys.stdout.isatty() and time.monotonic() > told + 1:
            told = time.monotonic()
            print(f"\rseed {seed}, {schedules:,} schedules", end="", flush=True)
    print(f"{schedules:,} schedules of {len(calm)} tests, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
