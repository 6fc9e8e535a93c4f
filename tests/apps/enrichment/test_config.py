"""`perf_config.json`: what it says is done, and what does nothing is said."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from infra.cache import get_cache
from synqc.apps.enrichment.config import PerfConfig, load_config
from synqc.environment import Environment

AS_DELIVERED = {
    "_comment": "free text",
    "inference": {
        "text_max_new_tokens_stage1": 120, "text_max_new_tokens_stage2": 160, "vision_max_tokens": 150,
        "temperature_stage1": 0.3, "temperature_stage2": 0.7, "num_threads": 6, "num_ctx": 2048,
    },
    "caching": {
        "enabled": True, "ttl_text_inference": 2592000, "ttl_vision_inference": 2592000,
        "ttl_song_recommendations": 86400, "cache_dir": "./cache",
    },
    "networking": {
        "max_concurrent_requests": 16, "per_host_limit": 6, "timeout_connect": 10, "timeout_read": 180,
        "retry_attempts": 3, "retry_backoff_ms": [100, 300, 900],
    },
    "workers": {"image_worker_poll_ms": 500, "enrichment_worker_poll_ms": 500, "song_worker_concurrency": 4},
    "ollama": {
        "base_url": "http://localhost:11434", "text_model": "phi3:latest", "vision_model": "llava:latest",
        "keep_alive": "30m", "num_parallel": 2,
    },
}  # fmt: skip


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes the file and stands where it is found."""

    def write(document):
        path = tmp_path / "repo" / "config" / "perf_config.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        monkeypatch.chdir(tmp_path / "repo")
        return path

    return write


def test_the_file_as_delivered_is_the_default_and_nothing_is_said(written, caplog):
    path = written(AS_DELIVERED)
    config = load_config()
    usual = PerfConfig()
    different = {name for name, value in vars(config).items() if value != getattr(usual, name)}
    assert different == {"path", "ttl_s"}
    assert config.cache_dir == path.parent.parent / "cache"
    assert config.cache_max_bytes == 512 << 20
    assert {kind: config.ttl_of(kind) for kind in ("text_inference", "song_recommendations", "other")} == {
        "text_inference": 2592000, "song_recommendations": 86400, "other": 2592000,
    }  # fmt: skip
    assert caplog.text == ""


OTHER = {
    "inference": {
        "text_max_new_tokens_stage1": (1, "max_new_tokens_stage1"),
        "text_max_new_tokens_stage2": (2, "max_new_tokens_stage2"), "vision_max_tokens": (3, "vision_max_tokens"),
        "temperature_stage1": (0, "temperature_stage1"), "temperature_stage2": (1.5, "temperature_stage2"),
        "num_threads": (4, "num_threads"), "num_ctx": (4096, "num_ctx"),
        "num_predict_short": (5, "max_new_tokens_stage1"), "num_predict_long": (6, "max_new_tokens_stage2"),
        "temperature": (0.5, "temperature_stage1"), "keep_alive": ("1m", "keep_alive"),
    },
    "caching": {"enabled": (False, "cache_enabled"), "max_bytes": (1 << 20, "cache_max_bytes")},
    "networking": {
        "max_concurrent_requests": (3, "max_concurrent_requests"), "per_host_limit": (2, "per_host_limit"),
        "timeout_connect": (1, "timeout_connect_s"), "timeout_read": (2.5, "timeout_read_s"),
        "retry_attempts": (9, "retry_attempts"),
    },
    "ollama": {
        "base_url": ("http://h:1", "ollama_url"), "text_model": ("m", "text_model"), "keep_alive": (-1, "keep_alive"),
        "num_parallel": (7, "num_parallel"),
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("section", "name", "value", "field"),
    [(section, name, *one) for section, members in OTHER.items() for name, one in members.items()],
)
def test_every_key_sets_its_field(written, section, name, value, field):
    written({section: {name: value}})
    assert getattr(load_config(), field) == value


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"inferense": {}}, "`inferense` is not known: did you mean `inference`?"),
        ({"caching": 5}, "`caching` must be an object"),
        ({"caching": {"enabeld": False}}, "`caching.enabeld` is not known: did you mean `enabled`?"),
        ({"caching": {"enabled": "no"}}, "`caching.enabled` must be true or false, but is 'no'"),
        ({"caching": {"ttl_text_inference": -1}}, "`caching.ttl_text_inference` must be seconds from 0, but is -1"),
        ({"networking": {"per_host_limit": 0}}, "`networking.per_host_limit` must be a whole number from 1, but is 0"),
        ({"networking": {"retry_backoff_ms": 5}}, "`networking.retry_backoff_ms` must be a list"),
        ({"workers": {"image_worker_poll_ms": 9}}, "`workers.image_worker_poll_ms` does nothing here"),
        ({"ollama": {"vision_model": "other"}}, "`ollama.vision_model` does nothing here"),
        ("{", "cannot be used"),
        ("[]", "cannot be used"),
    ],
)
def test_what_does_nothing_is_said_once(written, caplog, document, words):
    written(document)
    for _ in range(3):
        config = load_config()
    said = [one for one in caplog.records if words in one.message]
    assert [one.levelno for one in said] == [logging.WARNING]
    assert (config.per_host_limit, config.cache_enabled) == (6, True)


def test_no_file_is_no_trouble(caplog):
    assert load_config() == PerfConfig()
    assert load_config().cache_dir == Path.cwd() / "cache"
    assert caplog.text == ""


def test_the_environment_wins(written, monkeypatch, tmp_path):
    written(AS_DELIVERED)
    for name, value in {
        "CACHE_ENABLED": "0", "CACHE_DIR": str(tmp_path / "d"), "CACHE_MAX_BYTES": "1000000", "OLLAMA_URL": "http://h:1",
        "TEXT_MODEL": "m", "MAX_CONCURRENT_REQUESTS": "5", "PER_HOST_LIMIT": "2",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"SYNQC_ENRICHMENT_{name}", value)
    config = load_config()
    assert (config.cache_enabled, config.cache_dir, config.cache_max_bytes) == (False, tmp_path / "d", 1_000_000)
    assert (config.ollama_url, config.text_model) == ("http://h:1", "m")
    assert (config.max_concurrent_requests, config.per_host_limit) == (5, 2)
    other = tmp_path / "other" / "perf_config.json"
    other.parent.mkdir()
    other.write_text(json.dumps({"inference": {"num_ctx": 1234}}))
    monkeypatch.setenv("SYNQC_ENRICHMENT_CONFIG", str(other))
    assert load_config().num_ctx == 1234


def test_a_misspelt_variable_is_said_once_and_only_by_whom_it_is_for(monkeypatch, caplog):
    monkeypatch.setenv("SYNQC_ENRICHMENT_CACH_DIR", "/x")
    monkeypatch.setenv("SYNQC_MAX_PROBE_STRENTH", "1")
    monkeypatch.setenv("SYNQC_ENRICHMENT_PER_HOST_LIMIT", "many")
    for _ in range(3):
        assert load_config().per_host_limit == 6
    assert [one.message.split(":")[0] for one in caplog.records] == [
        "SYNQC_ENRICHMENT_CACH_DIR is no setting and does nothing",
        "SYNQC_ENRICHMENT_PER_HOST_LIMIT must be a number between 1 and 4096, but is 'many'",
    ]
    assert "did you mean SYNQC_ENRICHMENT_CACHE_DIR?" in caplog.text
    caplog.clear()
    Environment().name_unknown_variables([])
    assert "ENRICHMENT" not in caplog.text
    assert "SYNQC_MAX_PROBE_STRENTH is no setting" in caplog.text


def test_the_file_beside_an_importable_folder_is_found_from_anywhere(written, monkeypatch, tmp_path):
    path = written({"inference": {"num_ctx": 777}})
    monkeypatch.chdir(tmp_path)
    assert load_config().num_ctx == 2048
    monkeypatch.syspath_prepend(str(path.parent.parent))
    assert load_config().num_ctx == 777


def test_switched_off_nothing_is_made_and_everything_is_asked(written, monkeypatch):
    path = written({"caching": {"enabled": False}})
    cache = get_cache()
    calls = []
    for _ in range(2):
        cache.set("k", 1)
        assert cache.get("k") is None
        cache.get_or_compute("k", lambda: calls.append(1))
    assert (cache.enabled, cache.get_stats(), cache.clear_expired(), cache.clear_all()) == (
        False, {"enabled": False}, None, None,
    )  # fmt: skip
    assert len(calls) == 2
    assert not hasattr(cache, "db_path")
    assert not (path.parent.parent / "cache").exists()


def test_modules_of_a_caller_s_own_infra_go_on_working_beside_ours(tmp_path):
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "theirs.py").write_text("answer = 42\n")
    program = "import infra.theirs, infra.cache; print(infra.theirs.answer, infra.cache.get_cache().enabled)"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "42 True\n"


def test_the_one_liners_of_before_work(written):
    folder = written(AS_DELIVERED).parent.parent
    for module, door in (("cache", "get_cache"), ("metrics", "get_metrics")):
        program = f"import json; from infra.{module} import {door}; print(json.dumps({door}().get_stats(), indent=2))"
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True
        )  # fmt: skip
        assert set(json.loads(done.stdout)) == (
            {"enabled", "total_entries", "total_bytes", "by_type"} if module == "cache" else {"cache"}
        )
