"""A process killed while it writes leaves a cache that opens and holds no torn value."""

import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from synqc.cache import DiskCache

WRITER = textwrap.dedent("""
    import hashlib, itertools, random, sys
    from synqc.cache import DiskCache
    path, round_ = sys.argv[1], int(sys.argv[2])
    rng = random.Random(round_)
    cache = DiskCache(path, max_bytes=2_000_000)
    for number in itertools.count():
        text = f"{round_}:{number}:" + "x" * rng.randrange(20_000)
        cache.set(f"key {rng.randrange(200)}", [round_, number, text, hashlib.sha256(text.encode()).hexdigest()])
        if number == 20:
            cache.set("acknowledged", round_)
            assert cache.flush()
            print("writing", flush=True)
""")


@pytest.mark.parametrize("rounds", [8, pytest.param(200, marks=pytest.mark.deep)])
def test_killed_writers_leave_a_whole_cache(rounds, tmp_path, seed):
    import hashlib

    path = tmp_path / "cache.db"
    rng = random.Random(seed)
    for round_ in range(rounds):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(round_)], stdout=subprocess.PIPE)
        try:
            assert writer.stdout.readline() == b"writing\n", f"seed {seed}, round {round_}"
            time.sleep(rng.random() * 0.05)
        finally:
            writer.send_signal(signal.SIGKILL)
            writer.wait()
            writer.stdout.close()
        with DiskCache(path, max_bytes=2_000_000) as cache:
            where = f"seed {seed}, round {round_}"
            assert cache.get("acknowledged") in (round_, None), where  # None: evicted since
            for key in cache:
                value = cache.get(key)
                if key != "acknowledged":
                    assert value is not None, where
                    assert value[0] <= round_, where
                    assert hashlib.sha256(value[2].encode()).hexdigest() == value[3], where
            stats = cache.stats()
            assert (stats.errors, stats.damaged, stats.set_aside) == (0, 0, 0), f"{where}: {stats}"
    assert not list(tmp_path.glob("*.corrupt-*"))
