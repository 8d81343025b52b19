#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Looking into a process from outside: by its monitor, in its memory, in the core file that it has left, with gdb; and what is said where that cannot be.

usage: outside_test.py HOCKET STUCK STANDING [unittest's arguments]
       the programs hocket and tests/inspect/standing.cc, and the folder with those of examples/stuck. Exit code 77: the kernel refuses ptrace
       (man 2) here, so that only processes with a monitor were looked into.
"""
import ast
import contextlib
import os
import pathlib
import pwd
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest

from machine import SKIPPED, refusal
from outside import HEAD, NOTES, ROOT, SEGMENT, STANDING, Process, as_json, as_json_at_rest, core_of, end_of_notes, essence, gdb, notes_first, places, said, seen, segments, standing, stripped, stuck, tasks_by_name
from program import ENVIRONMENT, PATIENCE, Server, program, run, run_with_full_output

REFUSAL = refusal()
needs_ptrace = unittest.skipIf(REFUSAL, REFUSAL)
NO_MONITOR = "which has no monitor (HOCKET_INSPECT=1 starts one): No such file or directory"

# What memory says.
LOCKS_PS = essence("""\
loop 1, epoll, on thread N, 3 tasks
ID TASK STATE AWAITS AT
N Task-1 waiting gather amain (stuck/locks.cc:20)
N rent waiting Lock transfer (stuck/locks.cc:11)
N interest waiting Lock transfer (stuck/locks.cc:11)
""")
LOCKS_RENT = essence("""\
rent: waits for Lock
 at transfer (stuck/locks.cc:11)
 created at amain (stuck/locks.cc:18)
""")
LOCKS_TASKS = essence(f"""\
Task-1: waits for gather
 at amain (stuck/locks.cc:20)
 created at amain (stuck/locks.cc:16)
{LOCKS_RENT}interest: waits for Lock
 at transfer (stuck/locks.cc:11)
 created at amain (stuck/locks.cc:19)
""")
LOCKS_TREE = "loop 1, epoll, on thread N, 3 tasks\n" + LOCKS_TASKS
WAKE_PS = essence("""\
loop 1, epoll, on thread N, 2 tasks
ID TASK STATE AWAITS AT
N Task-1 waiting consumer amain (stuck/wake.cc:19)
N consumer waiting Event consume (stuck/wake.cc:10)
""")
WAKE_TREE = essence("""\
loop 1, epoll, on thread N, 2 tasks
Task-1: waits for consumer
 at amain (stuck/wake.cc:19)
 created at amain (stuck/wake.cc:13)
 consumer: waits for Event
 at consume (stuck/wake.cc:10)
 created at amain (stuck/wake.cc:15)
""")


def locks_as_json(pid, found):
    """What memory says of examples/stuck/locks; ids are those that were found."""

    def waiting(name, awaits, function, line, created_at):
        return {"id": found[name]["id"], "name": name, "state": "waiting", "cancels": 0, "awaits": awaits, "awaited_tasks": [],
                "frames": [places(f"{function} (stuck/locks.cc:{line})")], "created_at": places(f"amain (stuck/locks.cc:{created_at})")}

    tasks = [waiting("Task-1", "gather", "amain", 20, 16), waiting("rent", "Lock", "transfer", 11, 18), waiting("interest", "Lock", "transfer", 11, 19)]
    return {"pid": pid, "stopped_ns": 0, "torn": False, "loops": [{"number": 1, "thread": pid, "backend": "epoll", "stood": True, "tasks": tasks}]}


def answers(path):
    """Whether somebody listens there; a process that was killed, and had this number before, leaves only the file."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)


# ---- What is seen


class ByTheMonitor(unittest.TestCase):
    def test_json_has_all_that_is_awaited(self):
        command, tree = (ROOT / "examples/stuck/locks.out").read_text().split("\n\n")[0].split("\n", 1)
        self.assertEqual(command, "$ hocket pstree PID")
        tree = essence(tree.rstrip("\n") + "\n")
        with stuck("locks", inspect="1") as process:
            self.assertEqual(seen(tree, "pstree", process.number), tree)
            found = as_json_at_rest("ps", process.number)
            tasks = tasks_by_name(found)
            expected = locks_as_json(process.pid, tasks)
            for task, awaits, awaited in zip(expected["loops"][0]["tasks"], ("gather, 2 of 2 not done", "Lock held by interest", "Lock held by rent"),
                                             (("rent", "interest"), ("interest",), ("rent",))):
                task.update(awaits=awaits, awaited_tasks=[tasks[name]["id"] for name in awaited])
            self.assertGreater(found["stopped_ns"], 0)
            self.assertEqual(found, {**expected, "stopped_ns": found["stopped_ns"]})
            self.assertEqual(as_json_at_rest("pstree", process.number)["loops"], found["loops"])
            for name in ("rent", tasks["rent"]["id"]):
                self.assertEqual(as_json("where", process.number, name), tasks["rent"])

    def test_json_of_groups(self):
        table = essence((ROOT / "examples/stuck/leak.out").read_text().split("\n\n")[0].split("\n", 1)[1].rstrip("\n") + "\n")
        with stuck("leak", inspect="1") as process:
            self.assertEqual(seen(table, "ps", "--group", process.number), table)
            found = as_json_at_rest("ps", "--group", process.number)
        (loop,) = found["loops"]
        self.assertEqual((found["pid"], loop["stood"], "tasks" in loop), (process.pid, True, False))
        keys = ("count", "oldest", "created_at", "state", "awaits", "at")
        self.assertEqual({tuple(group) for group in loop["groups"]}, {tuple(sorted(keys))})
        self.assertEqual([" ".join(str(group[key]) for key in keys) for group in loop["groups"]], table.splitlines()[2:])

    def test_it_is_there_if_HOCKET_INSPECT_asks_for_it(self):
        for asked in (None, "", "0", "1"):
            with self.subTest(asked), standing("no_tasks", inspect=asked) as process:
                self.assertEqual(answers(process.socket), asked == "1")

    def test_its_socket_is_this_users_and_ends_with_the_process(self):
        with standing("namesakes", inspect="1") as process:
            file = process.socket
            self.assertTrue(stat.S_ISSOCK(file.stat().st_mode))
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
            self.assertEqual(stat.S_IMODE(file.parent.stat().st_mode), 0o700)
            process.stdin.close()
            self.assertEqual(process.wait(PATIENCE), 0)
            self.assertFalse(file.exists())

    def test_names_are_not_for_the_terminal_to_obey(self):
        with standing("namesakes", inspect="1") as process:
            self.assertIn("N \\x1b[2J\\x0a\\xc2\\x9b\xdf waiting sleep, ", said("ps", process.number))
            self.assertIn("\n\\x1b[2J\\x0a\\xc2\\x9b\xdf: waits for sleep, ", said("pstree", process.number))
            self.assertIn("\x1b[2J\n\x9b\xdf", tasks_by_name(as_json("ps", process.number)))

    def test_a_loop_without_tasks(self):
        with standing("no_tasks", inspect="1") as process:
            for command in ("ps", "pstree"):
                self.assertEqual(said(command, process.number), "loop 1, epoll, not running, 0 tasks\n")


@needs_ptrace
class InMemory(WithFolder):
    def test_two_locks(self):
        with stuck("locks") as process:
            self.assertEqual(seen(LOCKS_TREE, "pstree", process.number), LOCKS_TREE)
            self.assertEqual(said("ps", process.number), LOCKS_PS)
            self.assertEqual(said("where", process.number, "rent"), LOCKS_RENT)
            found = as_json("ps", process.number)
            tasks = tasks_by_name(found)
            self.assertEqual(found, locks_as_json(process.pid, tasks))
            self.assertEqual(as_json("pstree", process.number), found)
            self.assertEqual(as_json("where", process.number, "rent"), tasks["rent"])

    def test_a_lost_wake(self):
        with stuck("wake") as process:
            self.assertEqual(seen(WAKE_TREE, "pstree", process.number), WAKE_TREE)
            self.assertEqual(said("ps", process.number), WAKE_PS)
            tasks = tasks_by_name(as_json("ps", process.number))
            self.assertEqual(tasks["Task-1"]["awaited_tasks"], [tasks["consumer"]["id"]])

    def test_a_stripped_program_has_addresses_for_places(self):
        def without_places(text):
            return re.sub(r"\w+ \(stuck/\w+\.cc(:\d+)?\)", "N", text)

        for name, ps, tree in (("locks", LOCKS_PS, LOCKS_TREE), ("wake", WAKE_PS, WAKE_TREE)):
            with self.subTest(name), stripped(name, self.folder) as process:
                self.assertEqual(seen(without_places(ps), "ps", process.number), without_places(ps))
                core = core_of(process.number, self.folder / "core")
                for where in (process.number, core):
                    self.assertEqual(said("ps", where), without_places(ps))
                    self.assertEqual(said("pstree", where), without_places(tree))
                    for task in tasks_by_name(as_json("ps", where)).values():
                        self.assertRegex(" ".join([task["id"], task["created_at"], *task["frames"]]), r"^(0x[0-9a-f]+ ?){3}$")

    def test_a_stripped_program_that_runs_has_those_of_its_stack(self):
        with stripped("blocks", self.folder) as process:
            end = time.monotonic() + PATIENCE
            while "blocked" not in said("ps", process.number) and time.monotonic() < end:
                time.sleep(0.02)
            shown = said("where", process.number, "server").splitlines()
        self.assertIn(" at N", shown)
        self.assertTrue(shown[0] == "server: running" and all(line.startswith(" at ") and "__libc_start" not in line for line in shown[1:-1]), shown)

    def test_a_process_without_a_loop_and_one_without_tasks(self):
        for how, expected, loops in (("no_loop", "process N has no loop\n", 0), ("no_tasks", "loop 1, epoll, not running, 0 tasks\n", 1)):
            with self.subTest(how), standing(how) as process:
                for command in ("ps", "pstree"):
                    self.assertEqual(said(command, process.number).replace(process.number, "N"), expected)
                self.assertEqual(len(as_json("ps", process.number)["loops"]), loops)

    def test_one_that_changes_with_each_reading(self):
        with standing("restless") as process:
            for command, *rest in (["ps"], ["ps", "--json"], ["pstree"], ["where", "beside"]):
                end = time.monotonic() + PATIENCE
                while not (done := run(command, process.number, *rest)).stderr and time.monotonic() < end:
                    continue  # others had the processors for two readings
                self.assertEqual((done.returncode, done.stderr), (0, f"hocket {command}: read the memory of process {process.pid}: it changed with each reading,"
                                                                     f" and what is shown may not fit together (and look into process {process.pid}, {NO_MONITOR})\n"))
                self.assertIn('"torn":true' if "--json" in rest else "beside", done.stdout)

    def test_a_process_without_hocket(self):
        with Process("sleep", "1000") as process:
            self.assertEqual(said("ps", process.number), f"hocket ps: process {process.pid} has no hocket in it, or none that was found"
                                                         f" (and look into process {process.pid}, {NO_MONITOR})\n")


@needs_ptrace
class InACoreFile(WithFolder):
    def test_two_locks(self):
        with stuck("locks") as process:
            self.assertEqual(seen(LOCKS_TREE, "pstree", process.number), LOCKS_TREE)
            live = as_json("ps", process.number)
            core = core_of(process.number, self.folder / "core")
        self.assertEqual(said("ps", core), LOCKS_PS)
        self.assertEqual(said("pstree", core), LOCKS_TREE)
        self.assertEqual(said("where", core, "rent"), LOCKS_RENT)
        self.assertEqual(said("where", core, "nobody"), f"hocket where: process {process.pid} has no task nobody\n")
        for command in ("ps", "pstree"):
            self.assertEqual(as_json(command, core), live)
        self.assertEqual(as_json("where", core, "rent"), tasks_by_name(live)["rent"])

    def test_a_lost_wake(self):
        with stuck("wake") as process:
            self.assertEqual(seen(WAKE_PS, "ps", process.number), WAKE_PS)
            core = core_of(process.number, self.folder / "core")
        self.assertEqual(said("ps", core), WAKE_PS)
        self.assertEqual(said("pstree", core), WAKE_TREE)

    def test_a_task_that_ran_has_its_threads_stack(self):
        heading = "loop 1, epoll, on thread N, 3 tasks; it is busy, or blocked\n"
        with stuck("blocks") as process:
            end = time.monotonic() + PATIENCE
            while not said("ps", process.number).startswith(heading) and time.monotonic() < end:
                time.sleep(0.02)
            core = core_of(process.number, self.folder / "core")
        self.assertTrue(said("ps", core).startswith(heading))
        shown = said("where", core, "server").splitlines()
        self.assertEqual([shown[0], *(line for line in shown[1:] if "stuck" in line)],
                         essence("server: running\n at read_page (stuck/blocks.cc:14)\n at handle (stuck/blocks.cc:20)\n at serve (stuck/blocks.cc:24)\n created at amain (stuck/blocks.cc:33)").splitlines())

    def test_a_forked_child_does_not_run_its_parents_loop(self):
        with standing("forked") as process:
            child = process.stdout.readline().rstrip("\n")
            self.assertTrue(said("ps", process.number).startswith("loop 1, epoll, on thread N, 1 task\n"))
            for where in (child, core_of(child, self.folder / "core")):
                self.assertTrue(said("ps", where).startswith("loop 1, epoll, not running, 1 task\n"))

    def test_one_that_is_cut_off(self):
        with stuck("locks") as process:
            self.assertEqual(seen(LOCKS_TREE, "pstree", process.number), LOCKS_TREE)
            written = pathlib.Path(core_of(process.number, self.folder / "core")).read_bytes()
            task = int(tasks_by_name(as_json("ps", process.number))["rent"]["id"], 16)
        core = notes_first(written)
        pages = end_of_notes(core)
        heap = next(segment[2] for segment in segments(core) if segment[3] <= task < segment[3] + segment[6])
        file = self.folder / "cut"
        for content, expected in ((core, LOCKS_TREE),
                                  (b"", "read the core file CORE: it is no core file of a 64-bit program"),
                                  (core[:1000], "read the core file CORE: its head is cut off"),
                                  (written[:end_of_notes(written) - 1], "read the core file CORE: its notes are cut off"),
                                  (core[:pages - 1], "read the core file CORE: its notes are cut off"),
                                  (core[:pages], "the core file CORE, whose end is cut off, has no hocket in it, or none that was found"),
                                  (core[:heap], "the tasks of the core file CORE, whose end is cut off, could not be read: they are not in it, or are damaged")):
            with self.subTest(expected):
                file.write_bytes(content)
                self.assertEqual(said("pstree", str(file)), expected if content is core else f"hocket pstree: {expected}\n".replace("CORE", str(file)))

    def test_one_whose_variables_have_no_end(self):
        with stuck("locks") as process:
            core = bytearray(pathlib.Path(core_of(process.number, self.folder / "core")).read_bytes().replace(b"hocket layout\x1a\n", b"another layout\n"))
        begin = HEAD.unpack_from(core)[5]
        for i, segment in enumerate(segments(core)):
            if segment[0] != NOTES and segment[3] < 1 << 47:  # above are pages of the kernel
                segment[6] = 1 << 60
                SEGMENT.pack_into(core, begin + i * SEGMENT.size, *segment)
        file = self.folder / "endless"
        file.write_bytes(core)
        self.assertEqual(said("ps", str(file)), f"hocket ps: the core file {file} has no hocket in it, or none that was found\n")


class TablesOfGdb(unittest.TestCase):
    def test_they_are_those_of_the_library(self):
        library = (ROOT / "hocket/inspect/read_snapshot.cc").read_text()
        script = ast.parse((ROOT / "apps/hocket-gdb.py").read_text())
        values = {line.targets[0].id: line.value for line in script.body if isinstance(line, ast.Assign)}
        for name, variable in (("WAIT_POINTS", "wait_points"), ("FUTURES", "futures")):
            words = re.findall(r'"([^"]*)"', re.search(rf"constexpr std::array<[^;]*> {variable}\{{([^;]*);", library)[1])
            self.assertGreater(len(words), 5)
            expected = set(words) if name == "WAIT_POINTS" else dict(zip(words[::2], words[1::2]))
            self.assertEqual(ast.literal_eval(values[name]), expected)


@needs_ptrace
class InGdb(WithFolder):
    def test_all_tasks_one_and_none(self):
        asked = ("hocket-tasks", "hocket-tasks rent", "hocket-tasks nobody")
        heading = "loop 1, on thread N\n"
        with stuck("locks") as process:
            self.assertEqual(seen(LOCKS_TREE, "pstree", process.number), LOCKS_TREE)
            core = self.folder / "core"
            for of in (("-p", process.number), (process.args[0], core)):
                with self.subTest(of):
                    shown, errors = gdb(*asked, *([] if core.exists() else [f"generate-core-file {core}"]), of=of)
                    self.assertEqual(shown[:3], [heading + LOCKS_TASKS, heading + LOCKS_RENT, heading])
                    self.assertIn("hocket-tasks: there is no task nobody\n", errors)

    def test_what_a_task_waits_for(self):
        with stuck("wake") as process:
            self.assertEqual(seen(WAKE_PS, "ps", process.number), WAKE_PS)
            shown = gdb("hocket-tasks", of=("-p", process.number))[0]
        self.assertEqual(shown, [WAKE_TREE.replace(", epoll", "").replace(", 2 tasks", "").replace("\n consumer", "\nconsumer")])

    def test_names_are_not_for_the_terminal_to_obey(self):
        with standing("namesakes") as process:
            shown = gdb("hocket-tasks", "hocket-tasks twin", of=("-p", process.number))[0]
        self.assertIn("\n\\x1b[2J\\x0a\\x9b\xdf: waits for sleep\n", shown[0])
        self.assertEqual(shown[1].count("twin: waits for sleep\n"), 2)

    def test_no_loop_and_no_tasks(self):
        for how, expected in (("no_loop", "the process has no loop\n"), ("no_tasks", "loop 1, not running\n")):
            with self.subTest(how), standing(how) as process:
                self.assertEqual(gdb("hocket-tasks", of=("-p", process.number))[0], [expected])

    def test_what_it_cannot_read_is_an_error(self):
        self.assertIn("hocket-tasks: there is no process: attach to one, or open a core file\n", gdb("hocket-tasks")[1])
        with stripped("locks", self.folder) as process:
            self.assertIn("hocket-tasks: this program has no hocket in it, or no symbols (No symbol ",
                          gdb("hocket-tasks", of=("-p", process.number))[1])


# ---- What is said where nothing can be seen


class Errors(WithFolder):
    def error_of(self, *arguments, **how):
        done = run(*arguments, **how)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        return done.stderr

    def test_no_such_process(self):
        with Server(env={**ENVIRONMENT, "HOCKET_INSPECT": "1"}) as server:
            number = str(server.process.pid)
            self.assertTrue(said("ps", number).startswith("loop 1, "))
            server.process.terminate()
            server.process.communicate(timeout=PATIENCE)
        for command in (["ps", number], ["pstree", number], ["where", number, "rent"]):
            self.assertEqual(self.error_of(*command), f"hocket {command[0]}: look into process {number}: No such process\n")

    def test_no_core_file(self):
        for file, error in (("/nowhere", "No such file or directory"), (str(self.folder), "Invalid argument"),
                            (__file__, "it is no core file of a 64-bit program"), (program(), "it is no core file of a 64-bit program")):
            for command in (["ps", file], ["pstree", file], ["where", file, "rent"]):
                self.assertEqual(self.error_of(*command), f"hocket {command[0]}: read the core file {file}: {error}\n")

    def test_no_such_task_and_several(self):
        with standing("namesakes", inspect="1") as process:
            self.assertEqual(self.error_of("where", process.number, "nobody"), f"hocket where: process {process.pid} has no task nobody\n")
            self.assertEqual(self.error_of("where", process.number, "twin"), "hocket where: there are several tasks twin: take an id, as `hocket ps` shows them\n")
            for task in as_json("ps", process.number)["loops"][0]["tasks"]:
                self.assertEqual(as_json("where", process.number, task["id"])["name"], task["name"])

    def test_output_that_cannot_be_written(self):
        with standing("namesakes", inspect="1") as process:
            for command in (["ps"], ["ps", "--group"], ["ps", "--json"], ["pstree"], ["pstree", "--json"], ["where", "Task-1"]):
                done = run_with_full_output(command[0], process.number, *command[1:])
                self.assertEqual((done.returncode, done.stderr), (1, f"hocket {command[0]}: write to standard output: No space left on device\n"), command)

    def test_another_users_process(self):
        if os.geteuid() != 0:
            if os.stat("/proc/1").st_uid == os.geteuid():
                self.skipTest("all processes are this user's")
            self.assertRegex(self.error_of("ps", "1"), r"^hocket ps: read /proc/1/maps: Permission denied \(and look into process 1[:,].*\)\n$")
            return
        nobody = pwd.getpwnam("nobody")
        with contextlib.ExitStack() as stack:
            # The folder with the programs may be root's alone.
            programs = [stack.enter_context(open(file, "rb")).fileno() for file in (program(), STANDING)]
            how = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "pass_fds": programs, "cwd": "/"}
            roots = stack.enter_context(standing("no_tasks", inspect="1")).number
            own, owns_tasks = (stack.enter_context(standing(kind, f"/proc/self/fd/{programs[1]}", inspect="1", **how)).number for kind in ("no_tasks", "all_sorts"))

            def as_nobody(number):
                done = subprocess.run([f"/proc/self/fd/{programs[0]}", "ps", number], capture_output=True, text=True, timeout=PATIENCE, env=ENVIRONMENT, **how)
                return done.stdout + done.stderr

            self.assertEqual(as_nobody(roots), f"hocket ps: read /proc/{roots}/maps: Permission denied (and look into process {roots}: Permission denied)\n")
            self.assertEqual(as_nobody(own), "loop 1, epoll, not running, 0 tasks\n")
            self.assertEqual(said("ps", own), "loop 1, epoll, not running, 0 tasks\n")
            # Its monitor says what there is, also to one who may not read its memory.
            no_debugger = ["setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace"]
            if shutil.which("setpriv") and subprocess.run([*no_debugger, "true"], stderr=subprocess.DEVNULL, timeout=PATIENCE).returncode == 0:
                done = subprocess.run([*no_debugger, program(), "ps", owns_tasks], capture_output=True, text=True, timeout=PATIENCE, env=ENVIRONMENT)
                self.assertEqual(done.returncode, 0, done.stderr[:1000])
                self.assertRegex(done.stdout.splitlines()[2], r"^0x[0-9a-f]+ +Task-1 +waiting +job in ThreadPoolExecutor, ")

    def test_wrong_usage_is_2(self):
        for arguments in (["ps"], ["pstree"], ["where"], ["where", "1"], ["ps", "1", "2"], ["ps", "--nonsense", "1"], ["pstree", "--group", "1"]):
            with self.subTest(arguments):
                done = run(*arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn("--help", done.stderr)


def main():
    arguments = sys.argv[:]
    sys.argv[:1] = []  # what program.run runs
    result = unittest.main(argv=[arguments[0], *arguments[4:]], exit=False).result
    if not result.wasSuccessful():
        return 1
    if REFUSAL:
        print(f"skipped: {REFUSAL}; memory, core files and gdb were not looked at")
    return SKIPPED if REFUSAL else 0


if __name__ == "__main__":
    sys.exit(main())
