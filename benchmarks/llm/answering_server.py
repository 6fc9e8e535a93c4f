"""A server of OpenAI's protocol that answers every request at once with one text, in a process of its own.

`python -m synqc.benchmarks.llm.answering_server PORT`
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

__all__ = ["TEXT"]

TEXT = "Because. " * 40
_CHOICE = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": TEXT}}
_USAGE = {"prompt_tokens": 50, "completion_tokens": 80, "total_tokens": 130}
_BODY = json.dumps(
    {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [_CHOICE], "usage": _USAGE}
).encode()
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(_BODY), _BODY)


class _Answering(asyncio.Protocol):
    """Finds the end of each request, and reads nothing of it."""

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (head := self._buffer.find(b"\r\n\r\n")) >= 0:
            at = self._buffer.lower().find(b"content-length:", 0, head)
            length = int(self._buffer[at + 15 : self._buffer.find(b"\r\n", at)]) if at >= 0 else 0
            if len(self._buffer) < head + 4 + length:
                return
            self._buffer = self._buffer[head + 4 + length :]
            self._transport.write(_ANSWER)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Answering, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
