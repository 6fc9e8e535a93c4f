"""What an Ollama server says, for the scripted server of this folder's tests."""

import json

from scripted_server import CLOSE, http

COUNTS = {"prompt_eval_count": 11, "eval_count": 7, "total_duration": 5_000_000}
TAGS = {
    "models": [
        {
            "name": "phi3:latest", "model": "phi3:latest", "size": 2_176_178_913, "digest": "4f22",
            "details": {"parameter_size": "3.8B", "quantization_level": "Q4_0"},
        }
    ]
}  # fmt: skip


def said(text="Because.", *, route="chat", done=True, reason="stop", **more):
    """One document of either door."""
    words = {"message": {"role": "assistant", "content": text}} if route == "chat" else {"response": text}
    ended = {"done_reason": reason} if done and reason else {}
    return {"model": "m-1", "created_at": "2025-01-01T00:00:00Z", **words, "done": done, **ended, **more}


def answer(text="Because.", *, reason="stop", **more):
    """A whole answer, at whichever door it was asked for."""

    def answered(body):
        route = "chat" if "messages" in body else "generate"
        return http(said(text, route=route, reason=reason, **{**COUNTS, **more}))

    return answered


def line(document):
    return document if isinstance(document, bytes) else json.dumps(document).encode() + b"\n"


def parts(*texts, reason="stop", **more):
    """Documents of a stream that says these texts."""
    return [*(said(text, done=False) for text in texts), said("", reason=reason, **{**COUNTS, **more})]


def lines(*steps, end=CLOSE):
    """A stream: documents become lines, bytes go as they are, numbers are pauses."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n"
    sent = [step if isinstance(step, (bytes, int, float, str)) else line(step) for step in steps]
    return [head, *sent, *([end] if end else [])]


def refusal(status, words, **headers):
    """An error as Ollama puts it."""
    return http({"error": words}, status, **headers)
