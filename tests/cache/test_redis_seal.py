"""RedisCache(secret=...): nobody who lacks the secret can make, change or move what is read."""

import pytest

from synqc.cache import RedisCache
from synqc.errors import InputError


@pytest.fixture
def cache_of(redis_url, redis_prefix):
    return lambda secret: RedisCache(redis_url, prefix=redis_prefix, secret=secret, timeout_seconds=10, ttl=60)


def names_of(server, prefix):
    return sorted(server.scan_iter(f"*{prefix}*"))


def test_signed_values_are_read_by_who_knows_the_secret_alone(redis_server, redis_prefix, cache_of):
    ours = cache_of("a secret of many letters")
    ours.set("k", {"a": 1})
    assert ours.get("k") == {"a": 1}
    assert cache_of(b"a secret of many letters").get("k") == {"a": 1}
    assert cache_of("another secret, as long").get("k") is None
    ours.clear()


def test_a_changed_moved_or_unsigned_value_is_a_miss(redis_server, redis_prefix, cache_of):
    ours = cache_of("a secret of many letters")
    ours.set("one", [1, 2, 3])
    (first,) = names_of(redis_server, redis_prefix)
    ours.set("other", [4, 5, 6])
    (second,) = set(names_of(redis_server, redis_prefix)) - {first}
    signed = redis_server.get(first)
    for place in range(len(signed)):
        redis_server.set(first, signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :])
        assert ours.get("one") is None, place
    redis_server.set(second, signed)
    assert ours.get("other") is None
    for unsigned in (b"", signed[:-32], signed[:31]):
        redis_server.set(first, unsigned)
        assert ours.get("one") is None
    redis_server.set(first, signed)
    assert ours.get("one") == [1, 2, 3]
    ours.clear()


@pytest.mark.parametrize("secret", ["short", b"fifteen bytes..", 7, ""])
def test_secrets_that_are_none_are_refused(secret):
    with pytest.raises(InputError, match="Argument `secret` must be"):
        RedisCache("redis://127.0.0.1", secret=secret)
