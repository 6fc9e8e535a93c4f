"""Counts of an AgenticSynth's requests come back to zero, whoever ends them how often."""

import random
import threading

import pytest
from drawn_seed import drawn_seed

from synqc.apps.synth.requests import Requests

SEED = drawn_seed(__name__)
ENDS = (None, OSError("away"), GeneratorExit(), KeyboardInterrupt())


def tortured(operations, threads):
    """Counts and records after requests that ended in every way, several times, on several threads at once."""
    records = []
    requests = Requests(records.append)

    def work(seed):
        draw = random.Random(seed)
        held = []
        for _ in range(operations // threads):
            held.append(requests.begin("text"))
            held[-1].cached = draw.random() < 0.5
            if len(held) > 8 or draw.random() < 0.5:
                ticket = held.pop(draw.randrange(len(held)))
                for _ in range(draw.choice((1, 1, 2, 3))):
                    ticket.end(draw.choice(ENDS))
        for ticket in held:
            ticket.end(GeneratorExit())
            ticket.end()

    working = [threading.Thread(target=work, args=(SEED + number,)) for number in range(threads)]
    for thread in working:
        thread.start()
    for thread in working:
        thread.join()
    return requests.counts(), len(records)


@pytest.mark.parametrize("operations", [20_000, pytest.param(1_000_000, marks=pytest.mark.deep)])
def test_nothing_stays_in_flight_and_each_request_is_told_once(operations):
    counts, records = tortured(operations, 4)
    assert counts.in_flight == 0, f"seed {SEED}"
    assert counts.total == records == operations, f"seed {SEED}"
    assert counts.succeeded + counts.failed + counts.cancelled == operations, f"seed {SEED}"
    assert counts.cache_hits + counts.cache_misses == counts.succeeded, f"seed {SEED}"
