#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`hocket top`: tables, JSON, a terminal with its keys, and what is said where there is nothing to see.

usage: top_test.py HOCKET SPINS [unittest's arguments]   the programs hocket and examples/stuck/spins
"""
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "apps"))
from program import ENVIRONMENT, PATIENCE, Terminal, program, run  # noqa: E402

SPINS = os.path.abspath(sys.argv[2])
CLEAR, BACK = "\x1b[?1049h", "\x1b[?1049l"


@contextlib.contextmanager
def spinning(monitor="1"):
    """The program with the tasks `waiter`, which makes nearly all the steps, and `clock`; ready to be looked into."""
    process = subprocess.Popen([SPINS], env={**ENVIRONMENT, "HOCKET_INSPECT": monitor})
    try:
        end = time.monotonic() + PATIENCE
        while monitor == "1" and run("ps", str(process.pid)).stdout.count("\n") < 5 and time.monotonic() < end:
            time.sleep(0.01)
        yield process
    finally:
        process.kill()
        process.wait()


class Written(unittest.TestCase):
    def test_a_table_for_each_look(self):
        with spinning() as process:
            done = run("top", str(process.pid), "--count", "2", "--interval", "0.2")
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
            done = run("top", str(process.pid), "--count", "2", "--interval", "0.2", "--json", "--sort", "name")
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
        self.assertEqual((looking.returncode, errors), (0, f"process {process.pid} has ended\n"))

    def test_interrupted(self):
        with spinning() as process:
            looking = subprocess.Popen([program(), "top", str(process.pid), "--interval", "0.05"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
            looking.stdout.readline()
            looking.send_signal(signal.SIGINT)
            _, errors = looking.communicate(timeout=PATIENCE)
        self.assertEqual((looking.returncode, errors), (0, ""))


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

    def test_wrong_usage(self):
        for wrong in (["--interval", "0"], ["--interval", "x"], ["--sort", "colour"], ["--count", "-1"], []):
            self.assert_refused(run("top", *(["1", *wrong] if wrong else [])), 2, "")


if __name__ == "__main__":
    arguments = sys.argv[:]
    sys.argv[:] = [arguments[1]]
    unittest.main(argv=[arguments[0], *arguments[3:]])
