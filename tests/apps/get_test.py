#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`hocket get` as its users see it: each option, what comes out, and what it ends with.

usage: get_test.py PROGRAM [unittest's arguments]
"""
import base64
import gzip
import json
import pathlib
import socket
import ssl
import subprocess
import tempfile
import threading
import time

from getting import OK, WithServer, answer
from program import ENVIRONMENT, PATIENCE, Server, main, make_certificate, program, run, saying


class CommandLine(WithServer):
    def test_help_teaches(self):
        text = self.get("--help")
        for word in ("--method", "--header", "--data", "--json", "--output", "--include", "--follow", "--no-follow", "--timeout", "--proxy", "--insecure",
                     "--cacert", "--user", "--compressed", "--fail", "--parallel", "Exit codes", "Examples", "NO_COLOR", "@FILE"):
            self.assertIn(word, text)

    def test_wrong_usage_is_2(self):
        for arguments in ([], ["--nonsense", self.url], ["--timeout", "x", self.url], ["--timeout", "-1", self.url], ["--parallel", "0", self.url],
                          ["--json", "-o", "-", self.url], ["--follow", "--no-follow", self.url], ["--key", "k.pem", self.url]):
            with self.subTest(arguments):
                result = run("get", *arguments)
                self.assertEqual(result.returncode, 2)
                self.assertIn("--help", result.stderr)

    def test_what_cannot_be_sent_is_2_and_says_why(self):
        self.assertEqual(self.fails(2, "ftp://127.0.0.1/"), "parse URL ftp://127.0.0.1/: the scheme is neither http nor https")
        self.assertIn("parse URL http://a b/", self.fails(2, "http://a b/"))
        self.assertEqual(self.fails(2, "-H", "nonsense", self.url), "--header takes 'NAME: VALUE', and not: nonsense")
        self.fails(2, "-H", "a b: c", self.url)
        self.assertEqual(self.fails(2, "-u", "ada", self.url), "--user takes NAME:PASSWORD")
        self.fails(2, "--proxy", "nonsense://x", self.url)

    def test_no_url_is_fetched_where_one_is_none(self):
        requests = []
        with saying(lambda head: requests.append(head) or answer(b"")) as url:
            self.fails(2, url, "http://[::1/")
        self.assertEqual(requests, [])


class Bodies(WithServer):
    def test_one_body_comes_as_it_is(self):
        body = bytes(range(256)) * 1000
        with saying(answer(body)) as url:
            result = run("get", url, text=False)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, body, b""))

    def test_a_url_needs_no_scheme(self):
        self.assertEqual(self.seen(self.url.removeprefix("http://") + "/get")["url"], self.url + "/get")

    def test_a_body_comes_while_the_server_still_sends(self):
        go_on = threading.Event()
        with saying(OK + b"Content-Length: 10\r\n\r\nfirst", go_on, b"final") as url:
            with subprocess.Popen([program(), "get", url], stdout=subprocess.PIPE, env=ENVIRONMENT) as process:
                self.assertEqual(process.stdout.read(5), b"first")
                go_on.set()
                self.assertEqual(process.stdout.read(), b"final")

    def test_several_are_told_in_their_order(self):
        urls = [self.url + path for path in ("/delay/0.5", "/bytes/1234", "/nothing")]
        lines = self.get(*urls).splitlines()
        self.assertEqual(len(lines), 3)
        self.assertRegex(lines[0], r"^200 OK  \d+ B  \d+\.\d ms  " + urls[0] + "$")
        self.assertRegex(lines[1], r"^200 OK  1\.2 kB  \d+\.\d ms  " + urls[1] + "$")
        self.assertRegex(lines[2], r"^404 Not Found  22 B  \d+\.\d ms  " + urls[2] + "$")

    def test_they_are_fetched_at_the_same_time(self):
        arrived = threading.Barrier(3)

        def meet(head):
            arrived.wait(PATIENCE)
            return answer(b"met")

        with saying(meet) as url:
            self.assertEqual(self.get("-o", "-", url, url, url), "metmetmet")

    def test_but_no_more_than_parallel(self):
        now, most, lock = 0, 0, threading.Lock()

        def count(head):
            nonlocal now, most
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.02)
            with lock:
                now -= 1
            return answer(b"x")

        with saying(count) as url:
            self.assertEqual(self.get("--parallel", "2", "-o", "-", *[url] * 10), "x" * 10)
        self.assertLessEqual(most, 2)

    def test_large_bodies_in_their_order(self):
        sizes = {"/a": 3_000_000, "/b": 5_000_000, "/c": 2_000_000}

        def sized(head):
            path = head.split()[1].decode()
            return answer(path[1].encode() * sizes[path])

        with saying(sized) as url:
            result = run("get", "-o", "-", *[url + path for path in sizes], text=False)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stdout, b"a" * 3_000_000 + b"b" * 5_000_000 + b"c" * 2_000_000)

    def test_the_head(self):
        with saying(answer(b"body", b"X-A: 1\r\nX-A: 2\r\n")) as url:
            result = run("get", "-i", url, text=False)
            self.assertEqual(result.stdout, b"HTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 4\r\n\r\nbody")
            self.get("-i", "-o", "x", url)
            self.assertEqual((self.folder / "x").read_text(), "body")
        with saying(b"HTTP/1.0 200 OK\r\n\r\nold") as url:
            self.assertTrue(self.get("-i", url).startswith("HTTP/1.0 200 OK\n"))
        head = self.get("-I", self.url + "/get")
        self.assertIn("Content-Length: ", head)
        self.assertNotIn("{", head)

    def test_a_compressed_body(self):
        def compressed(head):
            if b"\r\nAccept-Encoding: identity\r\n" in head:
                return answer(b"plain")
            return answer(gzip.compress(b"unpacked"), b"Content-Encoding: gzip\r\n")

        with saying(compressed) as url:
            self.assertEqual(self.get(url), "plain")
            self.assertEqual(self.get("--compressed", url), "unpacked")
            packed = run("get", "-H", "Accept-Encoding: gzip", url, text=False).stdout
            self.assertEqual(gzip.decompress(packed), b"unpacked")


class Requests(WithServer):
    def test_methods(self):
        self.assertEqual(self.seen("-X", "PUT", "-d", "x", self.url + "/put")["data"], "")
        self.assertEqual(self.seen("--method", "DELETE", self.url + "/delete")["data"], "")
        self.assertEqual(self.fails(7, "--fail", "-X", "BREW", self.url + "/get").split(":")[0], "BREW http")

    def test_header_fields(self):
        fields = self.seen("-H", "X-A: b:c", "-HX-Empty:", "-H", "User-Agent: me", self.url + "/get")["headers"]
        self.assertEqual((fields["X-A"], fields["X-Empty"], fields["User-Agent"]), ("b:c", "", "me"))

    def test_data_is_a_form(self):
        self.assertEqual(self.seen("-d", "a=1", "-d", "b=x%20y", self.url + "/post")["form"], {"a": "1", "b": "x y"})

    def test_data_of_another_type(self):
        for data in ("{}", "[1,2]", '{"a": [1]}', "[]", "--x", ""):
            with self.subTest(data):
                given = ["--data=" + data] if data.startswith("-") else ["-d", data]
                seen = self.seen(*given, "-H", "Content-Type: application/json", self.url + "/post")
                self.assertEqual((seen["data"], seen["headers"]["Content-Type"]), (data, "application/json"))

    def test_data_of_files(self):
        (self.folder / "data").write_text("from\na file\n")
        plain = ["-H", "Content-Type: text/plain"]
        self.assertEqual(self.seen("-d", "@data", *plain, self.url + "/post")["data"], "from\na file\n")
        self.assertEqual(self.seen("-d", "@-", *plain, self.url + "/post", input="from a pipe")["data"], "from a pipe")
        self.assertEqual(self.fails(1, "-d", "@missing", self.url + "/post"), "open missing: No such file or directory")

    def test_who_asks(self):
        def authorization(*arguments, **how):
            return self.seen(*arguments, **how)["headers"].get("Authorization")

        basic = "Basic " + base64.b64encode(b"ada:se:cret").decode()
        self.assertEqual(authorization("-u", "ada:se:cret", self.url + "/get"), basic)
        self.assertEqual(authorization(self.url.replace("//", "//ada:se%3Acret@") + "/get"), basic)
        netrc = self.folder / "netrc"
        netrc.write_text("machine 127.0.0.1 login ada password se:cret\n")
        self.assertEqual(authorization("--netrc", self.url + "/get", env={**ENVIRONMENT, "NETRC": str(netrc)}), basic)
        self.assertIsNone(authorization(self.url + "/get", env={**ENVIRONMENT, "NETRC": str(netrc)}))

    def test_a_password_of_the_url_is_shown_nowhere(self):
        target = self.url.replace("//", "//ada:secret@") + "/status/404"
        for arguments in (["--json"], ["-t"], ["-v"], ["--fail"], ["-i"]):
            result = run("get", *arguments, target)
            self.assertNotIn("secret", result.stdout + result.stderr)

    def test_digest(self):
        def challenge(head):
            if b"\r\nAuthorization: Digest " in head and b"secret" not in head:
                return answer(b"welcome")
            return b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\nContent-Length: 0\r\n\r\n'

        with saying(challenge) as url:
            self.assertEqual(self.get("--digest", "-u", "ada:secret", url), "welcome")

    def test_redirects(self):
        self.assertEqual(self.seen(self.url + "/status/302")["url"], self.url + "/get")
        self.assertEqual(self.seen("-L", self.url + "/status/302")["url"], self.url + "/get")
        self.assertIn("302 Found", self.get("--no-follow", "-i", self.url + "/status/302"))
        with saying(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n") as url:
            self.assertIn(url, self.fails(9, "--max-redirects", "3", url))

    def test_proxies(self):
        def proxied(head):
            return answer(head.split(b"\r\n")[0] + b"\n")

        def environment(name, value):
            return {**ENVIRONMENT, name: value}

        shown = "GET http://example.invalid/x HTTP/1.1\n"
        with saying(proxied) as url:
            self.assertEqual(self.get("--proxy", url, "http://example.invalid/x"), shown)
            self.assertEqual(self.get("http://example.invalid/x", env=environment("http_proxy", url)), shown)
            self.fails(3, "--proxy", "", "http://example.invalid/x", env=environment("http_proxy", url))
        refused = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
        with saying(refused) as url:
            self.assertIn("403 Forbidden", self.fails(10, "--proxy", url, "https://example.invalid/"))
        self.assertIn("the proxy http://127.0.0.1:1: connect to 127.0.0.1:1", self.fails(10, "--proxy", "http://127.0.0.1:1", self.url))


class Json(WithServer):
    def test_a_record(self):
        with saying(answer(b"12345", b"X-A: 1\r\nx-a: 2\r\nX-B: \xff\r\n")) as url:
            record = json.loads(self.get("--json", url + "/x?y"))
        timings = record.pop("timings")
        self.assertEqual(record, {"url": url + "/x?y", "method": "GET", "status": 200, "reason": "OK",
                                  "headers": {"X-A": ["1", "2"], "X-B": "\ufffd", "Content-Length": "5"}, "size": 5, "final_url": url + "/x?y", "redirects": []})
        self.assertEqual(list(timings), ["lookup", "connect", "tls", "first_byte", "body", "total"])
        self.assertEqual((timings["lookup"], timings["tls"]), (None, None))
        phases = [timings[name] for name in ("connect", "first_byte", "body")]
        self.assertTrue(all(seconds >= 0 for seconds in phases))
        self.assertLessEqual(sum(phases), timings["total"] + 1e-5)

    def test_records_in_their_order(self):
        urls = [self.url + path for path in ("/delay/0.3", "/get", "/status/404")] + ["http://127.0.0.1:1/"]
        result = run("get", "--json", *urls)
        records = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([record["url"] for record in records], urls)
        self.assertEqual([record["status"] for record in records], [200, 200, 404, None])
        self.assertGreaterEqual(records[0]["timings"]["first_byte"], 0.3)
        self.assertEqual((records[3]["exit_code"], result.returncode), (4, 4))
        self.assertEqual(result.stderr, "hocket get: " + records[3]["error"] + "\n")

    def test_a_name_is_looked_up(self):
        record = json.loads(self.get("--json", self.url.replace("127.0.0.1", "localhost") + "/get"))
        self.assertGreaterEqual(record["timings"]["lookup"], 0)

    def test_redirects(self):
        record = json.loads(self.get("--json", self.url + "/status/301"))
        self.assertEqual(record["redirects"], [{"status": 301, "to": self.url + "/get"}])
        self.assertEqual((record["url"], record["final_url"]), (self.url + "/status/301", self.url + "/get"))

    def test_what_is_saved(self):
        record = json.loads(self.get("--json", "-o", "x", self.url + "/bytes/10"))
        self.assertEqual((record["saved"], record["size"]), ("x", 10))
        self.assertEqual((self.folder / "x").stat().st_size, 10)

    def test_fail(self):
        result = run("get", "--json", "--fail", self.url + "/status/404")
        record = json.loads(result.stdout)
        self.assertEqual((result.returncode, record["exit_code"], record["status"], record["error"]), (7, 7, 404, f"GET {self.url}/status/404: 404 Not Found"))

    def test_timings_and_steps_on_standard_error(self):
        result = run("get", "-t", self.url + "/get")
        self.assertRegex(result.stderr, r"^GET " + self.url + r"/get: 200 OK, \d+ bytes: connect \S+ ms, first byte \S+ ms, body \S+ ms, total \S+ ms\n$")
        steps = run("get", "-v", self.url + "/status/302").stderr
        for step in ("request_start  GET " + self.url + "/status/302", "connect_end", "redirect  GET " + self.url + "/get  302", "reuse", "body_end"):
            self.assertIn(step, steps)


class Errors(WithServer):
    def test_each_has_its_code(self):
        self.assertEqual(self.fails(4, "http://127.0.0.1:1/"), "GET http://127.0.0.1:1/: connect to 127.0.0.1:1: Connection refused")
        self.assertIn("GET http://no-such-host.invalid/: resolve no-such-host.invalid: ", self.fails(3, "http://no-such-host.invalid/"))
        self.assertIn("TLS handshake with", self.fails(5, self.url.replace("http:", "https:")))
        self.assertEqual(self.fails(7, "-f", self.url + "/status/503"), f"GET {self.url}/status/503: 503 Service Unavailable")
        with saying(b"nonsense\r\n\r\n") as url:
            self.assertIn("GET " + url, self.fails(9, url))
        with saying(b"") as url:
            self.assertIn("closed the connection before it answered", self.fails(4, url))

    def test_the_first_that_failed_decides(self):
        result = run("get", "-f", self.url + "/get", self.url + "/status/404", "http://127.0.0.1:1/")
        self.assertEqual(result.returncode, 7)
        self.assertEqual(len(result.stderr.splitlines()), 2)
        self.assertEqual([line.split()[0] for line in result.stdout.splitlines()], ["200", "404"])

    def test_limits_of_time(self):
        self.assertIn("/delay/10", self.fails(6, "--timeout", "0.2", self.url + "/delay/10"))
        self.assertIn("/delay/10", self.fails(6, "--read-timeout", "0.2", self.url + "/delay/10"))
        go_on = threading.Event()
        with saying(OK + b"Content-Length: 10\r\n\r\nhalf", go_on) as url:
            self.fails(6, "-m", "0.3", "-o", "x", url)
        self.assertEqual(self.files(), [])
        with socket.socket() as silent:  # accepts, and says nothing of TLS
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            self.fails(6, "--connect-timeout", "0.2", f"https://127.0.0.1:{silent.getsockname()[1]}/")


class Tls(WithServer):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kept = tempfile.TemporaryDirectory()
        cls.certificate, cls.key = make_certificate(cls.kept.name)
        pathlib.Path(cls.kept.name, "page").write_text("secured")
        cls.secure = Server(cls.kept.name, "--tls-cert", cls.certificate, "--tls-key", cls.key, command="serve")

    @classmethod
    def tearDownClass(cls):
        cls.secure.__exit__()
        cls.kept.cleanup()
        super().tearDownClass()

    def test_who_is_not_trusted(self):
        self.assertIn("certificate", self.fails(5, self.secure.url + "/page"))

    def test_whom_to_trust(self):
        self.assertEqual(self.get("--cacert", self.certificate, self.secure.url + "/page"), "secured")
        self.assertEqual(self.get("--insecure", self.secure.url + "/page"), "secured")
        record = json.loads(self.get("--json", "-k", self.secure.url + "/page"))
        self.assertGreater(record["timings"]["tls"], 0)
        self.assertIn("missing.pem", self.fails(5, "--cacert", "missing.pem", self.secure.url + "/page"))
        self.assertIn("localhost", self.fails(5, "--cacert", self.certificate, self.secure.url.replace("127.0.0.1", "localhost") + "/page"))

    def test_a_certificate_of_ones_own(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        context.load_verify_locations(self.certificate)
        context.verify_mode = ssl.CERT_REQUIRED
        with socket.create_server(("127.0.0.1", 0)) as listening:
            def serve():
                with context.wrap_socket(listening.accept()[0], server_side=True) as connection:
                    connection.recv(65536)
                    connection.sendall(answer(b"known"))

            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            url = f"https://127.0.0.1:{listening.getsockname()[1]}/"
            self.assertEqual(self.get("--cacert", self.certificate, "--cert", self.certificate, "--key", self.key, url), "known")
            thread.join(PATIENCE)


if __name__ == "__main__":
    main()
