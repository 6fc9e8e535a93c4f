"""The server that the tests of RedisCache share, and each kind of cache for what all of them promise."""

import uuid

import pytest
from scratch_redis import REDIS, answering_redis

from synqc.cache import DiskCache, MemoryCache, RedisCache, TieredCache


@pytest.fixture
def redis_server():
    """A client of the server on this machine. Without one the test is skipped, in CI it fails."""
    with answering_redis() as client:
        yield client


@pytest.fixture
def redis_url(redis_server):
    """Address of the server, which answers."""
    return f"{REDIS}/0"


@pytest.fixture
def redis_prefix():
    """What the names of one test begin with, because the server may be in use."""
    return f"synqc-test-{uuid.uuid4()}"


@pytest.fixture(params=["memory", "disk", "tiered", "redis"])
def each_cache(request, tmp_path):
    """A cache of each kind, empty."""
    if request.param == "memory":
        yield MemoryCache()
        return
    opened = {
        "disk": lambda: DiskCache(tmp_path / "cache.db"),
        "tiered": lambda: TieredCache(MemoryCache(), DiskCache(tmp_path / "cache.db")),
        "redis": lambda: RedisCache(
            request.getfixturevalue("redis_url"),
            prefix=request.getfixturevalue("redis_prefix"),
            timeout_seconds=10,
            retry_seconds=0.001,
            ttl=60,
        ),
    }[request.param]()
    with opened:
        yield opened
        opened.clear()
