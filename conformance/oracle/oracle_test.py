#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The oracle's own parts: its language, its numbers, its cuts, and machines that end or lie."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import machines
import oracle
import shrink
from language import Random, generate, numbered, parse, story

ECHO = [sys.executable, "-c", "import sys\nfor line in sys.stdin: print(line, end='.\\n', flush=True)"]
ENDS = [sys.executable, "-c", """
import os, sys
for line in sys.stdin:
    if "raise" in line: os._exit(7)
    print(line, end='.\\n', flush=True)
"""]


class Language(unittest.TestCase):
    def test_a_program_is_what_its_text_says(self):
        for seed in range(200):
            text = str(generate(seed))
            self.assertEqual(str(parse(text)), text)

    def test_a_seed_gives_one_program(self):
        self.assertEqual(str(generate(7)), str(generate(7)))
        self.assertNotEqual(str(generate(7)), str(generate(8)))

    def test_random_numbers_are_splitmix64(self):
        random = Random(1234567)
        self.assertEqual([random.bits() for _ in range(2)], [6457827717110365317, 3203168211198807973])

    def test_a_story_numbers_nodes_as_the_machines_do(self):
        program = parse("(program (spawn (sleep 5)) (probe))")
        self.assertEqual([node.op for node in numbered(program)], ["program", "spawn", "sleep", "probe"])
        self.assertEqual(story(program).splitlines()[2:], ["   2     sleep 5", "   3   probe"])


class Shrinking(unittest.TestCase):
    def test_only_what_matters_is_left(self):
        program = parse("(program (sleep 1) (try 0 (do (sleep 7000001) (raise 4)) (do (probe)) (do)) (spawn (raise 9)) (probe))")

        def holds(programs):
            return ["raise" in str(cut) and "sleep" in str(cut) for cut in programs]

        self.assertEqual(str(shrink.shrink(program, holds)), "(program (sleep 0) (raise 0))")

    def test_what_needs_its_children_keeps_them(self):
        program = parse("(program (wait_for 1000000 (do (sleep 0))))")
        for cut in shrink.smaller(program):
            self.assertNotIn("(wait_for 1000000)", str(cut))


class Machines(unittest.TestCase):
    def test_each_program_has_its_trace(self):
        self.assertEqual(machines.traces(ECHO, ["(a)", "(b)", "(c)"]), ["(a)", "(b)", "(c)"])

    def test_a_program_that_ends_the_machine_is_named_and_the_others_run(self):
        found = machines.traces(ENDS, ["(a)", "(raise 1)", "(c)"])
        self.assertEqual(found[::2], ["(a)", "(c)"])
        self.assertIn("the machine ended with status 7", found[1])

    def test_a_judge_that_does_not_finish_is_no_judge(self):
        with self.assertRaisesRegex(machines.CannotTell, "does not finish this program"):
            machines.whole_traces(ENDS, ["(a)", "(raise 1)", "(c)"])

    def test_a_machine_that_runs_nothing_is_no_divergence(self):
        with self.assertRaisesRegex(machines.CannotTell, "runs no program: the machine ended with status 1"):
            machines.traces(["/bin/false"], ["(a)", "(b)", "(c)", "(d)"])
        with self.assertRaisesRegex(machines.CannotTell, "run /nowhere: No such file"):
            machines.traces(["/nowhere"], ["(a)"])

    def test_seeds_have_two_ends(self):
        for text in ("5", "1..", "9..3", "a..b"):
            with self.assertRaises(Exception):
                oracle.seeds_of(text)
        self.assertEqual(oracle.seeds_of("3..5"), range(3, 6))

    def test_traces_are_shown_up_to_their_difference(self):
        shown = oracle.beside("one\ntwo\nthree\nfour\nfive\nsix", "one\ntwo\nTHREE\nfour\nfive\nsix")
        self.assertIn("! three", shown)
        self.assertNotIn("six", shown)

    def test_a_difference_is_found(self):
        self.assertEqual(list(oracle.differing(ECHO, ECHO, range(1, 20))), [])
        differing = list(oracle.differing(ECHO, ENDS, range(1, 20)))
        self.assertEqual(differing, [seed for seed in range(1, 20) if "raise" in str(generate(seed))])
        self.assertTrue(differing)


if __name__ == "__main__":
    unittest.main()
