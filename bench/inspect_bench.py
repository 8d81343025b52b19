# SPDX-License-Identifier: MIT
"""What it costs to look inside: servers and loops that nobody looks at, beside the same while somebody does, and one look.

The states take turns, in each round all of them. `nobody` looks; `monitor`: the process has one, and nobody asks it; `detectors` look on; `counted`:
`hocket top` looks each second, so that the loop counts. F and G are those of `net` and `http`, A and C1 those without a name. Instructions are
counted by callgrind, in the program itself: the system's are not among them.
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from io_bench import IoBench, Net, processor_beside

STATES = {"nobody": {}, "monitor": {"HOCKET_INSPECT": "1"}, "detectors": {"HOCKET_DETECT": "100000"}, "counted": {"HOCKET_INSPECT": "1"}}
SERVERS = {"F": "echo_hocket", "G": "server_hocket"}
ITEMS = {"A": 1_000_000, "C1": 10_000_000}  # of hocket_bench
CROWDS = {"100,000-tasks": ["100000", "0"], "1-GB": ["0", "1000"], "4-GB": ["0", "4000"]}
LOADS = {"F": ["load", *Net.workloads["F1k"]], "G": ["http_load", "20000"]}
CLIENTS = {"F": ["load", "count", "1024"], "G": ["http_load", "count"]}  # one request after the other
FEW, MANY = 1_000, 11_000  # requests: what a server needs once is in both


class Inspect(IoBench):
    """The server, or who is looked at, has one processor; clients and who looks, the other."""

    workloads = {"watchedF-epoll": None, "watchedF-uring": None, "watchedG-epoll": None, "watchedG-uring": None, "look": None,
                 "watchedA": None, "watchedC1": None, "watchedF": None, "watchedG": None}
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
        return round_number == 0 and shutil.which("valgrind") and (workload in ["watchedA", "watchedC1"] or program in ["nobody", "monitor"])

    def measure(self, program, workload):
        if workload == "look":
            return self.look(program)
        name, _, backend = workload.removeprefix("watched").partition("-")
        if backend:
            return self.processor_time(program, name, backend)
        if name in ITEMS:
            return [f"instructions {self.instructions('hocket_bench', [name + 'counted' * (program == 'counted')], program) / ITEMS[name]}"]
        few, many = [self.instructions(SERVERS[name], [], program, [*CLIENTS[name], str(requests)]) for requests in [FEW, MANY]]
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
            load, *how = LOADS[name]
            with self.looked_at(pid) if program == "counted" else contextlib.nullcontext():
                return self.lines(program, name, [self.build / "bench" / load, port, pid, *how], self.client_cpu)

    @contextlib.contextmanager
    def looked_at(self, pid):
        """From its first line on, which comes with the second look."""
        top = subprocess.Popen([self.hocket, "top", pid], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            top.stdout.readline()
            yield
        finally:
            top.kill()
            top.communicate()

    @staticmethod
    def environment_of(state, backend):
        return {**os.environ, **STATES[state], "HOCKET_BACKEND": backend}

    def print_table(self):
        self.print_columns("processor time", self.server_columns, [state for state in STATES if state != "detectors"])
        self.print_columns("\ncallgrind", self.instruction_columns, list(STATES))
        self.print_columns("\na process of", self.look_columns, list(CROWDS))
