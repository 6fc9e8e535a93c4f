"""RedisCache(secret=...): nobody who lacks the secret can make, change or move what is read."""

import os
import uuid

import pytest

from synqc.cache import RedisCache
from synqc.errors import InputError

URL = "redis://127.0.0.1:6379/0"


@pytest.fixture
def server():
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
def prefix():
    return f"synqc-test-{uuid.uuid4()}"


def cache_of(prefix, secret):
    return RedisCache(URL, prefix=prefix, secret=secret, timeout_seconds=10, ttl=60)


def names_of(server, prefix):
    return sorted(server.scan_iter(f"*{prefix}*"))


def test_signed_values_are_read_by_who_knows_the_secret_alone(server, prefix):
    ours = cache_of(prefix, "a secret of many letters")
    ours.set("k", {"a": 1})
    assert ours.get("k") == {"a": 1}
    assert cache_of(prefix, b"a secret of many letters").get("k") == {"a": 1}
    assert cache_of(prefix, "another secret, as long").get("k") is None
    ours.clear()


def test_a_changed_moved_or_unsigned_value_is_a_miss(server, prefix):
    ours = cache_of(prefix, "a secret of many letters")
    ours.set("one", [1, 2, 3])
    (first,) = names_of(server, prefix)
    ours.set("other", [4, 5, 6])
    (second,) = set(names_of(server, prefix)) - {first}
    signed = server.get(first)
    for place in range(len(signed)):
        server.set(first, signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :])
        assert ours.get("one") is None, place
    server.set(second, signed)
    assert ours.get("other") is None
    for unsigned in (b"", signed[:-32], signed[:31]):
        server.set(first, unsigned)
        assert ours.get("one") is None
    server.set(first, signed)
    assert ours.get("one") == [1, 2, 3]
    ours.clear()


@pytest.mark.parametrize("secret", ["short", b"fifteen bytes..", 7, ""])
def test_secrets_that_are_none_are_refused(secret):
    with pytest.raises(InputError, match="Argument `secret` must be"):
        RedisCache(URL, secret=secret)
