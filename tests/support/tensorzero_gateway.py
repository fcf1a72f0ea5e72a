"""The real TensorZero gateway, as its Python package brings it, with a configuration that names the model server.

    python tensorzero_gateway.py CONFIG

Prints one line of JSON and serves until its standard input ends: "openai" is the base of its OpenAI-compatible routes,
"native" where /inference and /feedback are. The package's own server has only the former; the latter is this page
around the same core in this process.
"""

import dataclasses
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

# The core logs to standard output, which here belongs to the line that names the addresses.
announced = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

from tensorzero import TensorZeroError, TensorZeroGateway  # noqa: E402
from tensorzero.tensorzero import _start_http_gateway  # noqa: E402

config = sys.argv[1]
openai = _start_http_gateway(
    config_file=config, clickhouse_url=None, postgres_url=None, valkey_url=None, async_setup=False
)
core = TensorZeroGateway.build_embedded(config_file=config)
ROUTES = {"/inference": core.inference, "/feedback": core.feedback}


def plain(value):
    """What the package answers with, as JSON has it."""
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return str(value)


def to_json(value):
    return json.dumps(value, default=plain).encode()


class Page(BaseHTTPRequestHandler):
    def do_POST(self):
        route = ROUTES.get(self.path)
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if route is None:
            return self.reply(404, to_json({"error": f"Route not found: POST {self.path}"}))
        try:
            answer = route(**body)
        except TensorZeroError as error:
            return self.reply(error.status_code, error.text.encode())
        except TypeError as error:  # a key that the route does not know
            return self.reply(400, to_json({"error": str(error)}))
        if body.get("stream"):
            return self.stream(answer)
        self.reply(200, to_json(answer))

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, chunks):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(b"data: " + to_json(chunk) + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
Thread(target=server.serve_forever, daemon=True).start()
announced.write(json.dumps({"openai": openai.base_url, "native": f"http://127.0.0.1:{server.server_port}"}) + "\n")
announced.flush()

sys.stdin.read()
openai.close()
