"""Which files a DiskCache takes for its own, what it does with damaged ones, and that nothing it was given is lost."""

import contextlib
import functools
import os
import random
import sqlite3
import stat
import subprocess
import sys
import textwrap

import pytest

from synqc.cache import DiskCache
from synqc.errors import InputError

APPLICATION_ID = 0x53796E51
MEGABYTE = 1 << 20
PAGE = 8192
FREE_BYTES = 20
"""Where a file says how many bytes SQLite keeps free at the end of each page."""


def stored(path, count=50):
    with DiskCache(path) as cache:
        for k in range(count):
            cache.set(f"key {k}", [k])
    return path


@pytest.fixture(scope="module")
def content_of(tmp_path_factory):
    """The bytes of a sound file of so many entries, each made once."""
    return functools.cache(lambda count: stored(tmp_path_factory.mktemp("sound") / "sound.db", count).read_bytes())


SIZES = pytest.mark.parametrize("count", [2000, 80_000], ids=["small", "too large to be read whole"])


def forge(path, *statements):
    """Run SQL on the file as somebody else would."""
    database = sqlite3.connect(path)
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def written(path, content):
    path.write_bytes(content)
    return path


def aside(path):
    return list(path.parent.glob(path.name + ".corrupt-*"))


# --- large values ---


@pytest.mark.parametrize("megabytes", [15, 17, 63, 65, pytest.param(100, marks=pytest.mark.deep)])
def test_a_large_value_is_stored_and_takes_nothing_with_it(tmp_path, megabytes):
    path = tmp_path / "cache.db"
    value = bytes(megabytes * MEGABYTE)
    with DiskCache(path) as cache:
        cache.set("big", 1)
        for k in range(20):
            cache.set(f"small {k}", k)
        cache.set("big", value)
        cache.set("after", 1)
        assert cache.get("big") == value
        assert cache.flush()
        assert (cache.get("small 0"), cache.get("after"), cache.get("big")) == (0, 1, value)
        stats = cache.stats()
        assert (stats.forgotten, stats.errors, stats.entries) == (0, 0, 22)
    with DiskCache(path) as cache:
        assert cache.get("big") == value
        assert [cache.get(f"small {k}") for k in range(20)] == list(range(20))


def test_many_large_values_wait_for_room_and_all_are_stored(tmp_path):
    with DiskCache(tmp_path / "cache.db", memory_bytes=MEGABYTE) as cache:
        for k in range(40):
            cache.set(f"key {k}", bytes([k]) * (4 * MEGABYTE))
        assert cache.flush()
        assert [cache.get(f"key {k}")[-1] for k in range(40)] == list(range(40))
        assert cache.stats().forgotten == 0


def test_a_value_too_large_for_memory_while_the_disk_fails_takes_nothing_with_it(tmp_path):
    folder = tmp_path / "folder"
    folder.write_text("in the way")
    with DiskCache(folder / "cache.db", memory_bytes=MEGABYTE, retry_seconds=0.01) as cache:
        cache.set("big", 1)
        cache.set("small", 1)
        cache.set("big", bytes(2 * MEGABYTE))
        assert (cache.get("small"), cache.get("big")) == (1, None)
        assert cache.stats().forgotten == 1
        folder.unlink()
        while not cache.flush():
            pass
        assert (cache.get("small"), cache.get("big")) == (1, None)


# --- whose file ---


def our_tables(mark):
    with_one_of_ours = "CREATE TABLE synqc_entries(n INTEGER PRIMARY KEY)"
    return [f"PRAGMA application_id = {mark}", with_one_of_ours, "CREATE TABLE sessions(id TEXT)"]


STRANGERS = {
    "another program's": ["CREATE TABLE notes(line TEXT)", "INSERT INTO notes VALUES('dear diary')"],
    "the service's of 0.1.0": ["CREATE TABLE synqc_schema(version INTEGER)", "CREATE TABLE sessions(id TEXT)"],
    "one with tables named like ours": ["CREATE TABLE synqc_notes(line TEXT)"],
    "one with our table beside others": our_tables(0),
    "one with an id of its own": ["PRAGMA application_id = 1234", "CREATE TABLE synqc_kinds(name BLOB)"],
    "one with an id and no table": [
        "PRAGMA application_id = 77",
        "CREATE TABLE a(b)",
        "DROP TABLE a",
        "CREATE VIEW v AS SELECT 1",
    ],
}


@pytest.mark.parametrize("statements", STRANGERS.values(), ids=STRANGERS.keys())
def test_the_database_of_somebody_else_is_refused_and_left_alone(tmp_path, statements):
    path = tmp_path / "theirs.db"
    forge(path, *statements)
    before = path.read_bytes()
    with pytest.raises(InputError, match="`path` must be a cache file or not exist, but is another database"):
        DiskCache(path)
    assert path.read_bytes() == before
    assert not aside(path)


FOREIGN_BYTES = {
    "text": b"dear diary\n" * 100,
    "zeros": bytes(1000),
    "picture": b"\x89PNG\r\n\x1a\n" + os.urandom(1000),
    "archive": b"PK\x03\x04" + os.urandom(1000),
    "few": b"\x00\x01",
    "almost a database": b"SQLite format 3\0" + os.urandom(50) + b"\xff" * 1000,
    "encrypted": bytes(range(255, 0, -1)) * 40,
}


@pytest.mark.parametrize("content", FOREIGN_BYTES.values(), ids=FOREIGN_BYTES.keys())
def test_a_file_of_another_kind_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "theirs"
    path.write_bytes(content)
    with pytest.raises(InputError, match="holds something else"):
        DiskCache(path)
    assert path.read_bytes() == content
    assert not aside(path)


@pytest.mark.parametrize("rounds", [30, pytest.param(300, marks=pytest.mark.deep)])
def test_the_database_of_somebody_else_whose_header_is_damaged_is_left_alone(tmp_path, rounds, seed):
    rng = random.Random(seed)
    theirs = tmp_path / "theirs.db"
    forge(theirs, "PRAGMA application_id = 0", *STRANGERS["another program's"])
    content = theirs.read_bytes()
    for round_ in range(rounds):
        damaged = bytearray(content)
        for _ in range(rng.choice([1, 3, 30])):
            damaged[rng.randrange(100)] ^= 1 << rng.randrange(8)
        path = tmp_path / f"damaged {round_}.db"
        path.write_bytes(damaged)
        with contextlib.suppress(InputError):
            DiskCache(path).close()
        assert not aside(path), f"seed {seed}, round {round_}"
        assert path.read_bytes()[100:] == content[100:], f"seed {seed}, round {round_}"
        assert path.exists()


def test_a_file_of_ours_with_a_damaged_header_is_mended_or_set_aside(tmp_path):
    path = stored(tmp_path / "cache.db")
    content = path.read_bytes()
    for place in (0, 5, 15, 17, 20, 44, 60, 63, 68, 71):
        for turned in (0x10, 0x11):
            path.write_bytes(content[:place] + bytes([content[place] ^ turned]) + content[place + 1 :])
            if turned == 0x11 and place in range(60, 64):  # it may be of a newer version now
                with pytest.raises(InputError, match="version"):
                    DiskCache(path)
                continue
            with DiskCache(path) as cache:
                if turned == 0x10:
                    assert [cache.get(f"key {k}") for k in range(50)] == [[k] for k in range(50)], place
                    assert cache.stats().set_aside == 0, place
                cache.set("afterwards", 1)
                assert cache.flush()
                assert cache.get("afterwards") == 1


def test_a_stranger_that_comes_while_the_cache_is_open_is_left_alone(tmp_path):
    path = tmp_path / "cache.db"
    theirs = tmp_path / "theirs.db"
    forge(theirs, *STRANGERS["another program's"])
    with DiskCache(path, retry_seconds=0.01) as cache:
        cache.set("a", 1)
        cache.flush()
        content = theirs.read_bytes()
        for ending in ("", "-wal", "-shm"):
            (tmp_path / ("cache.db" + ending)).unlink(missing_ok=True)
        theirs.rename(path)
        cache.set("b", 2)
        assert not cache.flush()
        assert cache.get("b") == 2
        assert cache.stats().degraded
    assert path.read_bytes() == content
    assert not aside(path)


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, "/dev/null"):
        with pytest.raises(InputError, match="`path` must be a file or not exist, but is a folder, a pipe or a device"):
            DiskCache(path)


def test_a_path_may_hold_bytes_that_are_no_text(tmp_path):
    path = os.fsencode(tmp_path) + b"/caf\xe9.db"
    for given in (path, os.fsdecode(path)):
        with DiskCache(given) as cache:
            cache.set("a", 1)
            assert cache.path == os.fsdecode(path)
    assert os.path.exists(path)


def test_the_lock_file_is_the_owners_and_follows_no_link(tmp_path):
    path = stored(tmp_path / "cache.db")
    assert stat.S_IMODE((tmp_path / "cache.db.lock").stat().st_mode) == 0o600
    victim = tmp_path / "victim"
    for make in (lambda link: link.symlink_to(victim), os.mkfifo):
        (tmp_path / "cache.db.lock").unlink()
        make(tmp_path / "cache.db.lock")
        with DiskCache(path, retry_seconds=0.01) as cache:
            assert cache.stats().degraded
            cache.set("a", 1)
            assert cache.get("a") == 1
        assert not victim.exists()
    assert not aside(path)


# --- damage ---


def test_a_damaged_key_is_left_out_of_a_walk_and_counted(tmp_path):
    path = stored(tmp_path / "cache.db", 5)
    for key in ("x'73ff6b'", "x''", "x'73'", "x'78ff'", "null", "'text'"):
        forge(path, f"UPDATE synqc_entries SET key = {key} WHERE n = 2")
        with DiskCache(path) as cache:
            assert sorted(cache) == ["key 0", "key 2", "key 3", "key 4"]
            stats = cache.stats()
            assert (stats.damaged, stats.errors) == (1, 1), key


def flip_bits(rng, path, content, pages, how_many):
    """Write the content of a file with some bits of some pages the other way round."""
    damaged = bytearray(content)
    for page in rng.sample(list(pages), min(how_many, len(pages))):
        for _ in range(rng.choice([1, 10])):
            damaged[(page - 1) * PAGE + rng.randrange(PAGE)] ^= 1 << rng.randrange(8)
    path.write_bytes(damaged)


def store_and_look_for_it(path, keys, where):
    """What is written over damage is found again, or the damage is told; written once more, it stays."""
    with DiskCache(path, retry_seconds=0.01) as cache:
        for k in keys:
            cache.set(f"key {k}", ["new", k])
        while not cache.flush():
            pass
        lost = [k for k in keys if cache.get(f"key {k}") != ["new", k]]
        assert not lost or cache.stats().errors > 0, where
        for k in lost:
            cache.set(f"key {k}", ["new", k])
        while not cache.flush():
            pass
        assert [k for k in lost if cache.get(f"key {k}") != ["new", k]] == [], where
        return cache.stats()


@pytest.mark.parametrize(
    ("count", "damaged_pages", "rounds"),
    [
        pytest.param(2000, 3, 8, id="small"),
        pytest.param(80_000, 60, 1, id="too large to be read whole"),
        pytest.param(2000, 3, 100, id="small, many times", marks=pytest.mark.deep),
        pytest.param(80_000, 60, 10, id="too large to be read whole, many times", marks=pytest.mark.deep),
    ],
)
def test_an_index_that_misleads_never_lets_a_write_be_lost(tmp_path, content_of, count, damaged_pages, rounds, seed):
    rng = random.Random(seed)
    sound = content_of(count)
    pages = range(2, len(sound) // PAGE + 1)
    for round_ in range(rounds):
        path = tmp_path / f"damaged {round_}.db"
        flip_bits(rng, path, sound, pages, damaged_pages)
        store_and_look_for_it(path, range(0, count * 3 // 2, 7), f"seed {seed}, round {round_}")


def pages_of_type(content, *kinds):
    """Numbers of the pages that begin with one of these bytes: 2 and 10 are an index's, 5 and 13 a table's."""
    return [page for page in range(2, len(content) // PAGE + 1) if content[(page - 1) * PAGE] in kinds]


def swap(content, one, other):
    """The content with two pages in each other's place."""
    swapped = bytearray(content)
    for page, source in ((one, other), (other, one)):
        swapped[(page - 1) * PAGE : page * PAGE] = content[(source - 1) * PAGE : source * PAGE]
    return swapped


@SIZES
def test_pages_of_an_index_that_changed_places_set_the_file_aside(tmp_path, content_of, count, seed):
    path, content = tmp_path / "cache.db", content_of(count)
    path.write_bytes(swap(content, *random.Random(seed).sample(pages_of_type(content, 10), 2)))
    store_and_look_for_it(path, range(0, count, 7), f"seed {seed}")
    assert len(aside(path)) == 1, f"seed {seed}"


def last_eight(content):
    return [content[end - 8 : end] for end in range(PAGE, len(content) + 1, PAGE)]


def test_every_page_ends_with_a_seal_of_its_own(content_of):
    content = content_of(2000)
    assert content[FREE_BYTES] == 8
    assert len(set(last_eight(content))) == len(content) // PAGE, "content and place make the seal"


def as_version_one(path, source):
    """What DiskCache made before pages had seals, with the entries of another file."""
    database = sqlite3.connect(path, isolation_level=None)
    for pragma in (f"page_size = {PAGE}", "auto_vacuum = INCREMENTAL", "journal_mode = WAL"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("ATTACH ? AS source", (str(source),))
    for (statement,) in database.execute("SELECT sql FROM source.sqlite_schema WHERE sql IS NOT NULL").fetchall():
        database.execute(statement)
    for table in ("synqc_entries", "synqc_kinds"):
        database.execute(f"INSERT INTO main.{table} SELECT * FROM source.{table}")
    database.execute("DETACH source")
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.execute("PRAGMA user_version = 1")
    database.close()
    return path


@SIZES
def test_a_file_without_seals_is_given_them_and_keeps_its_entries(tmp_path, content_of, count):
    path = as_version_one(tmp_path / "old.db", written(tmp_path / "new.db", content_of(count)))
    assert path.read_bytes()[FREE_BYTES] == 0
    for _ in range(2):
        with DiskCache(path) as cache:
            stats = cache.stats()
            assert (stats.entries, stats.set_aside, stats.errors) == (count, 0, 0)
            assert [cache.get(f"key {k}") for k in range(0, count, 97)] == [[k] for k in range(0, count, 97)]
    content = path.read_bytes()
    assert content[FREE_BYTES] == 8
    assert len(set(last_eight(content))) == len(content) // PAGE
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (2,)


@pytest.mark.parametrize("rounds", [8, pytest.param(100, marks=pytest.mark.deep)])
def test_a_damaged_file_without_seals_never_lets_a_write_be_lost(tmp_path, content_of, rounds, seed):
    rng = random.Random(seed)
    sound = as_version_one(tmp_path / "old.db", written(tmp_path / "new.db", content_of(2000))).read_bytes()
    indices = pages_of_type(sound, 2, 10)
    for round_ in range(rounds):
        path = tmp_path / f"damaged {round_}.db"
        flip_bits(rng, path, sound, indices, 2)
        store_and_look_for_it(path, range(0, 3000, 7), f"seed {seed}, round {round_}")


@SIZES
def test_a_sound_file_that_another_program_changed_is_checked_and_sealed_anew(tmp_path, content_of, count):
    path = written(tmp_path / "cache.db", content_of(count))
    forge(path, "UPDATE synqc_entries SET accessed = accessed + 1")
    store_and_look_for_it(path, range(0, count, 7), "the row's own checksum covers what was changed")
    assert not aside(path)
    with DiskCache(path) as cache:
        assert cache.get("key 1") == [1]
        stats = cache.stats()
        assert (stats.entries, stats.errors) == (count, 0)


def test_a_log_that_another_program_wrote_into_the_file_costs_no_entry(tmp_path):
    program = """
    import os, sys
    from synqc.cache import DiskCache
    cache = DiskCache(sys.argv[1])
    for k in range(2000):
        cache.set(f"key {k}", [k])
    cache.flush()
    os._exit(0)
    """
    path = tmp_path / "cache.db"
    subprocess.run([sys.executable, "-c", textwrap.dedent(program), str(path)], timeout=60, check=True)
    assert (tmp_path / "cache.db-wal").exists(), "nobody has closed the file"
    forge(path)
    assert bytes(8) in last_eight(path.read_bytes()), "whoever knows no seals writes none"
    with DiskCache(path) as cache:
        assert [cache.get(f"key {k}") for k in range(2000)] == [[k] for k in range(2000)]
        stats = cache.stats()
        assert (stats.set_aside, stats.errors) == (0, 0)
    assert bytes(8) not in last_eight(path.read_bytes())


@pytest.mark.parametrize(
    "statement",
    [
        "DROP INDEX synqc_entries_by_hash",
        "DROP TABLE synqc_kinds",
        "ALTER TABLE synqc_entries RENAME COLUMN value TO content",
        "PRAGMA user_version = 0",
        "CREATE TABLE synqc_more(a)",
    ],
)
def test_a_schema_that_is_not_ours_any_more_is_made_anew(tmp_path, statement):
    path = stored(tmp_path / "cache.db")
    forge(path, statement)
    with DiskCache(path) as cache:
        assert cache.stats().set_aside == 1
        cache.set("a", 1)
        assert cache.flush()
        assert cache.get("a") == 1
    assert len(aside(path)) == 1


def test_a_lock_of_somebody_else_sets_no_file_aside(tmp_path):
    path = stored(tmp_path / "cache.db")
    with DiskCache(path, retry_seconds=0.01) as cache:
        database = sqlite3.connect(path)
        database.execute("BEGIN EXCLUSIVE")
        cache.set("b", 2)
        database.execute("ROLLBACK")
        database.close()
        while not cache.flush():
            pass
        assert cache.get("b") == 2
    assert not aside(path)


def test_a_constraint_of_somebody_else_is_no_damage(tmp_path):
    path = stored(tmp_path / "cache.db")
    with DiskCache(path, retry_seconds=0.01) as cache:
        assert cache.get("key 1") == [1]
        forge(path, "CREATE TRIGGER t BEFORE INSERT ON synqc_entries BEGIN SELECT RAISE(ABORT, 'no'); END")
        cache.set("b", 2)
        cache.flush()
        assert cache.get("b") == 2
        # The trigger itself, which is none of ours, makes the file another than it should be; the failure does not.
        forge(path, "DROP TRIGGER t") if path.exists() and not aside(path) else None


# --- times and ends ---


def test_no_age_is_negative_when_the_clock_goes_back(tmp_path):
    now = [1000.0]
    with DiskCache(tmp_path / "cache.db", clock=lambda: now[0]) as cache:
        cache.set("a", 1, ttl=50)
        now[0] = 900.0
        found = cache.look_up("a")
        assert found.age == 0.0
        assert cache.answer("a", lambda: 2).age == 0.0


def test_a_function_that_runs_at_exit_may_still_store(tmp_path):
    program = """
    import atexit, sys
    def late(when):
        cache.set(f"late {when}", when)
    atexit.register(late, "after")
    from synqc.cache import DiskCache
    cache = DiskCache(sys.argv[1])
    atexit.register(late, "before")
    class Ending:
        def __del__(self, late=late):
            late("with the module")
    ending = Ending()
    cache.set("early", 1)
    """
    path = tmp_path / "cache.db"
    command = [sys.executable, "-c", textwrap.dedent(program), str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")
    with DiskCache(path) as cache:
        assert {"early", "late before", "late after"} <= set(cache)


def test_the_least_recently_used_go_first_entry_by_entry(tmp_path, seed):
    rng = random.Random(seed)
    now = [1000.0]
    with DiskCache(tmp_path / "one.db", clock=lambda: now[0]) as cache:
        cache.set("key 00", bytes(100))
        cache.flush()
        weight = cache.stats().bytes
    for round_ in range(12):
        where = f"seed {seed}, round {round_}"
        # So few rows that a sample is all of them: what goes is then exactly what was used least recently.
        with DiskCache(tmp_path / f"{round_}.db", max_bytes=10 * weight, clock=lambda: now[0]) as cache:
            order = [f"key {k:02}" for k in range(10)]
            for key in order:
                now[0] += 61.0  # beyond what an access is rounded to
                cache.set(key, bytes(100))
            for _ in range(12):
                key = rng.choice(order)
                now[0] += 61.0
                assert cache.get(key) is not None, where
                order.remove(key)
                order.append(key)
            cache.flush()
            for k in range(10, 15):
                now[0] += 61.0
                order.append(f"key {k:02}")
                cache.set(order[-1], bytes(100))
                assert cache.flush()
                gone = order.pop(0)
                assert set(cache) == set(order), f"{where}: {gone} was used least recently"
