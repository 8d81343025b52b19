#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `hocket ps`, `pstree`, `where` and `top` say of the programs of examples/stuck, each of which gets stuck, is what docs/inspecting.md shows.

A file examples/stuck/NAME.out has lines `$ hocket COMMAND`, where PID stands for the process, and below each what it prints; below
`$ HOCKET_DETECT=SECONDS ./NAME` stands what the process reports by itself. Numbers of threads
and ids of tasks are N there, since they are others each time.

usage: stuck_test.py check|fix HOCKET FOLDER   the program hocket, and the folder with the stuck ones. Exit code 77: the kernel refuses ptrace
(man 2) here, so that those with a task that runs, whose thread's stack is shown, were left out.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from machine import SKIPPED, let_anybody_trace, refusal, without_odd_lines

STUCK = pathlib.Path(__file__).resolve().parents[2] / "examples/stuck"
START = "$ HOCKET_DETECT="
PATIENCE = 30  # seconds until a program is stuck, and has been looked at


def commands_in(text):
    return [line for line in text.splitlines() if line.startswith(("$ hocket ", START))]


def environment_for(text):
    """What the process is started with."""
    start = [line for line in text.splitlines() if line.startswith(START)]
    return {**os.environ, "HOCKET_INSPECT": "1", "HOCKET_BACKEND": "epoll", **({"HOCKET_DETECT": start[0].removeprefix(START).split()[0]} if start else {})}


def same_everywhere(output):
    return re.sub(r"clock_nanosleep( \([^)]*\))?", "clock_nanosleep", output)


def look(hocket, commands, pid, reported):
    """The commands with what they print; `reported`: what the process has said."""
    shown = []
    for command in commands:
        if command.startswith(START):
            shown.append(f"{command}\n{same_everywhere(re.sub(r'for [0-9]+ ms', 'for N ms', reported))}")
            continue
        words = [str(pid) if word == "PID" else word for word in command.split()[2:]]
        done = subprocess.run([hocket, *words], capture_output=True, text=True, timeout=PATIENCE)
        output = done.stdout + done.stderr
        output = re.sub(r"on thread \d+", "on thread N", output)
        output = re.sub(r"0x[0-9a-f]{8,}", "N", output)
        output = re.sub(r"^ID +TASK", "ID  TASK", re.sub(r"^N +", "N   ", output, flags=re.MULTILINE), flags=re.MULTILINE)
        output = re.sub(r"\d+\.\d+ s left", "N.NNN s left", output)
        if command.startswith("$ hocket top"):
            number = r"(?<= )([<>] )?\d[\d.]*[kM]?( %| [num]?s(?![a-z]))?(?=[ ;,\n])"
            loop, _, table = output.partition("\nTASK ")
            loop = re.sub(number + r"(?! of | steps took|, epoll| tasks)", "N", loop)
            output = loop + "\nTASK " + re.sub(number, lambda found: "N".ljust(len(found[0])), table)
        shown.append(f"{command}\n{same_everywhere(output)}")
    return "\n".join(shown)


def text_of(file):
    file.seek(0)  # the process has it, too, and writes at the end
    return file.read().decode()


def essence(text, program):
    """Without the functions of libraries, whose names, files and lines differ from release to release; columns are as wide as what is in them."""
    lines = [line for line in without_odd_lines(text, program).splitlines() if not line.startswith("  at ") or "(stuck/" in line]
    return [re.sub(r"(?<=\S) +", " ", line) for line in lines]


def main():
    mode, hocket, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    bad, left_out, refused = 0, 0, refusal()
    for file in sorted(STUCK.glob("*.out")):
        expected = file.read_text()
        if refused and ": running\n" in expected:
            left_out += 1
            print(f"{file.name} is left out: {refused}")
            continue
        program = folder / file.stem
        wanted = essence(expected, program)
        with tempfile.TemporaryFile("a+b") as errors:
            process = subprocess.Popen([program], stdout=subprocess.DEVNULL, stderr=errors, preexec_fn=let_anybody_trace, env=environment_for(expected))
            try:
                time.sleep(2 if mode == "fix" else 0)
                end = time.monotonic() + PATIENCE
                while essence(seen := look(hocket, commands_in(expected), process.pid, text_of(errors)), program) != wanted and mode == "check" and time.monotonic() < end:
                    time.sleep(0.1)
            finally:
                process.kill()
                process.wait()
        if mode == "fix":
            file.write_text(seen)
        elif essence(seen, program) != wanted:
            bad += 1
            print(f"{file.name}: it is shown\n{seen}\nand expected\n{expected}")
    print(f"{len(list(STUCK.glob('*.out')))} stuck programs, {bad} shown in another way than in examples/stuck")
    return 1 if bad else SKIPPED if left_out else 0


if __name__ == "__main__":
    sys.exit(main())
