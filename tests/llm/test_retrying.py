"""One layer of attempts, ours: what reaches the server is what is counted, and what the server asks for is kept."""

import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from asking import asking, counted
from scripted_server import CLOSE, RESET, answer, http, refusal, says, stream

from synqc.llm import (
    Endpoint,
    ErrorInAnswer,
    LanguageModelError,
    LanguageModels,
    ModelRefused,
    ModelTimedOut,
    ModelUnreachable,
    Request,
)
from synqc.llm.refusal import retry_after_s

SOON = {"retry-after-ms": "1"}


def quickly(status, words="Busy."):
    return refusal(status, words, **SOON)


@pytest.mark.parametrize("door", ["complete", "stream"])
class TestAttempts:
    def ask(self, models, door, **options):
        """What was spent."""
        if door == "complete":
            return models.complete(asking(), **options).spent
        with models.stream(asking(), **options) as parts:
            list(parts)
        return parts.spent

    def good(self, door):
        return (
            answer()
            if door == "complete"
            else stream(*says("Because."), {"choices": [], "usage": {"prompt_tokens": 1}})
        )

    def test_every_request_that_reached_the_server_is_counted(self, server, client, door):
        server.script.extend([quickly(429), quickly(500), self.good(door)])
        before = counted("synqc_llm_requests_total", model="m-1")
        assert self.ask(client(attempts=3), door).calls == 3
        assert server.requests == 3
        assert counted("synqc_llm_requests_total", model="m-1") == before + 3

    @pytest.mark.parametrize("attempts", [1, 2, 3])
    def test_a_lasting_failure_is_met_so_many_times_and_no_more(self, server, client, door, attempts):
        server.otherwise = quickly(429)
        with pytest.raises(ModelRefused) as caught:
            self.ask(client(attempts=attempts), door)
        assert (server.requests, caught.value.spent.calls) == (attempts, attempts)
        assert (caught.value.spent.prompt_tokens, caught.value.status) == (0, 429)

    @pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422, 501, 505, 307])
    def test_what_will_not_pass_is_met_once(self, server, client, door, status):
        server.otherwise = quickly(status)
        with pytest.raises(ModelRefused) as caught:
            self.ask(client(attempts=3), door)
        assert (server.requests, caught.value.spent.calls, caught.value.status) == (1, 1, status)
        assert not caught.value.retryable

    @pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
    def test_what_may_pass_is_tried_again(self, server, client, door, status):
        server.script.extend([quickly(status), self.good(door)])
        assert self.ask(client(attempts=2), door).calls == 2

    def test_a_broken_connection_is_tried_again(self, server, client, door, monkeypatch):
        monkeypatch.setattr("synqc.llm._attempts._FIRST_PAUSE_S", 0.001)
        server.script.extend([[RESET], [CLOSE], self.good(door)])
        assert self.ask(client(attempts=3), door).calls == 3
        assert server.requests == 3

    def test_the_server_s_own_word_on_trying_again_counts(self, server, client, door):
        server.script.append(refusal(503, **SOON, **{"x-should-retry": "false"}))
        with pytest.raises(ModelRefused):
            self.ask(client(attempts=3), door)
        server.script.append(refusal(400, **SOON, **{"x-should-retry": "true"}))
        server.otherwise = self.good(door)
        assert self.ask(client(attempts=3), door).calls == 2

    @pytest.mark.parametrize("given", ["3600", "date"])
    def test_a_wait_longer_than_the_time_allowed_ends_it_at_once_and_is_told(self, server, client, door, given):
        later = datetime.now(UTC) + timedelta(hours=1)
        told = format_datetime(later, usegmt=True) if given == "date" else given
        server.otherwise = refusal(429, **{"retry-after": told})
        started = time.perf_counter()
        with pytest.raises(ModelRefused) as caught:
            self.ask(client(attempts=3, stream_timeout_s=30.0), door)
        assert time.perf_counter() - started < 10
        assert caught.value.retry_after_s == pytest.approx(3600, abs=60)
        assert server.requests == 1


def test_attempts_do_not_multiply_with_repetitions_of_the_caller(server, client):
    server.otherwise = quickly(429)
    models = client(attempts=3)
    for _ in range(2):
        with pytest.raises(ModelRefused):
            models.complete(asking(), repeats=2)
    assert server.requests == 6, "a refusal is no malformed answer"


def test_an_error_inside_an_answer_is_tried_again_if_its_code_may_pass(server, client, monkeypatch):
    monkeypatch.setattr("synqc.llm._attempts._FIRST_PAUSE_S", 0.001)
    server.script.extend([http({"error": {"message": "upstream", "code": 502}}), answer()])
    assert client(attempts=2).complete(asking()).spent.calls == 2
    server.script.append(http({"error": {"message": "No credit.", "code": 402}}))
    with pytest.raises(ErrorInAnswer, match="No credit") as caught:
        client(attempts=2).complete(asking())
    assert (caught.value.status, caught.value.words, caught.value.spent.calls) == (402, "No credit. (code: 402)", 1)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "model not found"}, "model not found"),
        ({"detail": "Not authenticated"}, "Not authenticated"),
        ({"detail": [{"loc": ["body", "stop"], "msg": "too many", "type": "x"}]}, "body.stop: too many"),
        ({"message": "No quota."}, "No quota."),
        ({"error": {"message": "It failed", "metadata": {"raw": "the model is gone"}}}, "the model is gone"),
        ([{"error": {"code": 400, "message": "API key not valid."}}], "API key not valid."),
        ("<html><title>502</title><style>x{}</style>Bad gateway</html>", "Bad gateway"),
        ("plain words", "plain words"),
    ],
    ids=str,
)  # fmt: skip
def test_the_words_of_an_error_are_kept_in_whatever_shape(server, client, body, words):
    server.otherwise = http(body, 404)
    with pytest.raises(ModelRefused) as caught:
        client().complete(asking())
    assert words in caught.value.words
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("7", 7.0), ("0", 0.0), ("1.5", 1.5), ("-3", 0.0), ("soon", None), ("", None), ("nan", None), ("inf", None),
     ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)],
)  # fmt: skip
def test_retry_after_in_every_form(given, seconds):
    assert retry_after_s({"retry-after": given}) == seconds


class TestLimitsOfTime:
    def test_the_whole_of_it_counts_and_not_each_attempt(self, server, client):
        server.otherwise = [0.4, *refusal(500, **SOON)]
        with pytest.raises(LanguageModelError) as caught:
            client(attempts=50, timeout_s=1.0).complete(asking())
        assert 2 <= server.requests <= 4
        assert caught.value.spent.calls == server.requests

    def test_an_answer_that_drips_ends_at_the_total(self, server, client):
        server.otherwise = [b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", *([b" ", 0.05] * 200)]
        with pytest.raises(ModelTimedOut, match=r"No answer .* within 0\.5 s") as caught:
            client(timeout_s=0.5).complete(asking())
        assert (caught.value.limit, caught.value.seconds, caught.value.spent.calls) == ("total", 0.5, 1)
        assert server.left.wait(20)

    def test_the_caller_s_deadline_tells_what_it_has_cost_and_what_was_said_last(self, server, client):
        server.script.append(refusal(503, "Try later.", **SOON))
        server.otherwise = [30]
        with pytest.raises(ModelTimedOut, match=r"within 0\.5 s, the caller's deadline.*Try later") as caught:
            client(attempts=3).complete(asking(), deadline_s=0.5)
        assert (caught.value.limit, caught.value.spent.calls, server.requests) == ("deadline", 2, 2)
        assert server.left.wait(20)

    def test_a_connection_that_is_not_taken_ends_at_its_own_limit(self):
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
            waiting = [socket.socket() for _ in range(4)]  # fill the queue of connections
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(full.getsockname())
            url = f"http://127.0.0.1:{full.getsockname()[1]}/v1"
            endpoint = Endpoint(base_url=url, api_key="k", attempts=1, connect_timeout_s=0.3)
            timed_out = pytest.raises(ModelTimedOut, match=r"No connection .* within 0\.3 s")
            with LanguageModels(endpoint) as models, timed_out as caught:
                models.complete(asking())
            assert (caught.value.limit, caught.value.spent.calls) == ("connect", 0)
            for one in waiting:
                one.close()


def test_nobody_answers_is_said_only_where_nobody_did(server, client):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        with pytest.raises(ModelUnreachable, match="Nobody answers at") as caught:
            client(base_url=url).complete(asking())
    assert caught.value.spent.calls == 0
    for script, kind in (
        ([RESET], ModelUnreachable),
        ([CLOSE], ModelUnreachable),
        ([*http(b"{", length=9), CLOSE], ModelUnreachable),
        (http(b"junk", Content_Encoding="gzip"), ModelUnreachable),
        (http(b"", 307), ModelRefused),
    ):
        server.script.append(script)
        with pytest.raises(LanguageModelError) as caught:
            client().complete(asking())
        assert type(caught.value) is kind
        assert "Nobody answers" not in str(caught.value)
        assert caught.value.spent.calls == 1


@pytest.mark.parametrize("temperature", [-0.1, 2.1, float("inf"), float("nan"), "hot", True])
def test_a_temperature_that_no_model_has_is_refused_before_it_is_sent(temperature):
    with pytest.raises(ValueError, match="`temperature` must be a number from 0 to 2"):
        Request(model="m", messages=asking().messages, temperature=temperature)
