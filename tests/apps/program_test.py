#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program `hocket` as its users see it: its help, its exit codes, and the demonstration server as a process.

usage: program_test.py PROGRAM [unittest's arguments]
"""
import hashlib
import http.client
import json
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request
import urllib.parse

from program import PATIENCE, Server, main, run, run_with_full_output


class CommandLine(unittest.TestCase):
    def test_help_teaches(self):
        result = run("--help")
        self.assertEqual(result.returncode, 0)
        for word in ("httpbin", "get", "serve", "Exit codes", "curl", "--version"):
            self.assertIn(word, result.stdout)
        result = run("httpbin", "--help")
        self.assertEqual(result.returncode, 0)
        for word in ("--host", "--port", "/delay/N", "/status/N", "/comments", "Examples", "SIGTERM"):
            self.assertIn(word, result.stdout)

    def test_version(self):
        self.assertRegex(run("--version").stdout, r"^hocket \d+\.\d+\.\d+$")

    def test_output_that_cannot_be_written_is_1(self):
        for arguments in (["--help"], ["--version"], ["httpbin", "--help"]):
            done = run_with_full_output(*arguments)
            self.assertEqual((done.returncode, done.stderr), (1, "hocket: write to standard output: No space left on device\n"), arguments)

    def test_wrong_usage_is_2(self):
        for arguments in ([], ["nonsense"], ["httpbin", "--port", "99999"], ["httpbin", "--port", "x"], ["httpbin", "--nonsense"]):
            with self.subTest(arguments):
                result = run(*arguments)
                self.assertEqual(result.returncode, 2)
                self.assertIn("--help", result.stderr)

    def test_an_occupied_port_is_1_and_says_which(self):
        with socket.socket() as occupied:
            occupied.bind(("127.0.0.1", 0))
            occupied.listen()
            port = occupied.getsockname()[1]
            result = run("httpbin", "--port", str(port))
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, f"hocket httpbin: bind to 127.0.0.1:{port}: Address already in use\n")

    def test_an_unknown_host_is_1_and_says_which(self):
        result = run("httpbin", "--host", "no-such-host.invalid")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no-such-host.invalid", result.stderr)


class TheEnd(unittest.TestCase):
    def ended_by(self, number):
        with Server() as server:
            server.ask("GET", "/get")
            server.process.send_signal(number)
            output, errors = server.process.communicate(timeout=PATIENCE)
            return server.process.returncode, output, errors

    def test_signals_end_it_well(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self.assertEqual(self.ended_by(number), (0, "", ""))

    def test_a_request_may_end(self):
        with Server() as server:
            answers = []
            asking = threading.Thread(target=lambda: answers.append(server.ask("GET", "/delay/1")[0].status))
            asking.start()
            time.sleep(0.5)
            server.process.send_signal(signal.SIGTERM)
            asking.join(PATIENCE)
            self.assertEqual(answers, [200])
            self.assertEqual(server.process.wait(PATIENCE), 0)

    def test_a_second_signal_ends_requests(self):
        with Server() as server:
            with socket.create_connection((server.host, server.port), timeout=PATIENCE) as client:
                client.sendall(b"GET /delay/10 HTTP/1.1\r\nHost: x\r\n\r\n")
                time.sleep(0.5)
                begun = time.monotonic()
                server.process.send_signal(signal.SIGTERM)
                time.sleep(0.2)
                server.process.send_signal(signal.SIGTERM)
                self.assertEqual(server.process.wait(PATIENCE), 0)
                self.assertLess(time.monotonic() - begun, 8)


    def test_under_load_no_request_is_lost_that_was_accepted(self):
        for workers in ("1", "3"):
            with self.subTest(workers=workers), Server("--workers", workers) as server:
                request = b"GET /get HTTP/1.1\r\nHost: x\r\n\r\n"
                clients = [socket.create_connection((server.host, server.port), timeout=PATIENCE) for _ in range(400)]
                for client in clients[::2]:
                    client.sendall(request)
                server.process.send_signal(signal.SIGTERM)
                for client in clients[1::2]:  # these are connected, and have not asked yet
                    client.sendall(request)
                answers = []
                for client in clients:
                    with client:
                        answers.append(client.recv(12))
                self.assertEqual(answers, [b"HTTP/1.1 200"] * len(clients))
                self.assertEqual(server.process.wait(PATIENCE), 0)


class Workers(unittest.TestCase):
    def test_share_the_port_and_write_one_log(self):
        with Server("--workers", "3", "--log") as server:
            for _ in range(20):
                self.assertEqual(server.ask("GET", "/status/204")[0].status, 204)
            server.process.send_signal(signal.SIGTERM)
            output, errors = server.process.communicate(timeout=PATIENCE)
        self.assertEqual(output, "")
        lines = errors.splitlines()
        self.assertEqual(len(lines), 20)
        for line in lines:
            self.assertRegex(line, r'^127\.0\.0\.1 \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET /status/204 HTTP/1\.1" 204 0 "-" "-"$')


class Https(unittest.TestCase):
    def test_with_a_certificate_it_serves_by_https(self):
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = f"{folder}/certificate", f"{folder}/key"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test",
                            "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout", key, "-out", certificate],
                           check=True, capture_output=True)
            with Server("--tls-cert", certificate, "--tls-key", key) as server:
                self.assertEqual(server.first_line, f"Listening on https://127.0.0.1:{server.port} (Ctrl-C ends it)\n")
                opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                                     urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=certificate)))
                with opener.open(f"https://127.0.0.1:{server.port}/get", timeout=PATIENCE) as answer:
                    self.assertEqual(json.load(answer)["url"], f"https://127.0.0.1:{server.port}/get")

    def test_a_key_comes_with_its_certificate(self):
        self.assertEqual(run("httpbin", "--tls-key", "x").returncode, 2)
        result = run("httpbin", "--tls-cert", "/nowhere/c", "--tls-key", "/nowhere/k")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/nowhere/c", result.stderr)


class Routes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.url = f"http://{cls.server.host}:{cls.server.port}"

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def test_the_first_line_says_where_it_listens(self):
        self.assertEqual(self.server.first_line, f"Listening on {self.url} (Ctrl-C ends it)\n")

    def test_get_shows_the_request(self):
        shown = self.server.json("GET", "/get?a=1&a=2&b=x%20y&c=", headers={"X-Id": "7"})
        self.assertEqual(shown["args"], {"a": ["1", "2"], "b": "x y", "c": ""})
        self.assertEqual(shown["headers"]["X-Id"], "7")
        self.assertEqual(shown["origin"], "127.0.0.1")
        self.assertEqual(shown["url"], self.url + "/get?a=1&a=2&b=x%20y&c=")
        self.assertEqual(set(shown), {"args", "headers", "origin", "url"})

    def test_post_shows_a_form(self):
        shown = self.server.json("POST", "/post", urllib.parse.urlencode({"name": "ada", "x": "a b"}),
                                 {"Content-Type": "application/x-www-form-urlencoded"})
        self.assertEqual(shown["form"], {"name": "ada", "x": "a b"})
        self.assertEqual((shown["data"], shown["json"], shown["files"]), ("", None, {}))

    def test_post_shows_json(self):
        body = json.dumps({"a": [1, None, "\u00fc"]})
        shown = self.server.json("POST", "/post", body, {"Content-Type": "application/json"})
        self.assertEqual(shown["json"], {"a": [1, None, "\u00fc"]})
        self.assertEqual(shown["data"], body)

    def test_post_shows_what_is_no_json(self):
        self.assertEqual(self.server.json("POST", "/post", "{nonsense")["json"], None)
        self.assertEqual(self.server.json("POST", "/post", b"a\xffb")["data"], "a\ufffdb")
        self.assertEqual(self.server.json("POST", "/post", "[" * 100_000 + "]" * 100_000)["json"], None)

    def test_other_methods(self):
        for method, path in (("PUT", "/put"), ("PATCH", "/patch"), ("DELETE", "/delete")):
            self.assertEqual(self.server.json(method, path, "x")["data"], "x")
        answer, _ = self.server.ask("DELETE", "/get")
        self.assertEqual((answer.status, answer.headers["Allow"]), (405, "GET, HEAD"))

    def test_headers(self):
        self.assertEqual(self.server.json("GET", "/headers", headers={"X-A": "b"})["headers"]["X-A"], "b")

    def test_status(self):
        for status in (200, 204, 302, 404, 418, 500, 599):
            answer, body = self.server.ask("GET", f"/status/{status}")
            self.assertEqual((answer.status, body), (status, b""))
        self.assertEqual(self.server.ask("GET", "/status/302")[0].headers["Location"], "/get")
        self.assertEqual(self.server.ask("GET", "/status/99")[0].status, 400)
        self.assertEqual(self.server.ask("GET", "/status/x")[0].status, 422)

    def test_delay(self):
        begun = time.monotonic()
        shown = self.server.json("GET", "/delay/0.2?a=b")
        self.assertGreaterEqual(time.monotonic() - begun, 0.2)
        self.assertEqual(shown["args"], {"a": "b"})
        self.assertEqual(self.server.ask("GET", "/delay/-1")[0].status, 400)
        self.assertEqual(self.server.ask("GET", "/delay/soon")[0].status, 422)

    def test_bytes(self):
        answer, body = self.server.ask("GET", "/bytes/1000")
        self.assertEqual(answer.headers["Content-Type"], "application/octet-stream")
        self.assertEqual(len(body), 1000)
        self.assertGreater(len(set(body)), 100)
        self.assertEqual(self.server.ask("GET", "/bytes/1000")[1], body)
        self.assertNotEqual(self.server.ask("GET", "/bytes/1000?seed=2")[1], body)
        self.assertEqual(self.server.ask("GET", "/bytes/0")[1], b"")
        self.assertEqual(self.server.ask("GET", "/bytes/999999999")[0].status, 400)

    def test_pages(self):
        for path in ("/", "/html", "/docs"):
            answer, body = self.server.ask("GET", path)
            self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
            self.assertTrue(body.startswith(b"<!DOCTYPE html>"))

    def test_users(self):
        users = self.server.json("GET", "/users")
        self.assertEqual([user["id"] for user in users], list(range(1, 11)))
        self.assertEqual(list(users[0]), ["id", "name", "username", "email", "address", "phone", "website", "company"])
        self.assertEqual(self.server.json("GET", "/users/10"), users[9])
        self.assertEqual(len({user["name"] for user in users}), 10)
        for path in ("/users/0", "/users/11", "/users/-1"):
            answer, body = self.server.ask("GET", path)
            self.assertEqual((answer.status, body), (404, b"{}"))

    def test_the_data_is_the_same_whatever_compiled_it(self):
        known = {"/users": "9d3c8ebadde9", "/posts": "7a52db3443a2", "/comments": "3ded70e7b4b1"}
        for path, digest in known.items():
            self.assertEqual(hashlib.sha256(self.server.ask("GET", path)[1]).hexdigest()[:12], digest, path)

    def test_posts(self):
        posts = self.server.json("GET", "/posts")
        self.assertEqual(len(posts), 100)
        self.assertEqual(list(posts[0]), ["userId", "id", "title", "body"])
        self.assertEqual(self.server.json("GET", "/posts/37"), posts[36])
        self.assertEqual(self.server.json("GET", "/posts?userId=3"), posts[20:30])
        self.assertEqual(self.server.json("GET", "/users/3/posts"), posts[20:30])

    def test_comments(self):
        comments = self.server.json("GET", "/comments")
        self.assertEqual(len(comments), 500)
        self.assertEqual(list(comments[0]), ["postId", "id", "name", "email", "body"])
        self.assertEqual(self.server.json("GET", "/comments?postId=2"), comments[5:10])
        self.assertEqual(self.server.json("GET", "/posts/2/comments"), comments[5:10])
        self.assertEqual(self.server.json("GET", "/comments?postId=101"), [])
        self.assertEqual(self.server.ask("GET", "/comments?postId=x")[0].status, 422)

    def test_the_data_is_the_same_in_every_run(self):
        with Server() as other:
            for path in ("/users", "/posts", "/comments"):
                self.assertEqual(other.ask("GET", path)[1], self.server.ask("GET", path)[1])

    def test_all_routes_are_described(self):
        described = self.server.json("GET", "/openapi.json")["paths"]
        for path in ("/get", "/post", "/headers", "/status/{code}", "/bytes/{n}", "/delay/{seconds}", "/users/{id}", "/posts", "/comments"):
            self.assertIn(path, described)

    def test_one_connection_serves_many_requests(self):
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=PATIENCE)
        connection.connect()
        local = connection.sock.getsockname()
        for i in range(1, 101):
            connection.request("GET", f"/posts/{i}")
            answer = connection.getresponse()
            self.assertEqual(json.loads(answer.read())["id"], i)
        self.assertEqual(connection.sock.getsockname(), local)
        connection.close()

    def test_a_hundred_clients_at_once(self):
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(self.server.ask("GET", "/delay/0.2")[0].status)) for _ in range(100)]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(statuses, [200] * 100)
        self.assertLess(time.monotonic() - begun, 15)  # one after the other: 20


if __name__ == "__main__":
    main()
