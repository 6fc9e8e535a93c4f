"""The Redis on this machine, for tests to write keys of their own into."""

import os
from contextlib import contextmanager

import pytest

REDIS = "redis://127.0.0.1:6379"


@contextmanager
def answering_redis(database=0):
    """A client of one of its databases; skips where no server answers, but fails in CI."""
    if not os.environ.get("CI"):
        pytest.importorskip("redis")
    import redis

    with redis.Redis.from_url(f"{REDIS}/{database}", socket_connect_timeout=3) as client:
        try:
            client.ping()
        except redis.RedisError as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"no Redis answers at {REDIS}: {error}")
        yield client
