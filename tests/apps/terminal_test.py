#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`hocket get` on a pseudo-terminal: progress, colours, and bytes that would spoil it.

usage: terminal_test.py PROGRAM [unittest's arguments]
"""
import pathlib
import signal
import tempfile
import threading
import unittest

from program import Server, Terminal, main, saying

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n"
HALF = b"x" * 1_000_000


class Progress(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.target = pathlib.Path(folder.name, "target")

    def download(self, pattern, *arguments, head=HEAD, **how):
        """Half of a body comes, and the rest when `pattern` is shown. What was shown in all."""
        go_on = threading.Event()
        with saying(head + HALF, go_on, HALF) as url, Terminal("get", "-o", str(self.target), *arguments, url, **how) as terminal:
            if pattern:
                terminal.read_until(pattern)
            go_on.set()
            code, text = terminal.end()
        self.assertEqual(code, 0, text)
        self.assertEqual(self.target.read_bytes(), HALF * 2)
        return text

    def test_share_size_rate_and_time(self):
        text = self.download(r" 50% \[.*1\.0 MB of 2\.0 MB  \d+\.\d [kM]B/s  \d+ s left")
        self.assertIn("\x1b[32m##########\x1b[0m          ]", text)

    def test_the_line_is_gone_at_the_end(self):
        text = self.download(" 50%")
        self.assertRegex(text, r"\r\x1b\[Ksaved 200 OK  2\.0 MB  \d+\.\d\d s  http://\S+  -> \S+target\r\n$")

    def test_no_color(self):
        text = self.download(" 50%", environment={"NO_COLOR": "1"})
        self.assertIn("[##########          ]", text)
        self.assertNotIn("m", "".join(part[:3] for part in text.split("\x1b[")[1:]).replace("K", ""), text)

    def test_a_narrow_terminal(self):
        text = self.download(r"1\.0 MB of 2\.0 MB", columns=30)
        for line in text.split("saved")[0].replace("\x1b[K", "").split("\r"):
            self.assertLess(len(line), 30)

    def test_an_unknown_size(self):
        go_on = threading.Event()
        with saying(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + HALF, go_on, HALF) as url:
            with Terminal("get", "-o", str(self.target), url) as terminal:
                text = terminal.read_until(r"\r1\.0 MB  \d+\.\d [kM]B/s")
                go_on.set()
                self.assertEqual(terminal.end()[0], 0)
        self.assertNotIn("%", text)

    def test_several(self):
        go_on = threading.Event()
        with Server() as server, saying(HEAD + HALF, go_on, HALF) as url:
            with Terminal("get", "-o", str(self.target), server.url + "/bytes/1000", url + "/x") as terminal:
                terminal.read_until(r"\r1 of 2 done  1\.0 MB  ")
                go_on.set()
                self.assertEqual(terminal.end()[0], 0)

    def test_where_it_is_not_shown(self):
        for arguments, environment in ((["--no-progress"], {}), ([], {"TERM": "dumb"})):
            go_on = threading.Event()
            threading.Timer(1.5, go_on.set).start()  # it would be shown after 1 s
            with saying(HEAD + HALF, go_on, HALF) as url:
                with Terminal("get", "-o", str(self.target), *arguments, url, environment=environment) as terminal:
                    self.assertEqual(terminal.end(), (0, ""))

    def test_an_error_has_a_line_of_its_own(self):
        go_on = threading.Event()
        with saying(HEAD + HALF, go_on) as url, Terminal("get", "-o", str(self.target), url) as terminal:
            terminal.read_until(" 50%")
            go_on.set()
            code, text = terminal.end()
        self.assertEqual(code, 9)
        self.assertRegex(text, r"\r\x1b\[Khocket get: GET http://\S+: [^\r]*after 1000000 of 2000000 bytes[^\r]*\r\n$")

    def test_an_interrupt(self):
        go_on = threading.Event()
        with saying(HEAD + HALF, go_on) as url, Terminal("get", "-o", str(self.target), url) as terminal:
            terminal.read_until(" 50%")
            terminal.process.send_signal(signal.SIGINT)
            code, text = terminal.end()
        self.assertEqual(code, 130)
        self.assertTrue(text.endswith("\r\x1b[Khocket get: interrupted\r\n"), text)
        self.assertEqual(list(self.target.parent.iterdir()), [])


class Bodies(unittest.TestCase):
    def test_bytes_are_refused(self):
        with Server() as server:
            url = server.url + "/bytes/1000"
            with Terminal("get", url, has_output=True) as terminal:
                code, text = terminal.end()
            self.assertEqual(code, 8)
            self.assertEqual(text, f"hocket get: GET {url}: the body is no text, and would spoil the terminal: -o FILE saves it, -o - shows it all the same\r\n")
            with Terminal("get", "-i", url, has_output=True) as terminal:
                code, text = terminal.end()
            self.assertEqual(code, 8)
            self.assertIn("Content-Type: application/octet-stream", text)

    def test_unless_they_are_wanted(self):
        with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab\0cd") as url:
            with Terminal("get", "-o", "-", url, has_output=True) as terminal:
                self.assertEqual(terminal.end(), (0, "ab\0cd"))

    def test_text_is_shown(self):
        body = "\x1b[1mfett\x1b[0m\tund grün".encode()
        with saying(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body) as url:
            with Terminal("get", url, has_output=True) as terminal:
                self.assertEqual(terminal.end(), (0, body.decode()))


class Serve(unittest.TestCase):
    def test_requests_are_logged_on_a_terminal(self):
        with tempfile.TemporaryDirectory() as folder, Terminal("serve", folder, "--port", "0", has_output=True) as terminal:
            terminal.read_until(r"Listening on http://127\.0\.0\.1:(\d+) \(Ctrl-C ends it\)\r\n")
            url = terminal.text.split()[2]
            with Terminal("get", url, has_output=True) as client:
                self.assertEqual(client.end()[0], 0)
            terminal.read_until(r'"GET / HTTP/1\.1" 200 \d+ ')
            terminal.process.send_signal(signal.SIGINT)
            self.assertEqual(terminal.end()[0], 0)


if __name__ == "__main__":
    main()
