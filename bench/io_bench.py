# SPDX-License-Identifier: MIT
"""Input and output beside the peers: echo servers (F), and reading many small files (I).

What a peer is built with (go, cargo, a header, a Python package) may be missing: it is left out then, and that is said.
"""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from figures import Rounds, number, progress

HERE = pathlib.Path(__file__).resolve().parent


def pinned(cpu):
    return lambda: os.sched_setaffinity(0, {cpu})


def go_program(build, source):
    """The command, if there is a Go to build it."""
    program = build.resolve() / "bench" / (source.stem + "_go")
    if not shutil.which("go"):
        return None
    subprocess.run(["go", "build", "-o", program, source], check=True)
    return [program]


def peers(build, go_source, tokio_program):
    """The programs that CMake does not build: name -> command, of those that can be built here."""
    commands, out = {}, build.resolve() / "bench"
    if command := go_program(build, go_source):
        commands["go"] = command
    if shutil.which("cargo") and pathlib.Path("/usr/share/cargo/registry").exists():
        subprocess.run(["cargo", "build", "--quiet", "--release", "--target-dir", out / "tokio"], check=True, cwd=HERE / "tokio")
        commands["tokio"] = [out / "tokio/release" / tokio_program]
    return commands


def python_with(*modules):
    """An interpreter that has them: this one, or Debian's; None if there is none."""
    for interpreter in [sys.executable, "/usr/bin/python3"]:
        imports = ["-c", "import " + ", ".join(modules)]
        if pathlib.Path(interpreter).exists() and subprocess.run([interpreter, *imports], stderr=subprocess.DEVNULL).returncode == 0:
            return interpreter
    return None


def processor_beside(cpu, kind):
    """The client's, where the server has `cpu`."""
    others = os.sched_getaffinity(0) - {cpu}
    if not others:
        sys.exit(f"{kind}: the client needs a processor of its own")
    return min(others)


class IoBench(Rounds):
    """One kind of work, done by hocket on both backends, by the hand-written limit and by the peers."""

    def __init__(self, build, rounds, cpu, programs, commands):
        super().__init__(programs)
        self.build, self.rounds, self.cpu = build, rounds, cpu
        self.programs = programs
        self.peers = set(programs)
        self.commands = {name: command for name, command in commands.items() if pathlib.Path(command[0]).exists()}
        missing = [name for name in programs if name not in self.commands]
        if missing:
            print(f"left out, since what it is built with is missing: {', '.join(missing)}")

    @staticmethod
    def environment(program):
        if program.startswith("hocket-"):
            return {**os.environ, "HOCKET_BACKEND": program.partition("-")[2]}
        return dict(os.environ)

    def run(self):
        for round_number in range(self.rounds):
            for workload in self.workloads:
                for program in [p for p in self.programs if p in self.commands and self.measures(p, workload, round_number)]:
                    progress(f"round {round_number + 1} of {self.rounds}: {workload}, {program}")
                    self.add(program, workload, self.measure(program, workload))
            self.end_round(round_number)
        progress("")

    def measures(self, program, workload, round_number):
        return True

    @staticmethod
    def lines(program, workload, command, cpu, environment=None):
        """What it prints; if it fails, all ends."""
        run = subprocess.run(command, capture_output=True, text=True, env=environment, preexec_fn=pinned(cpu))
        if run.returncode != 0:
            progress("")
            sys.exit(f"{program} {workload}: exit status {run.returncode}\n{run.stderr}")
        return run.stdout.splitlines()

    @contextlib.contextmanager
    def started(self, command, environment):
        """A server, which ends with the block."""
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, preexec_fn=pinned(self.cpu))
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def print_table(self):
        self.print_columns("", self.columns, [p for p in self.programs if p in self.commands])

    def print_columns(self, title, columns, programs):
        heads = [head for head, _, _ in columns]
        print(f"{title:18}" + "".join(f"{head:>{max(12, len(head) + 3)}}" for head in heads))
        for program in programs:
            cells = []
            for _, figure, limit in columns:
                if limit is None:
                    cells.append(number(self.median(program, figure)))
                else:
                    cells.append(number(self.ratio(program, figure, limit, figure)))
            print(f"{program:18}" + "".join(f"{cell:>{max(12, len(head) + 3)}}" for cell, head in zip(cells, heads)))


class Net(IoBench):
    """Echo servers on one processor, their client on another."""

    workloads = {
        "F1k": ["1024", "40000"],   # 40,000 requests a second in bursts of 32, on 100 connections
        "F64k": ["65536", "0"],     # as fast as it goes
        "Fidle1e3": ["idle", "1000"],
        "Fidle1e4": ["idle", "10000"],
    }
    buffer_sizes = {"F64k": 64 << 10, "F1k": 4 << 10, "Fidle1e3": 4 << 10, "Fidle1e4": 4 << 10}  # of those with one for each connection
    columns = [("1 KiB: CPU us", "F1k.cpu_us", None), ("/ ring", "F1k.cpu_us", "ring"), ("/ epoll", "F1k.cpu_us", "epoll"),
               ("64 KiB: MB/s", "F64k.MB/s", None), ("/ epoll", "F64k.MB/s", "epoll"),
               ("bytes idle, 1,000", "Fidle1e3.bytes", None), ("10,000", "Fidle1e4.bytes", None)]

    def __init__(self, build, rounds, cpu):
        out = build / "bench"
        commands = {"ring": [out / "echo_ring"], "epoll": [out / "echo_epoll"], "hocket-uring": [out / "echo_hocket"],
                    "hocket-epoll": [out / "echo_hocket"], "asio": [out / "echo_asio"], "libuv": [out / "echo_libuv"],
                    **peers(build, HERE / "net/echo.go", "echo")}
        if python := python_with("uvloop"):
            for kind in ["protocol", "streams"]:
                commands[f"uvloop-{kind}"] = [python, HERE / "net/echo_asyncio.py", kind]
        names = ["ring", "epoll", "hocket-uring", "hocket-epoll", "asio", "libuv", "tokio", "go", "uvloop-protocol", "uvloop-streams"]
        super().__init__(build, rounds, cpu, names, commands)
        self.client_cpu = processor_beside(cpu, "net")

    def measures(self, program, workload, round_number):
        """Memory does not vary."""
        return not workload.startswith("Fidle") or round_number == 0

    def measure(self, program, workload):
        with self.started([*self.commands[program], str(self.buffer_sizes[workload])], self.environment(program)) as server:
            port = server.stdout.readline().strip()
            return self.lines(program, workload, [self.build / "bench/load", port, str(server.pid), *self.workloads[workload]], self.client_cpu)


class Files(IoBench):
    """10,000 files of 4 KiB, whose pages are in memory, read 64 at a time on one processor."""

    workloads = {"I": None}
    count, size = 10_000, 4096
    columns = [("us a file", "I.us", None), ("/ ring", "I.us", "ring")]

    def __init__(self, build, rounds, cpu):
        out = build / "bench"
        commands = {"ring": [out / "files_ring"], "calls": [out / "files_calls"], "hocket-uring": [out / "files_hocket"],
                    "hocket-epoll": [out / "files_hocket"], "libuv": [out / "files_libuv"],
                    **peers(build, HERE / "files/files.go", "files")}
        if python := python_with("aiofiles", "uvloop"):
            commands["aiofiles"] = [python, HERE / "files/files_asyncio.py"]
        super().__init__(build, rounds, cpu, ["ring", "calls", "hocket-uring", "hocket-epoll", "libuv", "tokio", "go", "aiofiles"], commands)

    def run(self):
        with tempfile.TemporaryDirectory() as self.folder:
            for i in range(self.count):
                pathlib.Path(self.folder, str(i)).write_bytes(b"x" * self.size)
            super().run()

    def measure(self, program, workload):
        return self.lines(program, workload, [*self.commands[program], self.folder, str(self.count)], self.cpu, self.environment(program))


KINDS = {"net": Net, "files": Files}
