"""Nodes of the cluster that this server is one of."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from synqc.apps.tds.storage.session_owners import node_rows
from synqc.service.context import run_in_thread
from synqc.service.description import answered
from synqc.service.tds.context import Tds

__all__ = ["router"]

router = APIRouter(tags=["service"])


class ClusterNode(BaseModel):
    """Registration of a server: its lease, how many sessions it owns, and how often these changed their owner."""

    number: int
    node_id: str
    address: str
    alive: bool
    lease_left_s: float
    sessions: int
    moves: int


class Cluster(BaseModel):
    """Nodes that share a database; none without `SYNQC_CLUSTER`."""

    this_node: str | None
    lease_s: float | None
    nodes: list[ClusterNode]


_CLUSTER = {
    "this_node": "lab-1-5f0c2a91", "lease_s": 5.0,
    "nodes": [
        {
            "number": 7, "node_id": "lab-1-5f0c2a91", "address": "http://10.0.0.1:8000", "alive": True,
            "lease_left_s": 4.312, "sessions": 12, "moves": 3,
        },
        {
            "number": 6, "node_id": "lab-2-11d8e0b4", "address": "http://10.0.0.2:8000", "alive": False,
            "lease_left_s": -71.5, "sessions": 1, "moves": 0,
        },
    ],
}  # fmt: skip


@router.get("/cluster", operation_id="read_cluster", response_model=Cluster, responses=answered(_CLUSTER))
async def read_cluster(request: Request, tds: Tds) -> dict[str, Any]:
    """Nodes that share the database, newest first: those that answer, and those that left or died."""
    lease = tds.database.node
    if lease is None:
        return {"this_node": None, "lease_s": None, "nodes": []}
    rows = await run_in_thread(request, node_rows, tds.database)
    nodes = [
        {
            "number": row.number, "node_id": row.node_id, "address": row.address, "alive": row.is_alive,
            "lease_left_s": round(row.lease_left_s, 3), "sessions": row.sessions, "moves": row.moves,
        }
        for row in reversed(rows)
    ]  # fmt: skip
    return {"this_node": lease.name, "lease_s": lease.seconds, "nodes": nodes}
