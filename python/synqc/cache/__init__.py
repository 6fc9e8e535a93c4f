"""Caches in memory, in a file and on a server, keys made of content, and functions that remember.

>>> from synqc.cache import MemoryCache, cached
>>> cache = MemoryCache(max_entries=1000, ttl=60)
>>> cache.get_or_compute("square of 12", lambda: 12 * 12)
144
>>> cache.get("square of 12")
144
"""

from synqc.cache._content import content_key, sha256_hex
from synqc.cache._control import Answer, Control
from synqc.cache._decorators import CacheInfo, cached
from synqc.cache._disk import DiskCache, DiskStats
from synqc.cache._function_content import UnsharedResults
from synqc.cache._memory import MemoryCache, MemoryStats
from synqc.cache._protocol import Cache
from synqc.cache._redis import RedisCache, RedisStats
from synqc.cache._reporting import report
from synqc.cache._stored import Stored
from synqc.cache._tiered import TieredCache, TieredStats, TierStats

__all__ = [
    "Answer",
    "Cache",
    "CacheInfo",
    "Control",
    "DiskCache",
    "DiskStats",
    "MemoryCache",
    "MemoryStats",
    "RedisCache",
    "RedisStats",
    "Stored",
    "TierStats",
    "TieredCache",
    "TieredStats",
    "UnsharedResults",
    "cached",
    "content_key",
    "report",
    "sha256_hex",
]
