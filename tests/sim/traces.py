#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same seed gives the same run: all simulations (HOCKET_SIM_TEST) of a program with each seed, twice, and no byte of what happened
differs. With the program of another build, by another compiler, the second time is that one's.

Each simulation has its digest in tests/sim/traces.tsv, of the runs of seeds 1..20, since it must be so on every machine and with each compiler; but
for those in OTHERS, which say why not. A change of hocket that makes one step more or less, or draws one choice more, gives others: `fix`
writes them.

usage: traces.py PROGRAM [OTHER] [--seeds A..B]   exit status 1 where a run differs
       traces.py PROGRAM --digests check|fix
"""
import argparse
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

DIGESTS = pathlib.Path(__file__).with_name("traces.tsv")
OTHERS = {name: "OpenSSL's releases differ" for name in ["what_comes_by_tls_is_right_or_the_connection_fails", "without_faults_of_connections_all_comes_by_tls"]}
HEAD = "simulation\tdigest of the runs of seeds 1 to 20\n"


def traces_of(program, seeds):
    """Lines of test, seed and digest, in the order in which they ran."""
    with tempfile.TemporaryDirectory() as folder:
        lines = pathlib.Path(folder, "traces")
        run = subprocess.run([program, "--gtest_filter=Simulation.*", "--gtest_brief=1"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             errors="replace", env={**os.environ, "HOCKET_SIM_SEEDS": seeds, "HOCKET_SIM_TRACES": str(lines)})
        if run.returncode != 0 or not lines.exists():
            sys.exit(f"{program} failed, with seeds {seeds}:\n{run.stdout[-4000:]}")
        return lines.read_text().splitlines()


def compare(program, other, seeds):
    first, second = traces_of(program, seeds), traces_of(other, seeds)
    simulations = {line.split()[0] for line in first}
    for a, b in zip(first, second):
        if a != b:
            test, seed, _ = a.split()
            sys.exit(f"two runs of seed {seed} of {test} differ:\n    {a}\n    {b}\n    HOCKET_SIM_SEED={seed} {program} --gtest_filter={test}")
    if len(first) != len(second):
        sys.exit(f"{len(first)} runs of {program}, and {len(second)} of {other}")
    total = hashlib.sha256("\n".join(first).encode()).hexdigest()
    print(f"{len(first):,} runs of {len(simulations)} simulations, each the same twice; of all: {total[:16]}")


def digests_of(program):
    traces = {}
    for line in traces_of(program, "1..20"):
        traces.setdefault(line.split()[0].removeprefix("Simulation."), []).append(line)
    return {name: hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] for name, lines in sorted(traces.items()) if name not in OTHERS}


def digests(program, fix):
    found = digests_of(program)
    if fix:
        DIGESTS.write_text(HEAD + "".join(f"{name}\t{digest}\n" for name, digest in found.items()))
        return
    expected = dict(line.split("\t") for line in DIGESTS.read_text().splitlines()[1:])
    different = [name for name in {**expected, **found} if found.get(name) != expected.get(name)]
    if different:
        sys.exit(f"other runs than those of tests/sim/traces.tsv: {', '.join(different)}\nIf the change is meant to do that: traces.py {program} --digests fix")
    print(f"{len(found)} digests are those of tests/sim/traces.tsv")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("other", type=pathlib.Path, nargs="?")
    parser.add_argument("--seeds", default="1..20", metavar="A..B")
    parser.add_argument("--digests", choices=["check", "fix"])
    asked = parser.parse_args()
    if not re.fullmatch(r"\d+\.\.\d+", asked.seeds):
        parser.error(f"--seeds {asked.seeds}: A..B is expected")
    if asked.digests:
        return digests(asked.program, asked.digests == "fix")
    compare(asked.program, asked.other or asked.program, asked.seeds)


if __name__ == "__main__":
    sys.exit(main())
