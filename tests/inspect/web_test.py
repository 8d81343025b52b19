#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`hocket top --web` without a browser: its page, its stream of events, and whom it refuses.

usage: web_test.py HOCKET STUCK STANDING [unittest's arguments]
       the programs hocket and tests/inspect/standing.cc, and the folder with those of examples/stuck
"""
import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest

from outside import places, standing, stuck
from program import PATIENCE, run
from web import serving, watched


class Stream:
    """An EventSource."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
        self.connection.request("GET", server.path + "looks")
        self.answer = self.connection.getresponse()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.answer.close()  # it has the socket, too
        self.connection.close()

    def next(self):
        """Kind and data of the next event."""
        fields = {}
        while (line := self.answer.readline()) not in (b"\n", b""):
            name, _, value = line.decode().rstrip("\n").partition(": ")
            fields[name] = value
        if "data" in fields:
            return fields["event"], json.loads(fields["data"])
        if line == b"":
            raise EOFError
        return self.next()

    def until(self, condition):
        """The data of the first look for which it holds."""
        end = time.monotonic() + PATIENCE
        while True:
            kind, data = self.next()
            if kind == "look" and condition(data):
                return data
            if time.monotonic() > end:
                raise AssertionError(f"it does not come: {data}")


def sockets_of(process):
    """How many it has: one is each connection to its monitor."""
    links = []
    for fd in os.listdir(f"/proc/{process.pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            links.append(os.readlink(f"/proc/{process.pid}/fd/{fd}"))
    return sum(link.startswith("socket:") for link in links)


class ThePage(unittest.TestCase):
    def test_the_first_line_says_where(self):
        with watched("spins") as process, serving(process) as server:
            self.assertEqual(server.first_line, f"Listening on http://127.0.0.1:{server.port}{server.path} (Ctrl-C ends it)\n")
            other = run("top", process.number, "--web", "--port", str(server.port))
            self.assertEqual((other.returncode, other.stderr), (1, f"hocket top: bind to 127.0.0.1:{server.port}: Address already in use\n"))

    def test_it_is_whole_and_nothing_else_may_run_in_it(self):
        with watched("spins") as process, serving(process) as server:
            answer, body = server.ask("GET", server.path)
            again, _ = server.ask("GET", server.path)
        page = body.decode()
        self.assertEqual((answer.status, answer.headers["Content-Type"], answer.headers["Cache-Control"]), (200, "text/html; charset=utf-8", "no-store"))
        self.assertTrue(page.startswith("<!DOCTYPE html>") and page.endswith("</html>\n"))
        self.assertEqual(re.findall(r'(?:src|href)="?([^"> ]*)', page), ["data:,"])  # nothing comes from elsewhere
        policy = answer.headers["Content-Security-Policy"]
        word = re.search("script-src 'nonce-([0-9a-f]{32})'", policy)[1]
        self.assertEqual(re.findall("<(?:script|style)[^>]*>", page), [f'<style nonce="{word}">', f'<script nonce="{word}">'])
        for part in ("default-src 'none'", f"style-src 'nonce-{word}'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"):
            self.assertIn(part, policy.split("; "))
        self.assertNotIn("unsafe", policy)
        self.assertNotIn(word, again.headers["Content-Security-Policy"])
        for name, value in (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin")):
            self.assertEqual(answer.headers[name], value)

    def test_other_hosts_are_refused(self):
        with watched("spins") as process, serving(process) as server:
            for host in ("evil.example", f"evil.example:{server.port}", f"127.0.0.1.evil.example:{server.port}", f"localhost.evil.example:{server.port}", "10.0.0.1", "[::1]", "127.0.0.1:80:80"):
                for path in ("/", server.path, server.path + "looks", "/nothing"):
                    answer, body = server.ask("GET", path, headers={"Host": host})
                    self.assertIn(answer.status, (400, 421), host)
                    self.assertNotIn(b"html", body)
            for host in ("127.0.0.1", "localhost", f"127.0.0.1:{server.port}", f"localhost:{server.port}", "localhost:9000"):  # ssh -L 9000:localhost:PORT
                self.assertEqual(server.ask("GET", server.path, headers={"Host": host})[0].status, 200, host)

    def test_there_is_nothing_else(self):
        with watched("spins") as process, serving(process) as server:
            for path in ("top.html", "docs", "openapi.json", "looks/", "../etc/passwd"):
                for below in ("/", server.path):
                    self.assertEqual(server.ask("GET", below + path)[0].status, 404, below + path)
            self.assertEqual(server.ask("POST", server.path)[0].status, 405)

    def test_who_does_not_know_the_path_sees_nothing(self):
        with watched("spins") as process, serving(process) as server:
            word = server.path.strip("/")
            other = ("0" if word[0] != "0" else "1") + word[1:]
            for path in ("/", "/looks", f"/{other}/", f"/{other}/looks", f"/{word[:-1]}/", f"/{word}0/looks", f"/{word.upper()}_/", "//looks", f"/?{word}", "/x/../looks", "/*/looks"):
                answer, body = server.ask("GET", path)
                self.assertEqual((answer.status, answer.headers["Referrer-Policy"]), (404, "no-referrer"), path)
                self.assertNotIn(word.encode(), body)
            with watched("spins") as second, serving(second) as again:
                self.assertNotEqual(server.path, again.path)


class TheEvents(unittest.TestCase):
    def test_one_for_each_look(self):
        with watched("spins") as process, serving(process) as server, Stream(server) as stream:
            self.assertEqual((stream.answer.status, stream.answer.headers["Content-Type"]), (200, "text/event-stream"))
            kind, first = stream.next()
            self.assertEqual((kind, first["pid"], first["loops"][0]["counted"]), ("look", process.pid, False))
            (loop,) = stream.until(lambda look: look["loops"][0]["counted"])["loops"]
        self.assertEqual(loop["task_count"], 3)
        main, waiter, clock = loop["tasks"]  # the oldest first
        self.assertEqual([main["name"], waiter["name"], clock["name"]], ["Task-1", "waiter", "clock"])
        self.assertEqual(main["awaited_tasks"], [waiter["id"]])
        self.assertEqual(places("\n".join([*waiter["frames"], waiter["created_at"]])), places("wait_for (stuck/spins.cc:9)\namain (stuck/spins.cc:18)"))
        self.assertGreater(waiter["steps_per_s"], 0)
        self.assertEqual((clock["cancels"], clock["state"]), (0, "waiting"))
        self.assertGreater(sum(count["count"] for count in loop["step_times"]), 0)

    def test_queues_connections_and_most_tasks(self):
        with standing("all_sorts", inspect="1") as process, serving(process) as server, Stream(server) as stream:
            (loop,) = stream.until(lambda look: look["loops"][0]["counted"])["loops"]
        self.assertEqual(len(loop["tasks"]), 1000)
        self.assertGreater(loop["task_count"], 1200)
        tasks = {task["name"]: task for task in loop["tasks"]}
        self.assertEqual(tasks["cook"]["awaits"], "Queue.get, 0")
        self.assertIn("<img src=x onerror=\"document.title = 'obeyed'\">", tasks)

    def test_many_browsers_are_one_observer_and_none_is_none(self):
        def settles_at(n):
            end = time.monotonic() + PATIENCE
            while sockets_of(process) != n and time.monotonic() < end:
                time.sleep(0.01)
            self.assertEqual(sockets_of(process), n)

        with watched("locks") as process, serving(process) as server:
            server.ask("GET", server.path)
            settles_at(before := 1)  # at which its monitor listens
            with Stream(server) as one:
                one.next()
                settles_at(before + 1)
                with Stream(server) as other:
                    self.assertEqual(other.next()[0], "look")
                    one.next()
                    other.next()
                    self.assertEqual(sockets_of(process), before + 1)
                one.next()
                self.assertEqual(sockets_of(process), before + 1)
            settles_at(before)
            with Stream(server) as later:
                later.until(lambda look: look["loops"][0]["counted"])
                settles_at(before + 1)

    def test_the_end_of_the_process_is_told_and_the_page_stays(self):
        with watched("locks") as process, serving(process) as server, Stream(server) as stream:
            stream.next()
            process.kill()
            process.wait()
            kind = "look"
            while kind == "look":
                kind, data = stream.next()
            self.assertEqual((kind, data["pid"]), ("ended", process.pid))
            with Stream(server) as later:
                self.assertEqual(later.next(), (kind, data))
            self.assertEqual(server.ask("GET", server.path)[0].status, 200)
            self.assertIsNone(server.process.poll())

    def test_ctrl_c_ends_it_and_its_streams(self):
        for sent in (signal.SIGINT, signal.SIGTERM):
            with watched("locks") as process, serving(process, interval=1000) as server, Stream(server) as stream:
                stream.next()
                server.process.send_signal(sent)
                self.assertEqual(stream.answer.read(), b"")  # not even a comment that keeps it alive
                self.assertEqual(server.process.communicate(timeout=PATIENCE), ("", ""))
                self.assertEqual(server.process.returncode, 0)


class Refused(unittest.TestCase):
    def test_wrong_usage(self):
        for wrong in (["--port", "8000"], ["--web", "--json"], ["--web", "--count", "3"], ["--web", "--sort", "name"], ["--web", "--port", "99999"], ["--web", "--interval", "0"]):
            done = run("top", "1", *wrong)
            self.assertEqual((done.returncode, done.stdout), (2, ""), wrong)

    def test_what_cannot_be_looked_into(self):
        with stuck("locks") as process:
            done = run("top", process.number, "--web")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(f"hocket top: look into process {process.pid}, which has no monitor (HOCKET_INSPECT=1 starts one)", done.stderr)
        gone = subprocess.Popen(["true"])
        gone.wait()
        done = run("top", str(gone.pid), "--web")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("No such process", done.stderr)


if __name__ == "__main__":
    arguments = sys.argv[:]
    sys.argv[:1] = []  # what program.run runs
    unittest.main(argv=[arguments[0], *arguments[4:]])
