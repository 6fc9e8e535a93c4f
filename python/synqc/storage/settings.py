"""Settings of whoever stores something: where the database is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from annotated_types import Interval

from synqc.environment import EnvironmentSettings, Variable

if TYPE_CHECKING:
    from synqc.storage.database import DatabaseLocation

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

    @property
    def location(self) -> DatabaseLocation:
        """Where the database is, as those take it who open it."""
        from synqc.storage.database import DatabaseLocation

        return DatabaseLocation(self.state_dir, self.database_url, self.lease_s)
