"""TextIndex: adding in pieces, asking, and its file, which refuses whatever is damaged."""

import hashlib
import json
import os
import random
import threading

import problems
import pytest

from synqc import text
from synqc.errors import DocumentError, InputError


def rows_of(seed, size):
    generator = random.Random(seed)
    rows = []
    for _ in range(size):
        again = rows and generator.random() < 0.3
        rows.append(generator.choice(rows).upper() + "!" if again else problems.problem(generator))
    return rows


@pytest.fixture
def saved(tmp_path):
    index = text.TextIndex(threshold=0.75, seed=11)
    index.add([*rows_of(4, 60), "", "é\ud800", "\x00"], progress=False)
    path = tmp_path / "rows.index"
    index.save(path)
    return index, path


def test_adding_in_pieces_is_adding_at_once(seed):
    rows = rows_of(seed, 800)
    whole = text.TextIndex()
    expected = whole.add(rows, progress=False)
    index = text.TextIndex()
    kept, found = [], []
    generator = random.Random(seed)
    while index.rows_seen < len(rows):
        part = index.add(rows[index.rows_seen :][: generator.randrange(1, 200)], progress=False)
        kept += part.kept.tolist()
        found += part.duplicates
    assert kept == expected.kept.tolist(), seed
    assert found == list(expected.duplicates), seed
    assert len(index) == len(whole) == len(kept)


def test_an_index_of_texts_that_nobody_else_holds_keeps_them():
    index = text.TextIndex()
    index.add((f"{'row number'} {k} {'of many' * (k % 5)} {k * 7919}" for k in range(5000)), progress=False)
    assert len(index.query(f"row number {k} {'of many' * (k % 5)} {k * 7919}" for k in range(5000))) == 5000


def test_a_loaded_index_goes_on_like_the_saved_one(saved, tmp_path):
    index, path = saved
    loaded = text.TextIndex.load(path)
    assert loaded.arguments() == index.arguments()
    assert (loaded.rows_seen, len(loaded)) == (index.rows_seen, len(index))
    more = rows_of(4, 60)[::3] + rows_of(5, 50)
    assert index.add(more, progress=False).to_dict() == loaded.add(more, progress=False).to_dict()
    again = tmp_path / "again.index"
    loaded.save(again)
    index.save(path)
    assert again.read_bytes() == path.read_bytes()


def test_saving_replaces_the_file_or_leaves_it(saved, tmp_path, monkeypatch):
    index, path = saved
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        index.save(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def damaged(data, generator):
    """One of the ways a file comes to harm."""
    data = bytearray(data)
    kind = generator.randrange(6)
    at = generator.randrange(len(data))
    if kind == 0:
        data[at] ^= 1 << generator.randrange(8)
    elif kind == 1:
        del data[at:]
    elif kind == 2:
        data[at:at] = generator.randbytes(generator.randrange(1, 20))
    elif kind == 3:
        del data[at : at + generator.randrange(1, 200)]
    elif kind == 4:
        data[at : at + 16] = generator.randbytes(16)
    else:
        data += generator.randbytes(generator.randrange(1, 100))
    return bytes(data)


def check_damage(index, path, rounds, seed):
    """Damage is refused; damage with a sum made anew gives a whole index or is refused, and nothing else happens."""
    generator = random.Random(seed)
    whole = path.read_bytes()
    for k in range(rounds):
        harmed = damaged(whole, generator)
        if harmed == whole:
            continue
        path.write_bytes(harmed)
        with pytest.raises(DocumentError):
            text.TextIndex.load(path)
        forged = damaged(whole[:-32], generator)
        path.write_bytes(forged + hashlib.sha256(forged).digest())
        try:
            loaded = text.TextIndex.load(path)
        except DocumentError:
            continue
        assert len(loaded) <= loaded.rows_seen < 2**62, (seed, k)
        assert len(loaded.query(rows_of(4, 60))) <= 60, (seed, k)
        loaded.add(["one more"], progress=False)


def test_damaged_files_are_refused(saved, seed):
    check_damage(*saved, rounds=50, seed=seed)


@pytest.mark.deep
def test_many_damaged_files_are_refused(saved, seed):
    check_damage(*saved, rounds=1000, seed=seed)


def forged_file(path, head, *parts):
    data = b"SynQcTI1"
    text_of_head = json.dumps(head).encode()
    data += len(text_of_head).to_bytes(4, "little") + text_of_head
    for part in parts:
        data += len(part).to_bytes(4, "little") + part
    data += bytes(4)
    path.write_bytes(data + hashlib.sha256(data).digest())


HEAD = {"threshold": 0.8, "recall": 0.99, "seed": 0, "shingling": text.Shingling().to_dict(), "rows_seen": 9, "kept": 1}


def row_of(number, letters, length=None):
    return number.to_bytes(8, "little") + (len(letters) if length is None else length).to_bytes(4, "little") + letters


def test_a_forged_file_that_is_whole_is_an_index(tmp_path):
    forged_file(tmp_path / "a", HEAD, row_of(3, b"\xff\xfe row"))
    index = text.TextIndex.load(tmp_path / "a")
    assert (index.rows_seen, len(index)) == (9, 1)
    assert len(index.query(["\ufffd\ufffd ROW"])) == 1


@pytest.mark.parametrize(
    ("head", "parts"),
    [
        ({**HEAD, "threshold": 7}, [row_of(3, b"row")]),
        ({**HEAD, "threshold": "0.8"}, [row_of(3, b"row")]),
        ({**HEAD, "recall": None}, [row_of(3, b"row")]),
        ({**HEAD, "shingling": {"width": 9**99}}, [row_of(3, b"row")]),
        ({**HEAD, "shingling": {"depth": 3}}, [row_of(3, b"row")]),
        ({**HEAD, "shingling": [1]}, [row_of(3, b"row")]),
        ({**HEAD, "rows_seen": 2}, [row_of(3, b"row")]),
        ({**HEAD, "rows_seen": 2**70}, [row_of(3, b"row")]),
        ({**HEAD, "rows_seen": 4.5}, [row_of(3, b"row")]),
        ({**HEAD, "kept": 2}, [row_of(3, b"row")]),
        ({**HEAD, "kept": 2}, [row_of(3, b"row"), row_of(3, b"row")]),
        ({**HEAD, "kept": 2}, [row_of(3, b"row") + row_of(2, b"row")]),
        ({**HEAD, "extra": 2}, [row_of(3, b"row")]),
        (HEAD, [row_of(2**63, b"row")]),
        (HEAD, [row_of(2**64 - 1, b"row")]),
        (HEAD, [row_of(3, b"row", 4)]),
        (HEAD, [row_of(3, b"row", 2**32 - 1)]),
        (HEAD, [row_of(3, b"row")[:7]]),
        (HEAD, []),
        ([1], [row_of(3, b"row")]),
    ],
)
def test_a_forged_file_that_is_not_whole_is_refused(tmp_path, head, parts):
    forged_file(tmp_path / "a", head, *parts)
    with pytest.raises(DocumentError, match=r"must be a whole file of TextIndex\.save\(\)"):
        text.TextIndex.load(tmp_path / "a")


def test_what_is_no_file_of_an_index_is_refused(tmp_path):
    for name, content in {"empty": b"", "short": b"SynQcTI1", "other": b"PK\x03\x04" * 40}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DocumentError):
            text.TextIndex.load(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        text.TextIndex.load(tmp_path / "none")


def test_threads_that_share_an_index_wait_for_each_other():
    index = text.TextIndex()
    parts = [rows_of(seed, 300) for seed in range(4)]
    errors = []

    def add(part):
        try:
            for k in range(0, 300, 30):
                index.add(part[k : k + 30], progress=False)
                index.query(part[:10])
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=add, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert index.rows_seen == 1200
    assert all(len(index.query(part)) == 300 for part in parts)


def test_rows_that_come_back_to_their_own_index_are_refused():
    index = text.TextIndex()

    def rows():
        yield "first"
        index.add(["second"], progress=False)

    with pytest.raises(InputError, match="must not be used by its own"):
        index.add(rows(), progress=False)
    index.add(["third"], progress=False)
