"""A tier that machines share: a Redis server behind the same doors as the other caches."""

from __future__ import annotations

import asyncio
import logging
import math
import numbers
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from synqc import _core, metrics
from synqc.cache._flight import MISSING, Flights
from synqc.cache._seal import Seal
from synqc.cache._stored import Stored
from synqc.cache._text_keys import TextKeys
from synqc.errors import InputError, MissingExtra

__all__ = ["RedisCache", "RedisStats"]

_log = logging.getLogger("synqc.cache")
_KEYS_AT_ONCE: Final = 500
_END_OF_PREFIX: Final = b"\0"
_GONE: Final = -2  # what PTTL says of a key that is not there
_LONGEST_S: Final = 1e11
_COUNTED: Final = ("hits", "misses", "stored", "deleted", "errors")


@dataclass(frozen=True)
class RedisStats:
    """What a RedisCache did.

    Args:
        hits: Reads that found a value.
        misses: Reads that did not, for whatever reason.
        stored: Values sent.
        deleted: Keys forgotten on request.
        computations: Values computed by `get_or_compute` and its kin.
        errors: Calls that failed or found bytes that are none of ours; each was a miss.
        degraded: Whether the server failed lately and is left alone until `retry_seconds` have passed.
    """

    hits: int
    misses: int
    stored: int
    deleted: int
    computations: int
    errors: int
    degraded: bool

    @property
    def hit_rate(self) -> float:
        """Share of reads that were hits; 0 before the first."""
        return self.hits / max(1, self.hits + self.misses)


class RedisCache(TextKeys):
    """A cache on a Redis server.

    Values are encoded as in DiskCache, with a checksum, and expire on the server. No call raises because of the server:
    a failure is a miss and is counted. A server that cannot be reached, or does not answer in time, is then left alone
    for `retry_seconds`, so that a dead one costs one time-out and not one per call; what it refuses about one key
    concerns that key alone. The async doors talk to the server on threads of their loop's executor.

    Args:
        server: A URL such as "redis://127.0.0.1:6379/0", or a `redis.Redis` client with time-outs of your own that
            does not decode responses.
        prefix: Prefix of every key, so that several caches can share a server: no other prefix sees, or clears, these
            keys.
            May hold anything but a null character.
        ttl: Seconds a value lives unless said otherwise. None: until the server evicts it.
        ttl_by_kind: Seconds for values of a kind.
        timeout_seconds: For connecting and for each answer; for a URL only.
        retry_seconds: Between attempts to reach a server that failed.
        secret: At least 16 bytes that only the processes which share the cache know. Values are then signed for their
            key (HMAC-SHA-256), and whatever is signed otherwise, or not at all, is a miss: who can write to the server
            can no longer choose what is read.

    Raises:
        MissingExtra: The package `redis` is not installed.
        InputError: An argument is out of its range.
    """

    def __init__(
        self,
        server: Any,
        *,
        prefix: str = "synqc:",
        ttl: float | None = None,
        ttl_by_kind: Mapping[str, float] | None = None,
        timeout_seconds: float = 0.25,
        retry_seconds: float = 5.0,
        secret: bytes | str | None = None,
    ) -> None:
        self._ttl = _checked_lifetime("ttl", ttl)
        self._ttl_by_kind = {
            kind: _checked_lifetime("ttl_by_kind", value) for kind, value in (ttl_by_kind or {}).items()
        }
        if not isinstance(prefix, str) or "\0" in prefix:
            raise InputError(f"Argument `prefix` must be a text without null characters, but is {prefix!r}.")
        self._prefix = prefix.encode("utf-8", "surrogatepass") + _END_OF_PREFIX
        self._retry_seconds = retry_seconds
        self._seal = Seal(secret)
        self._client = _client_of(server, timeout_seconds) if isinstance(server, str) else server
        if _decodes(self._client):
            raise InputError("Argument `server` must be a client with decode_responses=False, but decodes.")
        self._flights = Flights()
        # Counters of the core: exact under threads, and without a lock that a finaliser could find taken.
        registry = metrics.Registry()
        self._counts = {name: registry.counter(f"{name}_total") for name in _COUNTED}
        self._failed_at = -math.inf
        self._is_failing = False
        self._told: set[str] = set()

    def get(self, key: str | bytes, default: Any = None) -> Any:
        """The value of a key, or `default`."""
        found = self.look_up(key)
        return default if found is None else found.value

    def look_up(self, key: str | bytes) -> Stored | None:
        """The value of a key with its age and what is left of its life, or None."""
        name = self._name_of(key)
        answer = self._ask(lambda client: client.pipeline(transaction=False).get(name).pttl(name).execute(), None)
        if answer is not None and answer[1] == _GONE:  # it expired between the two
            answer = None
        found = None if answer is None or answer[0] is None else self._decoded(name, *answer)
        self._count("misses" if found is None else "hits")
        return found

    def set(self, key: str | bytes, value: Any, *, ttl: float | None = None, kind: str = "default") -> None:
        """Store a value for `ttl` seconds; None takes the kind's, 0 stores nothing and forgets the key."""
        lifetime = _checked_lifetime("ttl", ttl)
        if lifetime is None:
            lifetime = self._ttl_by_kind.get(kind, self._ttl)
        name = self._name_of(key)
        data = self._seal.close(name, _core.encode_value((kind, time.time(), value)))
        if lifetime == 0:
            self._ask(lambda client: client.delete(name), None)
            return
        if self._ask(lambda client: client.set(name, data, px=_millis_in(lifetime)), None) is None:
            self._ask(lambda client: client.delete(name), None)  # an older value must not stay behind
            return
        self._count("stored")

    def delete(self, key: str | bytes) -> bool:
        """Forget a key; whether it was there."""
        name = self._name_of(key)
        self._count("deleted")
        return bool(self._ask(lambda client: client.delete(name), 0))

    def touch(self, key: str | bytes, ttl: float | None = None) -> bool:
        """Let a live entry live `ttl` seconds from now; None takes the cache's. Whether there is one."""
        name = self._name_of(key)
        lifetime = _checked_lifetime("ttl", ttl)
        lifetime = self._ttl if lifetime is None else lifetime
        millis = _millis_in(lifetime)
        if millis is None:
            answer = self._ask(
                lambda client: client.pipeline(transaction=False).persist(name).exists(name).execute(), (0, 0)
            )
            return bool(answer[1])
        return bool(self._ask(lambda client: client.pexpire(name, millis), 0))

    def clear(self) -> None:
        """Forget every key with this prefix."""

        def forget_all(client: Any) -> None:
            some: list[bytes] = []
            for name in client.scan_iter(match=self._pattern(), count=_KEYS_AT_ONCE):
                some.append(name)
                if len(some) >= _KEYS_AT_ONCE:
                    client.unlink(*some)
                    some = []
            if some:
                client.unlink(*some)

        self._ask(forget_all, None)

    def expire(self) -> int:
        """Nothing to do: the server removes what has expired."""
        return 0

    def flush(self) -> bool:
        """Whether the server answers; everything stored is already there."""
        return bool(self._ask(lambda client: client.ping(), False))

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def stats(self) -> RedisStats:
        """What happened."""
        counts = {name: int(counter.value()) for name, counter in self._counts.items()}
        return RedisStats(**counts, computations=self._flights.computations, degraded=self._rests())

    def __contains__(self, key: object) -> bool:
        name = self._name_of(key)
        return bool(self._ask(lambda client: client.exists(name), 0))

    def __getitem__(self, key: str | bytes) -> Any:
        value = self.get(key, MISSING)
        if value is MISSING:
            raise KeyError(key)
        return value

    def __setitem__(self, key: str | bytes, value: Any) -> None:
        self.set(key, value)

    def __delitem__(self, key: str | bytes) -> None:
        if not self.delete(key):
            raise KeyError(key)

    def __iter__(self) -> Iterator[str | bytes]:
        """Keys on the server; walks through all of them."""
        names = self._ask(lambda client: list(client.scan_iter(match=self._pattern(), count=_KEYS_AT_ONCE)), [])
        for name in set(names):
            kind, content = name[len(self._prefix) : len(self._prefix) + 1], name[len(self._prefix) + 1 :]
            if kind == b"s":
                yield content.decode("utf-8", "surrogatepass")
            elif kind == b"b":
                yield content

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __enter__(self) -> RedisCache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        prefix = self._prefix.removesuffix(_END_OF_PREFIX).decode("utf-8", "surrogatepass")
        return f"RedisCache(prefix={prefix!r})"

    def _name_of(self, key: object) -> bytes:
        if isinstance(key, str):
            return self._prefix + b"s" + key.encode("utf-8", "surrogatepass")
        if isinstance(key, bytes):
            return self._prefix + b"b" + key
        raise InputError(f"Argument `key` must be str or bytes, but is a {type(key).__name__}.")

    def _pattern(self) -> bytes:
        special = b"\\*?[]^-"
        return b"".join(b"\\" + bytes([c]) if c in special else bytes([c]) for c in self._prefix) + b"*"

    _waits = True

    def _find_at_once(self, key: Any) -> Any:
        return MISSING

    async def _find_later(self, key: Any) -> Any:
        return await asyncio.to_thread(self.get, key, MISSING)

    async def _store_later(self, key: Any, value: Any, ttl: float | None, kind: str) -> None:
        await asyncio.to_thread(self.set, key, value, ttl=ttl, kind=kind)

    def _decoded(self, name: bytes, data: bytes, millis_left: int) -> Stored | None:
        try:
            kind, stored, value = _core.decode_value(self._seal.open(name, data))
            if not isinstance(kind, str) or not isinstance(stored, float):
                raise InputError("Argument `data` must be a value with its kind and time, but is not.")
        except Exception as error:
            self._note_error(f"found bytes that are none of ours ({error})", rests=False)
            return None
        left = None if millis_left < 0 else millis_left / 1e3
        return Stored(value=value, age=max(0.0, time.time() - stored), ttl=left, kind=kind)

    def _ask(self, call: Any, otherwise: Any) -> Any:
        """What the server answers, or `otherwise` if it does not."""
        if self._rests():
            return otherwise
        try:
            answer = call(self._client)
            self._is_failing = False
            return answer
        except Exception as error:
            self._note_error(f"{type(error).__name__}: {error}", rests=_is_of_the_server(error))
            return otherwise

    def _rests(self) -> bool:
        return time.monotonic() - self._failed_at < self._retry_seconds

    def _note_error(self, words: str, *, rests: bool) -> None:
        self._count("errors")
        if rests:
            self._failed_at = time.monotonic()
            if not self._is_failing:
                self._is_failing = True
                _log.warning("The Redis server fails, its tier is skipped: %s.", words)
            return
        kind = words.partition(":")[0]
        if kind not in self._told:
            self._told.add(kind)
            _log.warning("The Redis server refused, or held, something under one key, which is a miss: %s.", words)

    def _count(self, what: str) -> None:
        self._counts[what].add()


def _is_of_the_server(error: Exception) -> bool:
    """Whether nothing else would work just now either."""
    import redis

    return isinstance(error, redis.ConnectionError | redis.TimeoutError | OSError)


def _decodes(client: Any) -> bool:
    pool = getattr(client, "connection_pool", None)
    return bool(getattr(pool, "connection_kwargs", {}).get("decode_responses"))


def _millis_in(lifetime: float | None) -> int | None:
    """For the server; None: for ever, as what outlives its clock."""
    return None if lifetime is None or lifetime > _LONGEST_S else math.ceil(lifetime * 1e3)


def _client_of(url: str, timeout_seconds: float) -> Any:
    try:
        import redis
    except ImportError as error:
        raise MissingExtra("RedisCache needs the package redis: pip install 'synqc[redis]'.") from error
    return redis.Redis.from_url(url, socket_timeout=timeout_seconds, socket_connect_timeout=timeout_seconds)


def _checked_lifetime(name: str, ttl: float | None) -> float | None:
    if ttl is None:
        return None
    if not isinstance(ttl, numbers.Real) or not ttl >= 0:
        raise InputError(f"Argument `{name}` must be at least 0 seconds, but is {ttl}.")
    return ttl
