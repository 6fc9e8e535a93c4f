"""The OpenMetrics text is what its own parser reads, whatever metrics there are, and it says what the snapshot says."""

import math
import random

import pytest

from synqc import metrics
from synqc.metrics import Registry, Sample, openmetrics
from synqc.metrics.exposition import OPENMETRICS, PROMETHEUS

parser = pytest.importorskip("prometheus_client.openmetrics.parser", reason="the `test` extra installs it")

NASTY = 'quote " slash \\ newline \n brace } comma , # EOF é 量'
LETTERS = 'aé量😀"\\\n\r\t \x00\x1f\x7f\x85\u2028\u2029{}=,#e+-.0'


def parsed(text):
    return {family.name: family for family in parser.text_string_to_metric_families(text)}


def values_of(family):
    return {(sample.name, tuple(sample.labels.values())): sample.value for sample in family.samples}


def test_every_kind_of_metric_is_read_back():
    registry = Registry()
    registry.counter("hits_total", NASTY, ["path", "code"]).labels(path=NASTY, code=200).add(3)
    registry.counter("seconds_spent").add(0.25)
    registry.counter("large_total").add(2**63)
    for value in (1e300, -1e-300, math.inf, -math.inf):
        registry.gauge("load", labels=["of"]).labels(of=value).set(value)
    sizes = registry.histogram("sizes", "Sizes.", ["of"], lowest=1)
    for value in (0, 1, 1024, 1025, 5000, 2.0**40, 2.0**45, math.nan):
        sizes.labels(of=NASTY).record(value)
    registry.histogram("nothing", labels=["of"])
    registry.histogram("empty")
    registry.add_collector("broken", lambda: 1 / 0)
    registry.add_collector("queue", lambda: [Sample("depth", 3, help="Jobs.", labels={"queue": NASTY})])
    with registry.timer("work", labels=["of"]).labels(of=NASTY):
        pass
    text = registry.openmetrics()
    assert text.endswith("\n# EOF\n")
    families = parsed(text)
    assert families["hits"].type == "counter"
    assert families["hits"].documentation == NASTY
    assert values_of(families["hits"]) == {("hits_total", (NASTY, "200")): 3}
    assert values_of(families["seconds_spent"]) == {("seconds_spent_total", ()): 0.25}
    assert values_of(families["large"]) == {("large_total", ()): 2.0**63}
    assert sorted(values_of(families["load"]).values()) == [-math.inf, -1e-300, 1e300, math.inf]
    sizes = values_of(families["sizes"])
    assert sizes["sizes_count", (NASTY,)] == 7
    assert sizes["sizes_sum", (NASTY,)] == 0 + 1 + 1024 + 1025 + 5000 + 2.0**40 + 2.0**45
    assert sizes["sizes_bucket", (NASTY, "1024.0")] == 3
    assert sizes["sizes_bucket", (NASTY, "+Inf")] == 7
    assert families["nothing"].samples == []
    assert values_of(families["empty"])["empty_count", ()] == 0
    assert values_of(families["depth"]) == {("depth", (NASTY,)): 3}
    assert values_of(families["work_seconds"])["work_seconds_count", (NASTY,)] == 1
    assert values_of(families["work_errors"]) == {("work_errors_total", (NASTY,)): 0}
    failures = families["synqc_metrics_collector_failures"]
    assert values_of(failures) == {("synqc_metrics_collector_failures_total", ("broken",)): 1}


def test_both_forms_say_the_same():
    registry = Registry()
    registry.counter("hits_total").add(3)
    registry.gauge("load").set(0.5)
    registry.histogram("sizes", lowest=1).record(7)
    plain = pytest.importorskip("prometheus_client.parser").text_string_to_metric_families(registry.prometheus())
    expected = {sample.name: sample.value for family in plain for sample in family.samples if "le" not in sample.labels}
    found = parsed(registry.openmetrics()).values()
    assert expected == {
        sample.name: sample.value for family in found for sample in family.samples if "le" not in sample.labels
    }
    assert openmetrics(registry.snapshot()) == registry.openmetrics()


def test_a_unit_is_told_where_the_name_ends_with_it():
    registry = Registry()
    registry.counter("read_bytes_total", unit="bytes").add(1)
    registry.gauge("age_seconds", unit="seconds").set(1)
    registry.histogram("wait_seconds", unit="seconds")
    registry.gauge("weight", unit="grams").set(1)
    registry.gauge("speed", unit="m/s\n").set(1)
    registry.gauge("bytes", unit="bytes").set(1)
    units = {name: family.unit for name, family in parsed(registry.openmetrics()).items()}
    assert units == {
        "read_bytes": "bytes", "age_seconds": "seconds", "wait_seconds": "seconds", "weight": "",
        "speed": "", "bytes": "",
    }  # fmt: skip


def test_a_histogram_of_negative_values_has_no_sum_that_falls():
    registry = Registry()
    change = registry.histogram("change", lowest=1)
    change.record(-5)
    change.record(2)
    assert "change_sum -3\n" in registry.prometheus()
    names = {sample.name for sample in parsed(registry.openmetrics())["change"].samples}
    assert names == {"change_bucket"}


CLASHES = {
    "a gauge and a counter": [("gauge", "hits"), ("counter", "hits_total")],
    "two counters": [("counter", "hits"), ("counter", "hits_total")],
    "three": [("counter", "hits"), ("gauge", "hits_total"), ("counter", "hits_")],
    "when it began": [("counter", "hits_total"), ("gauge", "hits_created"), ("histogram", "size"),
                      ("gauge", "size_created")],
    "nothing but the end": [("counter", "_total"), ("counter", "_total_total")],
}  # fmt: skip


@pytest.mark.parametrize("clash", CLASHES.values(), ids=CLASHES.keys())
@pytest.mark.parametrize("backwards", [False, True])
def test_names_that_would_be_two_families_stay_apart(clash, backwards):
    registry = Registry()
    for kind, name in reversed(clash) if backwards else clash:
        family = getattr(registry, kind)(name)
        {"gauge": lambda family=family: family.set(7), "counter": lambda family=family: family.add(7)}.get(
            kind, lambda family=family: family.record(7)
        )()
    families = parsed(registry.openmetrics())
    assert sorted(family.type for family in families.values()) == sorted(kind for kind, _ in clash)
    plain = [sample for family in families.values() for sample in family.samples if family.type != "histogram"]
    assert [sample.value for sample in plain] == [7] * sum(kind != "histogram" for kind, _ in clash)


def test_random_metrics_are_read_back(seed):
    draw = random.Random(seed)
    for _ in range(40):
        registry = Registry()
        help_text = "".join(draw.choices(LETTERS.replace("\r", ""), k=draw.randint(0, 12))).strip()
        level = registry.gauge("level", help_text, ["place", "kind"])
        change = registry.histogram("change", labels=["place", "kind"], lowest=2.0 ** draw.randint(-40, 20))
        expected = {}
        for _ in range(draw.randint(1, 6)):
            labels = tuple("".join(draw.choices(LETTERS, k=draw.randint(0, 9))) for _ in range(2))
            number = draw.choice([draw.uniform(-1, 1) * 10.0 ** draw.randint(-300, 300), math.inf, 0.0, 2.0**53])
            level.labels(place=labels[0], kind=labels[1]).set(number)
            change.labels(place=labels[0], kind=labels[1]).record(number)
            expected["level", labels] = number
        families = parsed(registry.openmetrics())
        assert values_of(families["level"]) == expected, f"seed {seed}"
        assert families["level"].documentation == help_text, f"seed {seed}"


FORMS = {
    "": PROMETHEUS,
    "*/*": PROMETHEUS,
    "text/plain": PROMETHEUS,
    "application/openmetrics-text": OPENMETRICS,
    "Application/OpenMetrics-Text; Version=1.0.0; q=0.5, text/plain;q=0.4": OPENMETRICS,
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1": OPENMETRICS,
    "application/openmetrics-text;version=0.0.1": PROMETHEUS,
    "application/openmetrics-text;q=0": PROMETHEUS,
    "application/openmetrics-text;q=much": PROMETHEUS,
    "application/openmetrics-text;q=0.3, text/*;q=0.9": PROMETHEUS,
    'application/openmetrics-text; version="1.0.0", */*': OPENMETRICS,
    ",;,=;q": PROMETHEUS,
}


@pytest.mark.parametrize(("accept", "media_type"), FORMS.items(), ids=FORMS.keys())
def test_who_asks_gets_the_form_that_suits(accept, media_type):
    registry = Registry()
    registry.counter("hits_total").add(1)
    found = registry.exposition(accept)
    assert found.media_type == media_type
    assert found.text == (registry.openmetrics() if media_type == OPENMETRICS else registry.prometheus())


def test_the_functions_of_the_module_act_on_the_registry_of_the_process():
    assert metrics.openmetrics().endswith("# EOF\n")
    assert metrics.exposition("application/openmetrics-text").media_type == OPENMETRICS
    assert metrics.openmetrics(Registry().snapshot()) == "# EOF\n"
