"""Connections of PostgreSQL that are cut: whoever waits for an answer gets an error, at whatever it waits."""

import threading

import pytest
from relay import Relay
from scratch_postgresql import scratch_postgresql
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from waiting import wait_until

from synqc.storage.lines import Lines
from synqc.storage.postgresql import postgresql_engine


@pytest.fixture
def url():
    with scratch_postgresql() as made:
        yield made


@pytest.fixture
def engine(url):
    made = postgresql_engine(url, lease_s=300.0)
    yield made
    made.dispose()


def test_one_that_waits_for_an_answer(engine):
    lines = Lines(engine)
    failed, sleeping = [], text("SELECT pg_sleep(300)")

    def wait_for_an_answer():
        with pytest.raises(OperationalError), engine.connect() as connection:
            connection.execute(sleeping)
        failed.append(True)

    waiting = threading.Thread(target=wait_for_an_answer, daemon=True)
    waiting.start()
    while not failed:
        lines.cut()  # what is cut before it waits fails as well
    waiting.join(60)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_one_whose_server_falls_silent_before_its_settings_are_made(url):
    relay = Relay(5432)
    engine = postgresql_engine(url.replace(":5432", f":{relay.port}"), lease_s=300.0)
    lines = Lines(engine)
    event.listen(engine, "connect", lambda *_: relay.freeze(), insert=True)
    failed = []

    def connect():
        with pytest.raises(OperationalError):
            engine.connect()
        failed.append(True)

    connecting = threading.Thread(target=connect, daemon=True)
    connecting.start()
    wait_until(lambda: lines.cut() or failed)
    connecting.join(60)
    relay.close()
