"""A hostile language-model server: raw sockets, so that every byte, pause and break is what a test says.

A script is a list of steps: bytes are sent, a number is a pause in seconds, and `RESET` and `CLOSE` end the connection.
A request counts when it has been read whole.
"""

import contextlib
import json
import select
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass

RESET, CLOSE = "reset", "close"
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


@dataclass
class Asked:
    """One request: its path, its headers by lower-case name, and its body."""

    path: str
    headers: dict
    body: dict


def message_of(text, **more):
    return {"role": "assistant", "content": text, **more}


def document_of(text="Because.", finish="stop", usage=USAGE, **message):
    choice = {"index": 0, "finish_reason": finish, "message": message_of(text, **message)}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "m-1", "choices": [choice], "usage": usage}


def http(body, status=200, kind="application/json", length=None, **headers):
    """A response whole; `body` is a document, a text or bytes."""
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Status", f"Content-Type: {kind}"]
    lines += [f"Content-Length: {len(raw) if length is None else length}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return [("\r\n".join(lines) + "\r\n\r\n").encode() + raw]


def answer(text="Because.", finish="stop", usage=USAGE, **message):
    """A good answer."""
    return http(document_of(text, finish, usage, **message))


def refusal(status, words="Something is wrong.", **headers):
    """An error as OpenAI puts it."""
    return http({"error": {"message": words}}, status, **headers)


def chunk(delta=None, finish=None, index=0, **more):
    """One document of a stream."""
    choice = {"index": index, "delta": delta if delta is not None else {}, "finish_reason": finish}
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m-1", "choices": [choice], **more}


def says(*parts, finish="stop"):
    """Documents of a stream that says these parts."""
    return [*(chunk({"content": part}) for part in parts), *([chunk(finish=finish)] if finish else [])]


def event(data):
    raw = data if isinstance(data, str) else json.dumps(data)
    return f"data: {raw}\n\n".encode()


def stream(*steps, done=True, end=CLOSE, kind="text/event-stream"):
    """A stream of events: documents and texts become `data`, bytes go as they are, numbers are pauses."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n".encode()
    sent = [step if isinstance(step, (bytes, int, float)) or step in (RESET, CLOSE) else event(step) for step in steps]
    return [head, *sent, *([b"data: [DONE]\n\n"] if done else []), *([end] if end else [])]


class ScriptedServer:
    """The server. `script` is used up from the left; then `otherwise` answers. Either may be a function of the body.

    `reads` "bytes" leaves bodies as they came.
    """

    def __init__(self):
        self.script = deque()
        self.otherwise = answer()
        self.reads = "json"
        self.asked = []
        self.left = threading.Event()
        self.left_at = None
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def requests(self):
        return len(self.asked)

    @property
    def bodies(self):
        return [one.body for one in self.asked]

    def stop(self):
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as incoming:
            while (asked := self._read(incoming)) is not None:
                with self._lock:
                    self.asked.append(asked)
                    steps = self.script.popleft() if self.script else self.otherwise
                steps = steps(asked.body) if callable(steps) else steps
                if not self._play(connection, steps):
                    return

    def _read(self, incoming):
        first = incoming.readline().decode()
        if not first:
            return None
        headers = {}
        while line := incoming.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = incoming.read(int(headers.get("content-length", 0)))
        read = json.loads(body or b"{}") if self.reads == "json" else body
        return Asked(first.split()[1], headers, read)

    def _play(self, connection, steps):
        for step in steps:
            if step == RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            if step == CLOSE:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)
                return False
            if isinstance(step, (int, float)):
                if not self._paused(connection, step):
                    return False
            else:
                try:
                    connection.sendall(step)
                except OSError:
                    self._note_leaving()
                    return False
        return True

    def _paused(self, connection, seconds):
        """Wait, unless the client leaves."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._stopped.is_set():
            if select.select([connection], [], [], min(left, 0.05))[0]:
                with contextlib.suppress(OSError):
                    if connection.recv(1, socket.MSG_PEEK):
                        time.sleep(min(left, 0.01))
                        continue
                self._note_leaving()
                return False
        return not self._stopped.is_set()

    def _note_leaving(self):
        self.left_at = time.monotonic()
        self.left.set()
