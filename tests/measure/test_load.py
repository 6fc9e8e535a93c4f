"""Load in simulated time: stalls are charged to whoever came meanwhile, and a closed loop says that it omits them."""

import asyncio
import math
import random

import numpy as np
import pytest
from drawn_seed import drawn_seed
from simulated_time import run_simulated

from synqc.errors import InputError
from synqc.measure import AnswerClock, LoadReport, MeasuredNothing, Part, RequestFailed, closed_loop, open_loop
from synqc.measure.arrivals import arrival_times
from synqc.measure.load_report import Seconds
from synqc.measure.stream_times import part_of_openai

SEED = drawn_seed(__name__)
SERVICE_S = 0.002


class StallingServer:
    """Answers after 2 ms, except that for the first of every ten seconds it answers nobody."""

    def __init__(self):
        self.begin = asyncio.get_running_loop().time()

    async def __call__(self, clock):
        loop = asyncio.get_running_loop()
        phase = (loop.time() - self.begin) % 10
        await asyncio.sleep(max(0.0, 1 - phase) + SERVICE_S)
        clock.chunk()


def stalled(loop_of, **options):
    async def run():
        return await loop_of(StallingServer(), **options)

    return run_simulated(run())


def opened(target, **options):
    return run_simulated(open_loop(target, **{"rate": 100, "seconds": 1, "is_precise": False, **options}))


@pytest.mark.parametrize("arrivals", ["even", "poisson"])
def test_a_server_that_stalls_one_second_in_ten_has_the_p99_that_arithmetic_gives(arrivals):
    found = stalled(open_loop, rate=100, seconds=100, arrivals=arrivals, seed=SEED, is_precise=False)
    # A share (1 - x) / 10 of all requests waits longer than x seconds.
    assert found.latency.quantile(0.99) == pytest.approx(0.9 + SERVICE_S, rel=0.05), f"seed {SEED}"
    chance = 0.12 if arrivals == "poisson" else 0.01  # five standard deviations of who came during the stalls
    assert found.latency.quantile(0.95) == pytest.approx(0.5 + SERVICE_S, abs=chance), f"seed {SEED}"
    assert found.latency.quantile(0.5) == pytest.approx(SERVICE_S, rel=0.05), f"seed {SEED}"
    assert not found.is_omitting
    assert found.failed == 0
    assert found.achieved_rate == pytest.approx(100, rel=0.05), f"seed {SEED}"


def test_a_closed_loop_sees_the_stall_once_per_worker_and_says_that_it_omits():
    found = stalled(closed_loop, workers=2, seconds=20)
    assert found.is_omitting
    assert found.latency.quantile(0.99) == pytest.approx(SERVICE_S, rel=0.05)
    assert "OMITTING" in found.lines()[0]
    assert found.to_dict()["omitting"] is True
    assert found.offered_rate is None


def test_a_server_that_is_too_slow_is_saturated_and_offered_and_achieved_part():
    lane = asyncio.Lock()

    async def one_at_a_time(clock):
        async with lane:
            await asyncio.sleep(0.02)

    found = opened(one_at_a_time, seconds=10)
    assert found.offered_rate == pytest.approx(100)
    assert found.achieved_rate == pytest.approx(50, rel=0.01)
    assert found.is_saturated
    assert "SATURATED" in found.lines()[0]
    assert found.latency.quantile(1.0) == pytest.approx(10, rel=0.02)  # the last one waits for a thousand times 20 ms


def test_littles_law_holds():
    draw = random.Random(SEED)

    async def answer(clock):
        await asyncio.sleep(draw.expovariate(1 / 0.05))

    found = opened(answer, rate=200, seconds=20, arrivals="poisson", seed=SEED)
    assert found.mean_in_flight == pytest.approx(found.achieved_rate * found.latency.mean, rel=0.01), f"seed {SEED}"


def test_failures_never_make_a_quantile_better():
    count = 0

    async def fails_often(clock):
        nonlocal count
        count += 1
        await asyncio.sleep(0.001)
        if count % 10 == 0:
            raise RequestFailed("status 503")
        if count % 25 == 0:
            raise ConnectionResetError
        if count % 33 == 0:
            await asyncio.sleep(99)

    found = opened(fails_often, timeout_s=1.0)
    assert found.causes == {"status 503": 10, "ConnectionResetError": 2, "timeout": 3}
    assert (found.requests, found.answered, found.failed) == (100, 85, 15)
    assert found.latency.quantile(0.8) < 0.01
    assert math.isinf(found.latency.quantile(0.9))
    assert found.to_dict()["latency"]["p99_ms"] is None
    assert "p99 never" in "\n".join(found.lines())
    assert found.error_rate == pytest.approx(0.15)


def test_what_could_not_be_sent_is_counted():
    async def hangs(clock):
        await asyncio.sleep(5)

    found = opened(hangs, most_in_flight=10)
    assert (found.requests, found.unsent, found.most_in_flight) == (100, 90, 10)
    assert found.causes == {"not sent": 90}
    assert math.isinf(found.latency.quantile(0.5))


def test_a_load_without_an_answer_measured_nothing():
    async def fails(clock):
        raise RequestFailed("status 500")

    with pytest.raises(MeasuredNothing, match="None of 100 requests was answered: 100 status 500"):
        opened(fails).require_answers()


def test_role_reasoning_and_content_are_three_moments():
    events = [
        {"choices": [{"delta": {"role": "assistant"}}]},
        {"choices": [{"delta": {"content": ""}}]},
        {"choices": [{"delta": {"reasoning_content": "hm"}}]},
        {"choices": [{"delta": {"content": "ab cd ef gh"}}]},
        {"choices": [{"delta": {"content": "ij kl mn op"}}]},
    ]

    async def answer(clock):
        for event in events:
            await asyncio.sleep(0.1)
            clock.chunk(part_of_openai(event))
        clock.tokens = 9

    found = opened(answer, rate=1)
    assert found.first_chunk.quantile(0.5) == pytest.approx(0.1)
    assert found.first_reasoning.quantile(0.5) == pytest.approx(0.3)
    assert found.first_content.quantile(0.5) == pytest.approx(0.4)
    assert found.between_chunks.quantile(0.5) == pytest.approx(0.1)
    assert found.between_tokens.quantile(0.5) == pytest.approx(0.1 / 8)
    assert any(line.strip().startswith("first content") for line in found.lines())


def test_answers_of_one_and_two_tokens_are_defined():
    now = 0.0
    clock = AnswerClock(lambda: now)
    assert clock.between_chunks is None
    clock.chunk(Part.CONTENT)
    clock.tokens = 1
    assert (clock.between_chunks, clock.between_tokens) == (0.0, 0.0)
    now = 0.5
    clock.chunk(Part.CONTENT)
    clock.tokens = 2
    assert (clock.between_chunks, clock.between_tokens) == (0.5, 0.5)


def test_the_lateness_of_the_generator_is_told_and_is_part_of_the_latency():
    async def answer(clock):
        await asyncio.sleep(0.001)

    async def run():
        blocked = asyncio.get_running_loop()

        async def slow_to_send(clock):
            if blocked.time() < 0.02:  # the first keeps the loop busy for half a second
                blocked._skipping.skipped += 0.5
            await answer(clock)

        return await open_loop(slow_to_send, rate=100, seconds=1, is_precise=False)

    found = run_simulated(run())
    assert found.lateness.quantile(1.0) == pytest.approx(0.49, abs=0.02)
    assert found.latency.quantile(1.0) == pytest.approx(0.501, abs=0.02)


def test_a_closed_loop_stops_after_its_requests():
    async def answer(clock):
        await asyncio.sleep(0.01)

    found = run_simulated(closed_loop(answer, workers=3, requests=10))
    assert (found.requests, found.answered, found.most_in_flight) == (10, 10, 3)


def test_cancelling_a_load_cancels_what_is_under_way():
    under_way = ended = 0

    async def hangs(clock):
        nonlocal under_way, ended
        under_way += 1
        try:
            await asyncio.sleep(1000)
        finally:
            ended += 1

    async def run():
        load = asyncio.create_task(open_loop(hangs, rate=10, seconds=100, is_precise=False))
        await asyncio.sleep(1)
        load.cancel()
        await asyncio.gather(load, return_exceptions=True)
        return under_way, ended

    begun, done = run_simulated(run())
    assert begun == done > 5


def test_poisson_arrivals_have_the_rate_and_the_spread_of_poisson():
    times = arrival_times(1000, 20, "poisson", SEED)
    assert len(times) == pytest.approx(20_000, abs=5 * 20_000**0.5), f"seed {SEED}"
    gaps = np.diff(times)
    assert gaps.mean() == pytest.approx(1e-3, rel=0.05), f"seed {SEED}"
    assert gaps.std() == pytest.approx(1e-3, rel=0.05), f"seed {SEED}"
    assert arrival_times(1000, 20, "poisson", SEED).tolist() == times.tolist()


def test_quantiles_are_those_of_the_nearest_rank():
    times = Seconds(np.arange(1.0, 101.0))
    assert [times.quantile(q) for q in (0.5, 0.95, 0.99, 1.0)] == [50, 95, 99, 100]
    assert Seconds(np.array([])).quantile(0.5) is None


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (lambda: opened(None, rate=0), "`rate` must be above 0"),
        (lambda: opened(None, seconds=-1), "`seconds` must be above 0"),
        (lambda: opened(None, arrivals="odd"), "`arrivals` must be 'even' or 'poisson', but is 'odd'"),
        (lambda: opened(None, most_in_flight=0), "`most_in_flight` must be at least 1"),
        (lambda: opened(None, timeout_s=0), "`timeout_s` must be above 0"),
        (lambda: opened(None, rate=0.001, arrivals="poisson", seed=1), "No request falls into 1 s"),
        (lambda: run_simulated(closed_loop(None, workers=0, seconds=1)), "`workers` must be at least 1"),
        (lambda: run_simulated(closed_loop(None, workers=1)), "One of `seconds` and `requests` must be given"),
        (lambda: run_simulated(closed_loop(None, workers=1, requests=-2)), "must be above 0, but is -2"),
    ],
)
def test_arguments_out_of_range_are_named(run, words):
    with pytest.raises(InputError, match=words):
        run()


def test_a_report_is_plain_values():
    async def answer(clock):
        clock.chunk()

    found = opened(answer, rate=10)
    assert isinstance(found, LoadReport)
    document = found.to_dict()
    assert document["requests"] == 10
    assert document["latency"]["p50_ms"] == pytest.approx(0, abs=1)
    assert document["floor"] is None
