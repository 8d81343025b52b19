# SPDX-License-Identifier: MIT
"""The small web server that the pairs of programs about HTTP ask: a thread of the test's, on a port of its own.

    /users, /posts           10 and 100 items, as JSON
    /get?a=b, /post          what was asked, as JSON
    /text                    a line of text
    /status/404              that status
    /delay/5                 an answer after 5 seconds
"""
import contextlib
import http.server
import json
import threading
import time
import urllib.parse

ITEMS = {
    "/users": [{"id": i, "name": f"user {i}"} for i in range(1, 11)],
    "/posts": [{"id": i, "userId": (i + 9) // 10, "title": f"post {i}"} for i in range(1, 101)],
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept alive

    def do_GET(self):
        path, _, query = self.path.partition("?")
        _, command, *argument = path.split("/")
        if path in ITEMS:
            self.answer(ITEMS[path])
        elif path == "/get":
            self.answer({"args": dict(urllib.parse.parse_qsl(query)), "headers": dict(self.headers)})
        elif path == "/text":
            self.answer_bytes(b"plain text\n", "text/plain; charset=utf-8")
        elif command == "status":
            self.answer_bytes(b"", "text/plain", int(argument[0]))
        elif command == "delay":
            time.sleep(float(argument[0]))
            self.answer({"delay": float(argument[0])})
        else:
            self.answer_bytes(b"there is no such page\n", "text/plain", 404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        kind = self.headers.get("Content-Type", "")
        self.answer({
            "json": json.loads(body) if kind.startswith("application/json") else None,
            "form": dict(urllib.parse.parse_qsl(body)) if kind.startswith("application/x-www-form-urlencoded") else {},
            "headers": dict(self.headers),
        }, 201)

    def answer(self, value, status=200):
        self.answer_bytes(json.dumps(value).encode(), "application/json", status)

    def answer_bytes(self, body, kind, status=200):
        with contextlib.suppress(OSError):  # who asked may not have waited
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # a client that went away is none


@contextlib.contextmanager
def running():
    """Gives the server's address, such as http://127.0.0.1:8080."""
    with Server(("127.0.0.1", 0), Handler) as server:
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
