"""Batches of one model, kept with the job: whoever goes on after a crash reads their answers instead of asking anew."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from synqc.apps.prompts.request import ModelName
from synqc.jobs import RunningJob
from synqc.llm.providers.openai_batch import KeptBatch

__all__ = ["JobBatches"]

_PREFIX = "batch "


class JobBatches:
    """Journal of batches.

    Args:
        job: Which keeps them.
        model: That they ask.
    """

    def __init__(self, job: RunningJob, model: ModelName) -> None:
        self._job, self._model = job, str(model)

    async def kept(self) -> list[KeptBatch]:
        """Batches of earlier attempts at the job."""
        parts = await asyncio.to_thread(self._job.kept)
        found = [(name, value) for name, value in parts.items() if name.startswith(_PREFIX)]
        return [
            KeptBatch(name.removeprefix(_PREFIX), value["id"], value["names"], value["made_by"])
            for name, value in found
            if value["model"] == self._model
        ]

    async def keep(self, file: str, names: Sequence[str], batch_id: str | None) -> None:
        """Keep one in the place of what was kept of its file; it is on disk when this returns."""
        value = {"model": self._model, "id": batch_id, "names": list(names), "made_by": self._job.attempt}
        await asyncio.wrap_future(self._job.keep(f"{_PREFIX}{file}", value))
