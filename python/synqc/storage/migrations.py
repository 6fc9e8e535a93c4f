"""Schema versions, one per component: rooms that share a database change their tables apart from each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, delete, insert, inspect, select, text, update

from synqc.storage.errors import UnusableDatabase
from synqc.storage.sqlite import APPLICATION_ID

__all__ = ["Component", "Step", "component_versions", "migrate", "write_and_delete_a_row"]

Step = Callable[[Connection], None]
"""Leads the tables of a component from one version to the next, within the caller's transaction."""

_LOCK = 0x53796E51_4D494752
"""Advisory lock of PostgreSQL that lasts as long as tables are made or changed."""

_metadata = MetaData()
component_versions = Table(
    "synqc_components", _metadata,
    Column("component", Text, primary_key=True),
    Column("version", Integer, nullable=False),
)  # fmt: skip


def _no_earlier_version(_: Connection) -> int:
    return 0


@dataclass(frozen=True)
class Component:
    """Tables that belong together, and how old ones become what they are now.

    A fresh database gets the tables as they are now and is stamped with the newest version; steps are for old ones
    alone. So a step is written in words of its own, never in those of `metadata`, which will have gone on by the time
    the step is taken; and once it was released it is never changed: add another.

    Args:
        name: Name of the component.
        metadata: Its tables as they are now.
        steps: Step n, counted from 1, leads version n to n + 1.
        earlier_version: Version of tables that were made before versions were kept by component; 0 if there are none.
        shared: Names of tables that may be there before the component is.
    """

    name: str
    metadata: MetaData
    steps: Sequence[Step] = ()
    earlier_version: Callable[[Connection], int] = _no_earlier_version
    shared: frozenset[str] = frozenset()

    @property
    def newest(self) -> int:
        """Version of the tables as they are now."""
        return len(self.steps) + 1

    def check_version(self, found: int) -> None:
        """Raises UnusableDatabase if tables were written by a newer SynqC."""
        if found > self.newest:
            raise UnusableDatabase(
                f"The database has schema version {found} of `{self.name}`, but this SynqC knows versions up to "
                f"{self.newest}: use the SynqC that wrote it, or a newer one."
            )


def migrate(connection: Connection, component: Component) -> int:
    """Bring a component's tables up to date, within the caller's transaction.

    Returns:
        Version they had before; 0 if there were none.

    Raises:
        UnusableDatabase: They were written by a newer SynqC, or are another program's.
    """
    if connection.dialect.name == "postgresql":  # another process may be at it, too
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    _metadata.create_all(connection)
    versions = component_versions
    of_component = versions.c.component == component.name
    stamped = connection.scalar(select(versions.c.version).where(of_component))
    known = component.earlier_version(connection) if stamped is None else stamped
    component.check_version(known)
    if known == 0:
        _refuse_tables_of_others(connection, component)
        component.metadata.create_all(connection)
    else:
        for step in component.steps[known - 1 :]:
            step(connection)
    if stamped is None:
        connection.execute(insert(versions).values(component=component.name, version=component.newest))
    elif stamped != component.newest:
        connection.execute(update(versions).where(of_component).values(version=component.newest))
    _sign(connection)
    return known


def write_and_delete_a_row(connection: Connection) -> None:
    """Write probe: within the caller's transaction something is stored, and the database is as before."""
    connection.execute(insert(component_versions).values(component="", version=0))  # no component is called so
    connection.execute(delete(component_versions).where(component_versions.c.component == ""))


def _refuse_tables_of_others(connection: Connection, component: Component) -> None:
    present = set(inspect(connection).get_table_names())
    foreign = sorted(present & (set(component.metadata.tables) - component.shared))
    if foreign:
        raise UnusableDatabase(
            f"The database has a table `{foreign[0]}` of another program: give this service a database of its own."
        )


def _sign(connection: Connection) -> None:
    """Programs that find the file know whose it is."""
    if connection.dialect.name != "sqlite":
        return
    if connection.exec_driver_sql("PRAGMA application_id").scalar() != APPLICATION_ID:
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
