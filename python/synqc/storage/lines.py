"""Registry of a database's sockets, which can be shut down: a driver that waits for an answer cannot be told."""

from __future__ import annotations

import os
import socket
import threading
import weakref
from typing import Any

from sqlalchemy import Engine, event

__all__ = ["Lines"]


class Lines:
    """Registry of the sockets of an engine's connections, those in use and those of its pool.

    Args:
        engine: An engine whose driver's connections have a `fileno()`.
    """

    def __init__(self, engine: Engine) -> None:
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._lock = threading.Lock()  # a set that grows cannot be walked through
        # Before anybody else's listener asks the server for something: that one may wait for an answer, too.
        event.listen(engine, "connect", self._remember, insert=True)

    def cut(self) -> None:
        """Shut all of them down: whoever waits for an answer gets an error now, and the pool replaces what it held."""
        with self._lock:
            lines = tuple(self._sockets)
        for line in lines:
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:  # it has ended already
                continue

    def _remember(self, connection: Any, _: Any) -> None:
        # A descriptor of our own: the driver's may be closed, and its number another file's, before it is cut.
        line = socket.socket(fileno=os.dup(connection.fileno()))
        with self._lock:
            self._sockets.add(line)
        weakref.finalize(connection, line.close)
