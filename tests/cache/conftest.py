"""The server that the tests of RedisCache share."""

import os
import uuid

import pytest

URL = "redis://127.0.0.1:6379/0"


@pytest.fixture
def redis_server():
    """A client of the server on this machine. Without one the test is skipped, in CI it fails."""
    redis = pytest.importorskip("redis")
    client = redis.Redis.from_url(URL, socket_connect_timeout=1)
    try:
        client.ping()
    except redis.RedisError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no Redis server on 127.0.0.1:6379 ({error})")
    yield client
    client.close()


@pytest.fixture
def redis_url(redis_server):
    """Address of the server, which answers."""
    return URL


@pytest.fixture
def redis_prefix():
    """What the names of one test begin with, because the server may be in use."""
    return f"synqc-test-{uuid.uuid4()}"
