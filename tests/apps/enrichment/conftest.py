"""Each test has a working folder, a cache and metrics of its own."""

import pytest
from json_server import JsonServer

from synqc.apps.enrichment import async_client, config, performance_cache, performance_metrics, published_metrics


@pytest.fixture(autouse=True)
def _own_process_state(tmp_path, monkeypatch):
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    for module in (async_client, performance_cache, performance_metrics):
        monkeypatch.setattr(module, "_shared", None)
    monkeypatch.setattr(published_metrics, "_publication", None)
    monkeypatch.setattr(config, "_told", set())
    monkeypatch.setattr(config, "_told_of_environment", set())
    yield
    if published_metrics._publication is not None:
        published_metrics._publication.end()
    if performance_cache._shared is not None:
        performance_cache._shared.close()


@pytest.fixture
def server():
    started = JsonServer()
    yield started
    started.stop()
