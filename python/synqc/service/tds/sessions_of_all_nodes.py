"""All sessions of a cluster: each as its owner has it in memory, or as it is stored where the owner does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.requests import Request

from synqc import json
from synqc.apps.tds.application import TdsApplication
from synqc.apps.tds.storage.session_owners import NodeRow, SessionOwner, node_rows, owners, rows_of
from synqc.apps.tds.storage.session_rows import session_of
from synqc.service.context import run_in_thread
from synqc.service.tds.node_connections import NodeSilent, NodeUnreachable
from synqc.service.tds.other_nodes import OtherNodes

__all__ = ["sessions_of_all_nodes"]

_SHARE_OF_LEASE = 0.5


async def sessions_of_all_nodes(tds: TdsApplication, others: OtherNodes, request: Request) -> bytes:
    """Summaries of all sessions in order of creation.

    Raises:
        StorageUnavailable: The database does not answer.
    """
    nodes = await run_in_thread(request, node_rows, tds.database)
    asked = [node for node in nodes if node.is_alive and node.sessions and node.number != tds.store.epoch]
    told = await asyncio.gather(*(_summaries_of(node, tds, others, request) for node in asked))
    named = [name for name, _ in await run_in_thread(request, owners, tds.database)]
    known = {name: summary for summaries in told for name, summary in summaries.items()}
    known |= {name: session.summary_bytes() for name, session in list(tds.store.sessions.items())}
    missing = [name for name in named if name not in known]
    if missing:
        known |= await run_in_thread(request, _stored, tds, missing)
    return b"[" + b",".join(known[name] for name in named if name in known) + b"]"


async def _summaries_of(
    node: NodeRow, tds: TdsApplication, others: OtherNodes, request: Request
) -> Mapping[str, bytes]:
    """By name; none of a node that does not answer."""
    owner = SessionOwner(node.number, 0, node.address, node.lease_left_s)
    target = f"{tds.settings.api_prefix}/sessions"
    try:
        answer = await others.ask(
            owner, "GET", target, request.headers.raw, b"", within_s=_SHARE_OF_LEASE * others.lease.seconds
        )
        try:
            body = b"".join([piece async for piece in others.pieces(owner, answer)])
        finally:
            answer.close()
    except (NodeUnreachable, NodeSilent):
        return {}
    return {one["session_id"]: json.dumps(one) for one in json.loads(body)} if answer.status == 200 else {}


def _stored(tds: TdsApplication, names: list[str]) -> Mapping[str, bytes]:
    return {row.session_id: session_of(row).summary_bytes() for row in rows_of(tds.database, names)}
