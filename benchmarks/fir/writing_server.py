"""A server that writes texts of reports and is sure of every check, after a pause, in a process of its own.

`python -m synqc.benchmarks.fir.writing_server PAUSE_SECONDS` prints its port.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys

from synqc.benchmarks.llm.answering_server import http_answer
from synqc.measure.null_server import AnsweringProtocol

_YES = math.log(0.98)
_NO = math.log(0.02)


def _answer(body: bytes) -> bytes:
    asked = json.loads(body)
    if not asked.get("logprobs"):
        return http_answer("A gold chain was snatched near the station.", prompt_tokens=200, completion_tokens=20)
    said = [{"token": "NO", "logprob": _YES}, {"token": "YES", "logprob": _NO}]
    logprobs = {"content": [{**said[0], "top_logprobs": said}]}
    choice = {
        "index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "NO"}, "logprobs": logprobs,
    }  # fmt: skip
    usage = {"prompt_tokens": 200, "completion_tokens": 1, "total_tokens": 201}
    document = {
        "id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage,
    }  # fmt: skip
    text = json.dumps(document).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(text), text)


async def _serve(pause_s: float) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: AnsweringProtocol(_answer, pause_s), "127.0.0.1", 0, backlog=256
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
