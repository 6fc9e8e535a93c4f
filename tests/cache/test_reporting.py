"""Caches and the engine as metrics."""

import pytest

import synqc
from synqc import metrics
from synqc.cache import DiskCache, MemoryCache, report
from synqc.errors import InputError


def values_of(registry):
    return {
        name: {tuple(row["labels"].values()): row["value"] for row in metric["series"]}
        for name, metric in registry.snapshot()["metrics"].items()
        if name.startswith("synqc_cache")
    }


def test_caches_report_under_their_names_as_long_as_they_live(tmp_path):
    registry = metrics.Registry()
    memory = MemoryCache(max_entries=2)
    with DiskCache(tmp_path / "answers.db") as disk:
        report(memory, "memory", registry)
        report(disk, "disk", registry)
        for key in "abc":
            memory[key] = 1
        memory.get("nothing")
        disk["a"] = 1
        disk.get("a")
        found = values_of(registry)
        assert found["synqc_cache_evicted_total"][("memory",)] == 1
        assert found["synqc_cache_misses_total"][("memory",)] == 1
        assert found["synqc_cache_hits_total"] == {("memory",): 0, ("disk",): 1}
        del memory
        assert set(values_of(registry)["synqc_cache_hits_total"]) == {("disk",)}
    assert values_of(registry) == {}
    assert all(collector["failures"] == 0 for collector in registry.snapshot()["collectors"].values())


@pytest.mark.parametrize("name", ["", 5])
def test_a_name_must_be_a_text(name):
    with pytest.raises(InputError, match="Argument `name`"):
        report(MemoryCache(), name, metrics.Registry())


def test_a_taken_name_is_refused():
    registry = metrics.Registry()
    one, other = MemoryCache(), MemoryCache()
    report(one, "answers", registry)
    with pytest.raises(InputError):
        report(other, "answers", registry)


def test_runs_shots_and_segments_are_counted():
    def totals():
        found = metrics.snapshot()["metrics"]
        return {
            name: found[name]["series"][0]["value"] for name in ("synqc_shots_total", "synqc_segments_misses_total")
        }

    experiment = synqc.Experiment(qubits=3, first_angle=1.2345)
    before = totals()
    experiment.run(200, seed=1)
    after = totals()
    assert after["synqc_shots_total"] - before["synqc_shots_total"] == 600
    assert after["synqc_segments_misses_total"] > before["synqc_segments_misses_total"]
    experiment.run(200, seed=1)
    assert totals()["synqc_segments_misses_total"] == after["synqc_segments_misses_total"]
