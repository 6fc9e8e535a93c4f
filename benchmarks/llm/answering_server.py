"""A server of OpenAI's protocol that answers every request at once with one text, in a process of its own.

`python -m synqc.benchmarks.llm.answering_server PORT`
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from synqc.measure.null_server import AnsweringProtocol

__all__ = ["TEXT", "http_answer"]

TEXT = "Because. " * 40


def http_answer(text: str, *, prompt_tokens: int, completion_tokens: int, **choice_members: Any) -> bytes:
    """A chat completion of one text, as bytes of HTTP; its choice has these members, too."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "finish_reason": "stop", "message": message, **choice_members}
    usage = {
        "prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }  # fmt: skip
    body = json.dumps(
        {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    ).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


async def _serve(port: int) -> None:
    answer = http_answer(TEXT, prompt_tokens=50, completion_tokens=80)
    server = await asyncio.get_running_loop().create_server(
        lambda: AnsweringProtocol(lambda _: answer), "127.0.0.1", port
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
