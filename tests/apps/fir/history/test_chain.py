"""One byte that is changed anywhere in a history is found, and where it is."""

import base64
import random
from dataclasses import replace

import pytest

from synqc import json
from synqc.apps.fir.history.chain import Fault, FaultPlace, chained, first_hash, verify_chain
from synqc.apps.fir.history.entry import Entry, StoredEntry
from synqc.apps.fir.history.export import export_history, read_export
from synqc.errors import InputError

SESSION = "0a1b2c3d-0000-4000-8000-000000000000"


def a_history(count=6):
    entries, previous = [], first_hash(SESSION)
    for number in range(1, count + 1):
        entry = Entry(
            SESSION, number, 1e9 + number, "SI Meera Rao", "officer", "Accepted", "summary_review", "0" * 64, "1" * 64,
            {"kind": "Accepted", "note": "हत्या की रिपोर्ट"}, "small-model", "2" * 64, 0.25,
        )  # fmt: skip
        body = entry.to_bytes()
        previous = chained(previous, body)
        entries.append(StoredEntry(number, body, previous))
    return entries


def flipped(data, rng):
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]


def test_a_whole_history_has_no_fault_and_reads_back():
    entries = a_history()
    assert verify_chain(SESSION, entries, entries[-1].hash) == []
    assert entries[2].entry.to_bytes() == entries[2].body
    assert verify_chain(SESSION, [], first_hash(SESSION)) == []


def test_one_flipped_bit_of_a_body_is_found_at_its_entry(seed):
    rng = random.Random(seed)
    for _ in range(500):
        entries = a_history()
        at = rng.randrange(len(entries))
        entries[at] = replace(entries[at], body=flipped(entries[at].body, rng))
        found = verify_chain(SESSION, entries, a_history()[-1].hash)
        assert found == [Fault(at + 1, FaultPlace.BODY)], f"seed {seed}"


def test_one_changed_digit_of_a_hash_is_found_at_its_entry(seed):
    rng = random.Random(seed)
    for _ in range(300):
        entries = a_history()
        at, digit = rng.randrange(len(entries)), rng.randrange(64)
        before = entries[at].hash
        other = rng.choice([one for one in "0123456789abcdef" if one != before[digit]])
        entries[at] = replace(entries[at], hash=before[:digit] + other + before[digit + 1 :])
        assert verify_chain(SESSION, entries, a_history()[-1].hash) == [Fault(at + 1, FaultPlace.HASH)], f"seed {seed}"


def test_entries_that_are_missing_moved_or_of_another_session_are_found():
    entries, head = a_history(), a_history()[-1].hash
    for at in range(5):
        assert verify_chain(SESSION, entries[:at] + entries[at + 1 :], head) == [Fault(at + 1, FaultPlace.NUMBER)]
    assert verify_chain(SESSION, entries[:-1], head) == [Fault(5, FaultPlace.HEAD)]
    assert verify_chain(SESSION, [], head) == [Fault(0, FaultPlace.HEAD)]
    swapped = [entries[1], entries[0], *entries[2:]]
    assert verify_chain(SESSION, swapped, head)[0].number == 1
    assert verify_chain("another session", entries, head)[0].number == 1


def test_a_tail_that_was_written_anew_is_found_by_the_sessions_note_of_its_end():
    """Whoever can write the table can chain anew; the head beside the session, and the seal, are elsewhere."""
    entries, head = a_history(), a_history()[-1].hash
    forged = replace(entries[-1], body=entries[-1].body.replace(b"Meera", b"Somei"))
    forged = replace(forged, hash=chained(entries[-2].hash, forged.body))
    assert verify_chain(SESSION, [*entries[:-1], forged], head) == [Fault(6, FaultPlace.HEAD)]


def test_an_export_reads_back_and_a_changed_one_says_where():
    entries = a_history()
    data = export_history(SESSION, entries, entries[-1].hash)
    read = read_export(data)
    assert (read.session_id, list(read.entries), read.faults) == (SESSION, entries, ())
    lines = data.splitlines()
    row = json.loads(lines[3])
    for changed in (
        row | {"body": base64.b64encode(row["body"].encode()).decode()},
        row | {"entry": row["entry"] | {"who": "somebody else"}},
    ):
        tampered = b"\n".join([*lines[:3], json.canonical(changed), *lines[4:]])
        assert [fault.number for fault in read_export(tampered).faults][:1] == [3]


def test_no_flipped_byte_of_an_export_goes_unseen(seed):
    rng = random.Random(seed)
    data = export_history(SESSION, a_history(3), a_history(3)[-1].hash)
    whole = read_export(data)
    unseen = []
    for _ in range(400):
        try:
            read = read_export(flipped(data, rng))
        except InputError:
            continue
        if not read.faults and (read.entries, read.head) == (whole.entries, whole.head):
            continue  # a blank between lines, or the line of what it is
        if not read.faults:
            unseen.append(read)
    assert unseen == [], f"seed {seed}"


@pytest.mark.parametrize("data", [b"", b"{}", b"[]\n", b"x", b'{"form":"synqc.fir.history","version":2}', b"\xff\x00"])
def test_what_is_no_export_is_refused(data):
    with pytest.raises(InputError, match="data"):
        read_export(data)
