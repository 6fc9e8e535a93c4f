"""A damaged file is set aside and rebuilt, or still right: it never gives a value that was not stored."""

import random
import shutil

import pytest

from synqc.cache import DiskCache
from synqc.errors import InputError

KEYS = 200


def value_of(k):
    return [k, f"value {k} " * (k % 40)]


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "cache.db"
    with DiskCache(path) as cache:
        for k in range(KEYS):
            cache.set(f"key {k}", value_of(k), ttl=1e6 if k % 2 else None)
    return path


def check(path, where):
    """Reads everything, writes, reads again; returns how many values were still there."""
    with DiskCache(path, retry_seconds=0.01) as cache:
        found = 0
        for k in range(KEYS):
            value = cache.get(f"key {k}")
            assert value is None or value == value_of(k), where
            found += value is not None
        for k in range(0, KEYS, 10):
            cache.set(f"key {k}", value_of(k))
        cache.flush()
        for k in range(0, KEYS, 10):
            assert cache.get(f"key {k}") in (None, value_of(k)), where
        stats = cache.stats()
        if found < KEYS:
            assert stats.errors + stats.set_aside > 0 or stats.misses > 0, where
    with DiskCache(path, retry_seconds=0.01) as cache:
        cache.set("afterwards", 1)
        cache.flush()
        assert cache.get("afterwards") == 1, where
    return found


@pytest.mark.parametrize("rounds", [15, pytest.param(150, marks=pytest.mark.deep)])
def test_flipped_bytes_never_give_a_wrong_value(rounds, sound, tmp_path, seed):
    rng = random.Random(seed)
    path = tmp_path / "cache.db"
    size = sound.stat().st_size
    for round_ in range(rounds):
        shutil.copy(sound, path)
        with open(path, "r+b") as file:
            # A third of the rounds damages the header and the schema, where most depends on one byte.
            for _ in range(rng.choice([1, 3, 30])):
                place = rng.randrange(200 if round_ % 3 == 0 else size)
                file.seek(place)
                byte = file.read(1)[0]
                file.seek(place)
                file.write(bytes([byte ^ (1 << rng.randrange(8))]))
        refusal = "version"
        try:
            check(path, f"seed {seed}, round {round_}")
        except InputError as error:
            refusal = str(error)
        finally:
            for file in tmp_path.iterdir():
                file.unlink()
        # A byte of the version may now say that the file is newer than this program, or somebody else's.
        assert "version" in refusal or "another database" in refusal, f"seed {seed}, round {round_}"


@pytest.mark.parametrize("rounds", [60, pytest.param(600, marks=pytest.mark.deep)])
def test_one_bit_that_turned_costs_no_entry(rounds, tmp_path, caplog, seed):
    path, sound = tmp_path / "cache.db", tmp_path / "sound.db"
    expected = {f"key {k}": value_of(k) for k in range(300)} | {f"large {k}": bytes([k]) * 20_000 for k in range(3)}
    with DiskCache(sound) as cache:
        for old in (*expected, *(f"gone {k}" for k in range(100))):
            cache.set(old, "an older value")
        cache.flush()
        for key, value in expected.items():
            cache.set(key, value, ttl=1e6)
        for k in range(100):
            cache.delete(f"gone {k}")
    content = sound.read_bytes()
    rng = random.Random(seed)
    mended = 0
    for round_ in range(rounds):
        damaged = bytearray(content)
        place = rng.randrange(200 if round_ % 3 == 0 else len(content))
        damaged[place] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        where = f"seed {seed}, round {round_}, place {place}"
        with DiskCache(path) as cache:
            assert {key: cache.get(key) for key in expected} == expected, where
            assert [cache.get(f"gone {k}") for k in range(100)] == [None] * 100, where
            assert cache.stats().set_aside == 0, where
        with DiskCache(path) as cache:
            assert len(cache) == len(expected), where
        mended += "one bit had turned" in caplog.text
        caplog.clear()
    assert mended > 2 * rounds / 3, f"seed {seed}: the others hit what nobody reads"


def test_what_is_damaged_further_costs_the_entries_of_its_pages_alone(tmp_path, caplog, seed):
    path, sound = tmp_path / "cache.db", tmp_path / "sound.db"
    expected = {f"key {k:06}.": [k, "v" * (k % 200)] for k in range(2000)}
    with DiskCache(sound) as cache:
        for key, value in expected.items():
            cache.set(key, value)
    content = sound.read_bytes()
    page = 8192
    leaves = [start for start in range(page, len(content), page) if content[start] == 13]  # of a table
    rng = random.Random(seed)
    for round_ in range(10):
        damaged, lost = bytearray(content), set()
        for start in rng.sample(leaves, rng.choice([1, 2, 5])):
            lost |= {key for key in expected if key.encode() in content[start : start + page]}
            damaged[start : start + 512] = rng.randbytes(512)
        path.write_bytes(damaged)
        where = f"seed {seed}, round {round_}"
        with DiskCache(path) as cache:
            kept = {key: value for key in expected if (value := cache.get(key)) is not None}
            assert kept == {key: value for key, value in expected.items() if key not in lost}, where
            assert (len(cache), cache.stats().set_aside) == (len(kept), 1), where
        assert f"{len(kept)} entries of it could be kept" in caplog.text, where
        assert len(list(tmp_path.glob("cache.db.corrupt-*"))) == 1, where
        for file in tmp_path.glob("cache.db*"):
            file.unlink()
        caplog.clear()


def test_truncated_files_never_give_a_wrong_value(sound, tmp_path, seed):
    rng = random.Random(seed)
    path = tmp_path / "cache.db"
    size = sound.stat().st_size
    for length in [0, 1, 15, 16, 99, 100, 4096, 8191, 8192, 8193, *(rng.randrange(size) for _ in range(20))]:
        shutil.copy(sound, path)
        with open(path, "r+b") as file:
            file.truncate(length)
        try:
            check(path, f"seed {seed}, length {length}")
        finally:
            for file in tmp_path.iterdir():
                file.unlink()


def test_a_file_of_ours_that_is_no_database_any_more_is_set_aside_and_reported(sound, tmp_path, caplog):
    path = tmp_path / "cache.db"
    path.write_bytes(b"not a database\0" + sound.read_bytes()[15:])
    with DiskCache(path) as cache:
        cache["a"] = 1
        assert cache.flush()
        assert cache.stats().set_aside == 1
    aside = list(tmp_path.glob("cache.db.corrupt-*"))
    assert len(aside) == 1
    assert aside[0].read_bytes().startswith(b"not a database")
    assert "set aside" in caplog.text


def test_a_text_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("dear diary\n")
    with pytest.raises(InputError, match="holds something else"):
        DiskCache(path)
    assert path.read_text() == "dear diary\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("rounds", [3, pytest.param(20, marks=pytest.mark.deep)])
def test_damage_done_while_the_cache_is_open_never_gives_a_wrong_value(rounds, sound, tmp_path, seed):
    rng = random.Random(seed)
    path = tmp_path / "cache.db"
    for round_ in range(rounds):
        shutil.copy(sound, path)
        with DiskCache(path, retry_seconds=0.01) as cache:
            cache.get("key 1")
            with open(path, "r+b") as file:
                for _ in range(40):
                    file.seek(rng.randrange(8192, sound.stat().st_size))
                    file.write(bytes([rng.randrange(256)]))
            for k in range(KEYS):
                assert cache.get(f"key {k}") in (None, value_of(k)), f"seed {seed}, round {round_}"
                cache.set(f"new {k}", k)
        for file in tmp_path.iterdir():
            file.unlink()
