#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Traces of processes that crash, end, get a signal or stall (HOCKET_TRACE), and `hocket trace`.

usage: trace_test.py HOCKET TRACED SPINS [unittest's arguments]   the programs hocket, tests/inspect/traced.cc and examples/stuck/spins
"""
import collections
import json
import os
import pathlib
import pwd
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "apps"))
from program import ENVIRONMENT, PATIENCE, program, run  # noqa: E402

TRACED, SPINS = map(os.path.abspath, sys.argv[2:4])


def nanoseconds(microseconds):
    return round(microseconds * 1000)


class Trace:
    """A file in the Trace Event format, which is as it has to be."""

    def __init__(self, text):
        self.whole = json.loads(text)
        self.events = self.whole["traceEvents"]
        self.reason = self.whole["otherData"]["reason"]
        self.names = {e["tid"]: e["args"]["name"] for e in self.events if e["name"] == "thread_name"}
        self.pids = {e["pid"] for e in self.events}
        for event in self.events:
            self.check(event)
        self.check_nesting()

    def check(self, event):
        assert event["ph"] in "MXisfC" and event["name"], event
        assert isinstance(event["pid"], int) and isinstance(event["tid"], int), event
        if event["ph"] != "M":
            assert event["tid"] in self.names and nanoseconds(event["ts"]) > 0, event
        if event["ph"] == "X":
            assert event["dur"] >= 0, event

    def check_nesting(self):
        tracks = collections.defaultdict(list)
        for event in self.events:
            if event["ph"] == "X":
                start = nanoseconds(event["ts"])
                tracks[event["tid"]].append((start, -(start + nanoseconds(event["dur"]))))
        for spans in tracks.values():
            ends = []
            for start, end in sorted(spans):
                while ends and ends[-1] <= start:
                    ends.pop()
                assert not ends or -end <= ends[-1], (start, -end, ends)
                ends.append(-end)
        begins, ends = ([e["id"] for e in self.events if e["ph"] == phase] for phase in "sf")
        assert sorted(begins) == sorted(ends) and len(set(begins)) == len(begins)

    def steps(self, task):
        return [e for e in self.events if e["ph"] == "X" and self.names[e["tid"]] == task]


def allow_core_files():
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.file = self.folder / "trace.json"

    def environment(self, file=None, **more):
        return {**ENVIRONMENT, "HOCKET_BACKEND": "epoll", "HOCKET_TRACE": str(file or self.file), **more}

    def run_traced(self, *arguments, file=None):
        """How it ended, and what it said."""
        return subprocess.run([TRACED, *arguments], env=self.environment(file), cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE, preexec_fn=allow_core_files)

    def files(self):
        return sorted(file.name for file in self.folder.iterdir() if not file.name.startswith("core"))

    def read(self, file=None):
        return Trace((file or self.file).read_text())

    def start(self, *arguments, program=TRACED, **environment):
        process = subprocess.Popen([program, *arguments], env=self.environment(**environment), cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for cleanup in process.stdin.close, process.stdout.close, process.wait, process.kill:
            self.addCleanup(cleanup)
        return process


class Crashes(WithFolder):
    def crash(self, how, number):
        done = self.run_traced(how)
        self.assertEqual(done.returncode, -number, done)
        self.assertEqual(self.files(), ["trace.json"])
        trace = self.read()
        self.assertEqual(trace.reason, number.name)
        return trace

    def test_each_crash_leaves_the_step_in_which_it_was(self):
        for number in signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT:
            with self.subTest(number.name):
                steps = self.crash(number.name, number).steps("handler")
                self.assertEqual([step["args"].get("unfinished", False) for step in steps], [False, True])
                for step in steps:
                    self.assertEqual(step["name"], "step")
                    self.assertRegex(step["args"]["at"], r"^0x[0-9a-f]{4,}$")

    def test_its_places_are_found_later(self):
        self.crash("SIGSEGV", signal.SIGSEGV)
        done = run("trace", str(self.file))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        trace = Trace(done.stdout)
        self.assertEqual(trace.whole["otherData"], {"reason": "SIGSEGV"})
        first, second = trace.steps("handler")
        self.assertRegex(second["name"], r"^handle \(inspect/traced\.cc:\d+\)$")
        self.assertEqual(second["args"]["at"], second["name"])
        created = [e["args"]["at"] for e in trace.events if e["name"] == "created" and trace.names[e["tid"]] == "handler"]
        self.assertRegex(*created, r"^amain \(inspect/traced\.cc:\d+\)$")

    def test_a_stack_that_has_run_over(self):
        self.assertTrue(self.crash("overflow", signal.SIGSEGV).steps("handler")[-1]["args"]["unfinished"])

    def test_on_a_small_stack_of_the_programs_own(self):
        self.assertTrue(self.crash("small_stack", signal.SIGSEGV).steps("handler")[-1]["args"]["unfinished"])

    def test_a_crash_of_another_thread(self):
        self.assertTrue(self.crash("thread", signal.SIGSEGV).steps("handler")[-1]["args"]["unfinished"])

    def test_a_core_file_is_made_all_the_same(self):
        pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text()
        if pattern[:1] in "|/" or resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
            self.skipTest("no core file comes to the current folder: " + pattern)
        self.crash("SIGSEGV", signal.SIGSEGV)
        self.assertTrue(list(self.folder.glob("core*")))

    def test_the_programs_own_handler_follows(self):
        done = self.run_traced("SIGSEGV", "own_handlers")
        self.assertEqual((done.returncode, done.stdout), (3, "own\n"))
        self.assertEqual(self.read().reason, "SIGSEGV")

    def test_a_file_that_cannot_be_written_changes_nothing(self):
        done = self.run_traced("SIGSEGV", file=self.folder / "none" / "trace.json")
        self.assertEqual((done.returncode, done.stderr), (-signal.SIGSEGV, ""))


class Otherwise(WithFolder):
    def test_the_end(self):
        done = self.run_traced("end")
        self.assertEqual((done.returncode, done.stderr, self.files()), (0, "", ["trace.json"]))
        trace = self.read()
        self.assertEqual(trace.reason, "the process's end")
        self.assertEqual(sorted(trace.names.values())[:3], ["Task-1", "early", "handler"])
        self.assertEqual([e["args"]["name"] for e in trace.events if e["name"] == "process_name"], ["traced"])
        first, second = trace.steps("handler")
        self.assertRegex(second["name"], r"^handle \(inspect/traced\.cc:\d+\)$")
        self.assertRegex(second["args"]["woken_by"], r"^loop 1, thread \d+$")
        self.assertEqual(first["args"]["woken_by"], "Task-1")
        self.assertGreater(nanoseconds(second["ts"] - first["ts"]), 900_000)

    def test_the_end_that_cannot_be_written_is_reported(self):
        done = self.run_traced("end", file=self.folder / "none" / "trace.json")
        self.assertEqual((done.returncode, done.stderr), (0, f"hocket: HOCKET_TRACE: write a trace to {self.folder}/none/trace.json: No such file or directory\n"))

    def test_a_link_in_the_place_of_the_file_beside_is_not_followed(self):
        process = self.start("serve")
        self.assertEqual(process.stdout.readline(), "ready\n")
        other = self.folder / "other"
        other.write_text("precious")
        (self.folder / f"trace.json.{process.pid}.part").symlink_to(other)
        process.stdin.close()
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertEqual(other.read_text(), "precious")
        self.assertEqual(self.files(), ["other", "trace.json"])
        self.assertEqual(self.file.lstat().st_mode, stat.S_IFREG | 0o600)

    def test_a_setuid_program_looks_at_no_variable(self):
        status = pathlib.Path("/proc/self/status").read_text()
        if os.geteuid() != 0 or "NoNewPrivs:\t0" not in status or os.statvfs(self.folder).f_flag & os.ST_NOSUID:
            self.skipTest("only root makes a program that is setuid to another, and not everywhere")
        mine = self.folder / "traced"
        shutil.copy(TRACED, mine)
        os.chown(mine, pwd.getpwnam("nobody").pw_uid, -1)
        self.folder.chmod(0o777)
        for mode, threads, files in (0o755, {"hocket-monitor", "hocket-detect"}, ["trace.json", "traced"]), (0o4755, set(), ["traced"]):
            with self.subTest(oct(mode)):
                mine.chmod(mode)
                process = self.start("serve", program=mine, HOCKET_INSPECT="1", HOCKET_DETECT="1000")
                self.assertEqual(process.stdout.readline(), "ready\n")
                names = {file.read_text().strip() for file in pathlib.Path(f"/proc/{process.pid}/task").glob("*/comm")}
                self.assertEqual({name for name in names if name.startswith("hocket-")}, threads)
                process.stdin.close()
                self.assertEqual(process.wait(PATIENCE), 0)
                self.assertEqual(self.files(), files)
                self.file.unlink(missing_ok=True)

    def test_a_signal_while_it_runs(self):
        process = self.start("serve")
        self.assertEqual(process.stdout.readline(), "ready\n")
        for i in 1, 2:
            process.send_signal(signal.SIGUSR2)
            self.assertTrue(wait_for(lambda: f"trace.json.{i}" in self.files()))
        process.stdin.close()
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertEqual(self.files(), ["trace.json", "trace.json.1", "trace.json.2"])
        for i in 1, 2:
            trace = self.read(self.folder / f"trace.json.{i}")
            self.assertEqual((trace.reason, trace.pids), ("SIGUSR2", {process.pid}))
        self.assertTrue(trace.steps("Task-1"))

    def test_a_signal_while_a_step_is_stuck(self):
        process = self.start("outside")
        self.assertEqual(process.stdout.readline(), "ready\n")
        process.send_signal(signal.SIGUSR2)
        self.assertTrue(wait_for(lambda: "trace.json.1" in self.files()))
        step = self.read(self.folder / "trace.json.1").steps("handler")[-1]
        self.assertTrue(step["args"]["unfinished"])
        self.assertGreater(step["dur"], 0)

    def test_the_programs_own_handler_of_that_signal_stays(self):
        process = self.start("serve", "own_handlers")
        self.assertEqual(process.stdout.readline(), "ready\n")
        process.send_signal(signal.SIGUSR2)
        self.assertEqual(process.wait(PATIENCE), 3)
        self.assertEqual(self.files(), [])

    def test_a_stall_that_another_thread_sees(self):
        self.assertEqual(self.run_traced("stall").returncode, 0)
        self.assertEqual(self.files(), ["trace.json", "trace.json.1"])
        trace = self.read(self.folder / "trace.json.1")
        self.assertEqual(trace.reason, "a stall")
        self.assertTrue(trace.steps("handler")[-1]["args"]["unfinished"])

    def test_a_blocked_loop_that_a_detector_finds(self):
        process = self.start("outside", HOCKET_DETECT="1000")
        self.assertEqual(process.stdout.readline(), "ready\n")
        self.assertTrue(wait_for(lambda: "trace.json.1" in self.files()))
        trace = self.read(self.folder / "trace.json.1")
        self.assertEqual(trace.reason, "a blocked loop")
        step = trace.steps("handler")[-1]
        self.assertRegex(step["name"], r"^handle \(inspect/traced\.cc:\d+\)$")
        self.assertTrue(step["args"]["unfinished"])
        self.assertGreater(nanoseconds(step["dur"]), 200_000_000)

    def test_a_child_of_fork_leaves_the_file_to_its_parent(self):
        self.assertEqual(self.run_traced("fork").returncode, 0)
        self.assertEqual(self.files(), [])  # the child ended by `exit`, the parent by `_exit`

    def test_a_child_of_fork_that_runs_a_loop_has_a_file_of_its_own(self):
        self.assertEqual(self.run_traced("fork_and_run", file=self.folder / "a%p-%p.json").returncode, 0)
        parent, child = [self.read(self.folder / file) for file in self.files()]
        if "handler" in child.names.values():
            parent, child = child, parent
        self.assertIn("handler", parent.names.values())
        self.assertNotIn("handler", child.names.values())
        self.assertEqual(sorted(child.names.values())[:1], ["Task-1"])
        for trace in parent, child:
            (pid,) = trace.pids
            self.assertIn(f"a{pid}-{pid}.json", self.files())


class Command(WithFolder):
    def spinning(self, monitor="1"):
        process = subprocess.Popen([SPINS], env={**ENVIRONMENT, "HOCKET_INSPECT": monitor})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        if monitor == "1":
            wait_for(lambda: run("ps", str(process.pid)).stdout.count("\n") >= 5)
        return process

    def check(self, trace, process):
        self.assertEqual(trace.pids, {process.pid})
        self.assertLessEqual({"waiter", f"loop 1, thread {process.pid}"}, set(trace.names.values()))
        self.assertGreater(len(trace.steps("waiter")), 100)
        for step in trace.steps("waiter"):
            self.assertEqual(step["name"], "wait_for (stuck/spins.cc:9)")
        self.assertIn("waiter", {step["args"].get("woken_by") for step in trace.steps("waiter")})

    def test_to_a_file_and_to_standard_output(self):
        process = self.spinning()
        done = run("trace", str(process.pid), "--seconds", "0.1", "-o", str(self.file))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.check(self.read(), process)
        done = run("trace", str(process.pid), "--seconds", "0.1")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.check(Trace(done.stdout), process)

    def test_interrupted_it_writes_what_there_is(self):
        process = self.spinning()
        tracing = subprocess.Popen([program(), "trace", str(process.pid), "--seconds", "1000", "-o", str(self.file)], env=ENVIRONMENT)
        self.addCleanup(tracing.wait)
        self.addCleanup(tracing.kill)
        status = pathlib.Path(f"/proc/{tracing.pid}/status")
        self.assertTrue(wait_for(lambda: int(re.search(r"SigCgt:\s*(\w+)", status.read_text())[1], 16) >> (signal.SIGINT - 1) & 1))
        tracing.send_signal(signal.SIGINT)
        self.assertEqual(tracing.wait(PATIENCE), 0)
        self.assertEqual(self.read().pids, {process.pid})

    def refused(self, done, error):
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, error)

    def test_what_cannot_be_done_is_said(self):
        process = self.spinning(monitor="")
        self.refused(run("trace", str(process.pid)), f"hocket trace: look into process {process.pid}, which has no monitor (HOCKET_INSPECT=1 starts one): No such file or directory\n")
        self.refused(run("trace", "trace.4711"), "hocket trace: read the trace trace.4711: No such file or directory\n")
        for text in "{", "[]", '{"traceEvents": [], "otherData": {"reason": "the process\'s end"}}':
            self.file.write_text(text)
            self.refused(run("trace", str(self.file)), f"hocket trace: find the places of {self.file}: it is no trace that has addresses in their place\n")
        process = self.spinning()
        self.refused(run("trace", str(process.pid), "--seconds", "0.1", "-o", str(self.folder / "none" / "a")), f"hocket trace: write to {self.folder}/none/a: No such file or directory\n")
        process = self.start("outside", HOCKET_TRACE="", HOCKET_INSPECT="1")
        self.assertEqual(process.stdout.readline(), "ready\n")
        self.refused(run("trace", str(process.pid), "--seconds", "0.1"), f"hocket trace: process {process.pid}: its loops have kept no events: none runs, or they are blocked\n")

    def test_no_memory_is_said_and_ends_nothing(self):
        for file, error in ("", "there was no memory to keep the events of a loop"), (str(self.file), "std::bad_alloc"):
            with self.subTest(error):
                process = self.start("no_memory", HOCKET_TRACE=file, HOCKET_INSPECT="1")
                if process.stdout.readline() != "ready\n":
                    self.skipTest("under sanitizers no memory is refused")
                for _ in range(2):
                    self.refused(run("trace", str(process.pid), "--seconds", "0.1"), f"hocket trace: process {process.pid}: {error}\n")
                process.stdin.close()
                self.assertEqual(process.wait(PATIENCE), 0)


if __name__ == "__main__":
    arguments = sys.argv[:]
    sys.argv[:] = [arguments[1]]
    unittest.main(argv=[arguments[0], *arguments[4:]])
