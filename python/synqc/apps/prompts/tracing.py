"""Spans of calls by the GenAI conventions of OpenTelemetry, where a process has set that up; without it, nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final, Protocol

from synqc.apps.prompts.roles import Asked
from synqc.llm import Outcome, Spent
from synqc.llm.tracing import tracer_for

__all__ = ["CallSpan", "call_span"]

_CONTENT: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""The conventions' own variable: what is asked and said is in spans where it is `true`, and nowhere otherwise."""


class CallSpan(Protocol):
    """A call that is being made."""

    def ended(self, outcome: Outcome, spent: Spent, text: str) -> None:
        """Say how it ended."""


class _NoSpan:
    def ended(self, outcome: Outcome, spent: Spent, text: str) -> None:
        """Nobody listens."""


class _Span:
    def __init__(self, span: Any) -> None:
        self._span = span

    def ended(self, outcome: Outcome, spent: Spent, text: str) -> None:
        counts = {"input_tokens": spent.prompt_tokens, "output_tokens": spent.completion_tokens}
        for name, count in counts.items():
            if count is not None:
                self._span.set_attribute(f"gen_ai.usage.{name}", count)
        self._span.set_attribute("synqc.outcome", outcome.value)
        if not outcome.is_success:
            from opentelemetry.trace import Status, StatusCode

            self._span.set_attribute("error.type", outcome.value)
            self._span.set_status(Status(StatusCode.ERROR))
        if _shows_content():
            self._span.set_attribute("gen_ai.output.messages", text)


_NO_SPAN: Final = nullcontext(_NoSpan())


def call_span(job_id: str, attempt: int, asked: Asked) -> AbstractContextManager[CallSpan]:
    """A span around one call; it ends with the block, whatever ends that.

    Args:
        job_id: Identifier of the generation.
        attempt: Attempt of the generation.
        asked: The call.
    """
    tracer = tracer_for("synqc.apps.prompts")
    return _NO_SPAN if tracer is None else _made(tracer, job_id, attempt, asked)


@contextmanager
def _made(tracer: Any, job_id: str, attempt: int, asked: Asked) -> Iterator[CallSpan]:
    from opentelemetry.trace import SpanKind

    request = asked.request
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": asked.model.provider,
        "gen_ai.request.model": asked.model.model_name, "gen_ai.agent.name": asked.role, "synqc.job_id": job_id,
        "synqc.attempt": attempt, "synqc.step": asked.step,
    }  # fmt: skip
    for name in ("temperature", "max_tokens", "seed"):
        if getattr(request, name) is not None:
            attributes[f"gen_ai.request.{name}"] = getattr(request, name)
    if _shows_content():
        attributes["gen_ai.input.messages"] = "\n".join(f"{one.role}: {one.content}" for one in request.messages)
    span = tracer.start_span(f"chat {asked.model.model_name}", kind=SpanKind.CLIENT, attributes=attributes)
    try:
        yield _Span(span)
    finally:
        span.end()


def _shows_content() -> bool:
    return os.environ.get(_CONTENT, "").strip().lower() == "true"
