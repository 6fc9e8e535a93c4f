"""Names that people bring from other libraries work here, and do what they do there."""

import asyncio
import io
import threading

import pytest

from synqc import json, metrics, pipeline
from synqc.cache import MemoryCache, cached
from synqc.errors import DocumentError, InputError


def test_metrics_have_the_names_of_prometheus_clients():
    registry = metrics.Registry()
    counter = registry.counter("calls_total", "Calls.")
    counter.inc()
    counter.inc(2.5)
    assert counter.value() == 3.5
    gauge = registry.gauge("open", "Open things.")
    gauge.inc()
    gauge.inc(4)
    gauge.dec()
    gauge.dec(1.5)
    assert gauge.value() == 2.5
    sizes = registry.histogram("size_bytes", "Sizes.", unit="bytes")
    sizes.observe(7.0)
    assert (sizes.count(), sizes.quantile(0.5)) == (1, pytest.approx(7.0, rel=0.01))
    with pytest.raises(InputError, match="at least 0"):
        counter.inc(-1)
    with pytest.raises(InputError, match="`amount` must be the only one"):
        gauge.dec(1, 2)
    with pytest.raises(InputError, match="labels"):
        registry.gauge("by_route", "Open things by route.", ["route"]).inc()


def test_a_bare_cached_remembers_as_functools_does():
    calls = []

    @cached
    def cube(x):
        """Third power."""
        calls.append(x)
        return x**3

    assert [cube(2), cube(2), cube(3)] == [8, 8, 27]
    assert calls == [2, 3]
    assert cube.cache_info() == (1, 2, 1024, 2)
    assert (cube.cache_info().hits, cube.cache_info().currsize) == (1, 2)
    assert cube.__doc__ == "Third power."
    cube.cache_clear()
    assert cube.cache_info().currsize == 0
    assert cube(2) == 8
    assert calls == [2, 3, 2]


def test_cached_without_a_cache_takes_its_other_arguments_and_coroutines():
    @cached(version=2)
    async def double(x):
        return 2 * x

    async def both():
        return await double(4), await double(4)

    assert asyncio.run(both()) == (8, 8)
    assert double.cache_info()[:2] == (1, 1)


def test_two_bare_functions_share_no_cache_and_a_shared_cache_cannot_be_cleared_by_one():
    @cached
    def one(x):
        return x

    @cached
    def other(x):
        return x

    assert one.cache is not other.cache
    shared = cached(MemoryCache(max_entries=5))(one)
    assert not hasattr(shared, "cache_clear") or shared.cache is not one.cache
    with pytest.raises(InputError, match="`cache` must be a cache"):
        cached(17)


def test_map_calls_several_at_a_time_and_keeps_the_order():
    together = threading.Barrier(3)

    def meets(x):
        together.wait(15)
        return 10 * x

    assert pipeline.map(meets, [3, 1, 2], concurrency=3) == [30, 10, 20]
    assert pipeline.map(lambda x: 1 / x, [1, 0, 2], on_error="skip") == [1.0, 0.5]
    with pytest.raises(ZeroDivisionError):
        pipeline.map(lambda x: 1 / x, [0])


@pytest.mark.parametrize("make", [io.StringIO, io.BytesIO])
def test_documents_go_into_open_files_and_come_back(make):
    file = make()
    json.dump({"ε": [0.1, 2]}, file, indent=1)
    file.seek(0)
    assert json.load(file) == {"ε": [0.1, 2]}


@pytest.mark.parametrize("make", [io.StringIO, io.BytesIO])
def test_lines_go_into_open_files_and_come_back_one_by_one(make):
    file = make()
    assert json.dump_lines(({"shot": shot} for shot in range(3)), file) == 3
    file.seek(0)
    rows = json.load_lines(file)
    assert next(rows) == {"shot": 0}
    assert list(rows) == [{"shot": 1}, {"shot": 2}]


def test_a_line_that_is_no_document_is_named_by_its_number():
    with pytest.raises(DocumentError, match=r"^Line 3: Document must"):
        list(json.load_lines(['{"a": 1}', "\n", '{"a": ']))


def test_the_fallback_may_stand_in_the_second_place_and_only_once():
    assert json.dumps({"a": {1}}, list) == b'{"a":[1]}'
    assert json.dumps({1j}, default=str) != json.dumps({"a": 1})
    with pytest.raises(InputError, match="`default` must be None or a function"):
        json.dumps({}, 5)
    with pytest.raises(TypeError, match="positional"):
        json.dumps({}, None, None)


def test_refusals_are_value_errors():
    for broken in (lambda: json.loads("{"), lambda: pipeline.map(abs, [], concurrency=0), lambda: cached(17)):
        with pytest.raises(ValueError, match="must"):
            broken()
