"""Leaks by slope: steady growth is one, filling up and a single jump are not."""

import itertools
import os
import random
import subprocess
import sys
import textwrap

import pytest
from drawn_seed import drawn_seed

from synqc.errors import InputError
from synqc.measure import MeasuredNothing, leak
from synqc.measure.leak import slope_of
from synqc.measure.memory_readings import memory_of_process, own_memory, resident_bytes

SEED = drawn_seed(__name__)


def judged(value_at, *, noise=0.0, blocks=30, cycles=100):
    draw = random.Random(SEED)
    values = [value_at(block) + draw.gauss(0, noise) for block in range(blocks)]
    return slope_of("resident", values, cycles=cycles, least=100.0, error_rate=0.01).verdict


def test_steady_growth_is_a_leak_also_in_noise():
    assert judged(lambda block: 1e8 + 50_000 * block, noise=100_000) == "leak", f"seed {SEED}"


def test_a_cache_that_fills_and_then_is_full_is_none():
    assert judged(lambda block: 1e8 + 1e6 * min(block, 5), noise=1000) == "none", f"seed {SEED}"


def test_one_jump_is_no_leak():
    assert judged(lambda block: 1e8 + 1e7 * (block > 14), noise=1000) != "leak", f"seed {SEED}"


def test_a_saw_is_no_leak():
    assert judged(lambda block: 1e8 + 1e6 * (block % 4)) != "leak"


def test_noise_alone_rarely_alarms():
    draw = random.Random(SEED)
    found = [
        slope_of("resident", [draw.gauss(0, 1e6) for _ in range(30)], cycles=1, least=1.0, error_rate=0.01).verdict
        for _ in range(200)
    ]
    assert found.count("leak") <= 2, f"seed {SEED}"


def test_cycles_are_counted_and_memory_is_read_after_each_block():
    calls = itertools.count()
    reads = []

    def readings():
        reads.append(next(calls))
        return {"resident": 4096.0, "python blocks": 7}

    found = leak(lambda: next(calls), cycles=5, blocks=12, warm_blocks=3, readings=readings)
    assert reads == [5 + 6 * block for block in range(15)]
    assert (found.verdict, found.cycles) == ("none", 60)
    assert {one.reading for one in found.slopes} == {"resident", "python blocks"}
    assert found.to_dict()["slopes"][0]["first"] == 4096.0
    assert "none: resident +0 per cycle" in str(found)


def test_objects_that_are_kept_are_a_leak_of_this_process():
    kept = []
    found = leak(lambda: kept.append([object() for _ in range(100)]), cycles=20, blocks=12, warm_blocks=3)
    slopes = {one.reading: one for one in found.slopes}
    assert slopes["python blocks"].verdict == "leak"
    assert slopes["python blocks"].per_cycle > 90
    assert found.verdict == "leak"


def test_memory_of_another_process_is_read_by_its_number():
    readings = memory_of_process(os.getpid())
    assert readings()["resident"] == pytest.approx(resident_bytes(), rel=0.5)
    assert own_memory()["resident"] > 0
    with pytest.raises(InputError, match="`pid` must be at least 1"):
        memory_of_process(0)
    with pytest.raises(MeasuredNothing, match="cannot be read"):
        memory_of_process(2**22 + 1)()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"blocks": 5}, "`blocks` must be at least 12, but is 5"),
        ({"cycles": 0}, "`cycles` must be at least 1"),
        ({"warm_blocks": -1}, "`warm_blocks` must be at least 0"),
        ({"least_bytes": 0}, "`least_bytes` must be above 0"),
    ],
)
def test_arguments_out_of_range_are_named(options, words):
    with pytest.raises(InputError, match=words):
        leak(list, **options)


def test_the_peak_is_that_of_this_program_and_not_of_the_one_that_started_it():
    held = bytearray(os.urandom(1)) * (400 << 20)  # the system counts it to what a child is said to have held
    program = """
        from synqc.measure import peak_resident_bytes
        before = peak_resident_bytes()
        held = bytearray(b"x") * (100 << 20)
        del held
        print(before, peak_resident_bytes())
    """
    answer = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    )
    before, after = map(int, answer.stdout.split())
    assert before < len(held)
    assert after - before >= 90 << 20
