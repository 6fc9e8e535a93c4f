"""PostgreSQL engines: the URLs they take, and the settings of each connection."""

from __future__ import annotations

import math
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from synqc.errors import InputError, MissingExtra

__all__ = ["place_of", "postgresql_engine"]

_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")


def postgresql_engine(given: str, *, lease_s: float) -> Engine:
    """An engine for a URL as an operator writes it; nothing is connected yet.

    Args:
        given: The setting SYNQC_DATABASE_URL.
        lease_s: Time after which a silent server or client is given up by the other.

    Raises:
        InputError: It is no URL of PostgreSQL.
        MissingExtra: The driver is not installed.
    """
    url = _url(given)
    milliseconds = math.ceil(lease_s * 1e3)
    whole_seconds = max(1, math.ceil(lease_s / 3))
    wanted: dict[str, Any] = {
        "connect_timeout": max(2, math.ceil(lease_s)), "tcp_user_timeout": milliseconds, "keepalives": 1,
        "keepalives_idle": whole_seconds, "keepalives_interval": whole_seconds, "keepalives_count": 2,
        "application_name": "synqc",
    }  # fmt: skip
    try:
        engine = create_engine(
            url, pool_size=4, max_overflow=4, pool_pre_ping=True, isolation_level="READ COMMITTED",
            connect_args={name: value for name, value in wanted.items() if name not in url.query},
        )  # fmt: skip
    except ImportError as error:
        raise MissingExtra(
            "SYNQC_DATABASE_URL names PostgreSQL, which needs psycopg: pip install 'synqc[postgresql]'."
        ) from error

    # What a client leaves open when it freezes or is cut off holds locks that its successor waits for.
    settings = {
        "idle_in_transaction_session_timeout": str(milliseconds),
        "tcp_user_timeout": str(milliseconds),
        "tcp_keepalives_idle": str(whole_seconds),
        "tcp_keepalives_interval": str(whole_seconds),
        "tcp_keepalives_count": "2",
    }
    calls = ", ".join(["set_config(%s, %s, false)"] * len(settings))
    values = [text for pair in settings.items() for text in pair]

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SELECT {calls}", values)
        # What is acknowledged is on disk, also where a server has been told to hurry.
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) "
            "WHERE current_setting('synchronous_commit') IN ('off', 'local')"
        )
        cursor.close()
        connection.commit()

    return engine


def place_of(given: str) -> str:
    """A database in words: its URL without password and driver.

    Raises:
        InputError: It is no URL of PostgreSQL.
    """
    return _url(given).set(drivername="postgresql").render_as_string(hide_password=True)


def _url(given: str) -> URL:
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        raise InputError(
            "SYNQC_DATABASE_URL must look like postgresql://user:password@host:5432/database, but is no URL."
        ) from None
    if url.drivername not in _SCHEMES:
        shown = url.render_as_string(hide_password=True)
        hint = " SQLite needs no URL: set SYNQC_STATE_DIR." if url.drivername.startswith("sqlite") else ""
        raise InputError(f"SYNQC_DATABASE_URL must begin with postgresql://, but is {shown!r}.{hint}")
    return url.set(drivername="postgresql+psycopg")
