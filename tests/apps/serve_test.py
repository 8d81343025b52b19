#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`hocket serve` as its users see it: files, lists, options, its end.

usage: serve_test.py PROGRAM [unittest's arguments]
"""
import http.client
import os
import pathlib
import signal
import socket
import ssl
import tempfile
import unittest

from program import PATIENCE, Server, main, make_certificate, run


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name, "public")
        (self.folder / "docs").mkdir(parents=True)
        (self.folder / "page.html").write_text("<p>page</p>")
        (self.folder / "docs/a.txt").write_text("a" * 1000)
        (self.folder.parent / "secret").write_text("secret")

    def serving(self, *arguments, folder=None, **how):
        return Server(str(folder or self.folder), *arguments, command="serve", **how)


class Files(WithFolder):
    def test_files(self):
        with self.serving() as server:
            self.assertEqual(server.first_line, f"Listening on {server.url} (Ctrl-C ends it)\n")
            self.assertEqual(server.host, "127.0.0.1")
            answer, body = server.ask("GET", "/page.html")
            self.assertEqual((answer.status, answer.headers["Content-Type"], body), (200, "text/html; charset=utf-8", b"<p>page</p>"))
            answer, body = server.ask("GET", "/docs/a.txt", headers={"Range": "bytes=0-9"})
            self.assertEqual((answer.status, body), (206, b"a" * 10))
            answer, _ = server.ask("GET", "/docs/a.txt", headers={"If-None-Match": answer.headers["ETag"]})
            self.assertEqual(answer.status, 304)
            self.assertEqual(server.ask("POST", "/page.html")[0].status, 405)

    def test_nothing_else(self):
        (self.folder / "link").symlink_to("../secret")
        with self.serving() as server:
            for path in ("/../secret", "/%2e%2e/secret", "/docs/../../secret", "/link", "//etc/passwd", "/nothing", "/openapi.json"):
                answer, body = server.ask("GET", path)
                self.assertEqual(answer.status, 404, path)
                self.assertNotIn(b"secret", body)

    def test_lists(self):
        (self.folder / '<b>&"x".txt').write_text("")
        with self.serving() as server:
            answer, body = server.ask("GET", "/")
            page = body.decode()
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "text/html; charset=utf-8"))
            self.assertIn('<a href="./docs/">docs/</a>', page)
            self.assertIn('<a href="./page.html">page.html</a>', page)
            self.assertIn("&lt;b&gt;&amp;&quot;x&quot;.txt", page)
            self.assertNotIn("<b>", page)
            self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
            moved, _ = server.ask("GET", "/docs")
            self.assertEqual((moved.status, moved.headers["Location"]), (301, "./docs/"))
            self.assertIn(b'<a href="../">../</a>', server.ask("GET", "/docs/")[1])

    def test_no_list(self):
        (self.folder / "docs/index.html").write_text("index")
        with self.serving("--no-list") as server:
            self.assertEqual(server.ask("GET", "/")[0].status, 404)
            self.assertEqual(server.ask("GET", "/docs/")[1], b"index")

    def test_index_html_goes_before_a_list(self):
        (self.folder / "index.html").write_text("index")
        with self.serving() as server:
            self.assertEqual(server.ask("GET", "/")[1], b"index")

    def test_the_current_folder_is_served(self):
        with Server(command="serve", cwd=self.folder) as server:
            self.assertEqual(server.ask("GET", "/page.html")[1], b"<p>page</p>")


class Options(WithFolder):
    def test_help_teaches(self):
        text = run("serve", "--help").stdout
        for word in ("DIR", "--host", "--port", "--workers", "--tls-cert", "--tls-key", "--no-list", "--log", "--no-log", "Examples", "SIGTERM", "Exit codes"):
            self.assertIn(word, text)

    def test_wrong_usage_is_2(self):
        for arguments in (["--port", "99999"], ["--workers", "0"], ["--tls-key", "k.pem"], ["--log", "--no-log"], ["a", "b"]):
            with self.subTest(arguments):
                self.assertEqual(run("serve", *arguments).returncode, 2)

    def test_what_keeps_it_from_serving_is_1(self):
        with socket.create_server(("127.0.0.1", 0)) as occupied:
            port = occupied.getsockname()[1]
            result = run("serve", str(self.folder), "--port", str(port))
        self.assertEqual((result.returncode, result.stderr), (1, f"hocket serve: bind to 127.0.0.1:{port}: Address already in use\n"))
        for arguments, says in (([str(self.folder / "missing")], "missing: No such file or directory"), ([str(self.folder / "page.html")], "page.html: Not a directory"),
                                ([str(self.folder), "--host", "no-such-host.invalid"], "no-such-host.invalid"),
                                ([str(self.folder), "--tls-cert", "missing.pem"], "missing.pem")):
            with self.subTest(arguments):
                result = run("serve", *arguments, "--port", "0")
                self.assertEqual((result.returncode, result.stdout), (1, ""))
                self.assertTrue(result.stderr.startswith("hocket serve: ") and says in result.stderr, result.stderr)

    def test_no_two_servers_share_a_port(self):
        with self.serving("--workers", "2") as server:
            result = run("serve", str(self.folder), "--workers", "2", "--port", str(server.port))
        self.assertEqual((result.returncode, result.stderr), (1, f"hocket serve: bind to 127.0.0.1:{server.port}: Address already in use\n"))

    def test_workers_and_the_log(self):
        with self.serving("--workers", "3", "--log") as server:
            for _ in range(20):
                self.assertEqual(server.ask("GET", "/page.html")[1], b"<p>page</p>")
            server.process.send_signal(signal.SIGTERM)
            output, errors = server.process.communicate(timeout=PATIENCE)
        self.assertEqual((server.process.returncode, output), (0, ""))
        self.assertEqual(len(errors.splitlines()), 20)
        for line in errors.splitlines():
            self.assertRegex(line, r'^127\.0\.0\.1 \[\S+ \+0000\] "GET /page\.html HTTP/1\.1" 200 11 "-" "-"$')

    def test_no_log_where_there_is_no_terminal(self):
        with self.serving() as server:
            server.ask("GET", "/page.html")
            server.process.send_signal(signal.SIGINT)
            self.assertEqual(server.process.communicate(timeout=PATIENCE), ("", ""))
            self.assertEqual(server.process.returncode, 0)

    def test_tls(self):
        certificate, key = make_certificate(str(self.folder.parent))
        with open(self.folder.parent / "both.pem", "w") as both:
            both.write(pathlib.Path(certificate).read_text() + pathlib.Path(key).read_text())
        for arguments in (["--tls-cert", certificate, "--tls-key", key], ["--tls-cert", both.name]):
            with self.serving(*arguments) as server:
                self.assertTrue(server.url.startswith("https://"))
                context = ssl.create_default_context(cafile=certificate)
                connection = http.client.HTTPSConnection(server.host, server.port, context=context, timeout=PATIENCE)
                connection.request("GET", "/page.html")
                self.assertEqual(connection.getresponse().read(), b"<p>page</p>")
                connection.close()

    def test_a_download_may_end(self):
        size = 20 << 20
        with open(self.folder / "long", "wb") as file:
            os.truncate(file.fileno(), size)
        with self.serving() as server, socket.create_connection((server.host, server.port), timeout=PATIENCE) as client:
            client.sendall(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
            received = len(client.recv(1000))
            server.process.send_signal(signal.SIGTERM)
            while more := client.recv(1 << 20):
                received += len(more)
            self.assertGreater(received, size)
            self.assertEqual(server.process.wait(PATIENCE), 0)


if __name__ == "__main__":
    main()
