#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`hocket top`: tables, JSON, a terminal with its keys, and what is said where there is nothing to see.

usage: top_test.py HOCKET SPINS [unittest's arguments]   the programs hocket and examples/stuck/spins
"""
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import termios
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "apps"))
from answering import UNREADABLE, answering, monitor_path, snapshot  # noqa: E402
from program import ENVIRONMENT, PATIENCE, Terminal, program, run, run_with_full_output  # noqa: E402

SPINS = os.path.abspath(sys.argv[2])
CLEAR, BACK = "\x1b[?1049h", "\x1b[?1049l"


@contextlib.contextmanager
def spinning(monitor="1", file=SPINS):
    """The program with the tasks `waiter`, which makes nearly all the steps, and `clock`; ready to be looked into."""
    process = subprocess.Popen([file], env={**ENVIRONMENT, "HOCKET_INSPECT": monitor})
    try:
        end = time.monotonic() + PATIENCE
        while monitor == "1" and run("ps", str(process.pid)).stdout.count("\n") < 5 and time.monotonic() < end:
            time.sleep(0.01)
        yield process
    finally:
        process.kill()
        process.wait()
        monitor_path(process.pid).unlink(missing_ok=True)  # another process may get its number


def whole(*arguments, is_whole):
    """What it writes, as soon as that is whole: a loop that has had no processor for 50 ms is busy to those who look, and tells no counters."""
    end = time.monotonic() + PATIENCE
    while True:
        done = run("top", *arguments, "--interval", "0.2")
        if done.returncode != 0 or is_whole(done.stdout) or time.monotonic() > end:
            return done


class Written(unittest.TestCase):
    def test_a_table_for_each_look(self):
        with spinning() as process:
            done = whole(str(process.pid), "--count", "2", is_whole=lambda text: text.count("99 of 100 steps took") == 2)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        tables = done.stdout.split("\n\n")
        self.assertEqual(len(tables), 2, done.stdout)
        for table in tables:
            heading, rates, steps, names, *rows = table.splitlines()
            self.assertRegex(heading, r"^loop 1, \w+, on thread \d+, 3 tasks$")
            self.assertRegex(rates, r"^  waits \d+\.\d % of the time; in a second \S+ steps, \S+ callbacks, 0 new tasks, 0 ended$")
            self.assertRegex(steps, r"^  99 of 100 steps took < \S+ \S+, and began < \S+ \S+ after the task was ready$")
            self.assertEqual(names.split(), ["TASK", "STATE", "BUSY", "STEPS/s", "DELAY", "LONGEST", "SELF", "AWAITS", "AT"])
            self.assertEqual([row.split()[0] for row in rows], ["waiter", "clock", "Task-1"])
            self.assertIn(" wait_for (stuck/spins.cc:9)", rows[0])

    def test_a_line_of_json_for_each_look(self):
        with spinning() as process:
            done = whole(str(process.pid), "--count", "2", "--json", "--sort", "name", is_whole=lambda text: all(json.loads(line)["loops"][0]["counted"] for line in text.splitlines()))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        looks = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(looks), 2)
        for look in looks:
            self.assertEqual(look["pid"], process.pid)
            (loop,) = look["loops"]
            self.assertEqual([task["name"] for task in loop["tasks"]], ["Task-1", "clock", "waiter"])
            main, clock, waiter = loop["tasks"]
            self.assertEqual((main["steps_per_s"], main["busy"], main["state"], main["awaits"]), (0, 0, "waiting", "waiter"))
            self.assertGreater(clock["steps_per_s"], 0)
            self.assertGreater(waiter["steps_per_s"], clock["steps_per_s"])
            self.assertEqual(waiter["self_wakes_per_s"], waiter["wakes_per_s"])
            self.assertEqual(clock["self_wakes_per_s"], 0)
            self.assertLess(waiter["busy"], 1.01)
            self.assertAlmostEqual(loop["busy"], waiter["busy"] + clock["busy"], delta=0.05)
            self.assertEqual(sum(count["count"] > 0 for count in loop["step_times"]), len(loop["step_times"]))
            self.assertTrue(all(key in loop for key in ("waiting", "callbacks_per_s", "created_per_s", "ended_per_s", "delays")))

    def test_the_end_of_the_process_is_the_end(self):
        with spinning() as process:
            looking = subprocess.Popen([program(), "top", str(process.pid), "--interval", "0.05"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
            looking.stdout.readline()
            process.kill()
            process.wait()
            _, errors = looking.communicate(timeout=PATIENCE)
        self.assertEqual(looking.returncode, 0)
        # It may find the connection broken before the process has quite ended.
        self.assertRegex(errors, rf"^(hocket top: look into process {process.pid}.*; it is tried again\n)*process {process.pid} has ended\n$")

    def test_interrupted(self):
        with spinning() as process:
            looking = subprocess.Popen([program(), "top", str(process.pid), "--interval", "0.05"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
            looking.stdout.readline()
            looking.send_signal(signal.SIGINT)
            _, errors = looking.communicate(timeout=PATIENCE)
        self.assertEqual((looking.returncode, errors), (0, ""))


class Failing(unittest.TestCase):
    def test_a_look_that_fails_is_tried_again(self):
        told = f"hocket top: process {os.getpid()}: {UNREADABLE[6:-1]}; it is tried again\n"
        with answering(UNREADABLE, UNREADABLE, snapshot(1), UNREADABLE, snapshot(1), snapshot(2)) as pid:
            done = run("top", pid, "--count", "1", "--interval", "0.05")
        self.assertEqual((done.returncode, done.stderr), (0, told * 2))
        self.assertRegex(done.stdout, r"^loop 1, epoll, on thread \d+, 1 task\n  waits 0\.0 % of the time")
        self.assertEqual(done.stdout.count("loop 1"), 1)

    def test_a_connection_that_breaks(self):
        with answering(None, "nonsense\nend\t0\n", snapshot(1), snapshot(2)) as pid:
            done = run("top", pid, "--count", "1", "--interval", "0.05", "--json")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(done.stderr.count("; it is tried again\n"), 2, done.stderr)
        self.assertTrue(json.loads(done.stdout)["loops"][0]["counted"])

    def test_on_a_terminal(self):
        with answering(snapshot(1), UNREADABLE, snapshot(1), snapshot(2)) as pid, Terminal("top", pid, "--interval", "0.05", has_output=True, columns=160) as terminal:
            terminal.read_until(f"{UNREADABLE[6:-1]}; it is tried again(?s:.*)99 of 100 steps took")
            os.write(terminal.master, b"q")
            self.assertEqual(terminal.end()[0], 0)


class Counted(unittest.TestCase):
    def test_a_new_task_at_the_address_of_another(self):
        with answering(snapshot(1, resumes=10, wakes=10), snapshot(2, resumes=20, wakes=5)) as pid:
            done = run("top", pid, "--count", "1", "--interval", "0.05", "--json")
        (task,) = json.loads(done.stdout)["loops"][0]["tasks"]
        self.assertEqual((task["steps_per_s"], task["wakes_per_s"]), (20, 5))

    def test_the_same_task(self):
        with answering(snapshot(1, resumes=10, wakes=10), snapshot(3, resumes=20, wakes=12)) as pid:
            done = run("top", pid, "--count", "1", "--interval", "0.05", "--json")
        (task,) = json.loads(done.stdout)["loops"][0]["tasks"]
        self.assertEqual((task["steps_per_s"], task["wakes_per_s"]), (5, 1))


class Hostile(unittest.TestCase):
    """Nothing of what others have named is for the terminal to obey."""

    def assert_harmless(self, text, *words):
        self.assertNotRegex(text, r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
        for word in words:
            self.assertIn(word, text)

    def test_names_of_tasks_and_loops(self):
        hostile = snapshot(1, name="\x1b[2J\\n\x9b\u00dfe", awaits="Lock held by \x1b]0;\u20ac\x07", backend="\x1b[31mepoll")
        heading, name, awaits = "loop 1, \\x1b[31mepoll, on thread ", "\\x1b[2J\\x0a\\xc2\\x9b\u00dfe", "Lock held by \\x1b]0;\u20ac\\x07"
        with answering(hostile) as pid:
            for command, *words in (("ps", heading, name, awaits), ("ps --group", heading, name, "Lock held by"), ("pstree", heading, name, awaits), ("top --count 1 --interval 0.05", heading, name, awaits)):
                done = run(*command.split(), pid)
                self.assertEqual((done.returncode, done.stderr), (0, ""), command)
                self.assert_harmless(done.stdout, *words)
            self.assert_harmless(run("where", pid, "0x10").stdout, name, awaits)

    def test_json_of_the_same(self):
        name = "\x1b[2J\n\x7f\x80\x9f\u00dfe\u20ac"
        with answering(snapshot(1, name=name.replace("\n", "\\n"))) as pid:
            for command in ("ps", "pstree", "where", "top --count 1 --interval 0.05"):
                done = run(*command.split(), pid, *(["0x10"] if command == "where" else []), "--json")
                self.assertEqual((done.returncode, done.stderr), (0, ""), command)
                self.assert_harmless(done.stdout, "\\u001b[2J\\n\\u007f\\u0080\\u009f\\u00dfe\\u20ac")
                found = json.loads(done.stdout)
                task = found if command == "where" else found["loops"][0]["tasks"][0]
                self.assertEqual(task["name"], name, command)

    def test_names_of_files(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "spins")
            file.write_bytes(pathlib.Path(SPINS).read_bytes().replace(b"spins.cc", b"\x1b[2Jx.cc"))
            file.chmod(0o700)
            with spinning(file=file) as process:
                pid = str(process.pid)
                for command in ("ps", "ps --group", "pstree", "top --count 1 --interval 0.05"):
                    self.assert_harmless(run(*command.split(), pid).stdout, "amain (stuck/\\x1b[2Jx.cc:20)")
                self.assert_harmless(run("where", pid, "Task-1").stdout, "at amain (stuck/\\x1b[2Jx.cc:20)\n", "created at amain (stuck/\\x1b[2Jx.cc:")

    def test_errors(self):
        for command in ("ps", "top", "trace"):
            done = run(command, "k\u00e4se\x1b[2J\nof today\x9b")
            self.assertEqual((done.returncode, done.stdout), (1, ""), command)
            self.assertIn("k\u00e4se\\x1b[2J\nof today\\xc2\\x9b", done.stderr)
        with answering("error\tno \x1b[2J \u00dfe\n") as pid:
            looking = subprocess.Popen([program(), "top", pid, "--interval", "0.05"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
            told = looking.stderr.readline()
            looking.kill()
            looking.communicate()
        self.assertEqual(told, f"hocket top: process {pid}: no \\x1b[2J \u00dfe; it is tried again\n")


class OnATerminal(unittest.TestCase):
    def test_it_is_drawn_until_q(self):
        with spinning() as process, Terminal("top", str(process.pid), "--interval", "0.1", has_output=True, columns=120) as terminal:
            text = terminal.read_until(r"99 of 100 steps took")
            self.assertTrue(text.startswith(CLEAR), text[:40])
            self.assertIn(f"hocket top {process.pid} ", text)
            self.assertIn("each 0.1 s, by busy", text)
            self.assertIn("\x1b[1mTASK ", text)
            os.write(terminal.master, b"nx")
            terminal.read_until(r"by name")
            os.write(terminal.master, b"q")
            code, text = terminal.end()
        self.assertEqual(code, 0, text)
        self.assertTrue(text.endswith(BACK), text[-40:])

    def test_signals_that_end_it_give_the_terminal_back(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            with self.subTest(number), answering(snapshot(1), snapshot(2)) as pid, Terminal("top", pid, "--interval", "0.1", has_output=True) as terminal:
                terminal.read_until(r"99 of 100 steps took")
                self.assertNotEqual(termios.tcgetattr(terminal.master), terminal.modes)
                terminal.process.send_signal(number)
                code, text = terminal.end()
                self.assertEqual((code, text[-len(BACK):]), (0, BACK))
                self.assertEqual(termios.tcgetattr(terminal.master), terminal.modes)

    def test_ctrl_z_gives_the_terminal_back_until_it_goes_on(self):
        with answering(snapshot(1), snapshot(2)) as pid, Terminal("top", pid, "--interval", "0.1", has_output=True, is_job=True) as terminal:
            for _ in range(2):
                terminal.read_until(r"99 of 100 steps took")
                raw = termios.tcgetattr(terminal.master)
                terminal.process.send_signal(signal.SIGTSTP)
                self.assertTrue(os.WIFSTOPPED(os.waitpid(terminal.process.pid, os.WUNTRACED)[1]))
                self.assertTrue(terminal.read_until(re.escape(BACK) + "$"))
                self.assertEqual(termios.tcgetattr(terminal.master), terminal.modes)
                terminal.text = ""
                terminal.process.send_signal(signal.SIGCONT)
                terminal.read_until(r"99 of 100 steps took")
                self.assertTrue(terminal.text.startswith(CLEAR))
                self.assertEqual(termios.tcgetattr(terminal.master), raw)
            terminal.process.send_signal(signal.SIGTSTP)
            self.assertTrue(os.WIFSTOPPED(os.waitpid(terminal.process.pid, os.WUNTRACED)[1]))
            for number in (signal.SIGTERM, signal.SIGCONT):
                terminal.process.send_signal(number)
            self.assertEqual(terminal.end()[0], -signal.SIGTERM)
            self.assertEqual(termios.tcgetattr(terminal.master), terminal.modes)

    def test_no_line_is_longer_than_the_terminal_is_wide(self):
        with spinning() as process, Terminal("top", str(process.pid), "--interval", "0.1", has_output=True, columns=40, environment={"NO_COLOR": "1"}) as terminal:
            text = terminal.read_until(r"99 of 100 steps took")
            os.write(terminal.master, b"q")
            terminal.end()
        self.assertNotIn("\x1b[1m", text)
        for line in text.split("\x1b[K"):
            self.assertLessEqual(len(line.split("\x1b[H")[-1].strip("\r\n")), 40)


class Refused(unittest.TestCase):
    def assert_refused(self, done, code, words):
        self.assertEqual(done.returncode, code, done)
        self.assertEqual(done.stdout, "")
        self.assertIn(words, done.stderr)

    def test_no_monitor(self):
        with spinning(monitor="") as process:
            self.assert_refused(run("top", str(process.pid)), 1, f"hocket top: look into process {process.pid}, which has no monitor (HOCKET_INSPECT=1 starts one)")

    def test_no_process(self):
        self.assert_refused(run("top", "core.4711"), 1, "hocket top: watch core.4711: that is no number of a process\n")
        process = subprocess.Popen(["true"])
        process.wait()
        self.assert_refused(run("top", str(process.pid)), 1, "No such process")

    def test_output_that_cannot_be_written(self):
        with answering(snapshot(1), snapshot(2)) as pid:
            for how in ([], ["--json"]):
                done = run_with_full_output("top", pid, "--interval", "0.05", *how)
                self.assertEqual((done.returncode, done.stderr), (1, "hocket top: write to standard output: No space left on device\n"))

    def test_wrong_usage(self):
        for wrong in (["--interval", "0"], ["--interval", "x"], ["--sort", "colour"], ["--count", "-1"], []):
            self.assert_refused(run("top", *(["1", *wrong] if wrong else [])), 2, "")


if __name__ == "__main__":
    arguments = sys.argv[:]
    sys.argv[:] = [arguments[1]]
    unittest.main(argv=[arguments[0], *arguments[3:]])
