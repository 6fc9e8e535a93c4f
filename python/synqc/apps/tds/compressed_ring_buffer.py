"""Ring buffer whose older entries are compressed: the newest entries of what grows without end."""

from __future__ import annotations

import marshal
import threading
import zlib
from collections import deque
from collections.abc import Iterable, Iterator

__all__ = ["CompressedRingBuffer"]

_BLOCK = 64


class CompressedRingBuffer:
    """The newest entries, the oldest of them compressed: every session has them, and few are ever looked at.

    At least the newest 64 are not compressed, which is what pages poll.

    Args:
        most: Entries kept.

    Examples:
        >>> ring = CompressedRingBuffer(1000)
        >>> for number in range(5000):
        ...     ring.append(b"%d" % number)
        >>> len(ring), ring.newest(2)
        (1000, [b'4998', b'4999'])
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._packed: deque[bytes] = deque()
        self._loose: list[bytes] = []
        self._lock = threading.Lock()  # an entry that is being packed shall not be seen twice, or not at all

    def __len__(self) -> int:
        return min(self._most, len(self._packed) * _BLOCK + len(self._loose))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.newest(self._most))

    def append(self, entry: bytes) -> None:
        """Add the newest entry, and forget the oldest if there are too many."""
        with self._lock:
            self._append(entry)

    def restart(self, entries: Iterable[bytes]) -> None:
        """Hold these instead, oldest first."""
        with self._lock:
            self._packed.clear()
            self._loose.clear()
            for entry in entries:
                self._append(entry)

    def newest(self, count: int) -> list[bytes]:
        """The newest `count` entries, or all if there are fewer; oldest first."""
        count = min(count, self._most)
        with self._lock:
            loose = self._loose[-count:] if count else []
            blocks = -(-max(0, count - len(self._loose)) // _BLOCK)
            packed = list(self._packed)[-blocks:] if blocks else []
        entries = [entry for block in packed for entry in marshal.loads(zlib.decompress(block))]
        entries += loose
        return entries[-count:] if count else []

    def _append(self, entry: bytes) -> None:
        self._loose.append(entry)
        if len(self._loose) == 2 * _BLOCK:
            self._packed.append(zlib.compress(marshal.dumps(self._loose[:_BLOCK]), 1))
            del self._loose[:_BLOCK]
            if (len(self._packed) - 1) * _BLOCK + len(self._loose) >= self._most:
                self._packed.popleft()
