# SPDX-License-Identifier: MIT
"""What it costs to look inside: servers and loops that nobody looks at, beside the same while somebody does, and a look itself.

The states take turns in each round. `nobody` looks; `monitor`: there is one, and nobody asks it; `detectors` look on; `counted`: the loop counts, as
it does for `hocket top`. F and G are the servers of `net` and `http`, A and C1 the workloads of these names. Instructions are the program's
own, without the system's; callgrind counts them.

A look is `hocket ps --json` from its start to its end; meanwhile the process stood as long as it says itself.
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from http_bench import Http
from io_bench import IoBench, Net, processor_beside

STATES = {"nobody": {}, "monitor": {"HOCKET_INSPECT": "1"}, "detectors": {"HOCKET_DETECT": "100000"}, "counted": {"HOCKET_INSPECT": "1"}}
SERVERS = {"F": "echo_hocket", "G": "server_hocket"}
RATES = {"F": ["load", *Net.workloads["F1k"]], "G": ["http_load", Http.rate]}  # a client: so many requests a second
COUNTS = {"F": ["load", "count", "1024"], "G": ["http_load", "count"]}         # so many in all, one after the other
FEW, MANY = 1_000, 11_000                   # requests: what a server needs once is in both
ITEMS = {"A": 1_000_000, "C1": 10_000_000}  # of hocket_bench
CROWDS = {"100,000-tasks": ["100000", "0"], "1-GB": ["0", "1024"], "4-GB": ["0", "4096"]}


class Inspect(IoBench):
    """The server, or who is looked at, has one processor; clients and who looks, the other."""

    workloads = ["watchedF-epoll", "watchedF-uring", "watchedG-epoll", "watchedG-uring", "watchedA", "watchedC1", "watchedF", "watchedG", "look"]
    server_columns = [column for kind in "FG" for backend in ["epoll", "uring"]
                      for column in [(f"{kind}, {backend}: CPU us", f"watched{kind}-{backend}.cpu_us", None),
                                     ("/ nobody", f"watched{kind}-{backend}.cpu_us", "nobody")]]
    instruction_columns = [column for name in ["A", "C1", "F", "G"]
                           for column in [(f"{name}: instructions", f"watched{name}.instructions", None),
                                          ("/ nobody", f"watched{name}.instructions", "nobody")]]
    look_columns = [("a look: ms", "look.ms", None), ("stood for ms", "look.stood_ms", None)]

    def __init__(self, build, rounds, cpu):
        out, self.hocket = build / "bench", build / "apps/hocket"
        for program in [self.hocket, out / "hocket_bench", out / "crowd", *(out / server for server in SERVERS.values())]:
            if not program.exists():
                sys.exit(f"inspect: {program} is not there: cmake --build {build} --target bench hocket")
        if not shutil.which("valgrind"):
            print("instructions are left out: there is no valgrind")
        commands = {**dict.fromkeys(STATES, [out / "hocket_bench"]), **{name: [out / "crowd", *size] for name, size in CROWDS.items()}}
        super().__init__(build, rounds, cpu, list(commands), commands)
        self.client_cpu = processor_beside(cpu, "inspect")

    def measures(self, program, workload, round_number):
        """Instructions do not vary, and looks little."""
        if workload == "look":
            return program in CROWDS and round_number < 3
        if program not in STATES:
            return False
        if "-" in workload:
            return program != "detectors"
        return round_number == 0 and shutil.which("valgrind") and (workload in ["watchedA", "watchedC1"] or program != "detectors")

    def measure(self, program, workload):
        if workload == "look":
            return self.look(program)
        name, _, backend = workload.removeprefix("watched").partition("-")
        if backend:
            return self.processor_time(program, name, backend)
        if name in ITEMS:
            return [f"instructions {self.instructions('hocket_bench', [name + 'counted' * (program == 'counted')], program) / ITEMS[name]}"]
        few, many = [self.instructions(SERVERS[name], [], program, [*COUNTS[name], str(requests)]) for requests in [FEW, MANY]]
        return [f"instructions {(many - few) / (MANY - FEW)}"]

    def instructions(self, program, arguments, state, client=None):
        """Until it ends; a server does when its client has. Without line tables, since valgrind does not know those of each compiler."""
        with tempfile.TemporaryDirectory() as folder:
            stripped = pathlib.Path(folder, program)
            subprocess.run(["strip", "-g", "-o", stripped, self.build / "bench" / program], check=True)
            command = ["valgrind", "--tool=callgrind", f"--log-file={folder}/log", f"--callgrind-out-file={folder}/%p", stripped, *arguments]
            with self.started(command, self.environment_of(state, "epoll")) as process:
                if client:
                    port = process.stdout.readline().strip()
                    with counting(process.pid) if state == "counted" else contextlib.nullcontext():
                        self.lines(state, program, [self.build / "bench" / client[0], port, *client[1:]], self.client_cpu)
                    process.terminate()
                process.communicate()
            counted = pathlib.Path(folder, str(process.pid)).read_text()
        return int(re.search(r"^summary: (\d+)", counted, re.MULTILINE)[1])

    def look(self, program):
        with self.started(self.commands[program], self.environment_of("monitor", "epoll")) as crowd:
            crowd.stdout.readline()
            start = time.perf_counter()
            told = self.lines(program, "look", [self.hocket, "ps", str(crowd.pid), "--json"], self.client_cpu)
            elapsed = time.perf_counter() - start
        return [f"ms {elapsed * 1e3}", f"stood_ms {json.loads(told[0])['stopped_ns'] / 1e6}"]

    def processor_time(self, program, name, backend):
        with self.started([self.build / "bench" / SERVERS[name]], self.environment_of(program, backend)) as server:
            port, pid = server.stdout.readline().strip(), str(server.pid)
            load, *rate = RATES[name]
            with counting(pid) if program == "counted" else contextlib.nullcontext():
                return self.lines(program, name, [self.build / "bench" / load, port, pid, *rate], self.client_cpu)

    @staticmethod
    def environment_of(state, backend):
        return {**os.environ, **STATES[state], "HOCKET_BACKEND": backend}

    def print_table(self):
        self.print_columns("processor time", self.server_columns, [state for state in STATES if state != "detectors"])
        self.print_columns("\ncallgrind", self.instruction_columns, list(STATES))
        self.print_columns("\na process of", self.look_columns, list(CROWDS))


@contextlib.contextmanager
def counting(pid):
    """As `hocket top` does before it looks: the loops count, as long as the connection is there."""
    user = os.geteuid()
    path = next((p for p in [f"/run/user/{user}/hocket/{pid}", f"/tmp/hocket-{user}/{pid}"] if os.path.exists(p)), None)
    if not path:
        sys.exit(f"inspect: process {pid} has no monitor")
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.connect(path)
        monitor.sendall(b"count\n")
        if (answer := monitor.recv(100)) != b"end\t0\n":
            sys.exit(f"inspect: the monitor of process {pid} does not count: {answer}")
        yield
