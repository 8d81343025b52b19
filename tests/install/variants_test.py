#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A program whose build switches differ from the library's does not link, and the linker's message says why."""
import argparse
import pathlib
import subprocess
import tempfile
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = REPOSITORY / "tests/install/consumer/main.cc"


class Variants(unittest.TestCase):
    def build(self, library, *switches):
        with tempfile.TemporaryDirectory() as folder:
            libraries = ["-luring", "-lsqlite3", "-ldw"] if library.suffix == ".a" else []
            return subprocess.run([OPTIONS.compiler, "-std=c++20", "-O0", f"-I{REPOSITORY}", *switches, PROGRAM, library, *libraries,
                                   "-pthread", "-o", f"{folder}/program"], capture_output=True, text=True)

    def test_the_same_variant_links(self):
        for library in OPTIONS.libraries:
            done = self.build(library)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_another_variant_does_not_link_and_the_message_says_why(self):
        clang = "clang" in OPTIONS.compiler
        others = {f"-DHOCKET_TRAMPOLINE={int(clang)}": "this_libhocket_was_not_built_for__" + ("gcc" if clang else "clang"),
                  "-DHOCKET_POOL=0": f"this_libhocket_was_not_built_for__{'clang' if clang else 'gcc'}_with_sanitizers"}
        for library in OPTIONS.libraries:
            for switch, message in others.items():
                done = self.build(library, switch)
                self.assertNotEqual(done.returncode, 0, switch)
                self.assertIn(message, done.stderr)

    def test_the_headers_take_the_switch_that_warns_of_dangling_arguments(self):
        done = self.build(OPTIONS.libraries[0], "-DHOCKET_WARN_DANGLING", "-Wall", "-Wextra", "-Werror")
        self.assertEqual(done.returncode, 0, done.stderr)


parser = argparse.ArgumentParser()
parser.add_argument("--compiler", required=True)
parser.add_argument("libraries", nargs="+", type=pathlib.Path)
OPTIONS = parser.parse_args()
unittest.main(argv=["variants_test.py"])
