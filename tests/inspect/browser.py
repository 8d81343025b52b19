# SPDX-License-Identifier: MIT
"""Chromium without a window, driven over its DevTools protocol (https://chromedevtools.github.io/devtools-protocol/)."""
import base64
import fcntl
import itertools
import json
import os
import select
import subprocess
import tempfile
import time

CHROMIUM = "/usr/bin/chromium"
PATIENCE = 60  # seconds: long enough on any machine
# It keeps to this machine: no proxy, no names, nothing in the background.
OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-default-browser-check", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-breakpad", "--disable-crash-reporter", "--disable-client-side-phishing-detection",
           "--disable-domain-reliability", "--metrics-recording-only", "--no-pings", "--no-proxy-server", "--hide-scrollbars", "--remote-debugging-pipe",
           "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]


class Browser:
    """One page in it. Commands go in by the child's descriptor 3 and come back by 4, each ended by a null character."""

    def __init__(self):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        commands, self.commands = os.pipe()
        self.answers, answers = os.pipe()
        theirs = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (commands, answers)]  # neither is 3 or 4, whatever is free here
        os.close(commands)
        os.close(answers)
        self.process = subprocess.Popen(["/bin/bash", "-c", f'exec "$@" 3<&{theirs[0]} 4>&{theirs[1]}', "bash", CHROMIUM, *OPTIONS, f"--user-data-dir={self.profile.name}", "about:blank"],
                                        pass_fds=theirs, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for fd in theirs:
            os.close(fd)
        self.rest = b""
        self.numbers = itertools.count(1)
        self.errors = []  # what the console shows as such
        self.session = None
        target = next(target["targetId"] for target in self.until(lambda: [t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page"]))
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()
        os.close(self.commands)
        os.close(self.answers)
        self.profile.cleanup()

    def receive(self):
        """The next message: an answer, or an event, of which errors are kept."""
        end = time.monotonic() + PATIENCE
        while b"\0" not in self.rest:
            if not select.select([self.answers], [], [], max(end - time.monotonic(), 0))[0]:
                raise AssertionError("Chromium says nothing")
            more = os.read(self.answers, 1 << 20)
            if not more:
                raise AssertionError("Chromium has ended")
            self.rest += more
        text, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(text)
        method, details = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown" or (method == "Runtime.consoleAPICalled" and details["type"] in ("error", "assert")):
            self.errors.append(details)
        if method == "Log.entryAdded" and details["entry"]["level"] == "error":
            self.errors.append(details["entry"])
        return message

    def call(self, method, **parameters):
        number = next(self.numbers)
        command = {"id": number, "method": method, "params": parameters, **({"sessionId": self.session} if self.session else {})}
        os.write(self.commands, json.dumps(command).encode() + b"\0")
        while (message := self.receive()).get("id") != number:
            pass
        if "error" in message:
            raise AssertionError(f"{method}: {message['error']}")
        return message["result"]

    @staticmethod
    def until(condition, what="it does not come"):
        """Waits for it to give something true, which it returns."""
        end = time.monotonic() + PATIENCE
        while not (found := condition()):
            if time.monotonic() > end:
                raise AssertionError(what() if callable(what) else what)
            time.sleep(0.05)
        return found

    def open(self, url):
        self.call("Page.navigate", url=url)

    def see(self, width, height, scheme):
        """The window's size, in pixels, and what the user prefers: `light` or `dark`."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def value(self, expression):
        """Of JavaScript, in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise AssertionError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def until_value(self, expression):
        return self.until(lambda: self.value(expression), lambda: f"{expression} does not come: {self.value('document.body.innerText')}")

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
