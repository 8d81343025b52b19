#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lines of docs/semantics.md, and the tests that hold each: those with its number in the comment before them.

usage: semantics.py [NUMBER...]      exit status 1 if a line has no test, or a test names a line that is not there
"""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINE = re.compile(r"^(\d+)\. (.*)$", re.MULTILINE)
TEST = re.compile(r"((?:^//[^\n]*\n)+)TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.MULTILINE)
NUMBERS = re.compile(r"^// (\d+(?:, \d+)*)(?:[:.;]| |$)", re.MULTILINE)


def tests_by_line(sources):
    """{number: [Suite.test, ...]}"""
    tests = collections.defaultdict(list)
    for text in sources:
        for comment, suite, name in TEST.findall(text):
            for numbers in NUMBERS.findall(comment):
                for number in numbers.split(", "):
                    tests[int(number)].append(f"{suite}.{name}")
    return tests


def main(wanted):
    lines = {int(number): text for number, text in LINE.findall((ROOT / "docs/semantics.md").read_text())}
    tests = tests_by_line(path.read_text() for path in sorted(ROOT.glob("hocket/**/*_test.cc")))
    for number in wanted or sorted(lines):
        print(f"{number}. {lines.get(number, 'no such line')}\n" + "".join(f"      {test}\n" for test in tests[number]), end="")
    bare = [number for number in lines if not tests[number]]
    unknown = [number for number in tests if tests[number] and number not in lines]
    for number in bare:
        print(f"docs/semantics.md: line {number} has no test: put `// {number}` before one that fails without it")
    for number in unknown:
        print(f"docs/semantics.md: there is no line {number}, which {tests[number][0]} names")
    return 1 if bare or unknown else 0


if __name__ == "__main__":
    sys.exit(main([int(argument) for argument in sys.argv[1:]]))
