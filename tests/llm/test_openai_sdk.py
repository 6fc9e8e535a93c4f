"""What goes out besides the request, what may come back, and what is left when a client is forgotten."""

import gc
import gzip
import subprocess
import sys
import time
import zlib

import pytest
from asking import asking
from scripted_server import CLOSE, ScriptedServer, answer, document_of, event, http, refusal, says, stream

from synqc.llm import Endpoint, LanguageModels, ModelRefused, ModelUnreachable, ProtocolError
from synqc.llm.proxies import proxy_of

WHOLE = str(document_of()).replace("'", '"').encode()


class TestWhatGoesOut:
    def test_what_is_openai_s_is_sent_to_nobody_else(self, server, client, monkeypatch):
        for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY", "OPENAI_WEBHOOK_SECRET"):
            monkeypatch.setenv(name, f"secret-{name}")
        monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "x-secret: secret-header")
        client().complete(asking())
        headers = server.asked[0].headers
        assert not [name for name, value in headers.items() if "secret" in value.lower()], headers
        assert not {"openai-organization", "openai-project"} & set(headers)
        assert headers["authorization"] == "Bearer sk-never-to-be-seen-0123456789"

    def test_no_proxy_leads_to_this_machine(self, server, client, monkeypatch):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        assert client().complete(asking()).text == "Because."

    @pytest.mark.parametrize(
        ("url", "proxy"),
        [
            ("http://localhost:1/v1", None), ("http://127.9.9.9:1/v1", None), ("http://[::1]:1/v1", None),
            ("http://ollama.localhost/v1", None), ("https://api.openai.com/v1", "http://proxy:3128"),
            ("http://10.1.2.3/v1", "http://plain:3128"), ("http://inside.example/v1", None),
            ("https://127.0.0.1.example.org/v1", "http://proxy:3128"),
        ],
    )  # fmt: skip
    def test_a_proxy_is_taken_where_the_environment_says(self, monkeypatch, url, proxy):
        for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy", "NO_PROXY", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("https_proxy", "http://proxy:3128")
        monkeypatch.setenv("http_proxy", "http://plain:3128")
        monkeypatch.setenv("no_proxy", "inside.example")
        assert proxy_of(Endpoint(base_url=url, api_key="k")) == proxy

    def test_a_redirection_takes_the_key_nowhere(self, server, client):
        other = ScriptedServer()
        try:
            for status in (301, 302, 303, 307, 308):
                server.otherwise = http(b"", status, Location=other.url)
                with pytest.raises(ModelRefused, match="moved to"):
                    client(attempts=3).complete(asking())
            assert (server.requests, other.requests) == (5, 0)
        finally:
            other.stop()


class TestWhatMayComeBack:
    @pytest.mark.parametrize(
        ("packing", "body"),
        [
            ("gzip", gzip.compress(WHOLE)), ("x-gzip", gzip.compress(WHOLE)), ("deflate", zlib.compress(WHOLE)),
            ("deflate", zlib.compress(WHOLE)[2:-4]), ("GZIP", gzip.compress(WHOLE[:9]) + gzip.compress(WHOLE[9:])),
            ("identity", WHOLE),
        ],
        ids=["gzip", "its other name", "deflate", "deflate without a header", "in two members", "not at all"],
    )  # fmt: skip
    def test_a_packed_answer_is_unpacked_though_nobody_asked(self, server, client, packing, body):
        server.otherwise = http(body, Content_Encoding=packing)
        assert client().complete(asking()).text == "Because."
        assert server.asked[0].headers["accept-encoding"] == "identity"

    @pytest.mark.parametrize(
        ("packing", "body"),
        [("gzip", b"junk and more"), ("br", WHOLE), ("zstd", WHOLE), ("gzip", gzip.compress(WHOLE) + b"tail")],
        ids=["no gzip", "brotli", "zstandard", "more behind it"],
    )  # fmt: skip
    def test_what_cannot_be_unpacked_is_said(self, server, client, packing, body):
        server.otherwise = http(body, Content_Encoding=packing)
        with pytest.raises(ProtocolError, match="packed"):
            client().complete(asking())

    def test_half_a_packed_answer_is_none(self, server, client):
        server.otherwise = http(gzip.compress(WHOLE)[:-9], Content_Encoding="gzip")
        with pytest.raises(ModelUnreachable, match="broke"):
            client().complete(asking())

    @pytest.mark.parametrize("kind", ["plain", "gzip", "nested in a stream", "one event", "a text without end"])
    def test_an_answer_is_taken_up_to_a_size(self, server, client, kind):
        size = 3_000_000
        models = client(most_bytes=100_000)
        if kind in ("plain", "gzip"):
            body = b" " * size + WHOLE
            server.otherwise = http(gzip.compress(body), Content_Encoding="gzip") if kind == "gzip" else http(body)
            with pytest.raises(ProtocolError, match="more than the 100000 bytes"):
                models.complete(asking())
            return
        script = {
            "nested in a stream": stream(b"{" + b" " * size + WHOLE[1:], kind="application/json", done=False),
            "one event": stream(b"data: " + b"x" * size + b"\n\n"),
            "a text without end": stream(*(event(says("word " * 1000)[0]) for _ in range(40))),
        }[kind]
        server.otherwise = script
        with pytest.raises(ProtocolError, match="more than the 100000 bytes"):
            list(models.stream(asking()))

    def test_the_words_of_an_error_are_taken_up_to_a_size(self, server, client):
        server.otherwise = [*http(b"y" * 3_000_000, 500)[:1], CLOSE]
        with pytest.raises(ModelRefused) as caught:
            client().complete(asking())
        assert (caught.value.status, len(str(caught.value)) < 600) == (500, True)
        server.otherwise = answer()
        assert client().complete(asking()).text == "Because."

    def test_a_long_stream_of_small_parts_is_no_large_answer(self, server, client):
        server.otherwise = stream(b": ping\n\n" * 60_000, *says("Because."))
        assert list(client(most_bytes=100_000).stream(asking())) == ["Because."]


class TestWhatIsLeft:
    def test_a_forgotten_client_closes_its_connections(self, server):
        models = LanguageModels(Endpoint(base_url=server.url, api_key="k"))
        server.otherwise = [*answer(), 20]
        models.complete(asking())
        del models
        gc.collect()
        assert server.left.wait(20)

    @pytest.mark.parametrize("way", ["closed", "forgotten", "kept to the end", "under way"])
    def test_a_process_ends_at_once_and_without_a_warning(self, server, way):
        server.otherwise = answer()
        if way == "under way":
            server.script.extend([answer(), [60]])
        program = f"""
import sys, time
from synqc.llm import *
models = LanguageModels(Endpoint(base_url={server.url!r}, api_key="k"))
request = Request(model="m", messages=(Message("user", "?"),))
assert models.complete(request).text == "Because."
if {way!r} == "closed":
    models.close()
elif {way!r} == "forgotten":
    del models
elif {way!r} == "under way":
    models.submit(request)
    time.sleep(0.3)
"""
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr, done.stdout) == (0, "", "")

    def test_sockets_do_not_pile_up(self, server, client):
        models = client(most_at_once=4)
        futures = [models.submit(asking(str(number))) for number in range(40)]
        for future in futures[::2]:
            future.cancel()
        time.sleep(0.2)
        server.script.extend([refusal(500)] * 2)
        started = time.monotonic()
        assert len(models.submit_all([asking()] * 8, str).result(20)) == 8
        assert time.monotonic() - started < 20
        assert models.complete(asking(), deadline_s=10).text == "Because."
