"""A server of OpenAI's protocol that answers each prompt with words of its own after a pause, in a process of its own.

`python -m synqc.benchmarks.synth.text_server PAUSE_SECONDS` prints its port.
"""

from __future__ import annotations

import json

from synqc.benchmarks.llm.answering_process import serve_answers
from synqc.benchmarks.llm.answering_server import http_answer

_WORDS = "Synthetic words fill the answer until it is as long as answers are. " * 12


def text_for(prompt: str) -> str:
    """What it answers to a prompt."""
    return f"{prompt}: {_WORDS}"


def _answer(body: bytes) -> bytes:
    prompt = json.loads(body)["messages"][-1]["content"]
    return http_answer(text_for(prompt), prompt_tokens=20, completion_tokens=180)


if __name__ == "__main__":
    serve_answers(_answer)
