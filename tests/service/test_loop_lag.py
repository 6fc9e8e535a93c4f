"""The lag of the event loop is what it is, and is shown."""

import time

from fastapi.testclient import TestClient

from synqc.service import create_app
from synqc.settings import Settings


def lag(client):
    metrics = client.get("/metrics", headers={"accept": "application/json"}).json()["metrics"]
    return metrics["synqc_event_loop_lag_seconds"]["series"][0]


def test_a_loop_that_is_held_up_is_late(tmp_path):
    app = create_app(Settings(state_dir=tmp_path))

    @app.get("/hold-up")
    async def hold_up() -> None:
        time.sleep(0.2)

    with TestClient(app) as client:
        time.sleep(0.3)
        before = lag(client)
        client.get("/hold-up")
        time.sleep(0.05)
        after = lag(client)
    app.state.tds.close()
    assert before["count"] >= 3
    assert after["max"] > 0.15
    assert after["sum"] - before["sum"] > 0.15
