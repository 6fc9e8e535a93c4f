"""Components of one database: each has a version of its own, fresh tables are stamped, old ones are led on."""

import pytest
from scratch_postgresql import scratch_postgresql
from sqlalchemy import Column, Integer, MetaData, Table, Text, insert, select, text

from synqc.storage import UnusableDatabase
from synqc.storage.database import DatabaseLocation, open_shared
from synqc.storage.migrations import Component, component_versions


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request, tmp_path):
    if request.param == "sqlite":
        yield DatabaseLocation(tmp_path)
    else:
        with scratch_postgresql() as url:
            yield DatabaseLocation(tmp_path, url)


def shelf(*columns, steps=()):
    metadata = MetaData()
    Table("books", metadata, Column("id", Integer, primary_key=True), *columns)
    return Component("shelf", metadata, steps)


def add_title(connection):
    connection.execute(text("ALTER TABLE books ADD COLUMN title TEXT NOT NULL DEFAULT 'untitled'"))


def titled():
    return shelf(Column("title", Text, nullable=False, server_default="untitled"), steps=[add_title])


def garden():
    metadata = MetaData()
    Table("plants", metadata, Column("id", Integer, primary_key=True))
    return Component("garden", metadata)


def made_before(location, statement):
    """A database of ours in which somebody made a table."""
    database = open_shared(location, [garden()])
    with database.writing() as connection:
        connection.execute(text(statement))
    database.close()


def opened(location, *components):
    database = open_shared(location, components)
    try:
        with database.reading() as connection:
            return {row.component: row.version for row in connection.execute(select(component_versions))}
    finally:
        database.close()


def rows(location, component):
    database = open_shared(location, [component])
    try:
        with database.reading() as connection:
            return [tuple(row) for row in connection.execute(select(component.metadata.tables["books"]))]
    finally:
        database.close()


def test_a_fresh_database_is_stamped_and_no_step_is_taken(location):
    assert opened(location, titled()) == {"shelf": 2}
    assert opened(location, titled()) == {"shelf": 2}


def test_an_old_database_is_led_to_the_present_and_keeps_its_rows(location):
    first = shelf()
    assert opened(location, first) == {"shelf": 1}
    database = open_shared(location, [first])
    with database.writing() as connection:
        connection.execute(insert(first.metadata.tables["books"]).values(id=7))
    database.close()
    assert opened(location, titled()) == {"shelf": 2}
    assert rows(location, titled()) == [(7, "untitled")]


def test_components_have_versions_of_their_own(location):
    assert opened(location, shelf()) == {"shelf": 1}
    assert opened(location, titled(), garden()) == {"shelf": 2, "garden": 1}


def test_a_version_from_before_components_is_taken_over(location):
    made_before(location, "CREATE TABLE books (id INTEGER PRIMARY KEY)")
    known = titled()
    old = Component(known.name, known.metadata, known.steps, earlier_version=lambda _: 1)
    assert opened(location, old) == {"garden": 1, "shelf": 2}
    assert rows(location, old) == []


def test_tables_of_a_newer_program_are_left_alone(location):
    assert opened(location, titled()) == {"shelf": 2}
    with pytest.raises(UnusableDatabase, match="schema version 2 of `shelf`, but this SynqC knows versions up to 1"):
        opened(location, shelf())


def test_tables_of_another_program_are_left_alone(location):
    made_before(location, "CREATE TABLE books (isbn TEXT)")
    with pytest.raises(UnusableDatabase, match="has a table `books` of another program"):
        opened(location, shelf())


def test_a_step_that_fails_changes_nothing(location):
    assert opened(location, shelf()) == {"shelf": 1}

    def fails(connection):
        add_title(connection)
        raise UnusableDatabase("a step failed")

    with pytest.raises(UnusableDatabase, match="a step failed"):
        opened(location, shelf(Column("title", Text), steps=[fails]))
    assert opened(location, titled()) == {"shelf": 2}
