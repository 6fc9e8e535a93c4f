"""A server of OpenAI's protocol that answers each prompt with words of its own after a pause, in a process of its own.

`python -m synqc.benchmarks.synth.text_server PAUSE_SECONDS` prints its port.
"""

from __future__ import annotations

import asyncio
import json
import sys

from synqc.benchmarks.llm.answering_server import http_answer
from synqc.measure.null_server import AnsweringProtocol

_WORDS = "Synthetic words fill the answer until it is as long as answers are. " * 12


def text_for(prompt: str) -> str:
    """What it answers to a prompt."""
    return f"{prompt}: {_WORDS}"


def _answer(body: bytes) -> bytes:
    prompt = json.loads(body)["messages"][-1]["content"]
    return http_answer(text_for(prompt), prompt_tokens=20, completion_tokens=180)


async def _serve(pause_s: float) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: AnsweringProtocol(_answer, pause_s), "127.0.0.1", 0, backlog=512
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
