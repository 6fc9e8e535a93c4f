"""A server that plays the roles of a generation after a pause, in a process of its own.

`python -m synqc.benchmarks.prompts.role_server PAUSE_SECONDS` prints its port. Every problem is new and sound, and the
target always fails.
"""

from __future__ import annotations

import itertools
import json
import random

from synqc.benchmarks.llm.answering_process import serve_answers
from synqc.benchmarks.llm.answering_server import http_answer

_chance = random.Random(1)
_count = itertools.count()
_CHECK = json.dumps({"valid": True, "reason": "It is sound."})
_EQUALITY = json.dumps({"valid": False, "reason": "They differ.", "equivalence_confidence": 0.95})


def _problem() -> str:
    words = " ".join("".join(_chance.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(30))
    return json.dumps({
        "subject": "Arithmetic", "topic": "Sums", "problem": f"Problem {next(_count)}: {words}?", "answer": "a word",
        "hints": {"0": "Read.", "1": "Think.", "2": "Write."},
    })  # fmt: skip


def _said(body: bytes) -> str:
    model = json.loads(body)["model"]
    if model == "engineer":
        return _problem()
    return {"checker": _CHECK, "judge": _EQUALITY}.get(model, "other")


def _answer(body: bytes) -> bytes:
    return http_answer(_said(body), prompt_tokens=300, completion_tokens=100)


if __name__ == "__main__":
    serve_answers(_answer)
