"""Other nodes of the cluster: which of them owns a session, and how they are asked for what is theirs."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Iterable
from typing import TypeVar

from synqc.apps.tds.kill_notices import KillNotices
from synqc.apps.tds.session_places import SessionPlaces
from synqc.apps.tds.storage.session_owners import SessionOwner, is_alive
from synqc.service.context import Workers
from synqc.service.tds.node_connections import NodeAnswer, NodeConnections, NodeSilent, NodeUnreachable
from synqc.storage import StorageUnavailable
from synqc.storage.node_lease import NodeLease

__all__ = ["FORWARDED", "WANTED", "OtherNodes"]

FORWARDED = b"x-synqc-forwarded"
"""Header of a request that another node has passed on; it is passed on no further."""
WANTED = b"x-synqc-wanted"
"""Header of a request to give a session up, for the node that is asked for it."""

_MANY = 32
"""Requests that are passed on before the session is asked for: a move costs a few commits."""
_MOST_HINTS = 10_000
_SHARE_OF_LEASE_TO_CONNECT = 0.25
_SHARE_OF_LEASE_FOR_KILLS = 0.25
_CHECKS_PER_LEASE = 5
_NOT_PASSED_ON = frozenset({
    b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade",
    b"content-length", b"expect", b"origin", FORWARDED, WANTED,
})  # fmt: skip
"""Of the connection, of the body, and what is answered here: a second answer to it would be one too many."""

_Result = TypeVar("_Result")


class OtherNodes:
    """Client of the other nodes.

    Args:
        places: Places of sessions.
        lease: Lease of this node.
        workers: For what blocks on the database.
        kills: How a node is told to stop a run by way of the database.
        key: API key that every node takes; None: they ask for none.
        prefix: Path below a node's address that the application is mounted at.
    """

    def __init__(
        self, places: SessionPlaces, lease: NodeLease, workers: Workers, kills: KillNotices, *, key: str | None,
        prefix: str,
    ) -> None:  # fmt: skip
        self.lease = lease
        self._places = places
        self._workers = workers
        self._kills = kills
        self._key = key
        self._prefix = prefix
        self._connections = NodeConnections()
        self._passed_on: OrderedDict[str, int] = OrderedDict()
        self._asking: set[asyncio.Task[None]] = set()
        self._hints: OrderedDict[str, tuple[SessionOwner, float]] = OrderedDict()

    async def owner_of(self, session_id: str, *, adopts: bool = True) -> SessionOwner | None:
        """The other node that owns a session; None if the session is here, or nowhere.

        What is found is believed until the lease of that node ends, as far as was known when it was looked for.

        Args:
            session_id: Name of the session.
            adopts: Whether to adopt a session that another node has left; else its former owner is returned.

        Raises:
            NotOwner: This node has been declared dead, or the session changes hands.
            StorageUnavailable: The database does not answer.
        """
        hint = self._hints.get(session_id)
        if hint is not None:
            if time.monotonic() < hint[1]:
                return hint[0]
            self.forget(session_id)
        asked_at = time.monotonic()
        found = await asyncio.wrap_future(self._workers.reads.submit(self._places.find, session_id, adopts=adopts))
        if found is not None and adopts:
            self._hints[session_id] = (found, asked_at + found.lease_left_s)
            if len(self._hints) > _MOST_HINTS:
                self._hints.popitem(last=False)
        return found

    def forget(self, session_id: str) -> None:
        """Look for the owner of a session anew."""
        self._hints.pop(session_id, None)

    async def ask(
        self, owner: SessionOwner, method: str, target: str, headers: Iterable[tuple[bytes, bytes]], body: bytes, *,
        within_s: float | None = None, wants: bool = False,
    ) -> NodeAnswer:  # fmt: skip
        """Ask a node; waits as long as it is alive.

        Args:
            owner: The node.
            method: Method of the request.
            target: Path and query.
            headers: Headers of whoever asks here.
            body: Body of the request.
            within_s: Time limit of the answer's head; None: it may take as long as a run does.
            wants: Whether it is asked to give the session up.

        Raises:
            NodeUnreachable: It was not asked.
            NodeSilent: It was asked and did not answer, and may be dead.
        """
        passed_on = [pair for pair in headers if pair[0] not in _NOT_PASSED_ON]
        if self._key is not None:
            passed_on = [pair for pair in passed_on if pair[0] not in (b"x-api-key", b"authorization")]
            passed_on.append((b"x-api-key", self._key.encode()))
        passed_on.append((FORWARDED, self.lease.name.encode("ascii", "replace")))
        if wants:
            passed_on.append((WANTED, b"1"))
        asking = self._connections.ask(
            owner.address, method, self._prefix + target, passed_on, body,
            connect_s=_SHARE_OF_LEASE_TO_CONNECT * self.lease.seconds,
        )  # fmt: skip
        return await self.while_alive(owner, asking, within_s)

    async def while_alive(
        self, owner: SessionOwner, waiting: Awaitable[_Result], within_s: float | None = None
    ) -> _Result:
        """Wait for something from a node, unless the node dies or time is up.

        Raises:
            NodeSilent: It is dead, or time is up.
        """
        task = asyncio.ensure_future(waiting)
        began = time.monotonic()
        pause = self.lease.seconds / _CHECKS_PER_LEASE
        try:
            while True:
                left = pause if within_s is None else min(pause, began + within_s - time.monotonic())
                if (await asyncio.wait({task}, timeout=max(left, 0.0)))[0]:
                    return task.result()
                if within_s is not None and time.monotonic() - began >= within_s:
                    raise NodeSilent(f"Node {owner.address} did not answer within {within_s:g} s.")
                if not await asyncio.wrap_future(self._workers.reads.submit(self._is_alive, owner)):
                    raise NodeSilent(f"Node {owner.address} was asked, and is silent for longer than its lease.")
        finally:
            task.cancel()

    async def pieces(self, owner: SessionOwner, answer: NodeAnswer) -> AsyncIterator[bytes]:
        """The body of an answer; it ends early if its node dies.

        Raises:
            NodeSilent: It ends before its end.
        """
        pieces = aiter(answer.pieces())
        while True:
            piece = await self.while_alive(owner, anext(pieces, b""))
            if not piece:
                return
            yield piece

    def count(self, owner: SessionOwner, session_id: str, target: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Note that a request for a session was passed on; after many its owner is asked to give the session up."""
        passed_on = self._passed_on.pop(session_id, 0) + 1
        if passed_on < _MANY:
            self._passed_on[session_id] = passed_on
            if len(self._passed_on) > _MOST_HINTS:
                self._passed_on.popitem(last=False)
            return
        asking = asyncio.ensure_future(self._ask_for(owner, session_id, target, tuple(headers)))
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)

    async def _ask_for(
        self, owner: SessionOwner, session_id: str, target: str, headers: tuple[tuple[bytes, bytes], ...]
    ) -> None:
        with contextlib.suppress(NodeSilent, NodeUnreachable, StorageUnavailable):  # it stays where it is
            answer = await self.ask(owner, "HEAD", target, headers, b"", within_s=self.lease.seconds, wants=True)
            answer.close()
            if answer.status == 204:
                self.forget(session_id)

    async def kill_by_notification(self, session_id: str) -> dict[str, str] | None:
        """Tell the owner of a session by way of the database to stop its run; what it did, or None if it is silent."""
        within_s = self.lease.seconds * _SHARE_OF_LEASE_FOR_KILLS
        return await asyncio.wrap_future(self._workers.reads.submit(self._kills.send, session_id, within_s))

    def _is_alive(self, owner: SessionOwner) -> bool:
        return owner.number is not None and is_alive(self._places.database, owner.number)
