#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The judge of what must not compile, on small files: usage: verdict_test.py COMPILER."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import verdict

MISUSE = """// error: {claim}
[[nodiscard]] int f();
#ifdef HOCKET_FIXED
int x = {fixed};
#else
{broken}
#endif
"""


class Judge(unittest.TestCase):
    def judge(self, claim="cannot|invalid conversion", fixed="1", broken='int x = "text";', text=None):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder, "misuse.cc")
            source.write_text(text or MISUSE.format(claim=claim, fixed=fixed, broken=broken))
            return verdict.judge(source, [COMPILER, "-std=c++20", "-Wall", "-Werror"], KIND, pathlib.Path(folder, "x.d"))

    def test_the_announced_error_is_accepted(self):
        self.assertEqual(self.judge(), "ok")

    def test_another_error_is_refused(self):
        self.assertIn("first error line", self.judge(claim="never said by a compiler"))

    def test_code_that_compiles_is_refused(self):
        self.assertIn("compiles, and must not", self.judge(broken="int x = 1;"))

    def test_a_remedy_that_does_not_compile_is_refused(self):
        self.assertIn("does not compile with HOCKET_FIXED", self.judge(fixed='"text"'))

    def test_a_file_without_a_claim_is_refused(self):
        self.assertIn("says 0", self.judge(text="int x;\n"))

    def test_a_file_without_a_remedy_is_refused(self):
        self.assertIn("remedy", self.judge(text="// error: x\nint x = y;\n"))

    def test_an_error_is_not_a_warning(self):
        text = MISUSE.format(claim="cannot|invalid", fixed="1", broken='int x = "text";').replace("error:", "warning:")
        self.assertIn("not a warning", self.judge(text=text))

    def test_a_warning_is_accepted(self):
        text = MISUSE.format(claim="nodiscard", fixed="1", broken="void g() { f(); }").replace("error:", "warning:")
        self.assertEqual(self.judge(text=text), "ok")

    def test_a_claim_for_the_other_compiler_does_not_count(self):
        self.assertEqual(verdict.claims_of("// error(gcc): a\n// error(clang): b\n", "clang"), [("error", "b")])


if __name__ == "__main__":
    COMPILER = sys.argv.pop(1) if len(sys.argv) > 1 else "c++"
    version = subprocess.run([COMPILER, "--version"], capture_output=True, text=True, check=True).stdout
    KIND = "clang" if "clang" in version else "gcc"
    unittest.main()
