"""Settings of whoever has jobs done: which broker brings their ids to workers, and how long ended ones are kept."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Interval

from synqc.environment import Variable
from synqc.storage.settings import StorageSettings

__all__ = ["JobsSettings"]


class JobsSettings(StorageSettings):
    """Inherited by the settings of each application with jobs."""

    broker_url: Annotated[str | None, Variable("SYNQC_BROKER_URL", secret=True)] = None
    """RabbitMQ or Redis, from which Celery brings ids of jobs to `synqc worker`; without one it looks itself."""
    keep_jobs_days: Annotated[float, Variable("SYNQC_KEEP_JOBS_DAYS"), Interval(ge=0.0, le=36500.0)] = 0.0
    """Jobs that ended so long ago are forgotten, sweeps among them; 0: never."""

    @property
    def keep_ended_s(self) -> float | None:
        """As `Worker` takes it."""
        return 86_400.0 * self.keep_jobs_days or None
