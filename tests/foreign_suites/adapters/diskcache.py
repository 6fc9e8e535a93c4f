"""diskcache's Cache on top of `synqc.cache.DiskCache`: a folder with one file; keys of other types by their text."""

import ast
import sys
import tempfile
import time
from pathlib import Path

import pytest
from sources import SourceDistribution
from suite import counted

from synqc.cache import DiskCache

SOURCE = SourceDistribution("diskcache", "5.6.3", "2c3a3fa2743d8535d832ec61c2054a1641f41775aa7c556758a109941e33e4fc")
_ABOUT_ITS_FILES = "test_cleanup_dirs or test_constant or test_disk_write_os_error or test_init_makedirs or test_rsync"
TESTS = ["tests/test_core.py", "-k", f"not ({_ABOUT_ITS_FILES})"]

UNKNOWN = object()
DEFAULT_SETTINGS = {}
EVICTION_POLICY = {}


class EmptyDirWarning(UserWarning):
    """diskcache's."""


class Timeout(Exception):
    """diskcache's."""


class Disk:
    """How diskcache stores what it stores."""

    def __init__(self, *args, **kwargs):
        pytest.skip("Disk: values have one form")


class JSONDisk(Disk):
    """Another way."""


class Cache:
    """A cache in a folder."""

    def __init__(self, directory=None, **settings):
        if settings:
            pytest.skip(f"Cache({', '.join(sorted(settings))}=)")
        self.directory = str(directory or tempfile.mkdtemp(prefix="diskcache-"))
        self._cache = counted(DiskCache)(Path(self.directory) / "cache.db", clock=lambda: time.time())

    @staticmethod
    def _name(key):
        return key if isinstance(key, str | bytes) else f"\0{key!r}"

    @staticmethod
    def _key(name):
        return ast.literal_eval(name[1:]) if isinstance(name, str) and name.startswith("\0") else name

    def get(self, key, default=None, read=False, expire_time=False, tag=False):
        if read or expire_time or tag:
            pytest.skip("get(read=, expire_time=, tag=)")
        return self._cache.get(self._name(key), default)

    def set(self, key, value, expire=None, read=False, tag=None):
        if read or tag:
            pytest.skip("set(read=, tag=)")
        self._cache.set(self._name(key), value, ttl=expire)
        return True

    def touch(self, key, expire=None):
        return self._cache.touch(self._name(key), expire)

    def delete(self, key):
        return self._cache.delete(self._name(key))

    def clear(self):
        count = len(self._cache)
        self._cache.clear()
        return count

    def expire(self):
        return self._cache.expire()

    def check(self, fix=False):
        if fix:
            pytest.skip("check(fix=): a damaged file is set aside when it is met")
        return []

    def close(self):
        self._cache.close()

    def __getitem__(self, key):
        return self._cache[self._name(key)]

    def __setitem__(self, key, value):
        self._cache[self._name(key)] = value

    def __delitem__(self, key):
        del self._cache[self._name(key)]

    def __contains__(self, key):
        return self._name(key) in self._cache

    def __len__(self):
        return len(self._cache)

    def __iter__(self):
        return map(self._key, iter(self._cache))

    def __reversed__(self):
        pytest.skip("reversed(): keys have no order")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def __reduce_ex__(self, protocol):
        pytest.skip("caches are not pickled")

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        pytest.skip(f"Cache.{name}: no such thing")


def take_the_place():
    """Everybody who imports diskcache gets this module."""
    sys.modules["diskcache"] = sys.modules[__name__]
