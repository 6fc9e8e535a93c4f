"""The memory cache against a dict, whatever is asked of it in whatever order."""

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from synqc.cache import MemoryCache

KEYS = st.one_of(st.integers(0, 12), st.sampled_from(["a", "b", "ä", ""]), st.tuples(st.integers(0, 3)), st.booleans())
TTLS = st.one_of(st.none(), st.sampled_from([0, 0.5, 1, 30, 5000]))


class AgainstADict(RuleBasedStateMachine):
    """Without limits nothing may be missing; with limits nothing may be wrong."""

    @initialize(
        policy=st.sampled_from(["w-tinylfu", "s3-fifo", "lru"]),
        most=st.one_of(st.none(), st.integers(1, 8)),
        most_bytes=st.one_of(st.none(), st.integers(300, 2000)),
        ttl=st.one_of(st.none(), st.just(10.0)),
    )
    def start(self, policy, most, most_bytes, ttl):
        self.now = 100.0
        self.removed = []
        self.limits = (most, most_bytes)
        self.default_ttl = ttl
        self.cache = MemoryCache(
            most, most_bytes, ttl, policy=policy, ttl_by_kind={"short": 1.0}, clock=lambda: self.now,
            on_removal=lambda key, value, cause: self.removed.append((key, value, cause)),
        )  # fmt: skip
        self.model = {}  # key: (value, deadline)

    def forget_expired(self):
        self.model = {key: entry for key, entry in self.model.items() if entry[1] is None or entry[1] > self.now}

    def forget_removed(self):
        """What left because of a limit is told; everything else must be there."""
        for key, value, cause in self.removed:
            if cause == "size":
                assert self.limits != (None, None)
                if key in self.model and self.model[key][0] == value:
                    del self.model[key]
        self.removed.clear()

    @rule(key=KEYS, value=st.one_of(st.none(), st.integers(), st.text(max_size=40)), ttl=TTLS,
          kind=st.sampled_from(["default", "short"]))  # fmt: skip
    def set(self, key, value, ttl, kind):
        self.cache.set(key, value, ttl=ttl, kind=kind)
        life = ttl if ttl is not None else 1.0 if kind == "short" else self.default_ttl
        self.model.pop(key, None)
        refused = life == 0 or (key not in self.cache and self.cache.stats().refused > self.refused_before())
        if not refused:
            self.model[key] = (value, None if life is None else self.now + life)
        self.refused = self.cache.stats().refused
        self.forget_removed()

    def refused_before(self):
        return getattr(self, "refused", 0)

    @rule(key=KEYS)
    def get(self, key):
        self.forget_expired()
        missing = object()
        found = self.cache.get(key, missing)
        if key in self.model:
            assert found == self.model[key][0]
            assert type(found) is type(self.model[key][0])
        else:
            assert found is missing

    @rule(key=KEYS)
    def delete(self, key):
        self.forget_expired()
        assert self.cache.delete(key) is (key in self.model)
        self.model.pop(key, None)

    @rule(key=KEYS, ttl=TTLS)
    def touch(self, key, ttl):
        self.forget_expired()
        kind = "short" if key in self.model and self.cache.look_up(key).kind == "short" else "default"
        assert self.cache.touch(key, ttl) is (key in self.model)
        if key in self.model:
            life = ttl if ttl is not None else 1.0 if kind == "short" else self.default_ttl
            if life == 0:
                del self.model[key]
            else:
                self.model[key] = (self.model[key][0], None if life is None else self.now + life)

    @rule(seconds=st.sampled_from([0.01, 0.4, 1, 20, 4000, 100_000]))
    def wait(self, seconds):
        self.now += seconds

    @rule()
    def clear(self):
        self.cache.clear()
        self.model.clear()

    @rule()
    def expire(self):
        before = len(self.model)
        self.forget_expired()
        assert self.cache.expire() <= before - len(self.model)

    @invariant()
    def holds_what_the_model_holds(self):
        self.forget_expired()
        self.forget_removed()
        assert set(self.cache) == set(self.model)
        assert len(self.cache) == len(self.model)
        stats = self.cache.stats()
        assert stats.entries == len(self.model)
        assert stats.entries <= (self.limits[0] or 10**9)
        assert stats.bytes <= (self.limits[1] or 10**9)
        assert sum(entries for entries, _, _ in stats.by_kind.values()) == stats.entries
        assert sum(size for _, size, _ in stats.by_kind.values()) == stats.bytes


AgainstADict.TestCase.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestAgainstADict = AgainstADict.TestCase
