"""Tools of a running service's sessions: reading and advice; and, where that is allowed, runs within the budget."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from synqc import _core
from synqc.mcp.limits import Budget, Limits
from synqc.mcp.service_client import ServiceClient

__all__ = ["SessionTools"]

_SessionId = Annotated[str, Field(min_length=1, max_length=200, description="Id of the session.")]
_QUBITS = 4  # of a session's register


class SessionTools:
    """Sessions of a service.

    Args:
        service: Which.
        limits: Limits of each call.
        budget: Budget of all calls.
    """

    def __init__(self, service: ServiceClient, limits: Limits, budget: Budget) -> None:
        self._service = service
        self._limits = limits
        self._budget = budget

    async def list_sessions(self, limit: Annotated[int, Field(ge=1, le=200)] = 50) -> dict[str, Any]:
        """Sessions of the service with their state, newest first, at most `limit`."""
        found = await self._ask("GET", "sessions")
        return {"sessions": found[::-1][:limit], "of": len(found)}

    async def read_session(self, session_id: _SessionId) -> dict[str, Any]:
        """A session: configuration, budget of shots, status, and figures of its last run."""
        return dict(await self._ask("GET", "sessions", session_id))

    async def list_runs(
        self, session_id: _SessionId, limit: Annotated[int, Field(ge=1, le=100)] = 20
    ) -> dict[str, Any]:
        """Runs of a session, newest first."""
        return dict(await self._ask("GET", "runs", query={"session_id": session_id, "limit": limit}))

    async def read_run(self, run_id: Annotated[str, Field(min_length=1, max_length=200)]) -> dict[str, Any]:
        """A stored run: its figures with errors, configuration and seed."""
        return dict(await self._ask("GET", "runs", run_id))

    async def read_log(self, session_id: _SessionId, limit: Annotated[int, Field(ge=1, le=500)] = 50) -> dict[str, Any]:
        """The last lines of a session's log."""
        return dict(await self._ask("GET", "sessions", session_id, "logs", query={"limit": limit}))

    async def suggest_change(
        self, session_id: _SessionId, goal: Annotated[str, Field(min_length=1, max_length=2000)]
    ) -> dict[str, Any]:
        """Ask the service's agent for a small change of a configuration; it is simulated, and never applied."""
        return dict(await self._ask("POST", "sessions", session_id, "agent-suggestion", body={"goal": goal}))

    async def configure_session(
        self, session_id: _SessionId, config: Annotated[dict[str, Any], Field(description="Members to change.")]
    ) -> dict[str, Any]:
        """CHANGES THE SERVICE: create a session, or change members of its configuration."""
        return dict(await self._ask("POST", "sessions", body={"session_id": session_id, "config": config}))

    async def run_session(
        self, session_id: _SessionId, iterations: Annotated[int, Field(ge=1)] = 1, seed: int | None = None
    ) -> dict[str, Any]:
        """CHANGES THE SERVICE: run a session's configuration, which spends shots of the session and of this budget."""
        self._limits.check("iterations", iterations, self._limits.iterations)
        config = (await self._ask("GET", "sessions", session_id))["config"]
        wanted = _core.cost_law_shots(float(config["probe_duration_ns"])) * iterations * _QUBITS
        self._limits.check("shots of all iterations and qubits", wanted, self._limits.shots_per_call)
        self._budget.take(wanted)
        body = {"num_iterations": iterations} | ({} if seed is None else {"seed": seed})
        try:
            answer = await self._ask("POST", "sessions", session_id, "run", body=body)
        except Exception:
            self._budget.give_back(wanted)
            raise
        return {**answer, "shots_left_in_budget": self._budget.left}

    async def kill_session(self, session_id: _SessionId) -> dict[str, Any]:
        """CHANGES THE SERVICE: stop a session's run; what was complete is kept."""
        return dict(await self._ask("POST", "sessions", session_id, "kill"))

    async def _ask(
        self, method: str, *path: str, query: Mapping[str, str | int] | None = None, body: Any = None
    ) -> Any:
        return await asyncio.to_thread(self._service.ask, method, *path, query=query, body=body)
