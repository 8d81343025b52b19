#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The public names of aiohttp, httpx and requests, each beside ours and the test that shows it, or the reason why there is none.

usage: http_features.py names      takes the names of the installed packages over into http_features.tsv; new ones have `?` to be filled in
       http_features.py check      whether each installed name has its row, each row what it needs, and docs/http-features.md says the same
       http_features.py fix        the same, and writes that page anew

http_features.tsv: package; module, class or call, `Client()`, of which the names are parameters; name; the versions in which it was seen; ours, or
`-`; tests, as in map.tsv; why there is none, or what differs. http_names.py says which names are public. Exit status: 1 when something is wrong.
"""
import collections
import re
import sys

from conformance import HERE, table

ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "tests" / "security"))
import rules  # noqa: E402

TABLE = HERE / "http_features.tsv"
PAGE = ROOT / "docs" / "http-features.md"
BEGIN, END = "<!-- features -->\n", "<!-- end of the features -->\n"
HEADING = ("package", "of", "name", "seen", "ours", "tests", "why")
UNDECIDED = "?"

Row = collections.namedtuple("Row", HEADING)


def read(path=TABLE):
    return [Row(*row) for row in table(path, len(HEADING))]


def write(rows, path=TABLE):
    path.write_text("".join("\t".join(row) + "\n" for row in [HEADING, *rows]))


def place(row):
    return f"{row.package}: {row.of}: {row.name}"


def words_of_headers():
    """For each public header its words, without those of comments."""
    found = []
    for path in sorted((ROOT / "hocket").glob("**/*.h")):
        if not path.name.endswith(("_internal.h", "_test.h")):
            text = re.sub(r"//[^\n]*|/\*.*?\*/|\"[^\"\n]*\"", " ", path.read_text(), flags=re.DOTALL)
            found.append(set(re.findall(r"\w+", text)))
    return found


def faults_of_rows(rows):
    for key, times in collections.Counter(row[:3] for row in rows).items():
        if times > 1:
            yield f"{': '.join(key)} has {times} rows"
    for row in rows:
        if UNDECIDED in (row.ours, row.why):
            yield f"{place(row)}: neither a name of ours nor a reason"
        elif row.ours == "-" and (row.tests or not row.why):
            yield f"{place(row)}: what is absent has no test, and a reason"
        elif row.ours != "-" and not (row.ours and row.tests):
            yield f"{place(row)}: what is offered has a name and a test"
        if not row.seen:
            yield f"{place(row)}: no version is named"


def faults_of_tests(rows, known):
    for row in rows:
        for test in row.tests.split():
            if test not in known:
                yield f"{place(row)}: there is no test {test}"


def faults_of_ours(rows, headers):
    for row in rows:
        for name in [] if row.ours in ("-", UNDECIDED) else row.ours.split():
            if not any(set(name.split("::")) <= words for words in headers):
                yield f"{place(row)}: no public header has {name}"


def faults_of_names(rows, names, versions):
    """What is installed, against the rows. Of a version that the table does not know, names may be missing, but none may be new."""
    have = {row[:3] for row in rows}
    there = set(names)
    for key in names:
        if key not in have:
            yield f"{': '.join(key)} ({versions[key[0]]}) has no row: conformance/http_features.py names"
    for row in rows:
        if versions[row.package] in row.seen.split() and row[:3] not in there:
            yield f"{place(row)} is not in {row.package} {versions[row.package]}, though its row says so"
        elif versions[row.package] not in row.seen.split() and row[:3] in there and any(
                versions[row.package] in other.seen.split() for other in rows if other.package == row.package):
            yield f"{place(row)} is in {row.package} {versions[row.package]}, and its row does not say so"


def merged(rows, names, versions):
    """The rows with what is installed, in the order of the packages; names that are gone stay behind those of their group."""
    old = {row[:3]: row for row in rows}
    there = set(names)
    order = {}
    for key in [*names, *(row[:3] for row in rows)]:
        order.setdefault(key[:2], []).append(key)
    done = []
    for keys in order.values():
        for key in dict.fromkeys(keys):
            row = old.get(key, Row(*key, "", UNDECIDED, "", UNDECIDED))
            seen = set(row.seen.split()) - {versions[key[0]]} | ({versions[key[0]]} if key in there else set())
            done.append(row._replace(seen=" ".join(sorted(seen, key=lambda text: [int(part) for part in text.split(".")]))))
    return done


# ---- The page

PARTS = [("aiohttp: the client", "aiohttp", False), ("aiohttp.web: the server", "aiohttp", True), ("httpx", "httpx", False),
         ("requests", "requests", False)]


def is_of(row, package, is_server):
    return row.package == package and row.of.startswith(("aiohttp.web", "web.")) == is_server


def cell(text):
    return text.replace("|", "\\|")


def lines_of(rows, known):
    """One for the names of a group that have the same answer."""
    groups = {}
    for row in rows:
        groups.setdefault(row.of, {}).setdefault((row.ours, row.tests, row.why), []).append(row)
    for of, answers in groups.items():
        first = f"**{of}**"
        for (ours, tests, why), same in answers.items():
            names = ", ".join(f"`{row.name}`" for row in same)
            if ours == "-":
                yield f"| {first} | {names} | | {cell(why)} |"
            else:
                shown = ", ".join(f"[{test.partition('.')[2]}](../{known.get(test, '')})" for test in tests.split())
                mine = ", ".join(f"`{name}`" for name in ours.split())
                yield f"| {first} | {names} | {mine} | {shown}{'; ' + cell(why) if why else ''} |"
            first = ""


def page(rows, known):
    parts = [(title, [row for row in rows if is_of(row, package, is_server)]) for title, package, is_server in PARTS]
    lines = ["| | names | offered | absent, each with its reason | versions |", "| --- | ---: | ---: | ---: | --- |"]
    for title, some in [*parts, ("all", rows)]:
        offered = sum(row.ours != "-" for row in some)
        seen = sorted({version for row in some for version in row.seen.split()}, key=lambda text: [int(part) for part in text.split(".")])
        lines.append(f"| {title} | {len(some)} | {offered} | {len(some) - offered} | {', '.join(seen) if some is not rows else ''} |")
    lines += ["", f"{len({test for row in rows for test in row.tests.split()})} tests show what is offered.", ""]
    for title, some in parts:
        lines += [f"## {title}", "", "| of | names | hocket::http | shown by; or why it is absent |", "| --- | --- | --- | --- |", *lines_of(some, known), ""]
    return "\n".join(lines)


def installed():
    """The names and versions of the packages; the one who runs this has to have them."""
    try:
        import http_names
        return list(dict.fromkeys(http_names.names())), http_names.versions()
    except ModuleNotFoundError as e:
        sys.exit(f"http_features: {sys.executable} has no {e.name}: Debian's python3-aiohttp, python3-httpx and python3-requests bring what is compared")


def main(what):
    names, versions = installed()
    rows = read()
    if what == "names":
        rows = merged(rows, names, versions)
        write(rows)
        print(f"{len(rows)} names, {sum(row.ours == UNDECIDED for row in rows)} of them without an answer")
        return 0
    known = rules.tests()
    problems = [*faults_of_rows(rows), *faults_of_tests(rows, known), *faults_of_ours(rows, words_of_headers()), *faults_of_names(rows, names, versions)]
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    made = before + BEGIN + page(rows, known) + END + rest.split(END)[1]
    if what == "fix":
        PAGE.write_text(made)
    elif made != text:
        problems.append(f"{PAGE.relative_to(ROOT)} is not what {TABLE.name} says: ./dev check --fix")
    print(*problems, sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    if sys.argv[1:] not in (["names"], ["check"], ["fix"]):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
