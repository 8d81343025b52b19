#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`hocket get -o`: files that are whole or not there, and what cannot be written.

usage: get_files_test.py PROGRAM [unittest's arguments]
"""
import json
import os
import pathlib
import signal
import subprocess
import threading
import time

from getting import OK, WithServer
from program import ENVIRONMENT, PATIENCE, main, program, saying


class Files(WithServer):
    def test_a_file(self):
        self.assertEqual(self.get("-o", "x.bin", self.url + "/bytes/100000"), "")
        self.assertEqual((self.folder / "x.bin").read_bytes(), self.server.ask("GET", "/bytes/100000")[1])
        self.assertEqual((self.folder / "x.bin").stat().st_mode & 0o777, 0o666 & ~self.umask())

    @staticmethod
    def umask():
        mask = os.umask(0)
        os.umask(mask)
        return mask

    def test_an_empty_one(self):
        self.get("-o", "x", self.url + "/bytes/0")
        self.assertEqual((self.folder / "x").read_bytes(), b"")

    def test_a_folder(self):
        (self.folder / "there").mkdir()
        self.get("-o", "there", self.url + "/posts/1")
        self.get("-o", "new/deep/", self.url + "/posts/2")
        out = self.get("-o", "many", self.url + "/posts/3", self.url + "/comments/3?x=a.txt", self.url + "/", self.url + "/nothing/a%2Fb%0A%C3%A4.tar.gz")
        self.assertEqual(self.files(), sorted(["there", "there/1", "new", "new/deep", "new/deep/2", "many", "many/3", "many/3-2", "many/index.html", "many/a_b_ä.tar.gz"]))
        self.assertEqual(json.loads((self.folder / "many/3-2").read_text())["id"], 3)
        self.assertTrue(out.splitlines()[1].endswith("/comments/3?x=a.txt  -> many/3-2"), out)

    def test_no_name_leads_out_of_the_folder(self):
        for path in ("/..%2f..%2fx", "/%2e%2e", "/a/..%5c", "/%2e", "/%00"):
            self.get("-o", "in/", self.url + "/nothing" + path)
        self.assertTrue(all(name == "in" or name.startswith("in/") for name in self.files()), self.files())

    def test_what_replaces_a_file_keeps_its_mode_and_its_links(self):
        old = self.folder / "old"
        old.write_text("old")
        old.chmod(0o640)
        (self.folder / "link").symlink_to("old")
        self.get("-o", "link", self.url + "/posts/1")
        self.assertEqual(json.loads(old.read_text())["id"], 1)
        self.assertEqual(old.stat().st_mode & 0o777, 0o640)
        self.assertTrue((self.folder / "link").is_symlink())

    def test_a_device_stays_one(self):
        self.get("-o", "/dev/null", self.url + "/posts/1")
        self.assertTrue(pathlib.Path("/dev/null").is_char_device())
        self.assertIn("write to /dev/full: No space left on device", self.fails(8, "-o", "/dev/full", self.url + "/posts/1"))
        self.assertIn("write to /dev/full: No space left on device", self.fails(8, "-o", "/dev/full", self.url + "/bytes/1000000"))

    def test_what_is_cut_off_leaves_the_old_file(self):
        (self.folder / "x").write_text("old")
        with saying(OK + b"Content-Length: 100\r\n\r\nhalf") as url:
            self.assertIn("after 4 of 100 bytes", self.fails(9, "-o", "x", url))
        self.assertEqual((self.folder / "x").read_text(), "old")
        self.assertEqual(self.files(), ["x"])

    def test_fail_saves_nothing(self):
        self.fails(7, "--fail", "-o", "x", self.url + "/status/500")
        self.assertEqual(self.files(), [])
        self.get("-o", "x", self.url + "/status/500")
        self.assertEqual(self.files(), ["x"])

    def test_signals_leave_no_half_file(self):
        for number, code, says in ((signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "ended by SIGTERM")):
            go_on = threading.Event()
            with self.subTest(number), saying(OK + b"Content-Length: 1000000\r\n\r\n" + b"x" * 200_000, go_on) as url:
                with subprocess.Popen([program(), "get", "-o", "x", url], cwd=self.folder, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
                    end = time.monotonic() + PATIENCE
                    while not self.files() and time.monotonic() < end:
                        time.sleep(0.01)
                    names = self.files()
                    self.assertTrue(len(names) == 1 and names[0].endswith(".part"), names)
                    process.send_signal(number)
                    self.assertEqual(process.communicate(timeout=PATIENCE)[1], f"hocket get: {says}\n")
                    self.assertEqual(process.returncode, code)
            self.assertEqual(self.files(), [])

    def test_what_cannot_be_written(self):
        self.assertEqual(self.fails(8, "-o", "missing/x", self.url + "/get"), f"GET {self.url}/get: make missing/x: No such file or directory")
        (self.folder / "file").write_text("")
        self.assertIn("file", self.fails(1, "-o", "file", self.url + "/get", self.url + "/get"))
        with open("/dev/full", "wb") as full:
            for arguments in ([self.url + "/get"], ["--json", self.url + "/get"], [self.url + "/get"] * 2, ["-i", self.url + "/get"]):
                result = subprocess.run([program(), "get", *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, env=ENVIRONMENT)
                self.assertEqual(result.returncode, 8, result)
                self.assertRegex(result.stderr, r"^hocket get: (GET \S+: )?write to standard output: No space left on device\n$")

    def test_who_reads_may_go(self):
        with subprocess.Popen([program(), "get", self.url + "/bytes/5000000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT) as process:
            process.stdout.read(10)
            process.stdout.close()
            self.assertEqual(process.wait(PATIENCE), 8)
            self.assertIn(b"write to standard output: Broken pipe", process.stderr.read())


if __name__ == "__main__":
    main()
