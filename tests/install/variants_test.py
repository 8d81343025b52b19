#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A program whose build switches differ from the library's does not link, and the linker's message says why."""
import argparse
import pathlib
import subprocess
import tempfile
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SYSTEM_LIBRARIES = ["-luring", "-lsqlite3", "-ldw", "-lelf"]
PROGRAM = REPOSITORY / "tests/install/consumer/main.cc"


class Variants(unittest.TestCase):
    def build(self, library, *switches):
        with tempfile.TemporaryDirectory() as folder:
            libraries = SYSTEM_LIBRARIES if library.suffix == ".a" else []
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

    def test_one_unit_of_another_variant_does_not_link_in_any_order(self):
        switch = f"-DHOCKET_TRAMPOLINE={int('clang' in OPTIONS.compiler)}"
        with tempfile.TemporaryDirectory() as folder:
            objects = [f"{folder}/same.o", f"{folder}/other.o"]
            other = pathlib.Path(folder, "other.cc")
            other.write_text("#include <hocket/hocket.h>\nhocket::Coro<int> other() { co_return 1; }\n")
            for source, unit, switches in ((PROGRAM, objects[0], []), (other, objects[1], [switch])):
                subprocess.run([OPTIONS.compiler, "-std=c++20", "-O0", f"-I{REPOSITORY}", *switches, "-c", source, "-o", unit], check=True)
            for order in (objects, objects[::-1]):
                done = subprocess.run([OPTIONS.compiler, *order, OPTIONS.libraries[0], *SYSTEM_LIBRARIES, "-pthread",
                                       "-o", f"{folder}/program"], capture_output=True, text=True)
                self.assertNotEqual(done.returncode, 0, order)
                self.assertIn("this_libhocket_was_not_built_for__", done.stderr)

    def test_the_headers_take_the_switch_that_warns_of_dangling_arguments(self):
        done = self.build(OPTIONS.libraries[0], "-DHOCKET_WARN_DANGLING", "-Wall", "-Wextra", "-Werror")
        self.assertEqual(done.returncode, 0, done.stderr)


parser = argparse.ArgumentParser()
parser.add_argument("--compiler", required=True)
parser.add_argument("libraries", nargs="+", type=pathlib.Path)
OPTIONS = parser.parse_args()
unittest.main(argv=["variants_test.py"])
