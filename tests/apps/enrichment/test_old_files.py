"""A `perf_cache.db` that an older program left, and goes on using."""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
from old_program import old_get, old_stats, write_old_rows

from infra.cache import PerformanceCache
from infra.optimized_ollama import OptimizedOllamaClient
from synqc.apps.enrichment import ollama_client

YEARS = 5 * 365 * 86_400
ROWS = [
    ({"text": "a"}, None, {"joy": 0.9}, 2_592_000, "stage1_enrichment", 60),
    ({"text": "b"}, {"timestamp": "t"}, {"joy": 0.1}, 2_592_000, "stage1_enrichment", YEARS),
    ("forever", None, "a text", None, "default", YEARS),
    ("zero", None, "also forever", 0, "default", YEARS),
    ("digits", None, "123", None, "default", 5),
    ("object", None, '{"a": 1}', None, "default", 5),
    ("\u00e9t\u00e9", {"b": 1, "a": [1.5, None]}, ["\u00e9" * 10], 3600, "post_enrichment", 3000),
]


@pytest.fixture
def path(tmp_path):
    write_old_rows(tmp_path / "perf_cache.db", ROWS)
    return tmp_path / "perf_cache.db"


def test_the_same_figures_are_told_before_and_after(path):
    before = old_stats(path)
    cache = PerformanceCache(path.parent)
    assert cache.get_stats() == before == old_stats(path)
    assert before["total_entries"] == len(ROWS)


def test_live_rows_are_found_by_type_and_expired_ones_are_not(path):
    cache = PerformanceCache(path.parent)
    assert cache.get({"text": "a"}, cache_type="stage1_enrichment") == {"joy": 0.9}
    assert cache.get({"text": "b"}, {"timestamp": "t"}, cache_type="stage1_enrichment") is None
    assert (cache.get("forever"), cache.get("zero")) == ("a text", "also forever")
    assert cache.get("forever", cache_type="other") is None
    assert cache.get("\u00e9t\u00e9", {"a": [1.5, None], "b": 1}, cache_type="post_enrichment") == ["\u00e9" * 10]
    assert cache.look_up("forever").age >= YEARS - 5


def test_rows_of_old_keep_their_old_reading(path):
    cache = PerformanceCache(path.parent)
    assert (cache.get("digits"), cache.get("object")) == (123, {"a": 1})


def test_what_expired_is_counted_and_can_be_removed(path):
    cache = PerformanceCache(path.parent)
    assert cache.get_stats()["total_entries"] == len(ROWS)
    assert cache.clear_expired() == 1
    assert cache.get_stats() == old_stats(path)
    assert cache.get_stats()["total_entries"] == len(ROWS) - 1


def test_a_new_value_takes_the_place_of_the_old_row(path):
    cache = PerformanceCache(path.parent)
    cache.set("forever", "new")
    assert cache.get("forever") == "new"
    assert cache.get_stats()["total_entries"] == len(ROWS)
    cache.set("forever", "new", ttl=0)
    assert PerformanceCache(path.parent).get("forever") is None


def test_the_older_program_reads_and_writes_on(path):
    cache = PerformanceCache(path.parent)
    cache.set("ours", 1)
    assert json.loads(old_get(path, {"text": "a"})) == {"joy": 0.9}
    write_old_rows(path, [("of the older", None, {"x": 1}, None, "default", 0)])
    assert PerformanceCache(path.parent).get("of the older") == {"x": 1}
    assert old_stats(path) == cache.get_stats()


@pytest.mark.parametrize("attempt", range(5))
def test_nothing_that_lived_is_lost(tmp_path, attempt, seed):
    draw = random.Random(seed)

    def value(depth=0):
        kinds = [None, True, draw.random(), draw.randrange(10**12), "t" * draw.randrange(5), "\u00e9\U0001f600"]
        if depth < 3:
            kinds += [[value(depth + 1) for _ in range(3)], {f"k{one}": value(depth + 1) for one in range(3)}]
        return draw.choice(kinds)

    rows = [
        ({"n": number, "v": value()}, draw.choice([None, {}, {"p": value()}]), {"v": value()},
         draw.choice([None, 0, 900]), draw.choice("ab"), draw.randrange(800))
        for number in range(200)
    ]  # fmt: skip
    write_old_rows(tmp_path / "perf_cache.db", rows)
    cache = PerformanceCache(tmp_path)
    for content, params, kept, _, kind, _ in rows:
        assert cache.get(content, params, cache_type=kind) == kept, f"seed {seed}: {content}"
    assert cache.get_stats() == old_stats(tmp_path / "perf_cache.db")


def test_answers_of_the_older_client_are_served_to_the_default_server_alone(tmp_path, server, monkeypatch):
    asked = {"prompt": "Why?", "system": None, "model": "phi3:mini"}
    limits = {"temperature": 0.3, "max_tokens": 120}
    good = {"response": "Of old.", "done": True, "done_reason": "stop"}
    cut = {"response": "Of o", "done": True, "done_reason": "length"}
    write_old_rows(
        tmp_path / "work" / "cache" / "perf_cache.db",
        [(asked, limits, good, 10**6, "text_inference", 5),
         ({**asked, "prompt": "How?"}, limits, cut, 10**6, "text_inference", 5)],
    )  # fmt: skip
    server.answer = lambda path, body: {"response": "New.", "done": True}
    assert OptimizedOllamaClient(server.url, "phi3:mini").generate("Why?")["response"] == "New."
    monkeypatch.setattr(ollama_client, "_URL", server.url)
    usual = OptimizedOllamaClient(server.url, "phi3:mini")
    usual.cache.clear_expired()
    assert usual.generate("How?")["response"] == "New.", "one that was cut is not served"
    other = OptimizedOllamaClient(server.url, "phi3:mini")
    with sqlite3.connect(other.cache.db_path) as connection:
        connection.execute("DELETE FROM cache WHERE value_kind IS NOT NULL")
    other.cache._file._memory.clear()
    for _ in range(2):
        assert other.generate("Why?") == good
    with sqlite3.connect(other.cache.db_path) as connection:
        ((ttl,),) = connection.execute("SELECT ttl FROM cache WHERE value_kind IS NOT NULL").fetchall()
    assert 10**6 - 60 < ttl <= 10**6 - 5, "it lives as long as it would have"


@pytest.fixture
def reachable():
    """A folder that everybody may enter; those above `tmp_path` are its owner's alone."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody who may not write")
def test_a_file_that_may_only_be_read_is_read_and_memory_holds_what_is_new(reachable, path):
    work = reachable / "read-only"
    shutil.copytree(path.parent, work)
    program = textwrap.dedent(f"""
        import json, logging, os, sys
        logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(message)s")
        from infra.cache import PerformanceCache
        import synqc.apps.enrichment.performance_metrics
        os.setgid(65534); os.setuid(65534)
        cache = PerformanceCache({str(work)!r})
        cache.set("new", [1])
        print(json.dumps([cache.get("new"), cache.get("forever"), cache.get_stats()["total_entries"]]))
    """)
    for part in [work, *work.iterdir()]:
        part.chmod(0o555 if part.is_dir() else 0o444)
    environment = {**os.environ, "SYNQC_ENRICHMENT_CACHE_ENABLED": "0"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, cwd="/", check=False
    )
    assert done.returncode == 0, done.stderr
    *log, last = done.stdout.splitlines()
    assert json.loads(last) == [[1], "a text", len(ROWS)]
    assert any(line.startswith("WARNING") and "cannot be written" in line for line in log)


def test_a_table_of_something_else_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / "perf_cache.db") as connection:
        connection.execute("CREATE TABLE cache (id INTEGER, name TEXT)")
        connection.execute("INSERT INTO cache VALUES (1, 'theirs')")
    connection.close()
    cache = PerformanceCache(tmp_path)
    cache.set("k", 1)
    assert cache.get("k") == 1
    assert "something else" in cache.trouble
    with sqlite3.connect(tmp_path / "perf_cache.db") as connection:
        assert connection.execute("SELECT * FROM cache").fetchall() == [(1, "theirs")]
        assert [row[1] for row in connection.execute("PRAGMA table_info(cache)")] == ["id", "name"]


@pytest.mark.parametrize("attempt", range(20))
def test_damage_anywhere_raises_nothing(tmp_path, attempt, seed):
    """Bytes are turned over, or the file ends early: what is read is right or is a miss."""
    cache = PerformanceCache(tmp_path)
    kept = {f"k{number}": "v" * 500 + str(number) for number in range(50)}
    for key, value in kept.items():
        cache.set(key, value)
    cache.close()
    draw = random.Random(seed)
    path = tmp_path / "perf_cache.db"
    raw = bytearray(path.read_bytes())
    if draw.random() < 0.3:
        del raw[draw.randrange(len(raw)) :]
    for _ in range(draw.randrange(1, 200)):
        if raw:
            raw[draw.randrange(len(raw))] ^= draw.randrange(1, 256)
    path.write_bytes(raw)
    again = PerformanceCache(tmp_path)
    for key in kept:
        found = again.get(key)
        assert found in (None, kept[key]), f"seed {seed}"
        again.set(key, "anew")
        assert again.get(key) == "anew", f"seed {seed}"
    again.get_stats(), again.clear_expired(), again.clear_all()
