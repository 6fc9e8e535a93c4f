"""How soon an answer comes that is kept: no thread is changed for it."""

from __future__ import annotations

import asyncio
import json
import statistics
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.cache import MemoryCache
from synqc.llm import Completion, Endpoint, LanguageModels, Message, Request

__all__ = ["measure_kept_answers"]

_CALLS = 2000
_TEXT = "Because. " * 40


def measure_kept_answers(setting: Setting) -> Mapping[str, Measurement]:
    """Microseconds from the call to the completion."""
    long = Request(
        model="m", temperature=0.0, messages=tuple(Message("user", f"{turn} why? " * 20) for turn in range(20))
    )
    short = _short()
    with _OneServer() as server, LanguageModels(server.endpoint, cache=MemoryCache(100)) as models:
        for request in (long, short):
            refuse_unless(not models.complete(request).cached, "The first answer did not come from the server.")
        for request in (long, short):
            again = models.complete(request)
            refuse_unless(again.cached and again.text == _TEXT, "The kept answer is not the server's.")

        async def same() -> Completion[str]:
            return await models.acomplete(long)

        async def anew() -> Completion[str]:
            return await models.acomplete(_short())

        async def blocking() -> Completion[str]:
            return models.complete(long)

        measured = {
            "kept-answer-acomplete": _measured(same, setting),
            "kept-answer-acomplete-new-request": _measured(anew, setting),
            "kept-answer-complete": _measured(blocking, setting),
        }
        refuse_unless(server.requests == 2, f"The server was asked {server.requests} times for two answers.")
    return measured


def _short() -> Request:
    return Request(model="m", temperature=0.0, messages=(Message("user", "why? " * 40),))


def _measured(call: Callable[[], Awaitable[Completion[str]]], setting: Setting) -> Measurement:
    async def main() -> list[float]:
        taken = []
        for _ in range(setting.repetitions):
            start = time.perf_counter()
            for _ in range(_CALLS):
                completion = await call()
            taken.append(1e6 * (time.perf_counter() - start) / _CALLS)
            refuse_unless(completion.cached and completion.text == _TEXT, "A kept answer is not the server's.")
        return taken

    taken = asyncio.run(main())
    return Measurement(statistics.median(taken), min(taken), proof="the server's text; it was asked once for each")


class _OneServer:
    """Answers every request with one text, over a socket of this machine."""

    def __init__(self) -> None:
        self.requests = 0
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": _TEXT}}
        body = json.dumps({"model": "m", "choices": [choice], "usage": None}).encode()
        counting = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                counting.requests += 1
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = Endpoint(base_url=f"http://127.0.0.1:{self._server.server_address[1]}/v1", api_key="none")

    def __enter__(self) -> _OneServer:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
