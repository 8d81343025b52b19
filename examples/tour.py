#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the examples and checks what each prints and how long it takes.

For each program: its number, what it shows, its output, its expected and its measured time, and `ok` or `failed`. Programs
that mostly sleep run beside each other; those that measure run alone. Exit status: 0 all ok, 1 some failed, 2 wrong usage.

What a program must print stands in expected/PROGRAM.txt. There `~3.0` stands for a number near 3.0, `#` for any number, and a
first line `(in any order)` for lines whose order is not promised.
"""
import argparse
import concurrent.futures
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
NUMBER = r"[-+]?\d+(?:\.\d+)?"


class Program:
    def __init__(self, line):
        self.id, self.name, seconds, mode, self.shows = line.split("\t")
        self.seconds = float(seconds)
        self.alone = mode == "alone"
        self.expects = f"expected {'at most ' if self.alone else ''}{self.seconds:.1f} s"

    def in_time(self, measured):
        """What sleeps takes as long as its sleeps; what measures or computes is as fast as the machine."""
        return measured <= self.seconds if self.alone else near(measured, self.seconds)


def programs():
    lines = (HERE / "tour.tsv").read_text().splitlines()[1:]
    return [Program(line) for line in lines if line]


def near(measured, expected):
    """Sleeps end late, never early; a busy machine makes them later."""
    return 0.9 * expected - 0.05 <= measured <= 1.3 * expected + 1.0


def same(line, pattern):
    expected = []

    def number(match):
        if match.group(1):
            expected.append(float(match.group(1)))
            return f"({NUMBER})"
        if match.group(0) == "#":
            return NUMBER
        return re.sub(r"(\\ )+", r"\\s+", re.escape(match.group(0)))  # columns are as wide as their numbers

    regex = re.sub(r"~(\d+(?:\.\d+)?)|#|[^~#]+", number, pattern)
    found = re.fullmatch(regex, line)
    return bool(found) and all(near(float(n), e) for n, e in zip(found.groups(), expected))


def in_order_of(got, want):
    """Both lists, the lines that belong together first."""
    want, paired, rest = list(want), [], []
    for line in got:
        pattern = next((p for p in want if same(line, p)), None)
        if pattern is None:
            rest.append(line)
        else:
            want.remove(pattern)
            paired.append((pattern, line))
    return [p for p, _ in paired] + want, [line for _, line in paired] + rest


def difference(output, expected):
    """The first thing that is not as expected, or None."""
    got, want = output.splitlines(), expected.splitlines()
    if want and want[0] == "(in any order)":
        want, got = in_order_of(got, want[1:])
    for i, pattern in enumerate(want):
        if i >= len(got):
            return f"the output ends before: {pattern}"
        if not same(got[i], pattern):
            return f"line {i + 1} is:       {got[i]}\n    expected instead: {pattern}"
    return f"more than expected: {got[len(want)]}" if len(got) > len(want) else None


@contextlib.contextmanager
def page_server():
    """`python3 -m http.server` with 100 pages, on a free port; its queue of connections is as long as the number of pages."""
    code = ("import runpy, socketserver, sys; socketserver.TCPServer.request_queue_size = 128; "
            "sys.argv = ['http.server', '0', '--bind', '127.0.0.1']; runpy.run_module('http.server', run_name='__main__')")
    with tempfile.TemporaryDirectory() as folder:
        for i in range(100):
            Path(folder, f"page-{i}.html").write_text(f"<title>Page {i}</title>\n" + "<p>A line of it.</p>\n" * 200)
        server = subprocess.Popen([sys.executable, "-u", "-c", code], cwd=folder, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
        try:
            yield re.search(r"port (\d+)", server.stdout.readline()).group(1)
        finally:
            server.terminate()
            server.wait()
            server.stdout.close()


def run(program, folder, backend):
    environment = dict(os.environ)
    if backend:
        environment["HOCKET_BACKEND"] = backend
    with contextlib.ExitStack() as stack:
        arguments = [stack.enter_context(page_server())] if program.name == "pages" else []
        start = time.monotonic()
        try:
            done = subprocess.run([folder / program.name, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=60, env=environment)
        except (OSError, subprocess.TimeoutExpired) as error:
            return "", time.monotonic() - start, str(error)
        seconds = time.monotonic() - start
    problem = difference(done.stdout, (HERE / "expected" / f"{program.name}.txt").read_text())
    if done.stderr:
        problem = problem or f"printed on standard error: {done.stderr.strip()}"
    if done.returncode != 0:
        problem = f"exit status {done.returncode}\n{done.stderr.strip()}"
    elif not problem and not program.in_time(seconds):
        problem = f"took {seconds:.1f} s"
    return done.stdout, seconds, problem


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=Path, help="the folder with the programs")
    parser.add_argument("--backend", help="uring, epoll or virtual; otherwise the library chooses")
    parser.add_argument("--brief", action="store_true", help="print the output of failed programs only")
    parser.add_argument("only", nargs="*", help="numbers of programs, such as A2 B13; otherwise all")
    arguments = parser.parse_args()

    chosen = programs()
    unknown = {i.upper() for i in arguments.only} - {p.id for p in chosen}
    if unknown:
        parser.error(f"no program has the number {', '.join(sorted(unknown))}; there are {', '.join(p.id for p in chosen)}")
    if arguments.only:
        chosen = [p for p in chosen if p.id in {i.upper() for i in arguments.only}]

    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    paint = lambda text, code: f"\033[{code}m{text}\033[0m" if colour else text
    failed = 0
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        sleeping = {p.id: pool.submit(run, p, arguments.bin, arguments.backend) for p in chosen if not p.alone}
        for p in chosen:
            if p.alone:
                concurrent.futures.wait(sleeping.values())
                output, seconds, problem = run(p, arguments.bin, arguments.backend)
            else:
                output, seconds, problem = sleeping[p.id].result()
            failed += bool(problem)
            verdict = paint("failed", "1;31") if problem else paint("ok", "32")
            print(f"{paint(f'{p.id:5}', '1')} {p.shows}")
            if problem or not arguments.brief:
                print("".join(f"      {line}\n" for line in output.splitlines()), end="")
            print(f"      {p.expects}, took {seconds:.1f} s: {verdict}", flush=True)
            if problem:
                print(f"      {paint(problem, '31')}")
    print(f"\n{len(chosen) - failed} ok, {failed} failed in {time.monotonic() - start:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
