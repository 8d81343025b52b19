#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the examples and checks what each prints and how long it takes.

For each program: its number, what it shows, its output, its expected and its measured time, and `ok` or `failed`. Programs
that mostly sleep run beside each other; those that measure run alone. One that ends well, but not as expected, is run once more, alone,
since a busy machine makes sleeps late; the tour says so. PAGES is counted only if it fails: it is none of the 51. With --tls only those run that
talk to a server, and do so by TLS; their certificate is believed since SSL_CERT_FILE names it. With --backend sim only those run that wait for
their loop alone (`sleeps` in tour.tsv): time is virtual there, so that they print the same at once, and one that takes as long as it seems to
has failed. Exit status: 0 all ok, 1 some failed, 2 wrong usage.

What a program must print stands in expected/PROGRAM.txt. In a line, `~3.0` stands for a number near 3.0, `<300` for one below
300, `#` for any. The order of lines is not promised between `(in any order)` and `(in order)`; there, a line that begins with
`> ` comes somewhere after the one above it.
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
import typing
from pathlib import Path

HERE = Path(__file__).resolve().parent
NUMBER = r"[-+]?\d+(?:\.\d+)?"


class Program:
    def __init__(self, line):
        self.id, self.name, seconds, mode, self.needs, self.shows = line.split("\t")
        self.seconds = float(seconds)
        self.alone = mode == "alone"
        self.sleeps = mode == "sleeps"  # and does nothing else
        self.is_online = self.needs != "-"  # `own`: it serves by itself
        self.counts = self.id != "PAGES"  # beside the programs of the articles: counted if it fails
        self.expects = f"expected {'at most ' if self.alone else ''}{self.seconds:.1f} s"

    def in_time(self, measured, is_virtual):
        """What sleeps takes as long as its sleeps, and the time to start; what measures or computes is as fast as the machine."""
        if is_virtual:
            return self.seconds < 1 or measured < 0.9 * self.seconds  # it does not sleep
        return measured <= self.seconds if self.alone else near(measured, self.seconds, late=1.0)


def programs():
    lines = (HERE / "tour.tsv").read_text().splitlines()[1:]
    return [Program(line) for line in lines if line]


def near(measured, expected, late):
    """Sleeps end late, never early; a busy machine makes them later."""
    return 0.9 * expected - 0.05 <= measured <= 1.3 * expected + late


def same(line, pattern):
    """Whether a line is what the pattern says."""
    checks = []

    def number(match):
        text = match[0]
        if text == "#":
            return NUMBER
        if text[0] in "~<" and len(text) > 1:
            limit = float(text[1:])
            checks.append(lambda n: near(n, limit, late=0.3) if text[0] == "~" else n < limit)
            return f"({NUMBER})"
        return re.sub(r"(\\ )+", r"\\s+", re.escape(text))  # columns are as wide as their numbers

    regex = re.sub(r"[~<]\d+(?:\.\d+)?|#|[~<]|[^~<#]+", number, pattern)
    found = re.fullmatch(regex, line)
    return bool(found) and all(check(float(n)) for check, n in zip(checks, found.groups()))


def in_order_of(lines, patterns):
    """For each pattern the line that fits it, None where there is none; `> ` is taken off. And the lines that are left."""
    fitting, taken = [], []
    for pattern in patterns:
        first = taken[-1] + 1 if pattern.startswith("> ") and fitting[-1] is not None else 0
        pattern = pattern.removeprefix("> ")
        found = next((i for i in range(first, len(lines)) if i not in taken and same(lines[i], pattern)), None)
        fitting.append(None if found is None else lines[found])
        if found is not None:
            taken.append(found)
    return fitting, [line for i, line in enumerate(lines) if i not in taken]


def parts(expected):
    """(whether in order, patterns) of each part of an expected file."""
    ordered, patterns = True, []
    for line in expected.splitlines():
        if line in ("(in any order)", "(in order)"):
            yield ordered, patterns
            ordered, patterns = line == "(in order)", []
        else:
            patterns.append(line)
    yield ordered, patterns


def difference(output, expected):
    """The first thing that is not as expected, or None."""
    got, end = output.splitlines(), 0
    for ordered, patterns in parts(expected):
        begin, end = end, end + len(patterns)
        lines = got[begin:end]
        if ordered:
            for number, (line, pattern) in enumerate(zip(lines, patterns), begin + 1):
                if not same(line, pattern):
                    return f"line {number} is:       {line}\n    expected instead: {pattern}"
        elif len(lines) == len(patterns):
            fitting, left = in_order_of(lines, patterns)
            if None in fitting:
                return f"out of place:         {left[0]}\n    expected instead: {patterns[fitting.index(None)]}"
        if len(lines) < len(patterns):
            return f"the output ends before: {patterns[len(lines)]}"
    return f"more than expected: {got[end]}" if len(got) > end else None


class Identity(typing.NamedTuple):
    """The files of a certificate of 127.0.0.1 and its key."""
    certificate: str
    key: str


@contextlib.contextmanager
def identity():
    """One for the time of the tour."""
    with tempfile.TemporaryDirectory() as folder:
        made = Identity(f"{folder}/certificate.pem", f"{folder}/key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=tour",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout", made.key, "-out", made.certificate],
                       check=True, capture_output=True)
        yield made


PAGE_SERVER = """
import runpy, socket, socketserver, ssl, sys
class Tcp(socketserver.TCPServer):
    request_queue_size = 128
    def get_request(self):
        sock, peer = super().get_request()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The handshake is for the thread that serves, and not for the one that accepts.
        return (context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False) if context else sock), peer
    def shutdown_request(self, request):
        try:
            if context:
                request.unwrap()  # without which the end of a page is none
        except OSError:
            pass
        super().shutdown_request(request)
context = None
if sys.argv[1:]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[1:])
socketserver.TCPServer = Tcp
sys.argv = ['http.server', '0', '--bind', '127.0.0.1']
runpy.run_module('http.server', run_name='__main__')
"""


@contextlib.contextmanager
def page_server(tls):
    """`python3 -m http.server` with 100 pages, on a free port; its queue of connections is as long as the number of pages. Gives the arguments
    that name it."""
    with tempfile.TemporaryDirectory() as folder:
        for i in range(100):
            Path(folder, f"page-{i}.html").write_text(f"<title>Page {i}</title>\n" + "<p>A line of it.</p>\n" * 200)
        server = subprocess.Popen([sys.executable, "-u", "-c", PAGE_SERVER, *(tls or [])], cwd=folder, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
        try:
            yield [re.search(r"port (\d+)", server.stdout.readline()).group(1), *(["tls"] if tls else [])]
        finally:
            server.terminate()
            server.wait()
            server.stdout.close()


class Outcome(typing.NamedTuple):
    output: str
    seconds: float
    problem: str
    may_be_late: bool = False  # it ended well: what is wrong may come from a busy machine


@contextlib.contextmanager
def demonstration_server(program, tls):
    """`hocket httpbin` on a free port; gives its URL."""
    secured = ["--tls-cert", tls.certificate, "--tls-key", tls.key] if tls else []
    server = subprocess.Popen([program, "httpbin", "--port", "0", *secured], stdout=subprocess.PIPE, text=True)
    try:
        yield re.search(r"https?://\S+", server.stdout.readline()).group(0)
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


def run(program, folder, server, backend, tls):
    """Runs it with the server that it needs and, where there is one, its counterpart in Python, with Debian's interpreter and packages."""
    environment = dict(os.environ)
    if backend:
        environment["HOCKET_BACKEND"] = backend
    if tls:
        environment["SSL_CERT_FILE"] = tls.certificate
    output = ""
    with contextlib.ExitStack() as stack:
        arguments = {"-": lambda: [], "own": lambda: list(tls or []), "httpbin": lambda: [server],
                     "pages": lambda: stack.enter_context(page_server(tls))}[program.needs]()
        start = time.monotonic()
        counterpart = HERE / f"{program.name}.py"
        for command in [[folder / program.name], *([["/usr/bin/python3", counterpart]] if counterpart.exists() else [])]:
            try:
                done = subprocess.run([*command, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                                      env=environment)
            except (OSError, subprocess.TimeoutExpired) as error:
                return Outcome(output, time.monotonic() - start, str(error))
            output += done.stdout
            if done.returncode != 0:
                return Outcome(output, time.monotonic() - start, f"exit status {done.returncode}\n{done.stderr.strip()}")
            if done.stderr:
                return Outcome(output, time.monotonic() - start, f"printed on standard error: {done.stderr.strip()}")
        seconds = time.monotonic() - start
    expected = (HERE / "expected" / f"{program.name}.txt").read_text()
    if tls:
        expected = expected.replace("http://127.0.0.1:#", "https://127.0.0.1:#")
    problem = difference(output, expected)
    if not problem and not program.in_time(seconds, backend == "sim"):
        problem = f"took {seconds:.1f} s"
    return Outcome(output, seconds, problem, may_be_late=bool(problem))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=Path, help="the folder with the programs")
    parser.add_argument("--hocket", type=Path, help="the program hocket, whose demonstration server some programs need")
    parser.add_argument("--backend", choices=["uring", "epoll", "sim"], help="otherwise the library chooses")
    parser.add_argument("--tls", action="store_true", help="only those that talk to a server, over TLS")
    parser.add_argument("--brief", action="store_true", help="print the output of failed programs only")
    parser.add_argument("only", nargs="*", help="numbers of programs, such as A2 B13; otherwise all")
    arguments = parser.parse_args()

    chosen = programs()
    unknown = {i.upper() for i in arguments.only} - {p.id for p in chosen}
    if unknown:
        parser.error(f"no program has the number {', '.join(sorted(unknown))}; there are {', '.join(p.id for p in chosen)}")
    if arguments.tls:
        chosen = [p for p in chosen if p.is_online]
    if arguments.backend == "sim":
        chosen = [p for p in chosen if p.sleeps]
    if arguments.only:
        chosen = [p for p in chosen if p.id in {i.upper() for i in arguments.only}]

    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    paint = lambda text, code: f"\033[{code}m{text}\033[0m" if colour else text
    ok, failed = 0, []
    start = time.monotonic()
    with contextlib.ExitStack() as stack, concurrent.futures.ThreadPoolExecutor(8) as pool:
        tls = stack.enter_context(identity()) if arguments.tls else None
        server = stack.enter_context(demonstration_server(arguments.hocket, tls)) if any(p.needs == "httpbin" for p in chosen) else None
        once = lambda program: run(program, arguments.bin, server, arguments.backend, tls)
        sleeping = {p.id: pool.submit(once, p) for p in chosen if not p.alone}
        for p in chosen:
            if p.alone:
                concurrent.futures.wait(sleeping.values())
                outcome = once(p)
            else:
                outcome = sleeping[p.id].result()
            first_problem = outcome.problem if outcome.may_be_late else None
            if first_problem:
                concurrent.futures.wait(sleeping.values())
                outcome = once(p)
            output, seconds, problem, _ = outcome
            verdict = paint("failed", "1;31") if problem else paint("ok", "32")
            print(f"{paint(f'{p.id:5}', '1')} {p.shows}")
            if first_problem:
                print(f"      run once more, alone, since the first time {first_problem}")
            if problem or not arguments.brief:
                print("".join(f"      {line}\n" for line in output.splitlines()), end="")
            expects = f"{p.seconds:.1f} s of virtual time" if arguments.backend == "sim" else p.expects
            print(f"      {expects}, took {seconds:.1f} s: {verdict}", flush=True)
            ok += not problem and p.counts
            if problem:
                failed.append(f"{paint(f'{p.id:5}', '1')} {paint(problem, '31')}")
                print(f"      {paint(problem, '31')}")
    print(f"\n{time.monotonic() - start:.1f} s in all", *failed, f"{ok} ok, {len(failed)} failed", sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
