# SPDX-License-Identifier: MIT
"""HTTP beside the peers: servers (G), clients (H), and 10,000 requests of one client at once.

G: `GET /`, answered with "Hello, World!", a date, a type and a length, 20,000 times a second in bursts of 32 on 64 kept connections, from one
client that looks at each answer. H: the same request to the same server, the one by hand; each client looks at status and length. What is
measured is the program's own processor time for a request. Of 10,000 at once, the server answers none before it has them all.
"""
import contextlib
import os
import pathlib
import shutil
import socket
import sys
import tempfile
import time

from figures import progress
from io_bench import HERE, IoBench, go_program, processor_beside, python_with

SOURCES = HERE / "http"
AT_ONCE = 10_000


def free_port():
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def programs(build):
    """The servers and the clients, name -> command; None where what it needs is not there."""
    out = build.resolve() / "bench"
    node = shutil.which("node")
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    aiohttp, httpx = python_with("aiohttp", "uvloop"), python_with("httpx", "uvloop")

    def built(kind, names):
        found = {name: out / f"{kind}_{name.partition('-')[0]}" for name in names}
        return {name: [program] if program.exists() else None for name, program in found.items()}

    servers = {**built("server", ["epoll", "hocket-uring", "hocket-epoll"]), "nginx": nginx and [nginx], **built("server", ["beast"]),
               "go": go_program(build, SOURCES / "server.go"), "node": node and [node, SOURCES / "server_node.mjs"],
               "aiohttp": aiohttp and [aiohttp, SOURCES / "server_aiohttp.py"]}
    clients = {**built("client", ["epoll", "hocket-uring", "hocket-epoll", "beast", "curl"]), "go": go_program(build, SOURCES / "client.go"),
               "node": node and [node, SOURCES / "client_node.mjs"],
               "aiohttp": aiohttp and [aiohttp, SOURCES / "client_python.py", "aiohttp"],
               "httpx": httpx and [httpx, SOURCES / "client_python.py", "httpx"]}
    return servers, clients


NEEDS = {"nginx": "no nginx", "beast": "no Boost.Beast", "curl": "no libcurl", "go": "no go", "node": "no node",
         "aiohttp": "no aiohttp with uvloop", "httpx": "no httpx with uvloop"}


class Http(IoBench):
    """Servers on one processor and their client on another; clients on that one, and their server on the first."""

    rate = "20000"  # a second, of G
    requests = {"G": None, "H1": (20_000, 1), "H64": (60_000, 64), "H1e4": (AT_ONCE, AT_ONCE)}
    workloads = requests
    slow = {"node": 4, "aiohttp": 10, "httpx": 60}  # they are given fewer
    server_columns = [("CPU us", "G.cpu_us", None), ("/ epoll", "G.cpu_us", "epoll"), ("p50 us", "G.p50_us", None), ("p99 us", "G.p99_us", None)]
    client_columns = [("64: CPU us", "H64.cpu_us", None), ("/ epoll", "H64.cpu_us", "epoll"), ("p50 us", "H64.p50_us", None),
                      ("p99 us", "H64.p99_us", None), ("1: CPU us", "H1.cpu_us", None), ("/ epoll", "H1.cpu_us", "epoll"),
                      ("p50 us", "H1.p50_us", None), ("p99 us", "H1.p99_us", None)]
    many_columns = [("peak bytes each", "H1e4.bytes", None), ("p99 us", "H1e4.p99_us", None), ("CPU us", "H1e4.cpu_us", None)]

    def __init__(self, build, rounds, cpu):
        self.servers, self.clients = programs(build)
        for kind, commands in [("server", self.servers), ("client", self.clients)]:
            for name in [name for name, command in commands.items() if not command]:
                print(f"{kind} {name} is left out: {NEEDS.get(name, 'not built')}")
        self.servers = {name: command for name, command in self.servers.items() if command}
        self.clients = {name: command for name, command in self.clients.items() if command}
        commands = {**self.servers, **self.clients}
        super().__init__(build, rounds, cpu, list(commands), commands)
        self.peers |= set(NEEDS)
        for name in ["epoll", "hocket-epoll"]:
            if name not in self.servers or name not in self.clients:
                sys.exit(f"http: {name} is not there: cmake --build {build} --target bench")
        self.client_cpu = processor_beside(cpu, "http")

    def measures(self, program, workload, round_number):
        """Many at once are for those that stand for a way to do it; memory does not vary."""
        if workload == "G":
            return program in self.servers
        return program in self.clients and (workload != "H1e4" or (round_number == 0 and program not in {"httpx", "beast"}))

    def measure(self, program, workload):
        if workload == "G":
            with self.server(program) as (port, pid):
                return self.lines(program, workload, [self.build / "bench/http_load", port, str(pid), self.rate], self.client_cpu)
        count, concurrency = self.requests[workload]
        if count > concurrency:
            count //= self.slow.get(program, 1)
        with self.server("epoll", *([str(AT_ONCE)] if workload == "H1e4" else [])) as (port, _):
            return self.lines(program, workload, [*self.clients[program], port, str(count), str(concurrency)], self.client_cpu,
                              self.environment(program))

    @contextlib.contextmanager
    def server(self, program, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            command, port = [*self.servers[program], *arguments], None
            if program == "nginx":
                port, config = str(free_port()), pathlib.Path(folder, "conf")
                config.write_text((SOURCES / "nginx.conf").read_text().replace("@PORT@", port).replace("@FOLDER@", folder))
                command += ["-p", folder, "-c", config]
            with self.started(command, self.environment(program)) as process:
                yield port if port and listens(port) else process.stdout.readline().strip(), process.pid

    def print_table(self):
        self.print_columns("servers", self.server_columns, [p for p in self.programs if p in self.servers])
        self.print_columns("\nclients", self.client_columns, [p for p in self.programs if p in self.clients])
        many = [p for p in self.programs if "H1e4.bytes" in self.values[p]]
        self.print_columns(f"\n{AT_ONCE:,} at once", self.many_columns, many)


def listens(port):
    """Waits until somebody does."""
    for _ in range(500):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", int(port)), timeout=5):
            return True
        time.sleep(0.01)
    return False
