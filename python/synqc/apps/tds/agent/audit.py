"""What is written down about every suggestion that was asked for, whatever came of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from synqc.apps.tds.agent.text import clean

__all__ = ["AgentCall", "Record"]

_LONGEST_ANSWER = 100_000


@dataclass(frozen=True)
class AgentCall:
    """One suggestion that was asked for.

    Args:
        created_at: In UTC.
        session_id: Whose configuration it is about.
        goal: In the words of who asked.
        snapshot_hash: Content of the snapshot that the model saw.
        model: As asked for.
        prompt_tokens, completion_tokens: Over all calls of the model, or None if it was not asked or does not count.
        latency_s: Of the whole request.
        outcome: "suggested", "cached", or the code of the error.
        answer: What the model wrote; with several votes, one after the other.
        changes: As answered in `changes_applied`.
    """

    created_at: datetime
    session_id: str
    goal: str
    snapshot_hash: str
    model: str
    prompt_tokens: int | None
    completion_tokens: int | None
    latency_s: float
    outcome: str
    answer: str
    changes: dict[str, dict[str, Any]]

    def row(self) -> dict[str, Any]:
        """As a row of its table.

        >>> AgentCall(datetime(2026, 1, 2), "x1", "calm", "", "phi3", 3, 4, 0.5, "suggested", "{}", {}).row()["changes"]
        '{}'
        """
        return {
            **asdict(self),
            "goal": clean(self.goal),
            "answer": clean(self.answer, _LONGEST_ANSWER),
            "changes": json.dumps(self.changes, separators=(",", ":")),
        }


Record = Callable[[AgentCall], "Future[None]"]
"""Stores a call; the future is done when it is on disk."""
