"""What enrichment workers wrote, told by the service that is named to tell it."""

import json
import subprocess
import sys

import pytest
from fastapi.testclient import TestClient

from synqc.apps.enrichment.settings import EnrichmentSettings
from synqc.service import create_app
from synqc.service.settings import ServiceSettings

WORKER = """
from infra.cache import get_cache
from infra.metrics import get_metrics, timer
for _ in range(2):
    with timer("stage1"):
        pass
    get_cache().get_or_compute({"text": "a"}, lambda: {"joy": 1}, cache_type="emotion_scoring")
get_metrics().record_error("stage2")
"""


@pytest.fixture
def client(tmp_path):
    """The service over a folder of workers."""
    made = []

    def serve(**settings):
        of_workers = EnrichmentSettings(cache_dir=tmp_path / "cache")
        app = create_app(ServiceSettings(applications=("enrichment",), **settings), of_workers)
        made.append(app)
        return TestClient(app, raise_server_exceptions=False)

    yield serve
    for app in made:
        for application in app.state.applications.values():
            application.offered.close()


@pytest.fixture
def worked(tmp_path, monkeypatch):
    """A worker has been there."""
    monkeypatch.setenv("SYNQC_ENRICHMENT_CACHE_DIR", str(tmp_path / "cache"))
    subprocess.run([sys.executable, "-c", WORKER], check=True, cwd=tmp_path, timeout=60)


def test_a_worker_that_is_gone_is_told_of_in_the_shape_of_the_contract(client, worked):
    served = client()
    for path in ("/metrics", "/enrichment/metrics"):
        told = served.get(path)
        assert (told.status_code, told.headers["content-type"]) == (200, "application/json")
        found = told.json()
        assert list(found) == ["status", "performance", "cache"]
        assert {"count", "errors", "p50_ms", "p95_ms", "avg_ms"} <= set(found["performance"]["stage1"])
        assert found["performance"]["stage1"]["count"] == 2
        assert found["performance"]["stage2"]["errors"] == 1
        assert found["performance"]["cache"]["emotion_scoring"]["hits"] == 1
        assert found["cache"]["by_type"] == {"emotion_scoring": 1}


def test_who_asks_for_text_gets_prometheus_text(client, worked):
    told = client().get("/metrics", headers={"accept": "application/openmetrics-text, text/plain;q=0.5, */*;q=0.1"})
    assert told.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'enrichment_errors_total{operation="stage2"} 1' in told.text
    assert 'enrichment_latency_ms_count{operation="stage1"} 2' in told.text


def test_without_a_cache_it_says_where_it_looked_and_makes_none(client, tmp_path):
    told = client().get("/metrics")
    assert told.status_code == 503
    assert f"There is no cache at {tmp_path / 'cache'}" in told.json()["detail"]
    assert not (tmp_path / "cache").exists()
    assert client().get("/health").json() == {"status": "ok"}


def test_a_damaged_file_is_told_and_no_crash(client, worked, tmp_path):
    (tmp_path / "cache" / "perf_cache.db").write_bytes(b"no database" * 1000)
    told = client().get("/metrics")
    assert told.status_code == 503
    assert "perf_cache.db cannot be used" in told.json()["detail"]


def test_it_needs_the_services_key_where_there_is_one(client, worked):
    served = client(api_keys=("secret",))
    assert served.get("/metrics").status_code == 401
    assert served.get("/metrics", headers={"x-api-key": "secret"}).status_code == 200
    assert served.get("/health").status_code == 200


def test_it_is_described_and_served_only_where_it_is_named(client, worked, monkeypatch):
    from synqc.service.applications import chosen_applications

    assert "enrichment" not in [one.name for one in chosen_applications(ServiceSettings())]
    described = client().get("/openapi.json").json()
    assert {"/metrics", "/health"} <= set(described["paths"])
    assert json.dumps(described)
