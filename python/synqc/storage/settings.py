"""Settings of whoever stores something: where the database is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from annotated_types import Interval

from synqc.environment import EnvironmentSettings, Variable

__all__ = ["StorageSettings"]


class StorageSettings(EnvironmentSettings):
    """Inherited by the settings of each application with tables."""

    state_dir: Annotated[Path, Variable("SYNQC_STATE_DIR")] = Path("synqc_state")
    """Where the database lies; made absolute."""
    database_url: Annotated[str | None, Variable("SYNQC_DATABASE_URL", secret=True, secrets_sent=("PGPASSWORD",))] = (
        None
    )
    """A PostgreSQL URL; without one it is SQLite in the state directory."""
    lease_s: Annotated[float, Variable("SYNQC_LEASE_SEC"), Interval(ge=1.0, le=300.0)] = 5.0
    """How long a service that fell silent keeps owning its PostgreSQL database, s."""
