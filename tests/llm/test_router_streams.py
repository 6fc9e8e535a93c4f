"""Streams through a router: nothing is emitted twice, and what failed before the first part is not seen."""

import asyncio
import random
import time

import pytest
from asking import asking
from scripted_server import CLOSE, RESET, answer, chunk, refusal, says, stream

from synqc.cache import Control, MemoryCache
from synqc.llm import CutAnswer, LanguageModelError, ModelRefused, ModelTimedOut, Outcome
from synqc.llm.router import NoDeployment, Policy, cause_of

USAGE = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}


def good(*parts):
    return stream(*says(*parts), USAGE)


def read(router, door, request=None, **options):
    """Parts that came, the stream, and the error that ended it."""
    request = request or asking()
    parts, failed = [], None
    if door == "stream":
        reading = router.stream(request, **options)
        try:
            with reading:
                parts.extend(reading)
        except LanguageModelError as error:
            failed = error
        return parts, reading, failed

    async def main():
        nonlocal failed
        reading = router.astream(request, **options)
        try:
            async with reading:
                async for part in reading:
                    parts.append(part)
        except LanguageModelError as error:
            failed = error
        return reading

    return parts, asyncio.run(main()), failed


@pytest.mark.parametrize("door", ["stream", "astream"])
class TestStreams:
    def test_what_a_request_asks_of_caches_reaches_the_deployment(self, route, door):
        made = route(1, cache=MemoryCache(max_entries=10))
        made.servers[0].otherwise = good("Be", "cause.")
        asked = asking(temperature=0.0)
        for requests, control in ((1, None), (1, None), (2, Control(no_cache=True)), (2, None)):
            assert read(made.router, door, asked, control=control)[0] == ["Be", "cause."]
            assert made.requests == [requests], control

    @pytest.mark.parametrize(
        ("said", "cause"),
        [
            (refusal(429), "rate_limited"),
            (refusal(500), "server_error"),
            ([RESET], "unreachable"),
            (stream({"error": {"message": "busy", "code": 503}}, done=False), "overloaded"),
            (stream(chunk({"role": "assistant", "content": ""}), done=False), "protocol_error"),
            (stream(chunk(finish="stop")), "empty"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_what_fails_at_the_first_read_is_not_seen(self, route, door, said, cause):
        made = route(2)
        made.servers[0].otherwise = said
        made.servers[1].otherwise = good("Be", "cause.")
        parts, reading, failed = read(made.router, door)
        assert (parts, failed, reading.text, reading.outcome) == (["Be", "cause."], None, "Because.", Outcome.OK)
        assert [one.cause for one in reading.receipt.asked] == [cause, "ok"]
        assert made.requests == [1, 1]
        assert reading.spent.calls == 2
        assert made.router.in_flight == 0

    @pytest.mark.parametrize("emitted", [1, 2, 7])
    @pytest.mark.parametrize(
        ("breaks", "cause"),
        [
            ([RESET], "unreachable"),
            ([CLOSE], "protocol_error"),
            ([30.0], "timed_out"),
            ([{"error": {"message": "lost", "code": 500}}], "server_error"),
            (["{bad"], "protocol_error"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_what_breaks_later_ends_in_its_cause_and_nothing_comes_twice(self, route, door, emitted, breaks, cause):
        made = route(2, endpoint={"idle_timeout_s": 0.3})
        words = [f"word {number} " for number in range(emitted)]
        made.servers[0].otherwise = stream(*says(*words, finish=None), 0.05, *breaks, done=False)
        made.servers[1].otherwise = refusal(400, "The last message must not be of the assistant.")
        parts, reading, failed = read(made.router, door)
        assert "".join(parts) == "".join(words)
        assert cause_of(failed).name == cause, failed
        assert failed.receipt.asked[0].cause == cause
        assert made.requests == [1, 0], "no other deployment is asked to go on"
        assert (reading.outcome, failed.spent.calls) == (failed.outcome, 1)
        assert made.router.in_flight == 0
        assert made.stats().failures_by_cause == {cause: 1}

    def test_whatever_fails_no_character_is_doubled_or_out_of_order(self, route, door, seed):
        source = random.Random(seed)
        whole = [chr(0x4E00 + number) for number in range(200)]
        made = route(3, policy=Policy(strategy="round-robin", failures_to_open=1000))

        def says_some(_):
            if source.random() < 0.3:
                return refusal(503)
            length = source.randrange(1, 200)
            if source.random() < 0.3:
                return stream(*says("".join(whole)))
            cuts = sorted(source.sample(range(1, 200), 5))
            pieces = [
                "".join(whole[one:other]) for one, other in zip([0, *cuts], [*cuts, length], strict=True) if one < other
            ]
            return stream(*says(*pieces, finish=None), source.choice((RESET, CLOSE)), done=False)

        for server in made.servers:
            server.otherwise = says_some
        for _ in range(40):
            parts, _, failed = read(made.router, door)
            assert "".join(whole).startswith("".join(parts)), f"seed {seed}"
            assert failed is not None or "".join(parts) == "".join(whole), f"seed {seed}"
        assert made.router.in_flight == 0, f"seed {seed}"

    def test_a_cut_answer_ends_so_and_asks_nobody_else(self, route, door):
        made = route(2)
        made.servers[0].otherwise = stream(*says("Beca", finish="length"))
        parts, _, failed = read(made.router, door)
        assert parts == ["Beca"]
        assert isinstance(failed, CutAnswer)
        assert made.requests == [1, 0]

    def test_nothing_is_asked_before_the_first_part_is_wanted(self, route, door):
        made = route(1)
        opened = made.router.stream(asking()) if door == "stream" else made.router.astream(asking())
        assert made.requests == [0]
        assert opened.outcome is None
        with pytest.raises(NoDeployment):
            getattr(made.router, door)(asking(model="other"))

    def test_who_leaves_ends_the_call_at_once(self, route, door):
        made = route(1)
        made.servers[0].otherwise = stream(*says("one", finish=None), 20.0)
        started = time.monotonic()
        if door == "stream":
            with made.router.stream(asking()) as reading:
                next(reading)
        else:

            async def main():
                async with made.router.astream(asking()) as reading:
                    await anext(reading)
                return reading

            reading = asyncio.run(main())
        assert made.servers[0].left.wait(20)
        assert made.servers[0].left_at - started < 15
        assert reading.outcome is Outcome.CANCELLED
        assert reading.receipt.asked[0].cause == "cancelled"
        assert made.router.in_flight == 0
        assert made.stats().failures == 0

    def test_the_reader_s_time_is_not_the_router_s(self, route, door):
        made = route(1)
        made.servers[0].otherwise = stream(*says("a", "b", finish=None), 0.1, chunk({"content": "c"}, "stop"))
        if door == "stream":
            reading = made.router.stream(asking())
            for _ in reading:
                time.sleep(0.05)
        else:

            async def main():
                reading = made.router.astream(asking())
                async for _ in reading:
                    await asyncio.sleep(0.05)
                return reading

            reading = asyncio.run(main())
        receipt = reading.receipt
        assert receipt.total_ns == receipt.provider_ns + receipt.overhead_ns + receipt.reader_ns
        assert receipt.reader_ns > 0.14e9
        assert 0 < receipt.overhead_ns < receipt.total_ns - receipt.reader_ns

    def test_a_deadline_holds_for_the_whole_stream(self, route, door):
        made = route(2)
        made.servers[0].otherwise = [0.3, *refusal(500)]
        made.servers[1].otherwise = stream(*says("a", finish=None), 20.0)
        started = time.monotonic()
        parts, _, failed = read(made.router, door, deadline_s=2.0)
        assert isinstance(failed, ModelTimedOut)
        assert parts == ["a"]
        assert time.monotonic() - started < 15


def test_a_cancelled_reader_leaves_no_count(route):
    made = route(1)
    made.servers[0].otherwise = [20.0, *answer()]

    async def main():
        reading = made.router.astream(asking())
        task = asyncio.ensure_future(anext(reading))
        while not made.requests[0]:
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert made.servers[0].left.wait(20)
    assert made.router.in_flight == 0


def test_when_all_refuse_the_first_refusal_is_told(route):
    made = route(2)
    made.servers[0].otherwise = refusal(429, **{"retry-after": "3"})
    made.servers[1].otherwise = refusal(500)
    _, _, failed = read(made.router, "astream")
    assert isinstance(failed, ModelRefused)
    assert (failed.status, failed.retry_after_s) == (429, 3.0)
