#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Keeps the programs in the documentation true: every block is a piece of one that is compiled and run.

In README.md and docs/*.md, a block is preceded by a line that says where it comes from:

    <!-- snippet: docs/snippets/first.cc#gather -->     the lines between `// [gather]` and `// [/gather]`
    <!-- snippet: docs/snippets/first.cc -->            the whole file, its first comment left out
    <!-- snippet: docs/pairs/first.py -->               likewise
    <!-- output: docs/snippets/first.out -->            what a program prints

usage: snippets.py check         says which blocks differ
       snippets.py fix           rewrites them
       snippets.py run PROGRAM EXPECTED    runs a program, and compares its output when the file EXPECTED exists
       snippets.py pair PYTHON SCRIPT PROGRAM   runs a Python script and a program, each in an empty folder and with the address of
                                                web_server.py as its argument; they must print the same, and nothing on standard error
"""
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap

import web_server

BLOCK = re.compile(r"(?P<before>[^\n]*)\n```(?P<language>[a-z+]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
SOURCE = re.compile(r"^<!-- (snippet|output): (?P<path>[^# ]+)(?:#(?P<region>\S+))? -->$")
LANGUAGES = ("cpp", "c++", "cc", "py", "python")  # of blocks that must say where they come from
FIRST_COMMENT = {".cc": re.compile(r"\A(//[^\n]*\n)+\n*"), ".py": re.compile(r"\A(#[^\n]*\n)+\n*")}
MARK = re.compile(r"^\s*// \[/?[\w.-]+\]\n", re.MULTILINE)


class Wrong(Exception):
    pass


def piece(root, path, region):
    """The text that a block must hold."""
    file = root / path
    if not file.is_file():
        raise Wrong(f"{path} does not exist")
    text = file.read_text()
    if region:
        found = re.findall(rf"^\s*// \[{re.escape(region)}\]\n(.*?)^\s*// \[/{re.escape(region)}\]$", text, re.MULTILINE | re.DOTALL)
        if len(found) != 1:
            raise Wrong(f"{path} has {len(found)} regions [{region}]")
        text = textwrap.dedent(found[0])
    elif file.suffix in FIRST_COMMENT:
        text = FIRST_COMMENT[file.suffix].sub("", text)
    return MARK.sub("", text)


def process(root, page, fix):
    """What is wrong with a page's blocks, and its text with the right ones."""
    problems = []
    text = page.read_text()

    def replace(block):
        line = text.count("\n", 0, block.start("body"))
        place = f"{page.relative_to(root)}:{line}"
        source = SOURCE.match(block["before"])
        if not source:
            if block["language"] in LANGUAGES:
                problems.append(f"{place}: this block does not say which program it is a piece of")
            return block[0]
        try:
            wanted = piece(root, source["path"], source["region"])
        except Wrong as wrong:
            problems.append(f"{place}: {wrong}")
            return block[0]
        if wanted != block["body"] and not fix:
            problems.append(f"{place}: differs from {source['path']} (./dev check --fix rewrites it)")
        return f"{block['before']}\n```{block['language']}\n{wanted}```"

    return problems, BLOCK.sub(replace, text)


def pages(root):
    return [page for page in [root / "README.md", *sorted(root.glob("docs/**/*.md"))] if page.exists()]


def check(root, fix):
    problems = []
    for page in pages(root):
        found, text = process(root, page, fix)
        problems += found
        if fix and text != page.read_text():
            page.write_text(text)
    return problems


def run(program, expected):
    done = subprocess.run([program], stdout=subprocess.PIPE, text=True)
    sys.stdout.write(done.stdout)
    if done.returncode != 0:
        return [f"{program} ended with status {done.returncode}"]
    if expected.exists() and expected.read_text() != done.stdout:
        return [f"the output differs from {expected}:", expected.read_text()]
    return []


def pair(python, script, program):
    """What is wrong with a script and a program that should do the same."""
    problems = []
    outputs = []
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    with web_server.running() as address:
        for command in ([python, "-B", script, address], [program, address]):
            with tempfile.TemporaryDirectory() as folder:
                done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, env=environment)
            outputs.append(done.stdout)
            if done.returncode != 0:
                problems.append(f"{command[-2]} ended with status {done.returncode}")
            if done.stderr:
                problems.append(f"{command[-2]} complains:\n{readable(done.stderr).rstrip()}")
    if outputs[0] != outputs[1]:
        difference = difflib.unified_diff(*[readable(output).split("\n") for output in outputs],
                                          fromfile=script, tofile=program, lineterm="", n=1000)
        problems.append("the outputs differ:\n" + "\n".join(difference))
    elif not outputs[0]:
        problems.append("both print nothing")
    else:
        sys.stdout.write(readable(outputs[0]))
    return problems


def readable(output):
    return output.decode("utf-8", "backslashreplace").replace("\r", "\\r")


def main(arguments):
    if arguments[:1] == ["run"] and len(arguments) == 3:
        problems = run(arguments[1], pathlib.Path(arguments[2]))
    elif arguments[:1] == ["pair"] and len(arguments) == 4:
        problems = pair(*arguments[1:])
    elif arguments in (["check"], ["fix"]):
        problems = check(pathlib.Path(__file__).resolve().parents[2], arguments == ["fix"])
    else:
        problems = [__doc__]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
