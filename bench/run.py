#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the benchmarks, hocket beside the limit program and its peers, and says which targets hold.

Every round runs each program once, one after the other on one processor; a ratio is the median of the rounds' ratios, so that
what slows the machine for a while slows both sides of it.

usage: run.py --build FOLDER [NAME...] [--check] [--json FILE] [--rounds N] [--cpu N]

NAME is a workload (A B C1 C1t C2 D E future failure timers cancel1 cancel5 growth1e3 ...), the beginning of several (growth),
`compile`: what the headers cost, `net`: echo servers, `files`: reading many files, `http`: HTTP servers and clients, `slow`: a server with
1,000 slow clients, or `inspect`: what it costs to look inside. Without a name: all but the last five, and the time to compile a small program.
"""
import argparse
import json
import os
import pathlib
import platform
import resource
import subprocess
import sys
import time

import compile_time
import http_bench
import inspect_bench
import io_bench
import slow_clients
from figures import Rounds, number, progress, quotient

HERE = pathlib.Path(__file__).resolve().parent

WORKLOADS = {
    "A": "spawn, yield once, join",
    "B": "nested await",
    "C1": "yield",
    "C1t": "yield, a timer pending",
    "Acounted": "A on a loop that counts",
    "C1counted": "C1 on a loop that counts",
    "C2": "queue of one, two tasks",
    "D": "1,000,000 sleeps at once",
    "D1e5": "100,000 sleeps at once",
    "E": "100,000 tasks on one event",
    "future": "future, round trip",
    "failure": "future that fails, as a result",
    "timers": "1,000 short sleeps at once",
    "cancel1": "cancel, one frame deep",
    "cancel5": "cancel, five frames deep",
    "growth1e3": "A with 1,000 at once",
    "growth1e4": "A with 10,000 at once",
    "growth1e5": "A with 100,000 at once",
    "growth1e6": "A with 1,000,000 at once",
    "simecho": "simulated: an event of echoes",
    "simhttp": "simulated: an event of HTTP",
    "simhour": "simulated: an idle hour",
}
PROGRAMS = ["limit", "hocket", "shared", "asio", "asyncio"]
PEER_ROUNDS = 3  # the peers are slow, and their ratios far from any bound
PEER_WORKLOADS = {"asio": {"A", "B", "C1", "C1t", "C2", "D", "E", "future"},
                  "asyncio": {"A", "B", "C1", "C1t", "C2", "D1e5", "E", "future"}}
PEERS_ONLY = {"D1e5"}  # asyncio needs a tenth of D's sleeps for what the others need for all
HOCKET_ONLY = {"Acounted", "C1counted", "failure", "timers", "simecho", "simhttp", "simhour"}
SLEEPING = {"D", "D1e5", "timers"}  # these wait; the others use all the time of their processor
KINDS = {**io_bench.KINDS, "http": http_bench.Http, "slow": slow_clients.Slow, "inspect": inspect_bench.Inspect}
UNITS = {"ns": "ns", "ms": "ms", "over_s": "s over", "bytes": "bytes", "allocations": "allocations", "times": "x 1e3's"}
RATIOS = [("hocket", "limit"), ("shared", "hocket"), ("asio", "hocket"), ("asyncio", "hocket")]


class Bench(Rounds):
    """The programs, and what each round has measured."""

    def __init__(self, build, rounds, cpu):
        super().__init__(PROGRAMS)
        self.peers = {"asio", "shared"}
        self.rounds = rounds
        self.cpu = cpu
        self.repeated = 0
        self.commands = {"limit": [build / "bench/limit"], "hocket": [build / "bench/hocket_bench"],
                         "shared": [build / "bench/hocket_bench_shared"], "asio": [build / "bench/asio"],
                         "asyncio": [sys.executable, HERE / "asyncio_bench.py"]}
        for program in ["limit", "hocket"]:
            if not self.commands[program][0].exists():
                sys.exit(f"{self.commands[program][0]} is not there: cmake --build {build} --target bench")
        for program in ["shared", "asio"]:
            if not self.commands[program][0].exists():
                print(f"{program} is left out: {self.commands[program][0]} is not there")
                del self.commands[program]

    def measures(self, program, workload, round_number):
        """Whether this program has this workload, in this round."""
        if program in PEER_WORKLOADS:
            return workload in PEER_WORKLOADS[program] and round_number < PEER_ROUNDS
        return workload not in PEERS_ONLY and (workload not in HOCKET_ONLY or program != "limit")

    def run(self, workloads):
        for round_number in range(self.rounds):
            for workload in workloads:
                for program in self.commands:
                    if self.measures(program, workload, round_number):
                        progress(f"round {round_number + 1} of {self.rounds}: {workload}, {program}")
                        self.add(program, workload, self.undisturbed(program, workload))
                self.end_round(round_number)
        progress("")
        for figures in self.values.values():
            for name in [name for name in figures if name.startswith("growth")]:
                base = figures.get("growth1e3.ns")
                if base and name != "growth1e3.ns":
                    figures[name.replace(".ns", ".times")] = [quotient(a, b) for a, b in zip(figures[name], base)]

    def undisturbed(self, program, workload):
        """The lines of a run; it is repeated, up to four times, while other processes take the processor from it."""
        least, lines = None, []
        for _ in range(5):
            before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            run = subprocess.run([*self.commands[program], workload], capture_output=True, text=True,
                                 preexec_fn=lambda: os.sched_setaffinity(0, {self.cpu}))
            elapsed, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
            if run.returncode != 0:
                progress("")
                sys.exit(f"{program} {workload}: exit status {run.returncode}\n{run.stderr}")
            lost = elapsed - (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
            if least is None or lost < least:
                least, lines = lost, run.stdout.splitlines()
            if workload in SLEEPING or lost < 0.005 + 0.02 * elapsed:
                break
            self.repeated += 1
        return lines


def table(bench):
    measured = dict.fromkeys(name for program in PROGRAMS for name in bench.values[program])
    figures = [name for workload in WORKLOADS for name in measured if name.split(".")[0] == workload]
    first = {name.split(".")[0]: name for name in reversed(figures)}
    programs = [program for program in PROGRAMS if program in bench.commands]
    ratios = [(a, b) for a, b in RATIOS if a in programs]
    heads = [*programs, *(f"{a}/{b}" for a, b in ratios)]
    print(f"{'':50}" + "".join(f"{head:>{max(10, len(head) + 2)}}" for head in heads))
    for figure in figures:
        workload, unit = figure.split(".")
        cells = [number(bench.median(program, figure)) for program in programs]
        if unit == "allocations":
            cells += ["" for _ in ratios]
        else:
            cells += [number(bench.ratio(a, figure, b, figure)) for a, b in ratios]
        label = f"{workload:10}{WORKLOADS[workload] if figure == first[workload] else ''}"
        print(f"{label:38}{UNITS[unit]:>12}" + "".join(f"{cell:>{max(10, len(head) + 2)}}" for cell, head in zip(cells, heads)))


def read_targets():
    lines = [line for line in (HERE / "targets.tsv").read_text().splitlines() if line and not line.startswith("#")]
    return [line.split("\t") for line in lines[1:]]


def check(benches, compiled):
    """Prints each target that was measured; `benches` has the one of each workload. Returns how many failed, and what was found."""
    failed, found = 0, []
    print(f"\n{'target':46}{'at most':>9}{'measured':>10}")
    for figure, subject, against, bound, why in read_targets():
        workload = figure.split(".")[0]
        if workload not in benches and not (workload == "compile" and compiled):
            continue
        bench = benches.get(workload)
        against, _, other = against.partition(" ")
        not_built = {subject, against} & bench.peers - set(bench.commands) if bench else set()
        if not_built:
            why = f"{' and '.join(not_built)}: not built"
        if workload == "compile":
            measured = compiled[figure.partition(".")[2]]
        elif against == "-":
            measured = bench.median(subject, figure)
        else:
            measured = bench.ratio(subject, figure, against, other or figure)
        if measured is None and not not_built and other.split(".")[0] not in {*benches, ""}:
            continue  # what it is measured against was not asked for
        verdict = "holds" if measured is not None and measured <= float(bound) else "FAILS"
        failed += verdict == "FAILS"
        found.append({"figure": figure, "subject": subject, "against": f"{against} {other}".strip(), "at_most": float(bound),
                      "measured": measured, "holds": verdict == "holds"})
        name = f"{figure} {subject}" + ("" if against == "-" else f" / {against} {other}")
        print(f"{name:46}{bound:>9}{number(measured):>10}  {verdict}  {why}")
    print(f"{len(found) - failed} targets hold, {failed} fail")
    return failed, found


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    return f"{model}, {os.cpu_count()} processors, Linux {platform.release()}, Python {platform.python_version()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--build", type=pathlib.Path, required=True, metavar="FOLDER")
    parser.add_argument("--check", action="store_true", help="compare with targets.tsv; exit status 1 if one fails")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write all figures of all rounds")
    parser.add_argument("--rounds", type=int, default=7, metavar="N")
    parser.add_argument("--cpu", type=int, default=max(os.sched_getaffinity(0)), metavar="N", help="the processor to run on")
    options = parser.parse_args()

    workloads = {w for w in WORKLOADS for name in options.names or [""] if w == name or name not in WORKLOADS and w.startswith(name)}
    if "growth1e3" not in workloads and any(w.startswith("growth") for w in workloads):
        workloads.add("growth1e3")  # what the others are compared with
    others = ["compile", *KINDS]
    unknown = [name for name in options.names if name not in others and not any(w.startswith(name) for w in WORKLOADS)]
    if unknown:
        parser.error(f"no workload is called {' or '.join(unknown)}; there are {' '.join([*WORKLOADS, *others])}")

    print(f"{machine()}; on processor {options.cpu}, {options.rounds} rounds, medians")
    benches, rounds = {}, {}
    if workloads:
        bench = Bench(options.build, options.rounds, options.cpu)
        bench.run([w for w in WORKLOADS if w in workloads])
        table(bench)
        if bench.repeated:
            print(f"{bench.repeated} runs were disturbed by other processes and repeated")
        benches.update(dict.fromkeys(workloads, bench))
        rounds["core"] = bench.values
    for kind in [kind for kind in KINDS if kind in options.names]:
        bench = KINDS[kind](options.build, options.rounds, options.cpu)
        bench.run()
        bench.print_table()
        benches.update(dict.fromkeys(bench.workloads, bench))
        rounds[kind] = bench.values
    compiled = None
    if "compile" in options.names or not options.names:
        compiled = compile_time.measure(options.build, options.cpu, every_header="compile" in options.names)

    failed, found = check(benches, compiled) if options.check else (0, [])
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "rounds": rounds, "compile": compiled, "targets": found},
                                           indent=1) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
