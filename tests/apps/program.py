# SPDX-License-Identifier: MIT
"""What the tests of the program `hocket` share: running it, and its servers as processes."""
import contextlib
import fcntl
import http.client
import json
import os
import pty
import re
import select
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
import unittest

PATIENCE = 30  # seconds: long enough on any machine
# Nobody's proxies, terminals and colours.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy") and name not in ("NO_COLOR", "NETRC")}


def program():
    return sys.argv[0]


def run(*arguments, text=True, **how):
    how.setdefault("env", ENVIRONMENT)
    return subprocess.run([program(), *arguments], capture_output=True, text=text, timeout=PATIENCE, **how)


def run_with_full_output(*arguments):
    """The same with a standard output on which there is no room."""
    with open("/dev/full", "w", encoding="utf-8") as full:
        return subprocess.run([program(), *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, env=ENVIRONMENT)


class Server:
    """`hocket httpbin`, or another command that serves, on a free port if none is given."""

    def __init__(self, *arguments, command="httpbin", port=0, **how):
        self.process = subprocess.Popen([program(), command, "--port", str(port), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how)
        self.first_line = self.process.stdout.readline()
        found = re.search(r"https?://(\S+):(\d+)", self.first_line)
        if not found:
            raise RuntimeError(f"it did not start: {self.first_line!r}, {self.process.communicate()}")
        self.url, self.host, self.port = found[0], found[1], int(found[2])

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def ask(self, method, target, body=None, headers=None):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        try:
            connection.request(method, target, body, headers or {})
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def json(self, method, target, body=None, headers=None):
        return json.loads(self.ask(method, target, body, headers)[1])


@contextlib.contextmanager
def saying(answer, go_on=None, rest=b""):
    """A server that reads a request's head and sends `answer`, bytes or a function of the head; with `go_on`, `rest` follows when
    that is set. Gives its URL."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve(connection):
        with connection, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                more = connection.recv(65536)
                if not more:
                    return
                head += more
            connection.sendall(answer(head) if callable(answer) else answer)
            if go_on:
                go_on.wait(PATIENCE)
                connection.sendall(rest)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        if go_on:
            go_on.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def make_certificate(folder):
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    certificate, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=PATIENCE)
    return certificate, key


class Terminal:
    """The program with a pseudo-terminal as its standard error, and as its standard output, too, if that is wanted. `is_job`: as a shell has it,
    so that it can be stopped."""

    def __init__(self, *arguments, has_output=False, columns=100, environment=None, is_job=False):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.modes = termios.tcgetattr(self.master)  # as they were before
        self.process = subprocess.Popen([program(), *arguments], stdin=slave, stdout=slave if has_output else subprocess.DEVNULL, stderr=slave,
                                        env={**ENVIRONMENT, "TERM": "xterm", **(environment or {})},
                                        **({"process_group": 0} if is_job else {"start_new_session": True}))
        os.close(slave)
        self.text = ""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)

    def read_until(self, pattern):
        """Reads until it matches; None: to the end."""
        end = time.monotonic() + PATIENCE
        while pattern is None or not re.search(pattern, self.text):
            if not select.select([self.master], [], [], max(end - time.monotonic(), 0))[0]:
                raise AssertionError(f"{pattern} does not come: {self.text!r}")
            try:
                more = os.read(self.master, 65536)
            except OSError:  # nobody has the other side any more
                more = b""
            if not more:
                if pattern is None:
                    break
                raise AssertionError(f"it ended without {pattern}: {self.text!r}")
            self.text += more.decode(errors="replace")
        return self.text

    def end(self):
        """The exit code, and all that was shown."""
        self.read_until(None)
        return self.process.wait(PATIENCE), self.text


def main():
    """usage: TEST PROGRAM [unittest's arguments]"""
    arguments = sys.argv[:]
    sys.argv[:1] = []
    unittest.main(argv=[arguments[0], *arguments[2:]])
