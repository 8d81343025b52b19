# SPDX-License-Identifier: MIT
"""What it costs to compile hocket's headers: processor time of the build's compiler at -O0, lines after preprocessing."""
import os
import pathlib
import re
import statistics
import subprocess
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
RUNS = 5

ASIO = ["boost/asio/awaitable.hpp", "boost/asio/co_spawn.hpp", "boost/asio/io_context.hpp", "boost/asio/steady_timer.hpp",
        "boost/asio/use_awaitable.hpp", "boost/asio/experimental/channel.hpp"]


class Compiler:
    def __init__(self, build, cpu):
        cache = (build / "CMakeCache.txt").read_text()
        self.path = re.search(r"^CMAKE_CXX_COMPILER:\w+=(.*)$", cache, re.MULTILINE)[1]
        self.cpu = cpu

    def run(self, *arguments):
        """Standard output, and the processor seconds that it took; None if it does not compile."""
        process = subprocess.Popen([self.path, "-std=c++20", "-O0", f"-I{REPOSITORY}", *arguments], stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True, preexec_fn=lambda: os.sched_setaffinity(0, {self.cpu}))
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return (output, usage.ru_utime + usage.ru_stime) if process.returncode == 0 else None

    def cost(self, file):
        """(seconds, lines after preprocessing) of a source file; None if it does not compile."""
        with tempfile.TemporaryDirectory() as folder:
            runs = [self.run("-c", file, "-o", f"{folder}/out.o") for _ in range(RUNS)]
        if None in runs:
            return None
        return statistics.median(seconds for _, seconds in runs), self.run("-E", "-P", file)[0].count("\n")

    def cost_of_headers(self, *headers):
        with tempfile.NamedTemporaryFile("w", suffix=".cc") as file:
            file.write("".join(f"#include <{header}>\n" for header in headers))
            file.flush()
            return self.cost(file.name)


def public_headers():
    headers = (path.relative_to(REPOSITORY).as_posix() for path in REPOSITORY.glob("hocket/**/*.h"))
    return sorted(header for header in headers if not header.endswith(("_internal.h", "_test.h")))


def measure(build, cpu, every_header):
    """Prints the table; returns {"small_program_s": ..., "http_program_s": ..., name: {"s": ..., "lines": ...}}."""
    compiler = Compiler(build, cpu)
    print(f"\n{'compiled at -O0 with ' + pathlib.Path(compiler.path).name:44}{'ms':>8}{'lines':>10}")
    result = {}

    def row(name, cost):
        if cost is None:
            print(f"{name:44}  does not compile")
            return
        print(f"{name:44}{1000 * cost[0]:8.0f}{cost[1]:10,}")
        result[name] = {"s": cost[0], "lines": cost[1]}

    row("an empty file", compiler.cost_of_headers())
    for header in ["coroutine", "chrono", "string"]:
        row(f"<{header}>", compiler.cost_of_headers(header))
    for name in ["small_program", "http_program"]:
        cost = compiler.cost(REPOSITORY / f"bench/{name}.cc")
        row(f"bench/{name}.cc", cost)
        result[f"{name}_s"] = cost[0] if cost else None
    row("Boost.Asio's coroutines, timer, channel", compiler.cost_of_headers(*ASIO))
    if every_header:
        for header in public_headers():
            row(f"<{header}>", compiler.cost_of_headers(header))
    return result
