"""A test double of a language-model server: a real HTTP server that speaks the chat-completions protocol.

It answers with what a test scripts, and keeps what it was sent. There is no model in it.
"""

import contextlib
import json
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Say:
    """Answer with a text."""

    text: str | None
    finish_reason: str = "stop"
    model: str = "double-1"
    usage: dict | None = field(
        default_factory=lambda: {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    )
    after_s: float = 0.0


@dataclass
class Fail:
    """Answer with an error; `quote_key` puts the request's key into the message, as careless servers do."""

    status: int
    message: str = "Something is wrong."
    quote_key: bool = False
    headers: dict = field(default_factory=dict)


@dataclass
class Raw:
    """Answer with bytes."""

    body: bytes
    content_type: str = "application/json"


@dataclass
class Stream:
    """Answer with parts, `gap_s` apart; `complete` False breaks off without an end."""

    parts: list
    gap_s: float = 0.0
    complete: bool = True


class Hang:
    """Take the request and say nothing."""


class ChatCompletionsDouble:
    """The server. `script` is used up from the left; `otherwise` answers when it is empty.

    `refuses` is asked first: refuses(body) returns a Fail, or None.
    """

    def __init__(self):
        self.script = deque()
        self.otherwise = Say("{}")
        self.refuses = None
        self.bodies = []
        self.keys = []
        self.paths = []
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self.gone = threading.Event()
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else every answer takes 40 ms

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with double.lock:
                    double.bodies.append(body)
                    double.keys.append(self.headers["Authorization"])
                    double.paths.append(self.path)
                    refused = double.refuses(body) if double.refuses else None
                    answer = refused or (double.script.popleft() if double.script else double.otherwise)
                if callable(answer):
                    answer = answer(body)
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    double.answer(self, body, answer)

            def log_message(self, *arguments):
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 128  # with 5, as it is by default, a burst of connections is reset

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def answer(self, handler, body, answer):
        if isinstance(answer, Hang):
            self.stopped.wait(30)
        elif isinstance(answer, Fail):
            words = answer.message + (f" Key: {handler.headers['Authorization']}" if answer.quote_key else "")
            self.send(
                handler, answer.status, json.dumps({"error": {"message": words}}).encode(), headers=answer.headers
            )
        elif isinstance(answer, Raw):
            self.send(handler, 200, answer.body, answer.content_type)
        elif isinstance(answer, Stream):
            self.stream(handler, answer)
        elif body.get("stream"):
            self.stream(handler, Stream([answer.text]))
        else:
            time.sleep(answer.after_s)
            message = {"role": "assistant", "content": answer.text}
            choice = {"index": 0, "finish_reason": answer.finish_reason, "message": message}
            document = {
                "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": answer.model,
                "choices": [choice], "usage": answer.usage,
            }  # fmt: skip
            self.send(handler, 200, json.dumps(document).encode())

    def send(self, handler, status, body, content_type="application/json", headers=None):
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def stream(self, handler, answer):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        try:
            for part in answer.parts:
                self.chunk(handler, {"content": part}, None)
                time.sleep(answer.gap_s)
            if answer.complete:
                self.chunk(handler, {}, "stop")
                handler.wfile.write(b"data: [DONE]\n\n")
        except (BrokenPipeError, ConnectionResetError):
            self.gone.set()
        handler.close_connection = True

    def chunk(self, handler, delta, finish_reason):
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        document = {
            "id": "1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "double-1",
            "choices": [choice],
        }
        handler.wfile.write(b"data: " + json.dumps(document).encode() + b"\n\n")
        handler.wfile.flush()

    def stop(self):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()
