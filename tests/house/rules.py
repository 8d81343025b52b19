#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The house rules that a program can check. CONTRIBUTING.md says what they are for.

usage: rules.py [ROOT]      exit status 1 if a rule is broken
"""
import pathlib
import re
import shutil
import subprocess
import sys

# A room includes only itself and the rooms above it.
ROOMS = ["base", "core", "inspect", "io", "sync", "flow", "os", "net", "process", "db", "http", "sim"]

LONG_FILE = 450  # lines; longer ones are listed, since most hold two things
README_LINES = 120

SYSTEM_HEADER = re.compile(
    r"^(sys|linux|asm|netinet|arpa|net|elfutils|openssl|boost|brotli|llhttp|nghttp2)/|^(unistd|fcntl|poll|signal|pthread|netdb|dlfcn"
    r"|sched|spawn|syscall|dirent|termios|liburing|llhttp|idn2|libpsl|libelf|elf|link|execinfo|zlib|zstd|sqlite3)\.h$|^(iostream|regex)$")
PRINTS = re.compile(r"(?<![\w.>])(?:std::)?(?:printf|fprintf|vprintf|vfprintf|puts|fputs|putchar|perror|cout|cerr|clog)\b(?!\s*=)")
EXITS = re.compile(r"(?<![\w.>:~])(?:std::)?(?:exit|quick_exit)\s*\(")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)
SPDX = {"//": "// SPDX-License-Identifier: MIT", "#": "# SPDX-License-Identifier: MIT"}
COMMENT_OF = {".h": "//", ".cc": "//", ".c": "//", ".py": "#", ".cmake": "#", ".sh": "#"}


class Source:
    """One file: its path in the repository, its text, and its text without comments and literals."""

    def __init__(self, path, text):
        self.path = pathlib.PurePosixPath(path)
        self.text = text

    @property
    def room(self):
        parts = self.path.parts
        return parts[1] if len(parts) > 2 and parts[0] == "hocket" else None

    @property
    def in_library(self):
        """Library code, as opposed to its tests."""
        return self.path.parts[0] == "hocket" and not self.path.stem.endswith("_test") and "compile_fail" not in self.path.parts

    @property
    def is_public_header(self):
        return self.in_library and self.path.suffix == ".h" and not self.path.stem.endswith("_internal")

    @property
    def includes(self):
        """(line, bracket, file) of each include."""
        return [(self.line_at(m.start(2)), m[1], m[2]) for m in INCLUDE.finditer(self.text)]

    @property
    def code(self):
        """The text with comments and literals blanked, lines kept."""
        token = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/', re.DOTALL)
        return token.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), self.text)

    def line_at(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def matches(self, pattern, text):
        return [f"{self.path}:{text.count(chr(10), 0, m.start()) + 1}: {m[0].strip()}" for m in pattern.finditer(text)]


def layering(source):
    """A room includes only the rooms above it; tests, and the headers of hocket/ itself, include what they like."""
    if not source.in_library or source.room is None:
        return
    if source.room not in ROOMS:
        yield f"{source.path}: {source.room} is not a room"
        return
    for line, _, file in source.includes:
        parts = file.split("/")
        if parts[0] != "hocket":
            continue
        if len(parts) == 2:
            yield f"{source.path}:{line}: <{file}> is for users; include what is needed of it"
        elif parts[1] not in ROOMS[: ROOMS.index(source.room) + 1]:
            yield f"{source.path}:{line}: {source.room} may not include {parts[1]}, which is below it"


def own_headers_by_full_name(source):
    """The library's headers are included as <hocket/room/name.h>."""
    if source.path.parts[0] == "hocket":
        for line, bracket, file in source.includes:
            if bracket == '"':
                yield f'{source.path}:{line}: write "{file}" as <hocket/...>'


def system_headers_stay_out(source):
    """A public header includes no header of the system or of a dependency, and none that is known to be dear."""
    if source.is_public_header:
        for line, _, file in source.includes:
            if SYSTEM_HEADER.search(file):
                yield f"{source.path}:{line}: <{file}> in a public header; move it to a .cc or to a *_internal.h"


def internal_headers_stay_inside(source):
    """A public header does not include one that is not installed."""
    if source.is_public_header:
        for line, _, file in source.includes:
            if file.startswith("hocket/") and file.endswith("_internal.h"):
                yield f"{source.path}:{line}: <{file}> is not installed"


def included_once(source):
    """A header says #pragma once."""
    if source.path.suffix == ".h" and "\n#pragma once\n" not in source.text:
        yield f"{source.path}: #pragma once is missing"


def licence_and_purpose(source):
    """The first line is the licence; the first comment after it says what the file holds."""
    mark = COMMENT_OF.get(source.path.suffix)
    if mark is None:
        return
    lines = source.text.split("\n")
    if lines[0].startswith("#!"):
        lines = lines[1:]
    if lines[0] != SPDX[mark]:
        yield f"{source.path}:1: the first line must be `{SPDX[mark]}`"
        return
    starts = (mark, '"""') if mark == "#" else (mark,)
    for line in lines[1:]:
        text = line.strip()
        if text.startswith(starts):
            if not re.search(r"\w+ \w+", text):
                yield f"{source.path}: the first comment must say what the file holds"
            return
    yield f"{source.path}: no comment says what the file holds"


def nothing_unfinished(source):
    """No marks of unfinished work."""
    if source.path.parts[:2] != ("tests", "house"):
        yield from source.matches(UNFINISHED, source.text)


def library_does_not_print_or_exit(source):
    """Reports go through one sink, hocket/base/report."""
    if source.in_library and source.path.with_suffix("") != pathlib.PurePosixPath("hocket/base/report"):
        yield from (f"{place} (reports go through hocket/base/report)" for place in source.matches(PRINTS, source.code))
        yield from (f"{place} (the library does not end the process)" for place in source.matches(EXITS, source.code))


def body_of(statement):
    """What follows the condition of a `while`, `if` or `switch`, if that has ended; else the statement."""
    if re.match(r"\s*(?:else\s+)?(?:while|if|switch)\b", statement):
        depth = 0
        for i, c in enumerate(statement):
            depth += (c == "(") - (c == ")")
            if c == ")" and depth == 0:
                return statement[i + 1:]
    return statement


def no_await_behind_a_condition(source):
    """GCC 14 runs such an await whatever the condition says (README, Limits), but where the expression is the whole of an initialiser, of
    an assignment, or of the condition of an `if` or a `switch`."""
    if source.path.suffix not in (".h", ".cc") or source.path.name == "conditional_await_test.cc":
        return
    code = source.code
    for await_ in re.finditer(r"\bco_await\b", code):
        start = max(code.rfind(mark, 0, await_.start()) for mark in ";{}") + 1
        before = body_of(code[start:await_.start()])
        allowed = re.match(r"\s*(?:else\s+)?(?:if|switch)\b|[^()=]* = (?:[^()]|\([^()]*\))*$", before)
        if re.search(r"\s(?:&&|\|\||\?)\s", before) and not allowed:
            yield f"{source.path}:{source.line_at(await_.start())}: co_await behind ?:, && or ||: GCC 14 runs it in any case; write an if"


def readme_is_short(source):
    """README.md fits in 120 lines."""
    if source.path == pathlib.PurePosixPath("README.md") and source.text.count("\n") > README_LINES:
        yield f"README.md: {source.text.count(chr(10))} lines; {README_LINES} are enough"


RULES = [no_await_behind_a_condition, layering, own_headers_by_full_name, system_headers_stay_out, internal_headers_stay_inside, included_once,
         licence_and_purpose, nothing_unfinished, library_does_not_print_or_exit, readme_is_short]


def broken(source):
    """What one file does against the rules."""
    return [problem for rule in RULES for problem in rule(source)]


def sources(root):
    """The files that git knows or would add; without git, all that are not built."""
    git = ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if shutil.which("git") and (listed := subprocess.run(git, capture_output=True)).returncode == 0:
        paths = sorted({path for path in listed.stdout.decode().split("\0") if path})
    else:
        paths = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
        paths = [path for path in paths if not path.startswith((".git/", "build"))]
    wanted = {".h", ".cc", ".c", ".py", ".cmake", ".sh", ".md", ".txt"}
    for path in paths:
        if pathlib.PurePosixPath(path).suffix in wanted and (root / path).is_file():
            yield Source(path, (root / path).read_text())


def main(root):
    files = list(sources(root))
    problems = [problem for source in files for problem in broken(source)]
    long = [(source.text.count("\n"), source.path) for source in files if source.path.suffix in COMMENT_OF]
    for lines, path in sorted(long, reverse=True):
        if lines > LONG_FILE:
            print(f"note: {path} has {lines} lines: does it hold two things?")
    print(*problems, sep="\n", end="\n" if problems else "")
    print(f"{len(files)} files, {len(RULES)} rules, {len(problems)} broken")
    return 1 if problems else 0


if __name__ == "__main__":
    default = pathlib.Path(__file__).resolve().parents[2]
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else default))
