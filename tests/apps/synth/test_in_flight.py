"""Counts of what is under way are zero at rest, whatever became of the requests."""

import asyncio
import random
import zlib

import pytest

from synqc.apps.synth.errors import APIError
from synqc.llm import Completion, ModelRefused, Spent


class Moody:
    """A provider in this process: answers, refuses, and takes its time."""

    name, is_local, most_at_once = "moody", True, 64

    def __init__(self, seed):
        self.seed = seed

    async def acomplete(self, request, read=str, **options):
        said = request.messages[-1].content
        mood = zlib.crc32(f"{self.seed} {said}".encode()) % 10
        for _ in range(mood % 4):
            await asyncio.sleep(0)
        if mood == 7:
            raise ModelRefused("No.", status=400, spent=Spent(1))
        return Completion(read(said), said, request.model, "stop", Spent(1, 2, 3))


async def _stormed(synth, operations, seed):
    chance = random.Random(seed)
    outcomes = {"ok": 0, "failed": 0, "cancelled": 0}

    async def one(number):
        prompt = f"P{number}" if number % 3 else f"Q{chance.randrange(50)}"  # some are hits, some are asked at once
        task = asyncio.ensure_future(synth.generate(prompt))
        if number % 5 == 0:
            for _ in range(chance.randrange(1, 5)):  # once is enough to begin
                await asyncio.sleep(0)
            task.cancel()
        try:
            await task
            outcomes["ok"] += 1
        except APIError:
            outcomes["failed"] += 1
        except asyncio.CancelledError:
            outcomes["cancelled"] += 1

    for first in range(0, operations, 200):
        await asyncio.gather(*(one(first + k) for k in range(200)))
    return outcomes


def check_at_rest(synths, operations, seed):
    ended = []

    def observe(record):
        ended.append(record.outcome)

    synth = synths(
        providers={"moody": Moody(seed)}, model="moody:any", max_concurrency=20, observe=observe, max_retries=0
    )
    tickets = []
    begin = synth._requests.begin
    synth._requests.begin = lambda kind: tickets.append(begin(kind)) or tickets[-1]
    outcomes = asyncio.run(_stormed(synth, operations, seed))
    for ticket in tickets:  # callbacks that come twice
        ticket.end()
        ticket.end(ValueError())
    metrics = synth.get_metrics()
    at_rest = (metrics.requests.in_flight, metrics.running, metrics.waiting, metrics.router.in_flight)
    assert at_rest == (0, 0, 0, 0), f"seed {seed}"
    counts = metrics.requests
    assert (counts.succeeded, counts.failed, counts.cancelled) == tuple(outcomes.values()), f"seed {seed}"
    assert counts.total == len(ended) == operations
    assert min(outcomes.values()) > 0
    assert counts.cache_hits + counts.cache_misses == counts.succeeded


def test_nothing_is_in_flight_at_rest(synths, seed):
    check_at_rest(synths, 2000, seed)


@pytest.mark.deep
def test_nothing_is_in_flight_after_a_million_operations(synths, seed):
    check_at_rest(synths, 1_000_000, seed)
