"""Snapshots of several processes add up, whatever the grouping, and only if they fit."""

import copy
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synqc.errors import InputError
from synqc.metrics import Registry, merge

VALUES = st.lists(st.floats(min_value=-1, max_value=1e6) | st.sampled_from([math.nan, 0.0, 1e-300, 1e300]), max_size=20)
PROCESSES = st.lists(
    st.tuples(VALUES, st.dictionaries(st.sampled_from("abc"), st.integers(0, 2**40), max_size=3), st.integers(-5, 5)),
    min_size=3,
    max_size=3,
)


def snapshot_of(process):
    values, counts, level = process
    registry = Registry()
    for value in values:
        registry.histogram("h").record(value)
    for label, count in counts.items():
        registry.counter("c_total", labels=["of"]).labels(of=label).add(count)
    registry.gauge("g").set(level)
    registry.timer("work")
    return json.loads(registry.to_json())


def comparable(snapshot):
    """Without age and order, sums apart: they agree to rounding only."""
    metrics = copy.deepcopy(snapshot["metrics"])
    sums = {}
    for name, family in metrics.items():
        family["series"].sort(key=lambda series: sorted(series["labels"].items()))
        for series in family["series"]:
            sums[name] = (series.pop("sum", 0), series.pop("mean", 0) or 0)
    return metrics, sums


def assert_same(one, other):
    (metrics, sums), (other_metrics, other_sums) = comparable(one), comparable(other)
    assert metrics == other_metrics
    assert sums == {name: pytest.approx(pair, rel=1e-12, abs=1e-9) for name, pair in other_sums.items()}


@settings(max_examples=60, deadline=None)
@given(PROCESSES)
def test_grouping_and_order_do_not_matter(processes):
    a, b, c = (snapshot_of(process) for process in processes)
    together = merge([a, b, c])
    assert_same(together, merge([merge([a, b]), c]))
    assert_same(together, merge([a, merge([b, c])]))
    assert_same(together, merge([c, a, b]))


@settings(max_examples=60, deadline=None)
@given(PROCESSES)
def test_merging_is_recording_in_one_process(processes):
    values = [value for process in processes for value in process[0]]
    counts = Registry()
    for process in processes:
        for label, count in process[1].items():
            counts.counter("c_total", labels=["of"]).labels(of=label).add(count)
        counts.gauge("g").add(process[2])
    for value in values:
        counts.histogram("h").record(value)
    counts.timer("work")
    assert_same(merge([snapshot_of(process) for process in processes]), counts.snapshot())


def test_merging_one_changes_nothing_and_nothing_is_empty():
    registry = Registry()
    registry.histogram("h", "Help.", unit="bytes", lowest=1).record(3)
    found = registry.snapshot()
    assert merge([found]) == found
    assert merge([])["metrics"] == {}


def test_operations_of_processes_are_merged():
    registries = [Registry(), Registry()]
    for registry in registries:
        with registry.timer("work"):
            pass
    (row,) = merge(registry.snapshot() for registry in registries)["operations"]
    assert (row["operation"], row["count"]) == ("work", 2)


def test_failures_of_collectors_add_up():
    registry = Registry()
    registry.add_collector("broken", lambda: 1 / 0)
    found = [registry.snapshot(), registry.snapshot()]
    assert merge(found)["collectors"]["broken"]["failures"] == 3


def test_a_name_that_means_two_things_is_refused():
    counter, gauge, other_scale, histogram = Registry(), Registry(), Registry(), Registry()
    counter.counter("a")
    gauge.gauge("a")
    other_scale.histogram("h", lowest=1)
    histogram.histogram("h")
    with pytest.raises(InputError, match="one has `a` as another kind"):
        merge([counter.snapshot(), gauge.snapshot()])
    with pytest.raises(InputError, match="Argument `lowest` must be"):
        merge([other_scale.snapshot(), histogram.snapshot()])


def broken_at(path, value):
    registry = Registry()
    registry.histogram("h").record(1)
    registry.counter("c_total", labels=["a"]).labels(a="b").add()
    found = registry.snapshot()
    place = found
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["format"], 2),
        (["metrics"], []),
        (["metrics", "h"], 3),
        (["metrics", "h", "kind"], "summary"),
        (["metrics", "h", "lowest"], 0),
        (["metrics", "h", "lowest"], "one"),
        (["metrics", "h", "series"], 4),
        (["metrics", "h", "series", 0, "cells"], [[1]]),
        (["metrics", "h", "series", 0, "cells"], [[5000, 1]]),
        (["metrics", "h", "series", 0, "cells"], [[3, -1]]),
        (["metrics", "h", "series", 0, "count"], 7),
        (["metrics", "h", "series", 0, "max"], 0.5),
        (["metrics", "h", "series", 0, "sum"], ...),
        (["metrics", "c_total", "series", 0, "value"], -1),
        (["metrics", "c_total", "series", 0, "value"], -0.5),
        (["metrics", "c_total", "series", 0, "value"], "many"),
        (["metrics", "c_total", "series", 0, "labels"], {}),
        (["metrics", "c_total", "labels"], ["a", "a"]),
        (["metrics", "c d"], {}),
        (["collectors"], None),
    ],
    ids=lambda case: ".".join(map(str, case)) if isinstance(case, list) else repr(case),
)
def test_what_is_no_snapshot_is_refused(path, value):
    with pytest.raises(InputError, match=r"^Argument `\w+` must .*\.$"):
        merge([broken_at(path, value)])


@pytest.mark.parametrize("value", [None, 3, [], "text", {}])
def test_other_values_are_no_snapshots(value):
    with pytest.raises(InputError):
        merge([value])
