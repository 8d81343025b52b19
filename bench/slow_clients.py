# SPDX-License-Identifier: MIT
"""What a healthy client notices of 1,000 slow ones, of hocket and of nginx: its p99 beside theirs, and what the server keeps in memory.

The slow ones are slowhttptest's; the healthy one is ab, on one connection.
"""
import contextlib
import os
import pathlib
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from figures import progress
from io_bench import IoBench, pinned

CLIENTS = 1000
SECONDS = 4  # of each measurement
PATIENCE = 60

NGINX = """daemon off; master_process off; pid pid; worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
access_log off; sendfile on; keepalive_requests 10000000; client_body_temp_path temporary;
proxy_temp_path temporary; fastcgi_temp_path temporary; uwsgi_temp_path temporary; scgi_temp_path temporary;
server { listen 127.0.0.1:PORT backlog=1024; root files; location /upload/ { root uploads; create_full_put_path on; dav_methods PUT; } }
}
"""


def many_descriptors():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, most) if most > 0 else 8192, most))


class Slow(IoBench):
    """The server has one processor, its clients the other."""

    workloads = {"Sheaders": ["-H", "-x", "10", "/small"],
                 "Sbody": ["-B", "-t", "PUT", "-s", "8192", "-x", "10", "/upload/x"],
                 "Sread": ["-X", "-w", "10", "-y", "20", "-n", "5", "-z", "8", "/big"]}
    columns = [column for name, label in [("Sheaders", "headers"), ("Sbody", "bodies"), ("Sread", "reads")]
               for column in [(f"{label}: p99 us", f"{name}.p99_us", None), ("x calm", f"{name}.times", None), ("KB each", f"{name}.kb", None)]]

    def __init__(self, build, rounds, cpu):
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        for tool in ["slowhttptest", "ab"]:
            if not shutil.which(tool):
                sys.exit(f"slow: {tool} is not there: ./dev setup interop")
        commands = {"hocket-uring": [build / "bench/slow_server"], "hocket-epoll": [build / "bench/slow_server"], "nginx": [nginx]}
        super().__init__(build, rounds, cpu, list(commands), commands)
        self.client_cpu = min(os.sched_getaffinity(0) - {cpu}, default=cpu)

    def run(self):
        with tempfile.TemporaryDirectory() as folder:
            self.folder = pathlib.Path(folder)
            for name in ["files", "uploads", "temporary"]:
                (self.folder / name).mkdir()
            (self.folder / "files/small").write_bytes(b"x" * 100)
            (self.folder / "files/big").write_bytes(b"x" * (4 << 20))
            super().run()

    def measure(self, program, workload):
        *options, path = self.workloads[workload]
        with self.server(program) as (port, pid):
            self.p99(port, 1)  # warm
            calm, before = self.p99(port, SECONDS), memory(pid, "VmRSS")
            with self.slow_clients(port, options, path):
                slow, most = self.p99(port, SECONDS), memory(pid, "VmRSS")
                left = connections(port)
        if left < CLIENTS * 0.9:
            progress("")
            print(f"{program}, {workload}: only {left} of {CLIENTS} slow clients were there to the end")
        return [f"p99_us {slow * 1000}", f"times {slow / calm}", f"kb {max(most - before, 0) / CLIENTS}", f"mb {most / 1000}"]

    def p99(self, port, seconds):
        """In ms; the longest, where fewer than 100 were answered in that time."""
        table = self.folder / "table.csv"
        told = subprocess.run(["ab", "-q", "-k", "-c", "1", "-t", str(seconds), "-n", "100000000", "-e", table, f"http://127.0.0.1:{port}/small"],
                              check=True, capture_output=True, text=True, preexec_fn=pinned(self.client_cpu)).stdout
        if int(re.search(r"Complete requests: +(\d+)", told)[1]) < 100:
            return float(re.search(r"Total: .* (\d+)\n", told)[1])
        return next(float(line.split(",")[1]) for line in table.read_text().splitlines() if line.startswith("99,"))

    @contextlib.contextmanager
    def server(self, program):
        if program == "nginx":
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            (self.folder / "configuration").write_text(NGINX.replace("PORT", str(port)))
            arguments = ["-p", self.folder, "-e", "errors", "-c", self.folder / "configuration"]
        else:
            arguments = [self.folder / "files"]
        process = subprocess.Popen([*self.commands[program], *arguments], stdout=subprocess.PIPE, text=True, env=self.environment(program),
                                   preexec_fn=lambda: (many_descriptors(), os.sched_setaffinity(0, {self.cpu})))
        try:
            if program != "nginx":
                port = int(process.stdout.readline())
            wait_for(lambda: accepts(port), f"{program} listens")
            yield port, process.pid
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    @contextlib.contextmanager
    def slow_clients(self, port, options, path):
        process = subprocess.Popen(["slowhttptest", "-c", str(CLIENTS), "-r", "1000", "-i", "1", "-l", "240", "-p", "60", *options,
                                    "-u", f"http://127.0.0.1:{port}{path}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   preexec_fn=lambda: (many_descriptors(), os.sched_setaffinity(0, {self.client_cpu})))
        try:
            wait_for(lambda: connections(port) >= CLIENTS, f"{CLIENTS} slow clients are there")
            yield
        finally:
            process.kill()
            process.wait()


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"slow: in vain it was waited that {what}")
        time.sleep(0.05)


def accepts(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def connections(port):
    """How many the server has that are open on both sides."""
    lines = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(fields[1].endswith(f":{port:04X}") and fields[3] == "01" for fields in lines)


def memory(pid, what):
    """In KB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(what + ":"))
