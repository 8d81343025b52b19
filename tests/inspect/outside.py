# SPDX-License-Identifier: MIT
"""What outside_test.py needs: processes to look into, what `hocket` and gdb say of them, and core files."""
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/apps"))
from program import ENVIRONMENT, PATIENCE, run  # noqa: E402
from machine import let_anybody_trace, without_odd_lines  # noqa: E402

STUCK, STANDING = pathlib.Path(sys.argv[2]), sys.argv[3]


# ---- Processes


class Process(subprocess.Popen):
    """A program on epoll, which ends with the `with` statement; `inspect`: its HOCKET_INSPECT."""

    def __init__(self, *command, inspect=None, **how):
        environment = {**ENVIRONMENT, "HOCKET_BACKEND": "epoll", "HOCKET_INSPECT": inspect}
        super().__init__(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=let_anybody_trace,
                         env={name: value for name, value in environment.items() if value is not None}, **how)
        self.number = str(self.pid)
        user = os.stat(f"/proc/{self.pid}").st_uid
        folder = pathlib.Path(f"/run/user/{user}")
        is_there = folder.exists() and folder.stat().st_uid == user
        self.socket = (folder / "hocket" if is_there else pathlib.Path(f"/tmp/hocket-{user}")) / self.number  # of its monitor

    def __exit__(self, *error):
        self.kill()
        super().__exit__(*error)
        self.socket.unlink(missing_ok=True)


def stuck(name, **how):
    return Process(STUCK / name, **how)


def stripped(name, folder, **how):
    subprocess.run(["strip", "-o", folder / name, STUCK / name], check=True, timeout=PATIENCE)
    return Process(folder / name, **how)


def standing(where, file=None, **how):
    """STANDING, once it stands still."""
    process = Process(file or STANDING, where, **how)
    if process.stdout.readline() != "ready\n":
        raise RuntimeError(f"{STANDING} {where} did not start: {process.communicate()}")
    return process


# ---- What is said of them


def places(text):
    """As far as they are the same on every machine."""
    return without_odd_lines(text, STUCK / "locks")


def essence(text):
    """Ids and threads are others each time; columns are as wide as what stands in them."""
    return re.sub(" +", " ", re.sub(r"0x[0-9a-f]{6,}", "N", re.sub(r"on thread \d+", "on thread N", places(text))))


def said(*arguments):
    done = run(*arguments)
    return essence(done.stdout + done.stderr)


def seen(expected, *arguments):
    """What is said, as soon as it is what is expected: a program may be on its way there."""
    end = time.monotonic() + PATIENCE
    while (found := said(*arguments)) != expected and time.monotonic() < end:
        time.sleep(0.02)
    return found


def as_json(*arguments):
    done = run(*arguments, "--json")
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return json.loads(places(done.stdout))


def as_json_at_rest(*arguments):
    """The same, as soon as every loop had the time to come: a machine may be busy."""
    end = time.monotonic() + PATIENCE
    while True:
        found = as_json(*arguments)
        if all(loop["stood"] for loop in found["loops"]) or time.monotonic() > end:
            return found


def tasks_by_name(snapshot):
    return {task["name"]: task for loop in snapshot["loops"] for task in loop["tasks"]}


def gdb(*commands, of=()):
    """What gdb prints for each of these, with hocket-gdb.py, and its errors."""
    mark = "--- the next\n"
    words = [word for command in (*commands, "") for word in ("-ex", "echo " + mark.replace("\n", "\\n"), "-ex", command)][:-2]
    done = subprocess.run(["gdb", "-nx", "-batch", "-ex", f"source {ROOT}/apps/hocket-gdb.py", *words, *of], capture_output=True, text=True, timeout=PATIENCE,
                          stdin=subprocess.DEVNULL, env={name: value for name, value in ENVIRONMENT.items() if name != "DEBUGINFOD_URLS"})
    return [essence(part) for part in done.stdout.split(mark)[1:-1]], done.stderr


def core_of(number, file):
    """The core file that gdb writes of that process: where the kernel would write one is the machine's affair (core (man 5))."""
    errors = gdb(f"generate-core-file {file}", of=("-p", number))[1]
    if not file.exists():
        raise RuntimeError(f"gdb wrote no core file: {errors}")
    return str(file)


HEAD, SEGMENT, NOTES = struct.Struct("<16sHHIQQQIHHHHHH"), struct.Struct("<IIQQQQQQ"), 4  # Elf64_Ehdr, Elf64_Phdr, PT_NOTE


def segments(core):
    """[type, flags, offset, address, physical address, size in the file, size, alignment] of each."""
    head = HEAD.unpack_from(core)
    return [list(SEGMENT.unpack_from(core, head[5] + i * SEGMENT.size)) for i in range(head[10])]


def notes_first(core):
    """As the kernel writes it: gdb writes notes last, where those of a core that is cut off are missing."""
    head, table = list(HEAD.unpack_from(core)), segments(core)
    begin = head[5] + len(table) * SEGMENT.size
    notes = next(segment for segment in table if segment[0] == NOTES)
    content = core[notes[2]:notes[2] + notes[5]]
    for segment in table:
        segment[2] = begin if segment is notes else segment[2] + len(content)
    head[6] = head[12] = head[13] = 0  # no sections
    return HEAD.pack(*head) + core[HEAD.size:head[5]] + b"".join(SEGMENT.pack(*s) for s in table) + content + core[begin:]


def end_of_notes(core):
    return next(segment[2] + segment[5] for segment in segments(core) if segment[0] == NOTES)
