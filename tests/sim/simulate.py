#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Simulations with many seeds, on all processors: those of HOCKET_SIM_TEST, and the tests that tests/sim names on simulated hosts.

Cheap simulations run with every seed. Those that cost more than a fifth of a millisecond (EVERY) run with every nth block of seeds, and each
list of tests in one weather for each 10,000 seeds, in five at least. What fails is told with its seed, the command that repeats it and, of a simulation,
the story of the smallest run that fails so; that simulation runs no more, and the others go on. The last line has the totals.

usage: simulate.py FOLDER [--seeds A..B] [--jobs N]   FOLDER holds sim_test and the others; exit status 1 if anything fails
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

import weather

EVERY = {
    "what_comes_by_tls_is_right_or_the_connection_fails": 20,
    "without_faults_of_connections_all_comes_by_tls": 20,
    "a_streamed_answer_is_whole_or_fails_and_its_generator_ends": 10,
    "a_streamed_request_is_whole_or_fails_and_its_generator_ends": 10,
    "an_answer_of_http_is_right_or_there_is_none": 10,
    "kept_connections_outlive_no_server_and_repeat_no_post": 10,
    "without_faults_of_connections_each_request_is_answered_once": 10,
    "events_go_on_where_the_last_connection_broke": 10,
    "echoes_are_right_or_a_connection_fails": 2,
    "without_faults_of_connections_all_echoes_come_back": 2,
    "a_server_without_descriptors_recovers": 2,
}
LARGEST_BLOCK = 1000  # of seeds, for one process
SEEDS_OF_ONE_WEATHER, LEAST_WEATHERS = 10_000, 5
PATIENCE = 3600  # seconds for a block: a failure is made small, which takes its time


class Run:
    """What has been done so far, by all threads."""

    def __init__(self, folder, items):
        self.folder = folder
        self.items = items
        self.lock = threading.Lock()
        self.begun = self.told = time.monotonic()
        self.done = self.schedules = 0
        self.failed = set()

    def seed_block(self, names, first, last):
        names = [name for name in names if name not in self.failed]
        if not names:
            return self.add(0)
        program = self.folder / "sim_test"
        environment = {**os.environ, "HOCKET_SIM_SEEDS": f"{first}..{last}"}
        environment.pop("HOCKET_SIM_SEED", None)
        chosen = "--gtest_filter=" + ":".join("Simulation." + name for name in names)
        ended = subprocess.run([program, chosen], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                               env=environment, timeout=PATIENCE)
        count = len(names) * (last - first + 1)
        bad = weather.failed_in(ended.stdout)
        for name in bad:
            text = weather.said_by(name, ended.stdout, 100_000)
            if seed := re.search(r"^seed (\d+) fails", text, re.MULTILINE):
                count -= last - int(seed[1])
            self.tell_failure(name.removeprefix("Simulation."), f"{text}\n(in {self.folder})")
        if ended.returncode != 0 and not bad:
            begun = re.findall(r"^\[ RUN      \] Simulation\.(\S+)", ended.stdout, re.MULTILINE)
            name = begun[-1] if begun else names[0]
            again = f"HOCKET_SIM_SEEDS={first}..{last} {program} --gtest_filter=Simulation.{name}"
            self.tell_failure(name, f"{ended.stdout[-4000:]}\nthe program has ended with {ended.returncode}. Again:\n  {again}")
        self.add(count)

    def one_weather(self, room, names, seed):
        program = self.folder / room
        names = [name for name in names if name not in self.failed]
        if not names:
            return self.add(0)
        failed, output = weather.run(program, names, seed)
        for name in failed:
            self.tell_failure(name, weather.said_by(name, output) + "\n  " + weather.command(program, name, seed))
        self.add(len(names))

    def tell_failure(self, name, text):
        with self.lock:
            self.failed.add(name)
            print(f"\n{name} fails:\n{text}", flush=True)

    def add(self, schedules):
        with self.lock:
            self.done += 1
            self.schedules += schedules
            now = time.monotonic()
            if now < self.told + (1 if sys.stdout.isatty() else 60) or self.done == self.items:
                return
            self.told = now
            left = (now - self.begun) / self.done * (self.items - self.done)
            text = f"{self.done / self.items:.1%}, {self.schedules:,} schedules, {len(self.failed)} failed; {left / 60:.0f} min to go"
            print("\r" + text if sys.stdout.isatty() else text, end=" " if sys.stdout.isatty() else "\n", flush=True)


def simulations(folder):
    listed = subprocess.run([folder / "sim_test", "--gtest_list_tests", "--gtest_filter=Simulation.*"], capture_output=True, text=True, check=True)
    names = [line.strip() for line in listed.stdout.splitlines() if line.startswith(" ")]
    if gone := sorted(set(EVERY) - set(names)):
        sys.exit(f"EVERY names simulations that are not there: {', '.join(gone)}")
    return names


def plan(folder, first, last, jobs):
    """Calls, as (method of Run, arguments): the weathers are spread among the blocks of seeds."""
    names = simulations(folder)
    count = last - first + 1
    size = max(1, min(LARGEST_BLOCK, count // (4 * jobs)))
    blocks = []
    for number, begin in enumerate(range(first, last + 1, size)):
        due = [name for name in names if number % EVERY.get(name, 1) == 0]
        blocks.append((Run.seed_block, due, begin, min(begin + size - 1, last)))
    weathers = []
    for seed in range(first, first + max(LEAST_WEATHERS, count // SEEDS_OF_ONE_WEATHER)):
        for path in sorted(pathlib.Path(__file__).parent.glob("*_test.txt")):
            weathers.append((Run.one_weather, path.stem, weather.read_list(path)[1], seed))
    step = max(1, len(blocks) // len(weathers))
    calls = []
    while blocks or weathers:
        calls += blocks[:step] + weathers[:1]
        del blocks[:step], weathers[:1]
    print(f"{len(names)} simulations, {len(EVERY)} of them with a part of the seeds:", flush=True)
    for n in sorted(set(EVERY.values())):
        print(f"  one of {n} blocks of {size}: " + ", ".join(name for name in EVERY if EVERY[name] == n), flush=True)
    return calls


def main():
    parser = argparse.ArgumentParser(description="Simulations with many seeds.")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seeds", default="1..1000", metavar="A..B")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    seeds = re.fullmatch(r"(\d+)\.\.(\d+)", asked.seeds)
    if not seeds or int(seeds[1]) > int(seeds[2]) or int(seeds[1]) == 0:
        parser.error(f"--seeds {asked.seeds}: A..B is expected, from 1 on")
    calls = plan(asked.folder, int(seeds[1]), int(seeds[2]), asked.jobs)
    run = Run(asked.folder, len(calls))
    with concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool:
        futures = [pool.submit(method, run, *arguments) for method, *arguments in calls]
        try:
            for future in futures:
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    minutes = (time.monotonic() - run.begun) / 60
    failed = f"failed: {', '.join(sorted(run.failed))}" if run.failed else "none failed"
    print(f"\nseeds {asked.seeds}: {run.schedules:,} schedules in {minutes:.1f} min, {failed}")
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
