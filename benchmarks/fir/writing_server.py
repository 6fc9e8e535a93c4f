"""A server that writes texts of reports and is sure of every check, after a pause, in a process of its own.

`python -m synqc.benchmarks.fir.writing_server PAUSE_SECONDS` prints its port.
"""

from __future__ import annotations

import json
import math

from synqc.benchmarks.llm.answering_process import serve_answers
from synqc.benchmarks.llm.answering_server import http_answer

_YES = math.log(0.98)
_NO = math.log(0.02)


def _answer(body: bytes) -> bytes:
    asked = json.loads(body)
    if not asked.get("logprobs"):
        return http_answer("A gold chain was snatched near the station.", prompt_tokens=200, completion_tokens=20)
    said = [{"token": "NO", "logprob": _YES}, {"token": "YES", "logprob": _NO}]
    logprobs = {"content": [{**said[0], "top_logprobs": said}]}
    return http_answer("NO", prompt_tokens=200, completion_tokens=1, logprobs=logprobs)


if __name__ == "__main__":
    serve_answers(_answer)
