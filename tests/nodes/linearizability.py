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
    answered = sorted((one for one in history if one.end < math.inf), key=lambda one: one.begin)
    last_read = {one.value: index for index, one in enumerate(answered) if one.kind == "read"}
    # A write without an answer that nobody reads later may as well never take effect.
    unanswered = {one.value: one for one in history if one.end == math.inf and one.value in last_read}
    write_of = {one.value: index for index, one in enumerate(answered) if one.kind == "write"}
    seen = set()
    # Operations before `first` are done, and those of `beyond`; `gone` were seen and must not be seen unstored again.
    stack = [(0, frozenset(), frozenset(unanswered), initial, initial, frozenset())]
    while stack:
        first, beyond, open_, shown, stored, gone = stack.pop()
        while first in beyond:
            beyond -= {first}
            first += 1
        if first == len(answered):
            return True
        open_ = frozenset(value for value in open_ if last_read[value] >= first)
        gone = frozenset(value for value in gone if last_read[value] >= first)
        if (first, beyond, open_, shown, stored, gone) in seen:
            continue
        seen.add((first, beyond, open_, shown, stored, gone))
        earliest_end = math.inf
        begun = []
        for index in range(first, len(answered)):
            if answered[index].begin > earliest_end:
                break
            if index not in beyond:
                begun.append(index)
                earliest_end = min(earliest_end, answered[index].end)
        begun = [index for index in begun if answered[index].begin <= earliest_end]
        after = gone if shown == stored else gone | {shown}
        # A read of what is shown changes nothing: it may as well be the next.
        plain = [index for index in begun if answered[index].kind == "read" and answered[index].value == shown]
        if not plain:
            for value in open_:
                if unanswered[value].begin <= earliest_end:
                    stack.append((first, beyond, open_ - {value}, value, value, after - {value}))
        for index in plain[:1] or reversed(begun):
            one = answered[index]
            if one.kind == "write":
                state = (one.value, one.value, after - {one.value})
            elif one.value == shown:
                state = (shown, stored, gone)
            elif one.value == stored:
                state = (stored, stored, after)
            elif one.value not in gone and (one.value in open_ or write_of.get(one.value) in begun):
                if one.value in open_ and unanswered[one.value].begin > earliest_end:
                    continue
                state = (one.value, stored, after)
            else:
                continue
            stack.append((first, beyond | {index}, open_, *state))
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
