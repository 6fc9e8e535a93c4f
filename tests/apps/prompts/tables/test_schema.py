"""What a new database holds is what the tables say, and nothing of earlier ones."""

from contextlib import nullcontext

import pytest
from scratch_postgresql import scratch_postgresql
from sqlalchemy import inspect, select

from synqc.apps.prompts.tables.schema import COMPONENT
from synqc.storage.database import DatabaseLocation, open_shared
from synqc.storage.migrations import component_versions


@pytest.fixture(params=["sqlite", "postgresql"])
def connection(request, tmp_path):
    with scratch_postgresql() if request.param == "postgresql" else nullcontext() as url:
        database = open_shared(DatabaseLocation(tmp_path, url), [COMPONENT])
        with database.reading() as connection:
            yield connection
        database.close()


def test_a_new_database_has_the_tables_as_they_are_declared(connection):
    found, declared = inspect(connection), COMPONENT.metadata.tables
    assert {name for name in found.get_table_names() if name.startswith("prompts_")} == set(declared)
    for name, table in declared.items():
        columns = {(one["name"], one["nullable"]) for one in found.get_columns(name)}
        assert columns == {(one.name, one.nullable) for one in table.columns}
        assert found.get_pk_constraint(name)["constrained_columns"] == [one.name for one in table.primary_key]
        indexes = [one for one in found.get_indexes(name) if "duplicates_constraint" not in one]
        assert {(one["name"], *one["column_names"], bool(one["unique"])) for one in indexes} == {
            (one.name, *(column.name for column in one.columns), one.unique) for one in table.indexes
        }


def test_there_is_one_version_of_them(connection):
    version = select(component_versions.c.version).where(component_versions.c.component == COMPONENT.name)
    assert connection.scalar(version) == COMPONENT.newest == 1
