"""The checker of histories finds planted faults, and believes what a single copy did."""

import random

import pytest
from linearizability import Operation, first_fault, is_linearizable


def read(value, begin, end):
    return Operation("read", value, begin, end)


def write(value, begin, *end):
    return Operation("write", value, begin, *end)


GOOD = {
    "nothing happened": [],
    "in turn": [write(1, 0, 1), read(1, 2, 3), write(2, 4, 5), read(2, 6, 7)],
    "a read beside a write may see either": [write(1, 0, 10), read(0, 1, 2), read(1, 3, 4)],
    "writes side by side take either order": [write(1, 0, 10), write(2, 0, 10), read(2, 11, 12), read(2, 13, 14)],
    "a write without an answer may come late": [write(1, 0), read(0, 1, 2), write(2, 3, 4), read(1, 5, 6)],
    "or never": [write(1, 0), write(2, 1, 2), read(2, 3, 4)],
    "or be seen and be gone with its node": [write(1, 0), read(1, 1, 2), read(0, 3, 4), read(0, 5, 6)],
    "or be done by the next one": [write(1, 0, 10), read(1, 1, 2), read(0, 3, 4), read(1, 11, 12)],
}
FAULTY = {
    "a lost update": [write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)],
    "a stale read": [write(1, 0, 1), read(0, 2, 3)],
    "there and back": [write(1, 0), read(1, 1, 2), read(0, 3, 4), read(1, 5, 6), read(0, 7, 8)],
    "gone after its answer": [write(1, 0, 3), read(1, 1, 2), read(0, 4, 5)],
    "two owners": [write(1, 0, 1), write(2, 2, 3), read(2, 4, 5), read(1, 4, 6), read(2, 7, 8), read(1, 9, 10)],
    "a write that took effect twice": [
        write(1, 0, 2),
        read(1, 3, 4),
        write(2, 5, 6),
        read(2, 7, 8),
        read(1, 9, 10),
    ],
    "what nobody wrote": [read(7, 0, 1)],
}


@pytest.mark.parametrize("history", GOOD.values(), ids=GOOD)
def test_what_a_single_copy_did_is_believed(history):
    assert is_linearizable(history, 0)


@pytest.mark.parametrize("history", FAULTY.values(), ids=FAULTY)
def test_planted_faults_are_found(history):
    assert not is_linearizable(history, 0)
    assert first_fault(history, 0)


@pytest.mark.seeded
def test_histories_of_a_real_copy_are_believed_and_a_swapped_read_is_not(seed):
    rng = random.Random(seed)
    for _ in range(10):
        value, history, moment = 0, [], 0.0
        for number in range(1, 60):
            moment += rng.random()
            spread = (rng.random() / 2, rng.random() / 2)
            if rng.random() < 0.4:
                value = number
                unanswered = rng.random() < 0.1
                history.append(write(value, moment - spread[0], *([] if unanswered else [moment + spread[1]])))
            else:
                history.append(read(value, moment - spread[0], moment + spread[1]))
        assert is_linearizable(history, 0), f"seed {seed}"
        late = max((one for one in history if one.kind == "read"), key=lambda one: one.begin)
        faulty = [*history, read(0, late.begin + 10, late.end + 10)]
        assert not is_linearizable(faulty, 0), f"seed {seed}"
