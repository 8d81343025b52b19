#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table in docs/http-security.md: each rule with its cases of the corpus and its tests, which must exist.

usage: rules.py check|fix      fix writes the table anew
"""
import collections
import re
import sys

from corpus import FOLDER, ROOT, cases

PAGE = ROOT / "docs" / "http-security.md"
WANTED = [*range(1, 51), 62]
BEGIN, END = "<!-- rules -->\n", "<!-- end of the rules -->\n"


def tests():
    """The names of all tests, `Suite.name`, and the file of each."""
    pattern = re.compile(r"^\s*(?:TEST|TEST_F|TEST_P|RC_GTEST_PROP)\(\s*(\w+),\s*(\w+)", re.MULTILINE)
    return {f"{suite}.{name}": path.relative_to(ROOT).as_posix()
            for path in (ROOT / "hocket").glob("**/*_test.cc") for suite, name in pattern.findall(path.read_text())}


def rules():
    for line in (FOLDER / "rules.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            number, rule, names, *missing = line.split("\t")
            yield int(number), rule, [] if names == "-" else names.split(), missing[0] if missing else ""


def cell_of_corpus(found):
    files = collections.Counter(case.file for case in found)
    refused = sum(not case.accepted for case in found)
    links = ", ".join(f"[{file.removesuffix('.txt')}](../hocket/http/corpus/{file})" for file in sorted(files))
    return f"{refused} + {len(found) - refused}: {links}" if found else ""


def table(problems):
    known, everything = tests(), cases()
    lines = ["| | rule | corpus: refused + accepted | tests | not there yet |", "| --- | --- | --- | --- | --- |"]
    numbers = []
    for number, rule, names, missing in rules():
        numbers.append(number)
        found = [case for case in everything if number in case.rules]
        if not found and not names and not missing:
            problems.append(f"rule {number} has neither a case, nor a test, nor a reason")
        for name in names:
            if name not in known:
                problems.append(f"rule {number}: there is no test {name}")
        shown = "<br>".join(f"[{name.split('.')[1]}](../{known.get(name, '')})" for name in names)
        lines.append(f"| {number} | {rule} | {cell_of_corpus(found)} | {shown} | {missing} |")
    if numbers != WANTED:
        problems.append(f"{FOLDER.name}/rules.tsv has not the rules 1 to 50 and 62, in this order")
    for case in everything:
        problems += [f"{case.file}: {case.name}: there is no rule {number}" for number in case.rules if number not in numbers]
    accepted = sum(case.accepted for case in everything)
    return "\n".join([*lines, "", f"{len(everything)} cases: {len(everything) - accepted} refused, {accepted} accepted.", ""])


def main(what):
    problems = []
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    made = before + BEGIN + table(problems) + END + after
    if what == "fix":
        PAGE.write_text(made)
    elif made != text:
        problems.append(f"{PAGE.relative_to(ROOT)} is not what the corpus and the tests say: ./dev check --fix")
    print(*problems, sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    if sys.argv[1:] not in (["check"], ["fix"]):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
