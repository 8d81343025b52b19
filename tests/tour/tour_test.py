#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tour's judge: what it accepts, and wrong outputs that it must not; and that the tour and the README leave nothing out."""
import pathlib
import ssl
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples"))
import tour  # noqa: E402


def expected(name):
    return (ROOT / "examples/expected" / f"{name}.txt").read_text()


class Line(unittest.TestCase):
    def accepts(self, line, pattern):
        self.assertTrue(tour.same(line, pattern), f"{line!r} is {pattern!r}")

    def refuses(self, line, pattern):
        self.assertFalse(tour.same(line, pattern), f"{line!r} is not {pattern!r}")

    def test_words_are_compared_as_they_are(self):
        self.accepts("a (b) [c]*", "a (b) [c]*")
        self.refuses("a b", "a c")
        self.refuses("a b c", "a b")

    def test_columns_may_be_wider(self):
        self.accepts("a     12", "a  #")

    def test_a_near_number_is_hardly_early_and_a_little_late(self):
        self.accepts("0.5s", "~0.5s")
        self.accepts("0.9s", "~0.5s")
        self.refuses("1.0s", "~0.5s")
        self.refuses("0.3s", "~0.5s")

    def test_a_bound_is_not_reached(self):
        self.accepts("memory: 236 bytes", "memory: <300 bytes")
        self.refuses("memory: 300 bytes", "memory: <300 bytes")
        self.refuses("memory: 1000000 bytes", "memory: <300 bytes")

    def test_any_number_is_a_number(self):
        self.accepts("worker-2", "worker-#")
        self.refuses("worker-x", "worker-#")

    def test_signs_without_a_number_stand_for_themselves(self):
        self.accepts("a <b> ~c", "a <b> ~c")


class Order(unittest.TestCase):
    def test_each_pattern_takes_one_line(self):
        self.assertEqual(tour.in_order_of(["b", "a"], ["a", "b"]), (["a", "b"], []))
        self.assertEqual(tour.in_order_of(["a", "a"], ["a", "b"]), (["a", None], ["a"]))

    def test_a_line_that_comes_after_another(self):
        self.assertEqual(tour.in_order_of(["put", "got"], ["put", "> got"]), (["put", "got"], []))
        self.assertEqual(tour.in_order_of(["got", "put"], ["put", "> got"]), (["put", None], ["got"]))

    def test_the_order_counts_again_after_its_mark(self):
        want = "(in any order)\na\nb\n(in order)\nc\nd\n"
        self.assertIsNone(tour.difference("b\na\nc\nd\n", want))
        self.assertIsNotNone(tour.difference("b\na\nd\nc\n", want))
        self.assertIsNotNone(tour.difference("c\na\nb\nd\n", want))

    def test_what_is_missing_or_too_much_is_named(self):
        self.assertEqual(tour.difference("a\n", "a\nb\n"), "the output ends before: b")
        self.assertEqual(tour.difference("a\nb\n", "a\n"), "more than expected: b")
        self.assertEqual(tour.difference("", "(in any order)\na\n"), "the output ends before: a")
        self.assertIn("line 2 is:       x", tour.difference("a\nx\n", "a\nb\n"))
        self.assertIn("out of place:         x", tour.difference("x\na\n", "(in any order)\na\nb\n"))


B5 = """Main work: 0
Background task running...
Main work: 1
Background task running...
Main work: 2
Main work: 3
Background task running...
Main work: 4
Background task cancelled
"""


def b13():
    lines = ["Produced: Producer-0-item-0", "Produced: Producer-1-item-0",
             "Consumer-0 consuming: Producer-0-item-0", "Consumer-1 consuming: Producer-1-item-0"]
    for i in range(1, 5):
        for p in (1, 0):
            lines += [f"Produced: Producer-{p}-item-{i}", f"Consumer-{(i + p) % 3} consuming: Producer-{p}-item-{i}"]
    return [*lines, "All items processed"]


def b15(concurrent):
    return f"""sequential: 1 and 2 in 1.0s
concurrent: 1 and 2 in {concurrent}s
Working...
Working...
Working...
Task cancelled, cleaning up...
cancelled: yes
"""


def b12(seconds, most):
    return "".join(f"Fetching http://example.com/{i}\n" for i in range(10)) + \
        f"Completed 10 requests in {seconds}s, at most {most} at once\n"


class SecondTime(unittest.TestCase):
    """The tour over a program of its own making, which stands for A3."""

    def tour(self, script):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder, "a3_coroutine_function")
            program.write_text(f"#!/bin/sh\ncd {folder}\n{script}\n")
            program.chmod(0o755)
            pathlib.Path(folder, "right").write_text(expected("a3_coroutine_function"))
            return subprocess.run([sys.executable, ROOT / "examples/tour.py", "--bin", folder, "A3"], capture_output=True, text=True)

    def test_what_is_wrong_once_is_run_again_and_said(self):
        done = self.tour("if [ -f again ]; then cat right; else touch again; echo wrong; fi")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("run once more, alone, since the first time line 1 is:       wrong", done.stdout)
        self.assertTrue(done.stdout.endswith("\n1 ok, 0 failed\n"), done.stdout)

    def test_what_is_wrong_twice_has_failed(self):
        done = self.tour("echo wrong")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertTrue(done.stdout.endswith("expected instead: " + expected("a3_coroutine_function").splitlines()[0] +
                                             "\n0 ok, 1 failed\n"), done.stdout)

    def test_what_ends_badly_is_not_run_again(self):
        done = self.tour("if [ -f again ]; then cat right; else touch again; exit 3; fi")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("exit status 3", done.stdout)


class Tls(unittest.TestCase):
    def test_only_those_run_that_talk_to_a_server(self):
        online = {p.id for p in tour.programs() if p.is_online}
        self.assertTrue({"A8", "C6", "D12", "D13", "PAGES"} <= online)
        self.assertFalse({"A1", "B1", "C11"} & online)

    def test_pages_come_by_tls(self):
        opener = lambda context: urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
        with tour.identity() as tls, tour.page_server(tls) as (port, how):
            self.assertEqual(how, "tls")
            url = f"https://127.0.0.1:{port}/page-3.html"
            page = opener(ssl.create_default_context(cafile=tls.certificate)).open(url, timeout=30).read()
            self.assertTrue(page.startswith(b"<title>Page 3</title>"))
            with self.assertRaises(urllib.error.URLError):
                opener(ssl.create_default_context()).open(url, timeout=30)


class Programs(unittest.TestCase):
    """Right outputs of programs, and wrong ones."""

    def accepts(self, name, output):
        self.assertIsNone(tour.difference(output, expected(name)))

    def refuses(self, name, output):
        self.assertIsNotNone(tour.difference(output, expected(name)))

    def test_a8_keeps_the_order_of_its_urls(self):
        def output(delays, size=190):
            lines = [f"/delay/{i}: 200, {size} bytes\n" for i in "12121" + delays]
            return "".join([*lines[:5], "in sequence: 7.0 s\n", *lines[5:], "together: 2.0 s\n"])
        self.accepts("a8_one_session", output("12121"))
        self.refuses("a8_one_session", output("11122"))
        self.refuses("a8_one_session", output("12121", size=0))

    def test_a10_shares_the_work(self):
        def output(workers):
            return "".join(f"worker-{workers[i % 2]} processed item-{i}\n" for i in range(10)) + "left in the queue: 1\n"
        self.accepts("a10_producer_consumer", output("12"))
        self.refuses("a10_producer_consumer", output("11"))

    def test_b5_works_in_the_background(self):
        lines = B5.splitlines(keepends=True)
        self.accepts("b5_background_task", B5)
        self.refuses("b5_background_task", "".join(sorted(lines)))
        self.refuses("b5_background_task", "".join(reversed(lines)))
        self.refuses("b5_background_task", "".join([lines[-1], *lines[:-1]]))

    def test_b12_lets_three_through(self):
        self.accepts("b12_semaphore", b12("4.0", 3))
        self.refuses("b12_semaphore", b12("5.0", 3))
        self.refuses("b12_semaphore", b12("4.0", 4))

    def test_b13_produces_before_it_consumes(self):
        lines = b13()
        self.accepts("b13_producers_consumers", "\n".join(lines))
        self.refuses("b13_producers_consumers", "\n".join(reversed(lines)))
        self.refuses("b13_producers_consumers", "\n".join([*lines[:4], *reversed(lines[4:-1]), lines[-1]]))
        self.refuses("b13_producers_consumers", "\n".join([lines[-1], *lines[:-1]]))

    def test_b15_is_concurrent(self):
        self.accepts("b15_best_practices", b15("0.5"))
        self.refuses("b15_best_practices", b15("1.0"))

    def test_c11_needs_little_memory(self):
        def output(size):
            return ("100000 tasks slept one second each, all in 1.0 s\nsum of their results: 4999950000\n"
                    f"memory: {size} bytes a task (a thread has 8 MB of stack)\n")
        self.accepts("c11_many_tasks", output(236))
        self.refuses("c11_many_tasks", output(1_000_000))

    def test_d6_divides_at_once(self):
        self.accepts("d6_division", "Division by zero!\nResults: 5.0, nothing, in 1.0s\n")
        self.refuses("d6_division", "Division by zero!\nResults: 5.0, nothing, in 2.0s\n")

    def test_d11_takes_as_long_as_the_slowest(self):
        def output(seconds):
            return f"/delay/1: 200\n/delay/2: 200\n/delay/3: 200\nthree requests in {seconds} s\n"
        self.accepts("d11_delayed_requests", output("3.2"))
        self.refuses("d11_delayed_requests", output("2.0"))
        self.refuses("d11_delayed_requests", output("6.6"))

    def test_pages_are_read_whole(self):
        def output(size):
            return f"in sequence: 100 pages, {size} bytes, 0.050 s\nat once:     100 pages, {size} bytes, 0.056 s\n"
        self.accepts("pages", output(422290))
        self.refuses("pages", output(422289))


class Complete(unittest.TestCase):
    def test_each_example_is_in_the_tour_and_has_an_expected_output(self):
        examples = sorted(path.stem for path in ROOT.glob("examples/*.cc"))
        self.assertEqual(sorted(p.name for p in tour.programs()), examples)
        self.assertEqual(sorted(path.stem for path in ROOT.glob("examples/expected/*.txt")), examples)

    def test_each_page_is_linked_from_the_readme(self):
        readme = (ROOT / "README.md").read_text()
        missing = [page.name for page in ROOT.glob("docs/*.md") if f"](docs/{page.name})" not in readme]
        self.assertEqual(missing, [])


if __name__ == "__main__":
    unittest.main()
