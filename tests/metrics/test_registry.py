"""A registry says clearly what it refuses, stays bounded, and is read as a whole."""

import gc
import json
import weakref

import pytest

from synqc import metrics
from synqc.errors import InputError
from synqc.metrics import Registry, Sample


@pytest.fixture
def registry():
    return Registry(most_series=5)


def test_same_name_and_kind_is_the_same_metric(registry):
    registry.counter("hits_total", "Hits.", ["tier"], unit="hits").labels(tier="memory").add()
    again = registry.counter("hits_total", labels=["tier"])
    assert again.labels(tier="memory").value() == 1
    assert again.labels(tier="memory") is again.labels(tier="memory")
    assert registry.timer("load") is registry.timer("load")


@pytest.mark.parametrize(
    "ask",
    [
        lambda registry: registry.gauge("hits_total", labels=["tier"]),
        lambda registry: registry.counter("hits_total"),
        lambda registry: registry.counter("hits_total", labels=["level"]),
        lambda registry: registry.counter("hits_total", labels=["tier"], unit="seconds"),
        lambda registry: registry.histogram("sizes", lowest=4),
        lambda registry: registry.counter("sizes_count"),
        lambda registry: registry.timer("load", labels=["host"]),
    ],
)
def test_same_name_for_another_thing_is_refused(registry, ask):
    registry.counter("hits_total", labels=["tier"], unit="hits")
    registry.histogram("sizes", lowest=1)
    registry.timer("load")
    with pytest.raises(InputError, match=r"^Argument `\w+` must be .*, but is .*\.$"):
        ask(registry)


@pytest.mark.parametrize("name", ["", "1st", "a-b", "a b", "é", "a\n", "synqc_metrics_own"])
def test_names_that_prometheus_would_refuse_are_refused(registry, name):
    for make in (registry.counter, registry.gauge, registry.histogram, registry.timer):
        with pytest.raises(InputError, match="Argument `name` must be"):
            make(name)


@pytest.mark.parametrize("labels", [[""], ["1"], ["a:b"], ["__a"], ["a", "a"], "route", [1], ["le"]])
def test_label_names_that_prometheus_would_refuse_are_refused(registry, labels):
    with pytest.raises(InputError, match="Argument `labels` must be"):
        registry.histogram("ok", labels=labels)


@pytest.mark.parametrize("lowest", [0, -1, float("nan"), float("inf"), 1e300])
def test_a_range_that_cannot_be_is_refused(registry, lowest):
    with pytest.raises(InputError, match="Argument `lowest` must be"):
        registry.histogram("ok", lowest=lowest)


def test_label_values_are_given_by_name_and_complete(registry):
    family = registry.counter("c_total", labels=["a", "b"])
    family.labels(b=2, a=1).add()
    assert family.labels(a="1", b="2").value() == 1
    for wrong in ({"a": 1}, {"a": 1, "b": 2, "c": 3}, {"a": 1, "c": 3}, {}, {"a": "\ud800", "b": 1}):
        with pytest.raises(InputError, match="Argument `labels` must be"):
            family.labels(**wrong)
    with pytest.raises(InputError):
        family.labels(1, 2)
    with pytest.raises(InputError, match="once"):
        family.labels(a=1, b=2).labels(a=1, b=2)
    with pytest.raises(InputError, match="once"):
        registry.gauge("g").labels()
    for record in (family.add, family.value, registry.histogram("h", labels=["a"]).count):
        with pytest.raises(InputError, match="Argument `labels` must be given before anything is recorded"):
            record()


def test_a_label_value_whose_text_fails_raises_that_error(registry):
    class Broken:
        def __str__(self):
            raise LookupError("no text")

    with pytest.raises(LookupError, match="no text"):
        registry.counter("c_total", labels=["a"]).labels(a=Broken())


def test_a_flood_of_label_values_shares_one_series(registry):
    family = registry.counter("requests_total", labels=["user"])
    for user in range(1000):
        family.labels(user=user).add()
    found = registry.snapshot()["metrics"]["requests_total"]
    assert len(found["series"]) == 6
    assert found["series"][-1] == {"labels": {"user": "_overflow"}, "value": 995}
    assert found["overflowed"] == 995
    assert 'synqc_metrics_overflowed_lookups_total{metric="requests_total"} 995' in registry.prometheus()
    family.labels(user=3).add()
    assert family.labels(user=3).value() == 2


def test_a_collector_that_fails_is_counted_and_named_and_harms_no_other(registry):
    def broken():
        raise RuntimeError("no disk")

    registry.counter("own_total").add()
    registry.add_collector("broken", broken)
    registry.add_collector("malformed", lambda: [Sample("good", 1), Sample("not good", 1)])
    registry.add_collector("clashing", lambda: [Sample("own_total", 1, "counter")])
    registry.add_collector("negative", lambda: [Sample("n_total", -1, "counter")])
    registry.add_collector("no samples", lambda: 7)
    registry.add_collector("odd", lambda: [object()])
    registry.add_collector("well", lambda: [Sample("depth", 3, labels={"queue": q}) for q in ("a", "b")])
    registry.snapshot()
    found = registry.snapshot()
    assert list(found["metrics"]) == ["own_total", "depth"]
    assert [series["value"] for series in found["metrics"]["depth"]["series"]] == [3.0, 3.0]
    assert "RuntimeError: no disk" in found["collectors"]["broken"]["last_failure"]
    for name, entry in found["collectors"].items():
        assert entry["failures"] == (0 if name == "well" else 2), name
    assert 'synqc_metrics_collector_failures_total{collector="broken"} 3' in registry.prometheus()


def test_collectors_have_names_of_their_own_and_can_be_removed(registry):
    registry.add_collector("one", lambda: [Sample("a", 1)])
    with pytest.raises(InputError, match="Argument `name`"):
        registry.add_collector("one", list)
    with pytest.raises(InputError, match="Argument `collect` must be callable, but is 3"):
        registry.add_collector("two", 3)
    assert registry.snapshot()["metrics"].keys() == {"a"}
    assert registry.remove_collector("one") is True
    assert registry.remove_collector("one") is False
    assert registry.snapshot()["metrics"] == {}


def test_a_collector_may_record_and_take_a_snapshot_of_another_registry(registry):
    other = Registry()
    other.counter("inner_total").add(4)

    def collect():
        registry.counter("polls_total").add()
        value = other.snapshot()["metrics"]["inner_total"]["series"][0]["value"]
        return [Sample("inner_seen", value)]

    registry.add_collector("nested", collect)
    assert registry.snapshot()["metrics"]["inner_seen"]["series"][0]["value"] == 4


def test_a_registry_is_freed_with_a_collector_that_knows_it():
    registry = Registry()
    registry.add_collector("itself", lambda registry=registry: [Sample("a", 1)])
    assert registry.snapshot()["collectors"]["itself"]["failures"] == 0
    gone = weakref.ref(registry)
    del registry
    gc.collect()
    assert gone() is None


def test_functions_of_the_module_act_on_the_default_registry():
    metrics.counter("test_metrics_total", "Help.", ["a"]).labels(a="b").add(2)
    metrics.gauge("test_metrics_gauge", unit="bytes").set(1)
    metrics.histogram("test_metrics_histogram", lowest=1).record(3)
    with metrics.timer("test_metrics_timer"):
        pass
    metrics.add_collector("test", lambda: [Sample("test_metrics_sample", 1)])
    found = metrics.snapshot()
    assert json.loads(metrics.to_json())["metrics"].keys() == found["metrics"].keys()
    assert {"test_metrics_total", "test_metrics_sample"} <= found["metrics"].keys()
    assert 'test_metrics_total{a="b"} 2' in metrics.prometheus()
    assert 'test_metrics_total{a="b"} 2' in metrics.prometheus(found)
    assert metrics.remove_collector("test")


def test_most_series_must_be_positive():
    with pytest.raises(InputError, match=r"must be a whole number of at least 1, but is 0\."):
        Registry(most_series=0)
