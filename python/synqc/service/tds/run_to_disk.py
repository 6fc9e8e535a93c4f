"""A run from its request to its stored answer, for the route and for the fast path."""

from __future__ import annotations

from synqc.apps.tds.application import TdsApplication
from synqc.apps.tds.models import RunRequest
from synqc.apps.tds.runs import UnsafeProbe
from synqc.service.context import Workers, wait_committed

__all__ = ["run_to_disk"]


async def run_to_disk(tds: TdsApplication, workers: Workers, session_id: str, request: RunRequest) -> bytes:
    """The answer of a run that is done and stored; a client that goes away meanwhile does not stop it."""
    try:
        answer = tds.runs.submit(session_id, request, short=workers.short_runs.submit, long=workers.long_runs.submit)
    except UnsafeProbe as refusal:
        if refusal.stored is not None:
            await wait_committed(refusal.stored)
        raise
    return await wait_committed(answer)
