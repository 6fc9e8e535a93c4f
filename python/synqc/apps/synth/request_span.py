"""One span for each request that has ended, by OpenTelemetry's GenAI conventions where these have a name; no text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from synqc.llm.tracing import tracer_for

if TYPE_CHECKING:
    from synqc.apps.synth.requests import RequestRecord

__all__ = ["tell_span"]


def tell_span(record: RequestRecord) -> None:
    """Begin and end the span of a request, at the moments at which the request did; streams that were left, too."""
    tracer = tracer_for("synqc.apps.synth")
    if tracer is None:
        return
    from opentelemetry.trace import SpanKind, Status, StatusCode

    attributes: dict[str, Any] = {
        "gen_ai.operation.name": "chat", "synqc.kind": record.kind, "synqc.outcome": record.outcome,
        "synqc.cached": record.cached, "synqc.total_tokens": record.tokens,
        **({"gen_ai.response.model": record.model} if record.model else {}),
        **({} if record.first_chunk_s is None else {"synqc.first_chunk_s": record.first_chunk_s}),
        **({"error.type": record.code or "error"} if record.outcome == "failed" else {}),
    }  # fmt: skip
    ended_ns = time.time_ns()
    began_ns = ended_ns - round(1e9 * record.total_s)
    span = tracer.start_span(
        f"chat {record.model}".strip(), kind=SpanKind.CLIENT, attributes=attributes, start_time=began_ns
    )
    if record.outcome == "failed":
        span.set_status(Status(StatusCode.ERROR))
    span.end(ended_ns)
