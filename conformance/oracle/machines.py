# SPDX-License-Identifier: MIT
"""Running programs of the oracle's language on a machine: CPython's (reference.py) or hocket's (oracle_machine)."""
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = 20  # for a batch of programs, each of which needs about a thousandth of one
BROKEN = 3    # so many programs one after the other that end the machine: it is the machine, not the programs


class CannotTell(Exception):
    """There is nothing to compare: no interpreter, no machine, or one that does not work."""


class Ended(str):
    """A trace that the machine did not finish, and how it ended."""


def run_batch(command, programs):
    """The whole traces of the first of these programs; if the machine ended before the last, an Ended of the next."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        try:
            process = subprocess.run(command, input="".join(f"{program}\n" for program in programs), text=True, stdout=output,
                                     stderr=errors, timeout=SECONDS)
            end = f"the machine ended with status {process.returncode}"
        except subprocess.TimeoutExpired:
            end = f"the machine hangs: no end in {SECONDS} s"
        except OSError as error:
            raise CannotTell(f"run {command[0]}: {error.strerror}") from error
        output.seek(0)
        errors.seek(0)
        *whole, rest = ("\n" + output.read()).split("\n.\n")
        found = [trace.lstrip("\n") for trace in whole]
        if len(found) < len(programs):
            found.append(Ended(rest.lstrip("\n") + end + "\n" + errors.read()[-2000:]))
        return found


def traces(command, programs):
    """The trace of each program, which is Ended where the program ended or hung the machine."""
    found = []
    while len(found) < len(programs):
        found += run_batch(command, programs[len(found):])
        if len(found) >= BROKEN and all(isinstance(trace, Ended) for trace in found[:BROKEN]):
            raise CannotTell(f"{' '.join(command)} runs no program: {found[0].strip()}")
    return found


def whole_traces(command, programs):
    """The same of a machine that is the judge, and must finish each."""
    found = traces(command, programs)
    for program, trace in zip(programs, found):
        if isinstance(trace, Ended):
            raise CannotTell(f"{' '.join(command)} does not finish this program: {program}\n{trace}")
    return found


def in_batches(work, items, size, report=lambda done: None):
    """`work(batch)` for batches of items, as many at a time as there are processors; gives the results one after the other."""
    batches = [items[i:i + size] for i in range(0, len(items), size)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        done = 0
        for batch, results in zip(batches, pool.map(work, batches)):
            done += len(batch)
            report(done)
            yield from zip(batch, results)


def reference():
    """The command that runs CPython's machine, and which CPython that is: HOCKET_PYTHON, or the first of 3.13 or later."""
    asked = os.environ.get("HOCKET_PYTHON")
    for python in [asked] if asked else ["python3", "python3.13", "python3.14", "/usr/bin/python3", sys.executable]:
        question = "import sys, asyncio; print(sys.implementation.name, sys.version_info >= (3, 13), *sys.version_info[:3])"
        try:
            answer = subprocess.run([python, "-c", question], capture_output=True, text=True, timeout=60)
        except OSError as error:
            if asked:
                raise CannotTell(f"HOCKET_PYTHON={asked}: {error.strerror}") from error
            continue
        words = answer.stdout.split()
        if answer.returncode == 0 and words[:2] == ["cpython", "True"]:
            return [python, "-W", "ignore", str(HERE / "reference.py")], "CPython " + ".".join(words[2:])
        if asked:
            raise CannotTell(f"HOCKET_PYTHON={asked} is no CPython of 3.13 or later: {' '.join(words) or answer.stderr.strip()}")
    raise CannotTell("the oracle asks a live CPython of 3.13 or later, and finds none: "
                        "install one (Debian 13: python3), or name it in HOCKET_PYTHON")
