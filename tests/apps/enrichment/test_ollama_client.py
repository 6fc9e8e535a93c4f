"""What goes to an Ollama server, by the contract; what comes back; and what of it is kept."""

import json
import os
import subprocess
import sys
import textwrap
import threading

import pytest

from infra.optimized_ollama import OptimizedOllamaClient
from synqc.apps.enrichment.config import PerfConfig
from synqc.apps.enrichment.ollama_stream import OllamaStream
from synqc.llm import ErrorInAnswer, ModelRefused, ModelUnreachable, ProtocolError

MODEL = "phi3:mini"
MESSAGES = [{"role": "user", "content": "Why?"}]


def whole(text="Fine.", **more):
    return {"model": MODEL, "response": text, "done": True, "done_reason": "stop", "total_duration": 5, **more}


def said(text="Fine.", **more):
    return {"model": MODEL, "message": {"role": "assistant", "content": text}, "done": True, **more}


def lines(*parts, door="generate", last=None):
    def one(part):
        return {"response": part} if door == "generate" else {"message": {"role": "assistant", "content": part}}

    ended = {"done": True, "done_reason": "stop", "eval_count": len(parts)} if last is None else last
    return [*({"model": MODEL, "done": False, **one(part)} for part in parts), {"model": MODEL, **one(""), **ended}]


@pytest.fixture
def client(server):
    made = OptimizedOllamaClient(server.url + "/", MODEL)
    yield made
    made.close()


class TestWire:
    def test_a_prompt_goes_out_as_it_always_did(self, server, client):
        server.answer = lambda path, body: whole()
        client.generate("Why?", system="Be brief.", temperature=0.5, max_tokens=7)
        client.generate("Why?", system="")
        options = {"num_ctx": 2048, "num_thread": 6, "num_parallel": 2}
        assert server.asked == [
            ("/api/generate", {
                "model": MODEL, "prompt": "Why?", "system": "Be brief.", "stream": False, "keep_alive": "30m",
                "options": {"temperature": 0.5, "num_predict": 7, **options},
            }),
            ("/api/generate", {
                "model": MODEL, "prompt": "Why?", "stream": False, "keep_alive": "30m",
                "options": {"temperature": 0.3, "num_predict": 120, **options},
            }),
        ]  # fmt: skip

    def test_a_conversation_goes_out_as_it_always_did(self, server, client):
        server.answer = lambda path, body: said()
        assert client.chat(MESSAGES)["message"]["content"] == "Fine."
        assert server.asked == [
            ("/api/chat", {
                "model": MODEL, "messages": MESSAGES, "stream": False, "keep_alive": "30m",
                "options": {"temperature": 0.3, "num_predict": 120, "num_ctx": 2048, "num_thread": 6},
            })
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("cache_type", "temperature", "tokens"),
        [("text_inference", 0.3, 120), ("emotion_scoring", 0.3, 120), ("post_enrichment", 0.7, 160),
         ("stage2_enrichment", 0.7, 160), ("vision_inference", 0.3, 150)],
    )  # fmt: skip
    def test_each_type_has_its_own_limits(self, server, client, cache_type, temperature, tokens):
        server.answer = lambda path, body: whole()
        client.generate("Why?", cache_type=cache_type)
        (body,) = server.bodies("/api/generate")
        assert (body["options"]["temperature"], body["options"]["num_predict"]) == (temperature, tokens)

    def test_a_server_is_there_if_it_lists_its_models(self, server, client):
        assert client.is_available()
        assert server.asked == [("/api/tags", None)]
        server.answer = lambda path, body: (500, {}, {})
        assert not client.is_available()
        server.stop()
        assert not OptimizedOllamaClient("http://127.0.0.1:9").is_available()

    def test_the_configuration_s_server_and_model_are_taken_on_request(self, server):
        server.answer = lambda path, body: whole()
        OptimizedOllamaClient.from_config(PerfConfig(ollama_url=server.url, text_model="m:1")).generate("Why?")
        assert server.bodies("/api/generate")[0]["model"] == "m:1"


class TestAnswers:
    def test_the_server_s_document_comes_back_whole_and_again(self, server, client):
        server.answer = lambda path, body: whole(context=[1, 2])
        first = client.generate("Why?")
        first["response"] = "changed"
        assert client.generate("Why?") == whole(context=[1, 2])
        assert server.count("/api/generate") == 1

    def test_another_prompt_system_temperature_or_limit_is_another_question(self, server, client):
        server.answer = lambda path, body: whole()
        for changed in ({}, {"prompt": "How?"}, {"system": "s"}, {"temperature": 0.0}, {"max_tokens": 0},
                        {"cache_type": "other"}):  # fmt: skip
            for _ in range(2):
                client.generate(**{"prompt": "Why?", **changed})
        assert server.count("/api/generate") == 6

    def test_a_prompt_and_a_conversation_are_apart(self, server, client):
        server.answer = lambda path, body: whole() if path == "/api/generate" else said()
        client.generate("Why?")
        client.chat(MESSAGES)
        assert len(server.asked) == 2

    def test_without_a_cache_each_call_goes_out(self, server):
        server.answer = lambda path, body: whole()
        client = OptimizedOllamaClient(server.url, MODEL, use_cache=False)
        assert [client.generate("Why?") for _ in range(2)] == [whole()] * 2
        assert server.count("/api/generate") == 2

    @pytest.mark.parametrize(
        ("answer", "kind", "words"),
        [
            ((404, {"error": "model 'm' not found"}, {}), ModelRefused, "model 'm' not found"),
            ((500, b"oops", {}), ModelRefused, "status 500: oops"),
            ({"error": "busy"}, ErrorInAnswer, "busy"),
            ((200, b"<html>", {}), ProtocolError, "not the protocol"),
        ],
    )
    def test_failures_are_raised_in_words(self, server, client, answer, kind, words):
        server.answer = lambda path, body: answer
        for stream in (False, True) if kind is ModelRefused else (False,):
            with pytest.raises(kind, match=words):
                client.generate("Why?", stream=stream)
        assert not [one for one in client.cache.get_stats()["by_type"]]

    def test_of_64_who_ask_at_once_one_asks_the_server(self, server, client):
        server.answer, server.delay_s = (lambda path, body: said()), 0.3
        barrier, answers = threading.Barrier(64), []

        def ask():
            barrier.wait()
            answers.append(client.chat(MESSAGES)["message"]["content"])

        threads = [threading.Thread(target=ask) for _ in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == ["Fine."] * 64
        assert len(server.asked) == 1


class TestStreams:
    @pytest.mark.parametrize("door", ["generate", "chat"])
    @pytest.mark.parametrize("form", ["lines", "documents"])
    @pytest.mark.parametrize("first", [True, False])
    def test_either_form_gives_what_the_other_kept(self, server, client, door, form, first):
        """2 x 2: asked for as a stream or whole, and then again as the other."""
        server.answer = lambda path, body: (
            lines("Fi", "ne.", door=door) if body["stream"] else whole() if door == "generate" else said()
        )

        def text_of(stream):
            asked = (
                client.generate("Why?", stream=stream) if door == "generate" else client.chat(MESSAGES, stream=stream)
            )
            if not stream:
                documents = [asked]
            elif form == "lines":
                documents = [json.loads(line) for line in asked.iter_lines()]
            else:
                documents = list(asked)
            assert documents[-1]["done"] is True
            return "".join(one["response"] if door == "generate" else one["message"]["content"] for one in documents)

        assert [text_of(stream) for stream in (first, not first, first)] == ["Fine."] * 3
        assert len(server.asked) == 1

    def test_a_stream_comes_part_by_part(self, server, client):
        server.answer = lambda path, body: lines("a", "b")
        with client.generate("Why?", stream=True) as stream:
            assert isinstance(stream, OllamaStream)
            assert stream.status_code == 200
            assert [one["response"] for one in stream] == ["a", "b", ""]
            assert stream.first_chunk_s > 0

    @pytest.mark.parametrize("read", [0, 1, 2])
    def test_a_stream_that_is_left_is_not_kept(self, server, client, read):
        server.answer = lambda path, body: lines("a", "b")
        stream = client.generate("Why?", stream=True)
        documents = iter(stream)
        for _ in range(read):
            next(documents)
        stream.close()
        assert client.cache.get_stats()["total_entries"] == 0

    def test_streams_that_are_forgotten_hold_no_connection(self, server, client):
        server.answer = lambda path, body: lines("a", "b")
        for number in range(3):
            stream = client.generate(f"Why {number}?", stream=True)
            if number:
                next(iter(stream))
            del stream
        assert not [one for one in client._http._transport._pool.connections if not one.is_idle()]

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            ([*lines("a", "b")[:2], None], ModelUnreachable),
            (lines("a", "b")[:2], ProtocolError),
            ([*lines("a")[:1], {"error": "out of memory"}], ErrorInAnswer),
            ([*lines("a")[:1], "no object"], ProtocolError),
        ],
        ids=["broken", "no end", "error inside", "no protocol"],
    )
    def test_a_stream_that_breaks_off_is_an_error_and_not_kept(self, server, client, answer, kind):
        server.answer = lambda path, body: answer
        documents = iter(client.generate("Why?", stream=True))
        assert next(documents)["response"] == "a"
        with pytest.raises(kind):
            list(documents)
        assert client.cache.get_stats()["total_entries"] == 0

    @pytest.mark.parametrize(
        "last", [{"done": True, "done_reason": "length"}, {"done": True, "prompt_eval_count": 9999}]
    )
    def test_a_stream_that_was_cut_is_not_kept(self, server, client, last):
        server.answer = lambda path, body: lines("a", last=last)
        assert len(list(client.generate("Why?", stream=True))) == 2
        assert client.cache.get_stats()["total_entries"] == 0


def test_a_configured_server_that_a_client_passes_by_is_said(caplog, tmp_path, monkeypatch):
    monkeypatch.setenv("SYNQC_ENRICHMENT_OLLAMA_URL", "http://elsewhere:11434")
    OptimizedOllamaClient("http://127.0.0.1:9", MODEL)
    assert "http://elsewhere:11434" in caplog.text


def test_a_forked_child_has_connections_of_its_own(server):
    server.answer = lambda path, body: whole(str(len(server.asked)))
    client = OptimizedOllamaClient(server.url, MODEL, use_cache=False)
    client.generate("Why?")
    mine = client._http
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = client.generate("Why?")["response"]
            os.write(writing, f"{answer} {client._http is mine}".encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        assert pipe.read() == "2 False"
    assert client.generate("Why?")["response"] == "3"
    assert client._http is mine


def test_a_process_that_leaves_everything_open_ends_quietly(server, tmp_path):
    server.answer = lambda path, body: lines("a", "b") if isinstance(body, dict) and body.get("stream") else whole()
    program = textwrap.dedent(f"""
        import asyncio
        from infra.async_client import get_async_client
        from infra.cache import get_cache
        from infra.metrics import get_metrics, timer
        from infra.optimized_ollama import OptimizedOllamaClient
        client = OptimizedOllamaClient({server.url!r}, {MODEL!r})
        client.generate("Why?")
        stream = client.generate("How?", stream=True)
        next(iter(stream))
        for _ in range(2):
            asyncio.run(get_async_client().post({server.url!r}, {{"a": 1}}))
        left = timer("left")
        left.__enter__()
    """)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
