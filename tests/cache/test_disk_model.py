"""Whatever is done to a DiskCache, also closing and opening it, it answers like a dict with a clock."""

import shutil
import tempfile

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from synqc.cache._disk import DiskCache

keys = st.sampled_from(["a", "b", b"a", "long" * 300])
values = (
    st.none() | st.integers() | st.text(max_size=20) | st.binary(max_size=30) | st.lists(st.floats(allow_nan=False))
)
lifetimes = st.none() | st.sampled_from([0, 0.5, 3, 100])


class DiskCacheAgainstDict(RuleBasedStateMachine):
    """The model keeps (value, time of expiry or None); the clock moves only when a rule moves it."""

    @initialize(usual=st.none() | st.just(50.0))
    def open(self, usual):
        self.folder = tempfile.mkdtemp(prefix="synqc-model-")
        self.now = 1_700_000_000.0
        self.usual = usual
        self.model = {}
        self.cache = self.opened()

    def opened(self):
        return DiskCache(f"{self.folder}/cache.db", ttl=self.usual, ttl_by_kind={"brief": 2.0}, clock=lambda: self.now)

    def live(self, key):
        return key in self.model and (self.model[key][1] is None or self.model[key][1] > self.now)

    @rule(key=keys, value=values, ttl=lifetimes, kind=st.sampled_from(["default", "brief"]))
    def set(self, key, value, ttl, kind):
        self.cache.set(key, value, ttl=ttl, kind=kind)
        lifetime = ttl if ttl is not None else 2.0 if kind == "brief" else self.usual
        self.model[key] = (value, None if lifetime is None else self.now + lifetime, kind)

    @rule(key=keys)
    def delete(self, key):
        assert self.cache.delete(key) == self.live(key)
        self.model.pop(key, None)

    @rule(key=keys, ttl=lifetimes)
    def touch(self, key, ttl):
        assert self.cache.touch(key, ttl) == self.live(key)
        if self.live(key):
            value, _, kind = self.model[key]
            lifetime = ttl if ttl is not None else 2.0 if kind == "brief" else self.usual
            self.model[key] = (value, None if lifetime is None else self.now + lifetime, kind)

    @rule(seconds=st.sampled_from([0.25, 1, 10, 1000]))
    def wait(self, seconds):
        self.now += seconds

    @rule()
    def flush(self):
        assert self.cache.flush()
        assert self.cache.stats().pending == 0

    @rule()
    def expire(self):
        self.cache.expire()
        assert self.cache.stats().entries == len([key for key in self.model if self.live(key)])

    @rule()
    def clear(self):
        self.cache.clear()
        self.model.clear()

    @rule()
    def reopen(self):
        self.cache.close()
        self.cache = self.opened()

    @rule()
    def read_from_another_cache(self):
        self.cache.flush()
        with self.opened() as other:
            for key in self.model:
                assert other.get(key, "missing") == (self.model[key][0] if self.live(key) else "missing")

    @invariant()
    def answers_like_the_model(self):
        if not hasattr(self, "cache"):
            return
        for key in ("a", "b", b"a", "long" * 300):
            expected = self.model[key][0] if self.live(key) else "missing"
            found = self.cache.get(key, "missing")
            assert found == expected
            assert type(found) is type(expected)

    @rule()
    def counts_and_lists_what_is_live(self):
        live = {key for key in self.model if self.live(key)}
        assert len(self.cache) == len(live)
        assert set(self.cache) == live

    def teardown(self):
        if hasattr(self, "cache"):
            assert self.cache.stats().errors == 0
            self.cache.close()
            shutil.rmtree(self.folder)


TestDiskCacheAgainstDict = DiskCacheAgainstDict.TestCase
TestDiskCacheAgainstDict.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@pytest.mark.parametrize("max_bytes", [20_000, 200_000])
def test_a_bounded_cache_stays_within_its_bound_and_returns_only_what_was_stored(tmp_path, max_bytes, seed):
    import random

    rng = random.Random(seed)
    newest = {}
    with DiskCache(tmp_path / "cache.db", max_bytes=max_bytes) as cache:
        for step in range(3000):
            key = f"key {rng.randrange(400)}"
            if rng.random() < 0.5:
                newest[key] = (step, "x" * rng.randrange(2000))
                cache.set(key, newest[key])
            else:
                found = cache.get(key)
                assert found is None or found == newest[key], f"seed {seed}, step {step}"
            if step % 500 == 0:
                stats = cache.stats()
                assert stats.bytes <= max_bytes, f"seed {seed}, step {step}"
        stats = cache.stats()
        assert stats.bytes <= max_bytes, f"seed {seed}"
        assert stats.bytes > max_bytes / 2, f"seed {seed}"
        assert stats.evicted > 0
