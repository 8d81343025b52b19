#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs random programs with CPython and with hocket, and compares what happened, when, in which task.

usage: oracle.py --machine PROGRAM COMMAND

    seeds FROM..TO      the programs of these seeds, with a live CPython; prints each that differs, made as small as it goes
    show SEED           the program of a seed, and both traces
    stored              the seeds of traces.txt, with the traces of CPython that were kept there
    record TO           keeps the traces of CPython for the seeds 1 to TO

`./dev oracle` builds the machine and calls this. Exit status: 0 no trace differs, 1 some do, 2 it could not be found out.
"""
import argparse
import pathlib
import sys
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import machines
import shrink
from language import generate, story

BATCH = 250
STORED = machines.HERE / "traces.txt"
HEADING = "# The CRC-32 of the trace of each seed from 1 to {}, "
FEWEST = 1000  # traces that are kept
SHOWN = 3  # divergences that are made small and printed; the others only by their seeds


def digest(trace):
    return f"{zlib.crc32(trace.encode()):08x}"


def stored_digests():
    """What CPython did, for the seeds from 1 on."""
    heading, *lines = STORED.read_text().splitlines()
    digests = [word for line in lines for word in line.split()]
    if len(digests) < FEWEST or not heading.startswith(HEADING.format(len(digests))):
        raise machines.CannotTell(f"{STORED} has {len(digests)} traces, and its heading is: {heading}")
    return digests


def progress(total):
    if not sys.stderr.isatty():
        return lambda done: None
    return lambda done: print(f"\r{done} of {total} seeds", end="\n" if done == total else "", file=sys.stderr, flush=True)


def beside(expected, actual):
    """Both traces, line by line, as far as two lines behind the first difference."""
    left, right = expected.splitlines(), actual.splitlines()
    length = max(len(left), len(right))
    left += [""] * (length - len(left))
    right += [""] * (length - len(right))
    first = next((i for i in range(length) if left[i] != right[i]), length)
    lines = [f"    {'asyncio':60}hocket"]
    lines += [f"  {' ' if a == b else '!'} {a:60}{b}" for a, b in zip(left[:first + 3], right[:first + 3])]
    return "\n".join(lines)


def differ(asyncio, hocket, programs):
    """Of each program, whether its traces differ."""
    return [a != b for a, b in zip(machines.whole_traces(asyncio, programs), machines.traces(hocket, programs))]


def digests(command, seeds, whole, report=lambda done: None):
    """The digest of the trace of each seed."""
    def work(batch):
        run = machines.whole_traces if whole else machines.traces
        return [digest(trace) for trace in run(command, [generate(seed) for seed in batch])]

    return [found for _, found in machines.in_batches(work, seeds, BATCH, report)]


def differing(asyncio, hocket, seeds, report=lambda done: None):
    """The seeds whose traces differ, as they are found."""
    def work(batch):
        return differ(asyncio, hocket, [generate(seed) for seed in batch])

    for seed, differs in machines.in_batches(work, seeds, BATCH, report):
        if differs:
            yield seed


def print_smallest(asyncio, hocket, seed):
    program = shrink.shrink(generate(seed), lambda programs: differ(asyncio, hocket, programs))
    (expected,), (actual,) = machines.traces(asyncio, [program]), machines.traces(hocket, [program])
    print(f"\nseed {seed} diverges; its smallest program that does:\n{story(program)}\n\n{beside(expected, actual)}")


def compare_seeds(machine, seeds):
    asyncio, version = machines.reference()
    start = time.monotonic()
    diverging = []
    for seed in differing(asyncio, [machine], seeds, progress(len(seeds))):
        diverging.append(seed)
        if len(diverging) <= SHOWN:
            print_smallest(asyncio, [machine], seed)
        else:
            print(f"seed {seed} diverges, too", flush=True)
    print(f"{len(seeds)} seeds, {len(diverging)} divergences ({version}, {time.monotonic() - start:.0f} s)")
    return 1 if diverging else 0


def show(machine, seed):
    asyncio, _ = machines.reference()
    program = generate(seed)
    (expected,), (actual,) = machines.traces(asyncio, [program]), machines.traces([machine], [program])
    print(f"{story(program)}\n\n{beside(expected, actual)}")
    return 0 if expected == actual else 1


def compare_stored(machine):
    expected = stored_digests()
    found = digests([machine], range(1, len(expected) + 1), whole=False)
    diverging = [seed for seed, (ours, theirs) in enumerate(zip(found, expected), 1) if ours != theirs]
    for seed in diverging[:SHOWN]:
        program = generate(seed)
        print(f"\nseed {seed} diverges from what CPython did; `./dev oracle --seeds {seed}..{seed}` makes it small, and shows both\n"
              f"{story(program)}\n\n{machines.traces([machine], [program])[0]}")
    print(f"{len(expected)} stored traces, {len(diverging)} divergences {' '.join(map(str, diverging[:20]))}")
    return 1 if diverging else 0


def record(last):
    if last < FEWEST:
        raise machines.CannotTell(f"record {last}: fewer than {FEWEST} traces are too few to keep")
    asyncio, version = machines.reference()
    found = digests(asyncio, range(1, last + 1), whole=True, report=progress(last))
    lines = [" ".join(found[i:i + 12]) for i in range(0, last, 12)]
    STORED.write_text(f"{HEADING.format(last)}{version}: ./dev oracle --record {last}\n"
                      + "\n".join(lines) + "\n")
    print(f"{last} traces of {version} kept in {STORED.name}")
    return 0


def seeds_of(text):
    first, _, last = text.partition("..")
    if not (first.isdigit() and last.isdigit() and int(first) <= int(last)):
        raise argparse.ArgumentTypeError(f"seeds are FROM..TO, such as 1..10000, not {text}")
    return range(int(first), int(last) + 1)


def main():
    parser = argparse.ArgumentParser(description="Compares hocket with CPython on random programs.")
    parser.add_argument("--machine", required=True, help="hocket's machine: <build>/conformance/oracle_machine")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("seeds", help="with a live CPython").add_argument("seeds", type=seeds_of, metavar="FROM..TO")
    commands.add_parser("show", help="the program of a seed, and both traces").add_argument("seed", type=int)
    commands.add_parser("stored", help="with the traces that were kept")
    commands.add_parser("record", help="keeps CPython's traces").add_argument("last", type=int, metavar="TO")
    arguments = parser.parse_args()
    try:
        if arguments.command == "seeds":
            return compare_seeds(arguments.machine, arguments.seeds)
        if arguments.command == "show":
            return show(arguments.machine, arguments.seed)
        if arguments.command == "record":
            return record(arguments.last)
        return compare_stored(arguments.machine)
    except machines.CannotTell as error:
        print(f"oracle: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("oracle: interrupted; what diverged so far is printed above", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
