# SPDX-License-Identifier: MIT
"""What web_test.py and browser_test.py share: programs to be watched, and `hocket top --web` of them."""
import re
import time

from outside import stuck
from program import PATIENCE, Server, run


def watched(name):
    """One of examples/stuck, as soon as it can be looked into."""
    process = stuck(name, inspect="1")
    end = time.monotonic() + PATIENCE
    while (done := run("top", process.number, "--count", "1", "--interval", "0.05")).returncode != 0:
        if time.monotonic() > end:
            process.kill()
            raise RuntimeError(f"it cannot be looked into: {done.stderr}")
        time.sleep(0.01)
    return process


class Page(Server):
    """`hocket top --web`, whose page has a path that nobody guesses."""

    def __init__(self, *arguments, **how):
        super().__init__(*arguments, command="top", **how)
        self.path = re.search(r"\d(/[0-9a-f]{32}/) ", self.first_line)[1]
        self.url += self.path


def serving(process, port=0, interval=0.1):
    return Page(process.number, "--web", "--interval", str(interval), port=port)
