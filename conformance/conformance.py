#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""CPython's tests of asyncio, each beside the tests of hocket that pin the same behaviour.

usage: conformance.py check --build FOLDER [--list TESTS.json]     whether each row stands, and each named test exists
       conformance.py report --build FOLDER                        runs the named tests, and prints what is proven and what is open

cpython-3.13.tsv lists the 1,266 tests of test.test_asyncio and their kinds: A public behaviour, B white-box, T argument types (what must not
compile), X without a meaning in C++. map.tsv has a row for each: the tests of ours, `n/a` with the reason, or `open` with what is missing.
beyond.tsv is the same for tests of other files; the tests that http_features.tsv names must exist, too. Exit status: 1 when a row is missing or wrong, or a named test fails.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
BACKEND = re.compile(r"^(?:O2\.)?(?:virtual|epoll|uring)\.")

CORE = {f"test_{name}.py" for name in (
    "tasks futures futures2 taskgroups timeouts waitfor queues locks eager_task_factory staggered threads pep492 runners").split()}
TLS = {"test_ssl.py", "test_sslproto.py"}
GROUPS = ["core", "io", "tls", "white-box", "compile-fail"]
NO_MEANING = "no meaning"
SETTLED = {"core", "compile-fail"}  # where no row may be open

Row = collections.namedtuple("Row", "file cls test ours why")


def table(path, columns):
    """The rows of a file of columns, without its heading."""
    rows = [tuple(line.split("\t")) for line in path.read_text().splitlines()]
    for number, row in enumerate(rows, 1):
        if len(row) != columns:
            sys.exit(f"{path}:{number}: {len(row)} columns, not {columns}")
    return rows[1:]


def rows_of(path):
    return [Row(*row) for row in table(path, len(Row._fields))]


def group_of(file, kind):
    if kind == "A":
        return "core" if file in CORE else "tls" if file in TLS else "io"
    return {"B": "white-box", "T": "compile-fail", "X": NO_MEANING}[kind]


def named(row):
    return [] if row.ours in ("n/a", "open") else row.ours.split(" ")


def faults_of_rows(kinds, rows):
    """What is wrong with the map itself."""
    places = collections.Counter(row[:3] for row in rows)
    for place, times in places.items():
        if times > 1:
            yield f"{'::'.join(place)} has {times} rows"
        if place not in kinds:
            yield f"{'::'.join(place)} is no test of CPython's"
    for place in kinds:
        if place not in places:
            yield f"{'::'.join(place)} has no row"
    for row in rows:
        kind = kinds.get(row[:3])
        where = "::".join(row[:3])
        if row.ours in ("n/a", "open") and not row.why:
            yield f"{where} is {row.ours}, and does not say why"
        elif row.ours == "n/a" and kind in ("A", "B", "T") and not row.why.startswith(f"kind {kind} is X: "):
            yield f"{where} is of kind {kind}: `n/a` begins with `kind {kind} is X: ` and the reason"
        elif row.ours == "open" and group_of(row.file, kind or "X") in SETTLED:
            yield f"{where} is open, and must not be"


def faults_of_tests(rows, tests):
    """Named tests that ctest does not have, or that are switched off."""
    for row in rows:
        for name in named(row):
            if not tests.get(name):
                yield f"{'::'.join(row[:3])}: there is no test {name}"


def ctest_list(build, file=None):
    """{name without backend: [number, ...]} of the tests that ctest would run."""
    text = file.read_text() if file else subprocess.run(
        ["ctest", "--test-dir", build, "--show-only=json-v1"], capture_output=True, text=True, check=True).stdout
    tests = collections.defaultdict(list)
    for number, test in enumerate(json.loads(text)["tests"], 1):
        switched_off = any(one["name"] == "DISABLED" and one["value"] for one in test.get("properties", []))
        if not switched_off:
            tests[BACKEND.sub("", test["name"])].append(number)
    return tests


def read():
    kinds = {row[:3]: row[3] for row in table(HERE / "cpython-3.13.tsv", 4)}
    return kinds, rows_of(HERE / "map.tsv"), rows_of(HERE / "beyond.tsv")


def faults(kinds, rows, beyond, tests):
    found = list(faults_of_rows(kinds, rows)) + list(faults_of_tests(rows + beyond, tests))
    found += [f"{'::'.join(row[:3])} (beyond.tsv) does not say why" for row in beyond if row.ours in ("n/a", "open") and not row.why]
    return found


def outcomes(build, numbers):
    """{name without backend: the set of its outcomes (run, fail, notrun)}, of the tests with these numbers."""
    with tempfile.TemporaryDirectory() as folder:
        chosen, report = pathlib.Path(folder, "tests"), pathlib.Path(folder, "report.xml")
        chosen.write_text("0,0,0," + ",".join(map(str, sorted(numbers))) + "\n")
        subprocess.run(["ctest", "--test-dir", build, "-I", chosen, "-j", str(os.cpu_count()), "--output-junit", report,
                        "--output-on-failure", "--quiet"], check=False)
        if not report.exists():
            sys.exit("conformance: ctest wrote no report")
        found = collections.defaultdict(set)
        for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
            found[BACKEND.sub("", case.get("name"))].add(case.get("status"))
        return found


def report(build):
    kinds, rows, beyond = read()
    tests = ctest_list(build)
    wrong = faults(kinds, rows, beyond, tests)
    names = {name for row in rows + beyond for name in named(row)}
    print(f"running the {len(names)} tests of hocket's that stand for CPython's {len(kinds)} ...", flush=True)
    found = outcomes(build, {number for name in names for number in tests.get(name, [])})

    proven, totals, without = collections.Counter(), collections.Counter(), collections.Counter()
    open_rows = collections.defaultdict(list)
    for row in rows:
        group = group_of(row.file, kinds.get(row[:3], "X"))
        totals[group] += 1
        bad = [name for name in named(row) if "fail" in found[name] or "run" not in found[name]]
        wrong += [f"{'::'.join(row[:3])}: {name} {'fails' if 'fail' in found[name] else 'did not run'}" for name in bad if tests.get(name)]
        if row.ours == "open":
            open_rows[group].append(row)
        elif not bad:
            proven[group] += 1
            without[group] += row.ours == "n/a"

    for group in [*GROUPS, NO_MEANING]:
        for row in open_rows[group]:
            print(f"open: {group}: {'::'.join(row[:3])}: {row.why}")
    for fault in wrong:
        print(f"wrong: {fault}")
    print(" ".join(f"{group} {proven[group]}/{totals[group]}" for group in GROUPS))
    print("of these, without a counterpart, each with its reason: " + ", ".join(f"{group} {without[group]}" for group in GROUPS)
          + f"; {totals[NO_MEANING]} more have no meaning in C++, yet {proven[NO_MEANING] - without[NO_MEANING]} of those have a test")
    print(f"beyond test_asyncio: {sum(bool(named(row)) for row in beyond)} of {len(beyond)}, the others with a reason")
    return 1 if wrong else 0


def rows_of_features():
    """The rows of http_features.tsv (see http_features.py) that name tests."""
    return [Row(package, of, name, tests, why)
            for package, of, name, _, _, tests, why in table(HERE / "http_features.tsv", 7) if tests]


def check(build, file):
    tests = ctest_list(build, file)
    wrong = faults(*read(), tests) + list(faults_of_tests(rows_of_features(), tests))
    for fault in wrong:
        print(fault)
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description="CPython's tests of asyncio, and hocket's beside them.")
    parser.add_argument("command", choices=["check", "report"])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--list", type=pathlib.Path, help="what `ctest --show-only=json-v1` printed")
    arguments = parser.parse_args()
    return check(arguments.build, arguments.list) if arguments.command == "check" else report(arguments.build)


if __name__ == "__main__":
    sys.exit(main())
