"""Data sets as clients read them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from synqc.apps.synth.dataset_status import DataSetStatus
from synqc.apps.synth.moments import moment_of, stamp

__all__ = ["EXAMPLE", "DataSetOut"]

EXAMPLE = {
    "id": "dataset-01a228251446000092a545d3", "state": "succeeded", "kind": "structured", "name": "people",
    "rows_wanted": 5, "rows": 5, "cause": None, "submitted_at": "2026-01-01T00:00:00.000Z",
    "started_at": "2026-01-01T00:00:00.100Z", "ended_at": "2026-01-01T00:00:00.200Z", "summary": {"candidates": 5},
}  # fmt: skip


class DataSetOut(BaseModel):
    """A data set at one moment."""

    id: str
    state: str
    kind: str
    name: str
    rows_wanted: int
    rows: int
    cause: str | None
    submitted_at: str
    started_at: str | None
    ended_at: str | None
    summary: dict[str, Any] | None

    @classmethod
    def of(cls, status: DataSetStatus) -> DataSetOut:
        """With moments in words."""
        told = {name: getattr(status, name) for name in cls.model_fields}
        for name in ("submitted_at", "started_at", "ended_at"):
            told[name] = None if told[name] is None else stamp(moment_of(name, told[name]))
        return cls(**told)
