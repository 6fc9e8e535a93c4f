"""While the service serves, collections pass over what was there at its start, and over nothing more."""

import gc

import pytest
from fastapi.testclient import TestClient

from synqc.service import create_app
from synqc.service.settled_objects import settled_objects
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
