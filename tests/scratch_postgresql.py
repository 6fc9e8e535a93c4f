"""Databases of PostgreSQL for tests to write into and throw away."""

import os
import secrets
from contextlib import contextmanager

import pytest

POSTGRESQL = "postgresql://postgres@127.0.0.1:5432"


@contextmanager
def scratch_postgresql():
    """URL of a new, empty database, which is dropped at the end; skips where no server answers, but fails in CI."""
    psycopg = pytest.importorskip("psycopg")
    try:
        administrator = psycopg.connect(f"{POSTGRESQL}/postgres", autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL answers at {POSTGRESQL}: {error}")
    name = f"synqc_test_{secrets.token_hex(6)}"
    with administrator:
        administrator.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{POSTGRESQL}/{name}"
        finally:
            administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")
