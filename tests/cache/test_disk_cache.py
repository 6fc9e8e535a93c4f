"""What DiskCache promises besides storing: times, bounds, threads, forks, exits and disks that fail."""

import contextlib
import gc
import logging
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from synqc.cache._disk import DiskCache
from synqc.errors import InputError

DEADLINE = 60  # seconds; only a hang reaches it


def run_python(program, *arguments, check=True):
    answer = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)],
        capture_output=True, text=True, timeout=DEADLINE, check=False,
    )  # fmt: skip
    if check:
        assert answer.returncode == 0, answer.stderr
    return answer


def until(condition):
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ttl": -1}, "`ttl` must be at least 0 seconds, but is -1"),
        ({"ttl": float("nan")}, "`ttl` must be at least 0"),
        ({"ttl_by_kind": {"a": -2.0}}, r"`ttl_by_kind\[a\]` must be at least 0"),
        ({"max_bytes": 0}, "`max_bytes` must be positive or None, but is 0"),
        ({"retry_seconds": 0}, "`retry_seconds` must be positive"),
    ],
)
def test_options_out_of_range_are_refused(tmp_path, options, words):
    with pytest.raises(InputError, match=words):
        DiskCache(tmp_path / "cache.db", **options)


def test_a_folder_and_a_strange_database_are_refused(tmp_path):
    with pytest.raises(InputError, match="`path` must be a file or not exist, but is a folder"):
        DiskCache(tmp_path)
    with sqlite3.connect(tmp_path / "theirs.db") as database:
        database.execute("CREATE TABLE theirs(x)")
    with pytest.raises(InputError, match="`path` must be a cache file or not exist, but is another database"):
        DiskCache(tmp_path / "theirs.db")


def test_a_negative_time_to_live_is_refused_everywhere(tmp_path):
    with DiskCache(tmp_path / "cache.db") as cache:
        with pytest.raises(InputError, match="`ttl` must be at least 0"):
            cache.set("a", 1, ttl=-0.1)
        with pytest.raises(InputError, match="`ttl` must be at least 0"):
            cache.touch("a", -1)
        assert "a" not in cache


def test_zero_time_to_live_forgets_what_was_there(tmp_path):
    with DiskCache(tmp_path / "cache.db") as cache:
        cache["a"] = "old"
        cache.flush()
        cache.set("a", "new", ttl=0)
        assert "a" not in cache
        cache.flush()
        assert "a" not in cache


def test_a_closed_cache_says_so(tmp_path):
    cache = DiskCache(tmp_path / "cache.db")
    cache.close()
    cache.close()
    assert cache.closed
    for use in (lambda: cache.get("a"), lambda: cache.set("a", 1), lambda: len(cache), cache.flush, cache.stats):
        with pytest.raises(InputError, match="must be open, but is closed"):
            use()


def test_statistics_count_by_kind_and_by_cause(tmp_path):
    now = [1000.0]
    with DiskCache(tmp_path / "cache.db", max_bytes=5000, clock=lambda: now[0]) as cache:
        cache.set("a", "x", kind="text", ttl=10)
        cache.set("b", "y" * 100, kind="image")
        cache.get("a"), cache.get("b"), cache.get("c")
        now[0] += 20
        cache.get("a")
        cache.set("huge", "z" * 6000)
        assert cache.delete("b")
        stats = cache.stats()
        assert (stats.hits, stats.misses, stats.expired, stats.refused) == (2 + 1, 2, 1, 1)
        assert stats.file_bytes > 0
        assert not stats.degraded
        assert 0.5 < stats.hit_rate < 0.7
        assert all(kind in ("text", "image") for kind in stats.by_kind)


def test_a_kind_that_holds_nothing_leaves_no_row_behind(tmp_path):
    path = tmp_path / "cache.db"
    with DiskCache(path) as cache:
        for user in range(300):
            cache.set("x", user, kind=f"user {user}")
            if user % 100 == 0:
                cache.flush()
        cache.set("y", 1, kind="gone")
        cache.flush()
        cache.delete("y")
        cache.flush()
        assert cache.stats().by_kind.keys() == {"user 299"}
    with contextlib.closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT CAST(name AS TEXT), entries FROM synqc_kinds").fetchall() == [("user 299", 1)]


def test_two_caches_in_one_process_share_a_file(tmp_path):
    with DiskCache(tmp_path / "cache.db") as one, DiskCache(tmp_path / "cache.db") as other:
        one["a"] = [1, 2]
        one.flush()
        assert other["a"] == [1, 2]
        del other["a"]
        other.flush()
        assert "a" not in one


def test_pending_writes_survive_the_end_of_the_interpreter(tmp_path):
    run_python(
        """
        import sys
        from synqc.cache._disk import DiskCache
        cache = DiskCache(sys.argv[1])
        for k in range(500):
            cache.set(f"key {k}", k)
        """,
        tmp_path / "cache.db",
    )
    with DiskCache(tmp_path / "cache.db") as cache:
        assert [cache.get(f"key {k}") for k in range(500)] == list(range(500))


def test_a_cache_in_a_cycle_or_dropped_writes_what_was_pending(tmp_path):
    cache = DiskCache(tmp_path / "cache.db")
    cache["a"] = 1
    cache.myself = cache
    del cache
    gc.collect()
    with DiskCache(tmp_path / "cache.db") as again:
        assert again["a"] == 1


def test_daemon_threads_at_exit_do_no_harm(tmp_path):
    run_python(
        """
        import sys, threading, time
        from synqc.cache._disk import DiskCache
        cache = DiskCache(sys.argv[1])
        def work():
            k = 0
            while True:
                cache.set(f"key {k % 50}", k)
                cache.get(f"key {k % 70}")
                k += 1
        for _ in range(3):
            threading.Thread(target=work, daemon=True).start()
        time.sleep(0.2)
        """,
        tmp_path / "cache.db",
    )


def test_a_forked_child_uses_the_cache_and_leaves_its_parents_pending_writes_alone(tmp_path):
    cache = DiskCache(tmp_path / "cache.db")
    cache["before"] = "parent"
    cache.flush()
    stop = threading.Event()

    def write():
        k = 0
        while not stop.is_set():
            cache.set(f"busy {k % 100}", k)
            cache.get(f"busy {(k + 7) % 100}")
            k += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for round_ in range(10):
            child = os.fork()
            if child == 0:
                right = False
                try:
                    cache.set(f"child {round_}", round_)
                    right = cache["before"] == "parent" and cache.get(f"child {round_}") == round_ and cache.flush()
                    cache.close()
                finally:
                    os._exit(0 if right else 1)
            end = time.monotonic() + DEADLINE
            while True:
                done, status = os.waitpid(child, os.WNOHANG)
                if done:
                    break
                if time.monotonic() > end:
                    os.kill(child, signal.SIGKILL)
                    pytest.fail("the child hangs")
                time.sleep(0.005)
            assert status == 0
    finally:
        stop.set()
        writer.join()
    assert [cache.get(f"child {round_}") for round_ in range(10)] == list(range(10))
    cache.close()


def test_two_processes_hammer_one_file(tmp_path):
    program = textwrap.dedent("""
        import random, sys
        from synqc.cache._disk import DiskCache
        rng = random.Random(int(sys.argv[2]))
        with DiskCache(sys.argv[1], max_bytes=300_000) as cache:
            for k in range(4000):
                key = f"key {rng.randrange(200)}"
                if rng.random() < 0.5:
                    cache.set(key, [key, "x" * rng.randrange(3000)])
                else:
                    found = cache.get(key)
                    assert found is None or found[0] == key
            assert cache.flush()
            assert cache.stats().errors == 0, cache.stats()
    """)
    workers = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "cache.db"), str(seed)], stderr=subprocess.PIPE)
        for seed in range(3)
    ]
    for worker in workers:
        _, words = worker.communicate(timeout=DEADLINE)
        assert worker.returncode == 0, words.decode()
    with DiskCache(tmp_path / "cache.db", max_bytes=300_000) as cache:
        assert 0 < cache.stats().bytes <= 300_000


def test_threads_see_their_own_writes(tmp_path):
    wrong = []
    with DiskCache(tmp_path / "cache.db") as cache:
        start = threading.Barrier(4)

        def work(name):
            start.wait()
            for k in range(300):
                cache.set(f"{name} {k % 30}", k)
                if cache.get(f"{name} {k % 30}") != k:
                    wrong.append((name, k))
                if k % 100 == 99:
                    cache.flush()

        threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_ctrl_c_leaves_a_usable_cache(tmp_path):
    answer = run_python(
        """
        import os, signal, sys, threading
        from synqc.cache._disk import DiskCache
        cache = DiskCache(sys.argv[1])
        threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        k = 0
        try:
            while True:
                cache.set(f"key {k % 1000}", ["value", k])
                k += 1
        except KeyboardInterrupt:
            pass
        assert k > 0 and cache.get(f"key {(k - 1) % 1000}") == ["value", k - 1]
        assert cache.flush()
        print("usable")
        """,
        tmp_path / "cache.db",
    )
    assert answer.stdout.strip() == "usable"


def test_many_rounds_leave_memory_flat(tmp_path):
    with DiskCache(tmp_path / "cache.db") as cache:
        value = {"text": "x" * 200, "list": list(range(20))}

        def rounds(count):
            for k in range(count):
                cache.set(f"key {k % 100}", value)
                cache.get(f"key {k % 150}")
            cache.flush()

        rounds(20_000)
        gc.collect()
        before, references = resident_bytes(), sys.getrefcount(value)
        rounds(100_000)
        gc.collect()
        assert sys.getrefcount(value) == references
        assert resident_bytes() - before < 8 << 20


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def test_a_removed_folder_is_made_again(tmp_path):
    import shutil

    with DiskCache(tmp_path / "deep" / "cache.db") as cache:
        cache["a"] = 1
        cache.flush()
        shutil.rmtree(tmp_path / "deep")
        cache["b"] = 2
        assert cache.flush()
        assert cache["b"] == 2
        assert cache.get("a") in (None, 1)
    assert (tmp_path / "deep" / "cache.db").exists()


def test_a_disk_that_fails_is_served_from_memory_logged_once_and_tried_again(tmp_path, caplog):
    caplog.set_level(logging.INFO, "synqc.cache")
    (tmp_path / "in the way").write_text("a file where a folder is needed")
    with DiskCache(tmp_path / "in the way" / "cache.db", retry_seconds=0.05) as cache:
        for k in range(100):
            cache.set(f"key {k}", k)
        assert [cache.get(f"key {k}") for k in range(100)] == list(range(100))
        assert cache.get("unknown", "miss") == "miss"
        assert cache.delete("key 5")
        assert "key 5" not in cache
        assert len(cache) == 99
        assert not cache.flush()
        time.sleep(0.2)
        stats = cache.stats()
        assert stats.degraded
        assert stats.errors > 1
        assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1
        (tmp_path / "in the way").unlink()
        until(lambda: not cache.stats().degraded)
        assert [cache.get(f"key {k}") for k in range(100) if k != 5] == [k for k in range(100) if k != 5]
        assert cache.stats().recoveries == 1
        assert "works again" in caplog.text
    with DiskCache(tmp_path / "in the way" / "cache.db") as cache:
        assert len(cache) == 99


def test_a_lock_held_by_another_process_costs_no_error_and_no_value(tmp_path):
    path = tmp_path / "cache.db"
    with DiskCache(path) as cache:
        cache["a"] = 1
        cache.flush()
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        cache["b"] = 2
        assert (cache["a"], cache["b"]) == (1, 2)
        other.execute("ROLLBACK")
        other.close()
        assert cache.flush()
    with DiskCache(path) as cache:
        assert (cache["a"], cache["b"]) == (1, 2)


def test_what_a_file_holds_is_found_while_the_first_write_after_opening_waits(tmp_path):
    path = tmp_path / "cache.db"
    with DiskCache(path) as cache:
        cache["a"] = 1
    with DiskCache(path) as cache, contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        cache["b"] = 2
        for _ in range(100):
            assert (cache.get("a", "missing"), cache["b"]) == (1, 2)
            time.sleep(0.002)
        other.execute("ROLLBACK")


def test_a_read_only_folder_is_served_from_memory(tmp_path):
    folder = tmp_path / "shut"
    folder.mkdir()
    program = """
        import os, sys
        from synqc.cache._disk import DiskCache
        if os.getuid() == 0:
            os.setgid(65534); os.setuid(65534)
        cache = DiskCache(sys.argv[1])
        cache.set("a", [1])
        assert cache.get("a") == [1] and cache.stats().degraded
        print("served")
    """
    folder.chmod(0o555)
    for parent in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        parent.chmod(0o755)
    import_first = "import synqc.cache._disk, numpy, logging\n"
    answer = run_python(import_first + textwrap.dedent(program), folder / "cache.db")
    assert answer.stdout.strip() == "served"


def test_a_full_disk_is_served_from_memory(tmp_path):
    mount = tmp_path / "tiny"
    mount.mkdir()
    if (
        os.getuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", mount], check=False, capture_output=True
        ).returncode
    ):
        pytest.skip("needs the right to mount a small file system")
    try:
        with DiskCache(mount / "cache.db", retry_seconds=0.05) as cache:
            for k in range(300):
                cache.set(f"key {k}", os.urandom(1000))
                cache.flush()
            stats = cache.stats()
            assert stats.errors > 0
            cache.set("last", "value")
            assert cache["last"] == "value"
        with DiskCache(mount / "cache.db", retry_seconds=0.05) as cache:
            assert all(len(cache.get(key, b"x" * 1000)) == 1000 for key in list(cache) if key != "last")
    finally:
        subprocess.run(["umount", "-l", mount], check=False)
