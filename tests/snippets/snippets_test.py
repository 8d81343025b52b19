#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The keeper of the documentation's blocks, on small pages, and its comparison of pairs."""
import contextlib
import io
import pathlib
import sys
import tempfile
import unittest

import snippets

PROGRAM = """// SPDX-License-Identifier: MIT
// A program.

int main() {
    // [body]
    int x = 1;
    return x - 1;
    // [/body]
}
"""


class Pages(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "docs").mkdir()
        (self.root / "docs/a.cc").write_text(PROGRAM)

    def check(self, text, fix=False):
        (self.root / "README.md").write_text(text)
        return snippets.check(self.root, fix)

    def test_a_region_that_is_equal_passes(self):
        self.assertEqual(self.check("<!-- snippet: docs/a.cc#body -->\n```cpp\nint x = 1;\nreturn x - 1;\n```\n"), [])

    def test_a_whole_file_is_shown_without_licence_and_marks(self):
        body = "int main() {\n    int x = 1;\n    return x - 1;\n}\n"
        self.assertEqual(self.check(f"<!-- snippet: docs/a.cc -->\n```cpp\n{body}```\n"), [])

    def test_of_python_too(self):
        (self.root / "docs/a.py").write_text("# SPDX-License-Identifier: MIT\n# A program.\nimport sys\n\n# ends\nsys.exit()\n")
        self.assertEqual(self.check("<!-- snippet: docs/a.py -->\n```python\nimport sys\n\n# ends\nsys.exit()\n```\n"), [])

    def test_a_region_that_differs_is_named(self):
        problems = self.check("One.\n\n<!-- snippet: docs/a.cc#body -->\n```cpp\nint x = 2;\n```\n")
        self.assertEqual(len(problems), 1)
        self.assertTrue(problems[0].startswith("README.md:4: differs"))

    def test_fix_rewrites_only_the_block(self):
        self.assertEqual(self.check("Before.\n\n<!-- snippet: docs/a.cc#body -->\n```cpp\n```\nAfter.\n", fix=True), [])
        self.assertEqual((self.root / "README.md").read_text(),
                         "Before.\n\n<!-- snippet: docs/a.cc#body -->\n```cpp\nint x = 1;\nreturn x - 1;\n```\nAfter.\n")

    def test_a_block_without_a_source_is_refused(self):
        self.assertIn("does not say", self.check("Text.\n```cpp\nint x;\n```\n")[0])
        self.assertIn("does not say", self.check("Text.\n```python\nx = 1\n```\n")[0])

    def test_other_languages_need_no_source(self):
        self.assertEqual(self.check("Text.\n```sh\n./dev test\n```\n"), [])

    def test_a_region_that_is_not_there_is_refused(self):
        self.assertIn("0 regions", self.check("<!-- snippet: docs/a.cc#other -->\n```cpp\n```\n")[0])

    def test_a_file_that_is_not_there_is_refused(self):
        self.assertIn("does not exist", self.check("<!-- output: docs/b.out -->\n```text\n```\n")[0])


class Pairs(unittest.TestCase):
    def compare(self, python, shell):
        with tempfile.TemporaryDirectory() as folder:
            script, program = pathlib.Path(folder) / "a.py", pathlib.Path(folder) / "a"
            script.write_text(python)
            program.write_text("#!/bin/sh\n" + shell)
            program.chmod(0o700)
            with contextlib.redirect_stdout(io.StringIO()):
                return snippets.pair(sys.executable, str(script), str(program))

    def test_that_print_the_same_pass(self):
        self.assertEqual(self.compare("print('a')\nprint('b')", "echo a; echo b"), [])

    def test_that_differ_fail_with_the_difference(self):
        (problem,) = self.compare("print('a')\nprint('b')", "echo a; echo c")
        self.assertIn("\n a\n-b\n+c\n", problem)

    def test_that_differ_in_the_last_newline_fail(self):
        self.assertIn("differ", self.compare("print('a')", "printf a")[0])

    def test_of_which_one_fails_fail(self):
        self.assertIn("status 3", self.compare("print('a')", "echo a; exit 3")[0])

    def test_of_which_one_complains_fail(self):
        self.assertIn("never awaited", self.compare("print('a')", "echo a; echo never awaited >&2")[0])

    def test_that_print_nothing_fail(self):
        self.assertEqual(self.compare("", "true"), ["both print nothing"])


if __name__ == "__main__":
    unittest.main()
