"""A ring buffer is the end of a list, whatever is packed."""

import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synqc.apps.tds.compressed_ring_buffer import CompressedRingBuffer


@given(
    most=st.integers(1, 700),
    steps=st.lists(st.one_of(st.integers(0, 300), st.lists(st.binary(max_size=20), max_size=300)), max_size=8),
    count=st.integers(0, 2000),
)
def test_it_is_the_end_of_a_list(most, steps, count):
    ring, model, number = CompressedRingBuffer(most), [], 0
    for step in steps:
        if isinstance(step, int):
            for _ in range(step):
                ring.append(b"entry %d" % number)
                model.append(b"entry %d" % number)
                number += 1
        else:
            ring.restart(step)
            model = list(step)
        model = model[-most:]
        assert len(ring) == len(model)
        assert ring.newest(count) == (model[-count:] if count else [])
        assert list(ring) == model


def test_entries_of_any_bytes_come_back():
    entries = [b"", b"\0", b"\n", b"\xff" * 1000, "µ".encode()] * 50
    ring = CompressedRingBuffer(1000)
    ring.restart(entries)
    assert list(ring) == entries


def test_rows_of_telemetry_take_half_their_size():
    rng = random.Random(7)
    rows = [
        b'{"timestamp":"2026-01-02T03:04:%02d.%03dZ","provider":"sim-local","fidelity":%.6f,"shots_used":836,"qubits":[%s]}'
        % (k % 60, rng.randrange(1000), rng.random(), b",".join(b"%.4f" % rng.random() for _ in range(4)))
        for k in range(512)
    ]
    ring = CompressedRingBuffer(512)
    ring.restart(rows)
    packed = sum(map(len, ring._packed))
    assert packed < 0.5 * sum(map(len, rows[: 64 * len(ring._packed)]))


@pytest.mark.parametrize("count", [64, 512])
def test_a_reader_never_misses_an_entry_that_is_being_packed(count):
    ring, done = CompressedRingBuffer(512), threading.Event()

    def write():
        for number in range(60_000):
            ring.append(b"%d" % number)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        numbers = [int(entry) for entry in ring.newest(count)]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
    writer.join()
    assert [int(entry) for entry in ring.newest(2)] == [59_998, 59_999]


@pytest.mark.parametrize("most", [1, 63, 64, 65, 512, 1000])
def test_what_is_forgotten_is_gone_from_memory(most):
    """At most two blocks more than is kept."""
    ring = CompressedRingBuffer(most)
    for number in range(20_000):
        ring.append(b"%d" % number)
        assert len(ring._packed) * 64 + len(ring._loose) < most + 2 * 64, number
    assert len(ring) == most
