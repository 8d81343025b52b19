# SPDX-License-Identifier: MIT
"""What the tests of `hocket get` share: a server to fetch from, a folder to save in."""
import json
import pathlib
import tempfile
import unittest

from program import Server, run

OK = b"HTTP/1.1 200 OK\r\n"


def answer(body, fields=b""):
    return OK + fields + b"Content-Length: %d\r\n\r\n" % len(body) + body


class WithServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.url = cls.server.url

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def get(self, *arguments, exit_code=0, errors="", **how):
        result = run("get", *arguments, cwd=self.folder, **how)
        self.assertEqual((result.returncode, result.stderr), (exit_code, errors), result.stdout)
        return result.stdout

    def seen(self, *arguments, **how):
        return json.loads(self.get(*arguments, **how))

    def fails(self, exit_code, *arguments, **how):
        """What it says, without the program's name."""
        result = run("get", *arguments, cwd=self.folder, **how)
        self.assertEqual(result.returncode, exit_code, result)
        self.assertTrue(result.stderr.startswith("hocket get: ") and result.stderr.count("\n") == 1, result.stderr)
        return result.stderr.removeprefix("hocket get: ").rstrip("\n")

    def files(self):
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))
