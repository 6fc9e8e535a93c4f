"""While the service serves, collections pass over what was there at its start, and over nothing more."""

import gc
import signal

import pytest
from fastapi.testclient import TestClient
from running_server import free_port

from synqc.apps.gateway.configuration import read_configuration
from synqc.service import create_app
from synqc.service.gateway import launcher
from synqc.service.settled_objects import collections_paused, settled_objects
from synqc.settings import Settings


@pytest.fixture(autouse=True)
def nothing_is_frozen(what_others_hold_is_not_searched):
    """Of other files; this one looks at what is."""
    gc.unfreeze()
    yield
    gc.unfreeze()


class Cycle:
    def __init__(self):
        self.self = self


def test_a_service_that_serves_has_settled_and_one_that_has_ended_has_not(tmp_path):
    app = create_app(Settings(state_dir=tmp_path))
    assert gc.get_freeze_count() == 0
    with TestClient(app) as client:
        assert client.get("/api/v1/synqc/health").status_code == 200
        settled = gc.get_freeze_count()
        assert settled > len(gc.get_objects())
    assert gc.get_freeze_count() == 0


def test_garbage_is_looked_for_once_when_a_service_is_made_and_not_while(tmp_path):
    looks: list[str] = []
    gc.callbacks.append(lambda phase, _: looks.append(phase))
    try:
        create_app(Settings(state_dir=tmp_path))
    finally:
        gc.callbacks.pop()
    assert looks.count("start") <= 1  # dozens otherwise
    assert gc.isenabled()


@pytest.mark.parametrize("enabled", [True, False])
def test_collections_that_somebody_paused_stay_paused(enabled):
    (gc.enable if enabled else gc.disable)()
    try:
        with pytest.raises(ZeroDivisionError), collections_paused():
            1 / 0  # noqa: B018
        assert gc.isenabled() is enabled
    finally:
        gc.enable()


def test_a_gateway_that_serves_has_settled_and_one_that_has_ended_has_not(tmp_path, monkeypatch):
    file = tmp_path / "gateway.toml"
    file.write_text(
        '[[provider]]\nname = "p"\nbase_url = "http://127.0.0.1:9"\n'
        '[[deployment]]\nname = "d"\nprovider = "p"\nmodel = "m-1"\n'
    )
    settled = []

    def run(serving):
        serving.close()
        settled.append(gc.get_freeze_count() > len(gc.get_objects()))

    monkeypatch.setattr(launcher, "run_on_conversation_loop", run)
    for of_the_process in ("write_logs", "write_logs_of_server", "_prefer_uvloop"):
        monkeypatch.setattr(launcher, of_the_process, lambda *_: None)
    handlers = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        launcher.serve_gateway(read_configuration(file, {}), port=free_port())
    finally:
        for one, handler in handlers.items():
            signal.signal(one, handler)
    assert settled == [True]
    assert gc.get_freeze_count() == 0


def test_what_comes_later_is_collected():
    with settled_objects():
        for _ in range(3):
            Cycle()
        assert gc.collect() >= 3
    assert gc.get_freeze_count() == 0


def test_garbage_of_before_does_not_become_eternal():
    gc.disable()
    try:
        Cycle()
        with settled_objects():
            assert not [one for one in gc.get_objects() if type(one) is Cycle]
    finally:
        gc.enable()
    gc.unfreeze()
    assert not [one for one in gc.get_objects() if type(one) is Cycle]


def test_what_somebody_else_has_frozen_stays_so():
    gc.freeze()
    frozen = gc.get_freeze_count()
    with settled_objects():
        later = [Cycle() for _ in range(1000)]
        assert gc.get_freeze_count() <= frozen
    assert len(later) == 1000
    assert 0.9 * frozen < gc.get_freeze_count() <= frozen  # some of the frozen have gone
