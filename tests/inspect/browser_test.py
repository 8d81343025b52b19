#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The page of `hocket top --web` in Debian's Chromium: what it shows, what it does with hostile names and with an end.

usage: browser_test.py HOCKET STUCK STANDING [fix|FOLDER]
       the programs hocket and tests/inspect/standing.cc, and the folder with those of examples/stuck; pictures of the page are left in FOLDER,
       and with `fix` those that docs/inspecting.md shows are taken anew. Exit code 77: Chromium is not installed.
"""
import os
import pathlib
import re
import signal
import sys
import time
import unittest

from answering import UNREADABLE, answering, snapshot
from browser import CHROMIUM, Browser
from outside import ROOT, places, standing
from web import Page, serving, watched

SKIPPED = 77
SHOWN = ("top-spins.png", "top-locks.png")  # in docs/inspecting.md
LARGEST = 150_000  # bytes of a picture
WORD = sys.argv[4] if len(sys.argv) > 4 else None
PICTURES = ROOT / "docs/images" if WORD == "fix" else pathlib.Path(WORD) if WORD else None
ROW = "[...document.querySelectorAll('.tree > .row')].map(row => [...row.querySelectorAll('.name, .state, .note, .awaits, .place')].map(cell => cell.textContent).join('|'))"


def table(name):
    return f"[...document.querySelectorAll('.{name} tbody tr')].map(row => [...row.cells].map(cell => cell.textContent).join('|'))"


def is_painted(variable):
    """Whether the lives have a point of that colour."""
    return f"""(() => {{
        const canvas = document.querySelector('canvas'), probe = document.createElement('canvas').getContext('2d');
        if (!canvas || canvas.width === 0 || canvas.height === 0) return false;
        probe.fillStyle = getComputedStyle(canvas).getPropertyValue('--{variable}');
        probe.fillRect(0, 0, 1, 1);
        const wanted = probe.getImageData(0, 0, 1, 1).data, {{ data }} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        for (let i = 0; i < data.length; i += 4) if (data[i] === wanted[0] && data[i + 1] === wanted[1] && data[i + 2] === wanted[2] && data[i + 3] === 255) return true;
        return false;
    }})()"""


class InABrowser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()

    def setUp(self):
        self.browser.open("about:blank")  # the page before has lost its server
        self.browser.until_value("location.href === 'about:blank'")
        self.browser.errors.clear()

    def assert_no_errors(self):
        self.assertEqual(self.browser.errors, [])

    def show(self, server, width=1200, height=800, scheme="light"):
        self.browser.see(width, height, scheme)
        self.browser.open(server.url)
        self.browser.until_value("document.querySelector('.status')?.textContent === 'live'")

    def keep(self, name, seconds=0):
        """A picture of the whole page, which has looked at the process for so long, where pictures are wanted."""
        if not PICTURES or (WORD == "fix" and name not in SHOWN):
            return
        time.sleep(seconds)
        width = self.browser.value("innerWidth")
        scheme = self.browser.value("matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'")
        self.browser.see(width, 100, scheme)
        self.browser.until_value("innerHeight === 100")
        height = self.browser.value("document.documentElement.scrollHeight")
        self.browser.see(width, height, scheme)
        self.browser.until_value(f"innerHeight === {height}")
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.browser.screenshot(PICTURES / name)
        if name in SHOWN:
            self.assertLess((PICTURES / name).stat().st_size, LARGEST, name)

    def test_a_task_that_asks_again_and_again(self):
        with watched("spins") as process, serving(process) as server:
            self.show(server)
            self.browser.until_value("document.querySelectorAll('.tree > .row').length === 3")
            self.browser.until_value(is_painted("running"))
            self.browser.until_value(is_painted("waiting"))
            self.browser.until_value("[...document.querySelectorAll('.histogram')].every(one => [...one.querySelectorAll('.bar div')].some(bar => bar.offsetHeight > 10))")
            value = self.browser.value
            self.assertEqual(value("document.title"), f"{process.pid} - hocket top")
            self.assertEqual(value("document.querySelector('h1').textContent"), f"hocket top {process.pid}")
            self.assertRegex(value("document.querySelector('h2').textContent"), rf"^Loop 1 epoll, on thread {process.pid}")
            expected = places("Task-1|waiting|waiter|amain (stuck/spins.cc:20)\nwaiter|ready||wait_for (stuck/spins.cc:9)\nclock|waiting|sleep, N s left|tick (stuck/spins.cc:13)")
            self.browser.until(lambda: re.sub(r"sleep, [0-9.]+ s", "sleep, N s", places("\n".join(value(ROW)))) == expected, lambda: value(ROW))
            self.assertEqual(value("[...document.querySelectorAll('.label')].map(label => label.textContent)"), ["Task-1", "waiter", "clock"])
            numbers = value("Object.fromEntries([...document.querySelectorAll('.numbers div')].map(box => [box.children[0].textContent, box.children[1].textContent]))")
            self.assertRegex(numbers["Busy"], r"^\d+\.\d %$")
            self.assertRegex(numbers["Steps/s"], r"^[\d.]+[kM]?$")
            self.assertEqual(numbers["Tasks"], "3")
            self.assertRegex(value("document.querySelector('.step_times .said span').textContent"), r"^half < \S+ (ns|µs|ms), 99 % < \S+ (ns|µs|ms)$")
            self.assertEqual(value(table("queues")), [])
            self.assertIn("No task waits at a queue.", value("document.querySelector('.queues').innerText"))
            self.keep("top-spins.png", seconds=28)
            self.assert_no_errors()

    def test_two_locks_in_the_dark(self):
        with watched("locks") as process, serving(process) as server:
            self.show(server, scheme="dark")
            self.browser.until_value("document.querySelectorAll('.tree > .row').length === 5")
            value = self.browser.value
            self.assertEqual([places(row) for row in value(ROW)], [places(row) for row in (
                "Task-1|waiting|gather, 2 of 2 not done|amain (stuck/locks.cc:20)", "rent|waiting|Lock held by interest|transfer (stuck/locks.cc:11)",
                "interest|waiting|Lock held by rent|transfer (stuck/locks.cc:11)", "rent|a cycle||", "interest|shown above||")])
            value("document.querySelectorAll('.tree .name')[1].click()")
            details = value("document.querySelector('.details').innerText")
            self.assertIn(places("at transfer (stuck/locks.cc:11)\ncreated at amain (stuck/locks.cc:18)"), places(details))
            dark = value("getComputedStyle(document.body).backgroundColor")
            self.keep("top-locks.png", seconds=12)
            value("document.querySelector('.tree .toggle').click()")
            self.assertEqual(value("document.querySelectorAll('.tree > .row').length"), 1)
            value("document.querySelector('.tree .toggle').click()")
            self.assertEqual(value("document.querySelectorAll('.tree > .row').length"), 5)
            self.browser.see(1200, 800, "light")
            self.assertNotEqual(value("getComputedStyle(document.body).backgroundColor"), dark)
            self.assert_no_errors()

    def test_a_leak_is_one_row(self):
        with watched("leak") as process, serving(process) as server:
            self.show(server)
            self.browser.until_value(f"{ROW}.some(row => row.startsWith('Task-13 +990|waiting|Queue.put|log_line (stuck/leak.cc'))")
            self.browser.until_value(f"{table('queues')}[0].startsWith('991|Queue.put, 10 of 10|log_line (stuck/leak.cc')")
            self.assertEqual(self.browser.value("document.querySelectorAll('.tree > .row').length"), 3)
            self.browser.value("[...document.querySelectorAll('.tree .name')].at(-1).click()")
            self.assertEqual(self.browser.value("document.querySelectorAll('.tree > .row').length"), 3 + 991)
            self.assertEqual(self.browser.value("document.querySelectorAll('.label').length"), 25)
            self.assertEqual(self.browser.value("document.querySelector('.lives .more').textContent"), "and 968 tasks that did less")
            self.keep("top-leak.png")
            self.assert_no_errors()

    def test_names_are_text_and_all_fits_on_a_telephone(self):
        with standing("all_sorts", inspect="1") as process, serving(process) as server:
            self.show(server, width=400)
            value = self.browser.value
            self.browser.until_value("document.querySelectorAll('.connections tbody tr').length > 1")
            hostile = ["<img src=x onerror=\"document.title = 'obeyed'\">", "</script><script>document.title = 'obeyed'</script>"]
            for name in hostile:
                self.assertTrue(any(row.startswith(f"{name}|waiting|sleep") for row in value(ROW)), name)
                self.assertIn(name, value("[...document.querySelectorAll('.label')].map(label => label.textContent)"))
            self.assertEqual(value("document.querySelectorAll('img, main script, main style').length"), 0)
            self.assertEqual(value("document.title"), f"{process.pid} - hocket top")
            self.assertEqual(value("(() => { const image = new Image(); image.src = 'https://evil.example/'; return document.body.append(image) })()"), None)
            self.browser.until(lambda: self.browser.value("1") and any("Content Security Policy" in str(error) for error in self.browser.errors))
            self.browser.errors.clear()
            self.assertLessEqual(value("document.documentElement.scrollWidth"), 400)
            self.assertTrue(value(table("queues"))[0].startswith("1|Queue.get, 0|take (inspect/standing.cc:"), value(table("queues")))
            self.assertTrue(any(re.fullmatch(r"read\|TCP to 127\.0\.0\.1:\d+\|client", row) for row in value(table("connections"))), value(table("connections")))
            self.assertRegex(value("document.querySelector('.tasks .more').textContent"), r"^and \d+ tasks that did less$")
            self.keep("top-narrow.png")
            self.assert_no_errors()

    def test_the_end_is_told(self):
        with watched("locks") as process, serving(process) as server:
            self.show(server)
            self.browser.until_value("document.querySelectorAll('.tree > .row').length === 5")
            process.kill()
            process.wait()
            self.browser.until_value("document.querySelector('#status').textContent === 'ended'")
            self.assertEqual(self.browser.value("document.querySelector('#notice').textContent"), f"Process {process.pid} has ended. What is below was seen last.")
            self.assertEqual(self.browser.value("document.querySelectorAll('.tree > .row').length"), 5)
            self.assert_no_errors()
            server.process.send_signal(signal.SIGINT)
            server.process.wait()
            self.browser.until_value("document.querySelector('#status').textContent === 'no connection'")
            self.assertEqual(self.browser.value("document.querySelectorAll('.tree > .row').length"), 5)

    def test_nothing_is_drawn_for_the_time_of_a_look_that_fails(self):
        looks = [snapshot(second) for second in range(1, 100)]
        with answering(*looks[:5], UNREADABLE, *looks[5:]) as pid, Page(pid, "--web", "--interval", "0.1") as server:
            self.show(server)
            self.browser.until_value("((cells = [...views.get(1).lives.tracks.values()][0].cells) => cells.some((cell, i) => i > 0 && cells[i - 1].to < cell.from))()")
            self.assert_no_errors()

    def test_a_pause(self):
        with watched("spins") as process, serving(process) as server:
            self.show(server)
            self.browser.value("document.querySelector('#pause').click()")
            self.browser.until_value("document.querySelector('#status').textContent === 'paused'")
            left = "document.querySelectorAll('.tree .awaits')[2].textContent"
            before = self.browser.value(f"{left} + document.querySelector('.numbers').textContent")
            self.browser.until_value("views.get(1).lives.tracks.size === 3 && (window.seen ??= views.get(1).loop) !== views.get(1).loop")
            self.assertEqual(self.browser.value(f"{left} + document.querySelector('.numbers').textContent"), before)
            self.browser.value("document.querySelector('#pause').click()")
            self.browser.until_value("document.querySelector('#status').textContent === 'live'")
            self.assert_no_errors()


def main():
    arguments = sys.argv[:]
    sys.argv[:1] = []  # what program.run runs
    if not os.access(CHROMIUM, os.X_OK):
        print(f"{CHROMIUM} is not installed")
        return 1 if os.environ.get("HOCKET_INTEROP") else SKIPPED
    return 0 if unittest.main(argv=arguments[:1], exit=False).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
