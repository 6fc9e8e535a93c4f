"""What the model is shown of a session."""

from __future__ import annotations

from typing import Any

from synqc.apps.tds import clock
from synqc.apps.tds.session import Session

__all__ = ["snapshot_of"]

_SHOWN_KPIS = ("fidelity", "latency_us", "backaction", "shots_used_fraction")


def snapshot_of(session: Session) -> dict[str, Any]:
    """A session as plain values; figures of merit are zero before its first run.

    Examples:
        >>> from synqc.apps.tds.models import RunConfiguration
        >>> made = clock.parsed("2026-01-02T03:04:05Z")
        >>> session = Session("x1", position=1, created_at=made, config=RunConfiguration(), shot_limit=50_000)
        >>> snapshot_of(session)["last_kpis"]
        {'fidelity': 0.0, 'latency_us': 0.0, 'backaction': 0.0, 'shots_used_fraction': 0.0}
    """
    kpis = session.last_kpis
    return {
        "session_id": session.session_id,
        "created_at": clock.naive_microseconds(session.created_at),
        "status": session.status.value,
        "mode_label": session.mode_label,
        "current_config": session.config.model_dump(mode="json"),
        "shots_used": session.shots_used,
        "shot_limit": session.shot_limit,
        "last_kpis": {name: 0.0 if kpis is None else float(getattr(kpis, name)) for name in _SHOWN_KPIS},
    }
