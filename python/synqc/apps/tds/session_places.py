"""Where sessions are, in a cluster of servers: in this node's memory, at another node, or nowhere."""

from __future__ import annotations

import threading
from zlib import crc32

from synqc.apps.tds.storage import Change, NotOwner, StorageUnavailable
from synqc.apps.tds.storage.session_owners import SessionOwner, adopted, owner_of
from synqc.apps.tds.store import SessionStore

__all__ = ["SessionPlaces"]

_MOST_ATTEMPTS = 8
_PATIENCE_S = 10.0
_LOCKS = 64


class SessionPlaces:
    """Finds the node that owns a session, and adopts those that nobody owns.

    Args:
        store: The session store of this node.
    """

    def __init__(self, store: SessionStore) -> None:
        self.database = store.database
        self._store = store
        # A session is adopted once, however many ask for it.
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    def find(self, session_id: str, *, adopts: bool = True) -> SessionOwner | None:
        """The node that owns a session, if it is another one; blocks on the database.

        Args:
            session_id: Name of the session.
            adopts: Whether to adopt a session that another node has left; else its former owner is returned.

        Returns:
            None if the session is in this node's memory, where it may have come just now, or if there is no such
            session.

        Raises:
            NotOwner: This node has been declared dead, or the session changed hands all the time.
            StorageUnavailable: The database does not answer.
        """
        sessions = self._store.sessions
        if session_id in sessions:
            return None
        with self._locks[crc32(session_id.encode(errors="surrogatepass")) % _LOCKS]:
            for _ in range(_MOST_ATTEMPTS):
                if session_id in sessions:
                    return None
                me = self._store.epoch
                if me is None:
                    raise NotOwner("This node registers anew: try again.")
                seen = owner_of(self._store.database, session_id)
                if seen is None:
                    return None
                if seen.number == me:
                    self._settle()  # it may be on its way out of the database
                    again = owner_of(self._store.database, session_id)
                    if again is None or (again.number, again.epoch) != (seen.number, seen.epoch):
                        continue
                elif seen.lease_left_s > 0.0 or not adopts:
                    return seen
                found = adopted(self._store.database, session_id, seen, me)
                if found is not None:
                    self._store.take_in(found, me)
        raise NotOwner(f"Session '{session_id}' changes hands: try again.")

    def _settle(self) -> None:
        """Wait until what was handed to the writer is stored."""
        try:
            self._store.writer.submit(Change()).result(_PATIENCE_S)
        except TimeoutError as error:
            raise StorageUnavailable(f"Storage did not answer within {_PATIENCE_S:g} s.") from error
