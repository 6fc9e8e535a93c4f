"""A database that another test has used is as a new one."""

import psycopg
import pytest
from scratch_postgresql import scratch_postgresql


def test_nothing_of_what_one_test_did_is_found_by_the_next():
    with scratch_postgresql() as url, psycopg.connect(url, autocommit=True) as left:
        name = left.info.dbname
        for statement in (
            "CREATE TABLE left_behind (number serial)", "CREATE SCHEMA other", "CREATE TABLE other.one (number int)",
            f"ALTER DATABASE {name} SET default_transaction_read_only = on", "SELECT pg_advisory_lock(7)",
        ):  # fmt: skip
            left.execute(statement)
    with pytest.raises(psycopg.OperationalError):
        left.execute("SELECT 1")
    with scratch_postgresql() as url, psycopg.connect(url, autocommit=True) as found:
        assert found.info.dbname == name
        tables = "SELECT count(*) FROM pg_class WHERE relname IN ('left_behind', 'one', 'left_behind_number_seq')"
        assert found.execute(tables).fetchone() == (0,)
        assert found.execute("SHOW default_transaction_read_only").fetchone() == ("off",)
        assert found.execute("SELECT pg_try_advisory_lock(7)").fetchone() == (True,)
        found.execute("CREATE TABLE left_behind (number serial)")
        with scratch_postgresql() as another:
            assert another != url
