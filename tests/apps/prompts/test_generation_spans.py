"""Spans of generations as OpenTelemetry's own SDK ends and exports them."""

import json

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from synqc.apps.prompts.request import Limits

WAIT_S = 60


@pytest.fixture
def spans(monkeypatch):
    """Those that ended, by an SDK that is set up as a process would set it up."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield exporter.get_finished_spans
    provider.shutdown()


@pytest.mark.parametrize("content", [False, True])
def test_every_call_is_a_span_of_the_genai_conventions(worlds, asked, spans, monkeypatch, content):
    if content:
        monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")
    application = worlds(trouble=0.15, by_http=True)
    job_id = application.submit(asked(rows=3, limits=Limits(error_rate=None)))
    application.wait(job_id, WAIT_S)
    calls = {(call.attempt, call.step): call for call in application.calls(job_id)}
    ended = spans()
    assert len(ended) == len(calls)
    for span in ended:
        told = dict(span.attributes)
        call = calls.pop((told["synqc.attempt"], told["synqc.step"]))
        assert (span.name, span.kind) == (f"chat {call.model.partition(':')[2]}", SpanKind.CLIENT)
        assert f"{told['gen_ai.provider.name']}:{told['gen_ai.request.model']}" == call.model
        assert (told["gen_ai.operation.name"], told["gen_ai.agent.name"]) == ("chat", call.role)
        assert (told["synqc.job_id"], told["synqc.outcome"]) == (job_id, call.outcome)
        counts = (told.get("gen_ai.usage.input_tokens"), told.get("gen_ai.usage.output_tokens"))
        assert counts == (call.prompt_tokens, call.completion_tokens)
        assert span.end_time >= span.start_time
        is_failure = call.outcome != "ok"
        assert ("error.type" in told, span.status.status_code is StatusCode.ERROR) == (is_failure, is_failure)
        shown = json.dumps({**told, "events": [event.name for event in span.events]})
        assert ("What is " in shown or "gen_ai.input.messages" in told) == content


def test_spans_of_calls_that_a_cancel_ends_are_ended_too(worlds, asked, spans):
    application = worlds(pauses=lambda _: 30.0)
    job_id = application.submit(asked(rows=4, workers=4, limits=Limits(deadline_s=0.5)))
    application.wait(job_id, WAIT_S)
    assert len(spans()) == len(application.calls(job_id)) > 0
    assert {span.attributes["synqc.outcome"] for span in spans()} == {"cancelled"}
