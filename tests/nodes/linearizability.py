"""Whether a history of reads and writes of one value could have come from a single copy of it.

The search of Wing and Gong with the memory of Lowe ("Testing for linearizability", 2017), as in Knossos and Porcupine:
operations take effect one at a time, each between its beginning and its end.

Two words are weaker than a textbook's, because the service answers reads from memory, where a change is before it is
stored: a write may be seen and be gone again, once, before it takes effect, which a write without an answer may never
do. What was answered stays.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Operation:
    """A read or a write of the value.

    Args:
        kind: `read` or `write`.
        value: What was read or written; no two writes write the same.
        begin, end: When it was asked for and when it was answered; `end` is infinite for a write without an answer,
            which may take effect at any later time, or never.
    """

    kind: str
    value: object
    begin: float
    end: float = math.inf


def first_fault(history, initial):
    """The completed operations that no order explains, as many of them as are needed; None if there is an order."""
    if is_linearizable(history, initial):
        return None
    ends = sorted(one.end for one in history if one.end < math.inf)
    low, high = 0, len(ends) - 1
    while low < high:  # what a prefix of the history cannot explain, a longer one cannot either
        middle = (low + high) // 2
        if is_linearizable(_until(history, ends[middle]), initial):
            low = middle + 1
        else:
            high = middle
    return [one for one in _until(history, ends[low]) if one.end >= ends[max(0, low - 8)]]


def is_linearizable(history, initial):
    """Whether some order of the operations explains what was read."""
    read = {one.value for one in history if one.kind == "read"}
    # A write without an answer that nobody read may as well never have taken effect.
    operations = sorted(
        (one for one in history if one.end < math.inf or (one.kind == "write" and one.value in read)),
        key=lambda one: one.begin,
    )
    write_of = {one.value: index for index, one in enumerate(operations) if one.kind == "write"}
    wanted = sum(one.end < math.inf for one in operations)
    seen = set()
    # Operations before `first` are done, and those of `beyond`; `gone` were seen and must not be seen unstored again.
    stack = [(0, frozenset(), initial, initial, frozenset(), 0)]
    while stack:
        first, beyond, shown, stored, gone, done = stack.pop()
        while first in beyond:
            beyond -= {first}
            first += 1
        if done == wanted:
            return True
        if (first, beyond, shown, stored, gone) in seen:
            continue
        seen.add((first, beyond, shown, stored, gone))
        earliest_end = math.inf
        candidates = []
        for index in range(first, len(operations)):
            if operations[index].begin > earliest_end:
                break
            if index not in beyond:
                candidates.append(index)
                earliest_end = min(earliest_end, operations[index].end)
        candidates = [index for index in candidates if operations[index].begin <= earliest_end]
        # A read of what is shown changes nothing: it may as well be the next.
        plain = [one for one in candidates if operations[one].kind == "read" and operations[one].value == shown]
        for index in plain[:1] or candidates:
            one = operations[index]
            # What is shown and not stored belongs to a write that is still to come, or is never done.
            after = gone if shown in (stored, one.value) else gone | {shown}
            if one.kind == "write":
                state = (one.value, one.value, after - {one.value})
            elif one.value == shown:
                state = (shown, stored, gone)
            elif one.value == stored:
                state = (stored, stored, after)
            elif one.value not in gone and write_of.get(one.value) in candidates:
                state = (one.value, stored, after)
            else:
                continue
            stack.append((first, beyond | {index}, *state, done + (one.end < math.inf)))
    return False


def _until(history, moment):
    """What was known at a moment: what had begun, and ends of what had ended."""
    known = []
    for one in history:
        if one.end <= moment:
            known.append(one)
        elif one.begin <= moment and one.kind == "write":
            known.append(Operation("write", one.value, one.begin))
    return known
