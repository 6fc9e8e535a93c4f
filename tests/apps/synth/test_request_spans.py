"""Each request is one span that is closed however it ends, with tokens and without a word of what was said."""

import asyncio
import json

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from scripted_server import RESET, answer, says, stream

from synqc import metrics
from synqc.apps.synth.errors import SynthError

SECRET = "Ada Lovelace was robbed at noon"


@pytest.fixture
def spans(monkeypatch):
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield exporter.get_finished_spans
    provider.shutdown()


def test_j10_a_stream_that_ended_was_left_or_failed_is_a_closed_span(synths, server, spans):
    synth = synths(enable_cache=False)

    async def run():
        server.script.append(stream(*says("Once ", "upon ", "a time")))
        assert [part async for part in synth.generate_stream("A tale")]
        server.script.append(stream(*says("Once ", finish=None), 20.0))
        async with synth.generate_stream("A tale") as left:
            async for _ in left:
                break
        server.script.append(stream(*says("Once ", finish=None), RESET, done=False))
        with pytest.raises(SynthError):
            [part async for part in synth.generate_stream("A tale")]

    asyncio.run(run())
    ended = spans()
    assert [span.attributes["synqc.outcome"] for span in ended] == ["ok", "cancelled", "failed"]
    assert [span.status.status_code is StatusCode.ERROR for span in ended] == [False, False, True]
    assert [span.attributes.get("error.type") for span in ended] == [None, None, "API_ERROR"]
    for span in ended:
        assert span.end_time > span.start_time
        assert span.attributes["synqc.first_chunk_s"] > 0
        assert "synqc.total_tokens" in span.attributes
    assert (ended[0].name, ended[0].attributes["gen_ai.response.model"]) == ("chat m-1", "m-1")


def test_j9_nothing_that_was_said_is_in_spans_logs_or_metrics(synths, server, spans, caplog):
    synth = synths()
    with caplog.at_level("DEBUG"):
        server.script.append(answer(f"I write of how {SECRET}."))
        synth.generate_sync(f"Say that {SECRET}")
        synth.generate_sync(f"Say that {SECRET}")
        server.script.append(answer(SECRET, finish="content_filter"))
        with pytest.raises(SynthError):
            synth.generate_sync(f"Never say that {SECRET}")
    told = json.dumps([dict(span.attributes) for span in spans()]) + "".join(span.name for span in spans())
    assert len(spans()) == 3
    for place in (told, caplog.text, metrics.prometheus(), json.dumps(synth.get_metrics().to_dict())):
        assert "Lovelace" not in place
        assert "sk-test" not in place


def test_a_span_tells_what_the_servers_counted(synths, server, spans):
    synth = synths()
    server.script.append(answer("Paris."))
    result = synth.generate_sync("Which city?")
    (span,) = spans()
    assert span.attributes["synqc.total_tokens"] == result.tokens_used > 0
    synth.generate_sync("Which city?")
    assert [one.attributes["synqc.cached"] for one in spans()] == [False, True]
