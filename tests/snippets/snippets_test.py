#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The keeper of the documentation's blocks, on small pages."""
import pathlib
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

    def test_other_languages_need_no_source(self):
        self.assertEqual(self.check("Text.\n```sh\n./dev test\n```\n"), [])

    def test_a_region_that_is_not_there_is_refused(self):
        self.assertIn("0 regions", self.check("<!-- snippet: docs/a.cc#other -->\n```cpp\n```\n")[0])

    def test_a_file_that_is_not_there_is_refused(self):
        self.assertIn("does not exist", self.check("<!-- output: docs/b.out -->\n```text\n```\n")[0])


if __name__ == "__main__":
    unittest.main()
