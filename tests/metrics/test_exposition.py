"""The text is what Prometheus reads, and it says what the snapshot says."""

import math
import re

import pytest

from synqc.metrics import Registry, Sample, prometheus

_VALUE = r'"(?:[^"\\\n]|\\[\\"n])*"'
_LABELS = rf"\{{[a-zA-Z_][a-zA-Z0-9_]*={_VALUE}(?:,[a-zA-Z_][a-zA-Z0-9_]*={_VALUE})*\}}"
_NUMBER = r"(?:[+-]?Inf|NaN|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LINE = re.compile(
    rf"# HELP {_NAME} (?:[^\\\n]|\\[\\n])*|# TYPE {_NAME} (?:counter|gauge|histogram)|{_NAME}(?:{_LABELS})? {_NUMBER}"
)
NASTY = 'quote " slash \\ newline \n brace } comma , é 量'


@pytest.fixture
def registry():
    registry = Registry()
    registry.counter("hits_total", "Back\\slash\nand a second line.", ["path", "code"]).labels(
        path=NASTY, code=200
    ).add(3)
    registry.counter("seconds_spent_total").add(0.25)
    registry.counter("large_total").add(2**63)
    for value in (1e300, -1e-300, math.inf):
        registry.gauge("load", labels=["of"]).labels(of=value).set(value)
    sizes = registry.histogram("sizes", "Sizes.", ["of"], lowest=1)
    for value in (0, 1, 1024, 1025, 5000, 2.0**40, 2.0**45, math.nan):
        sizes.labels(of=NASTY).record(value)
    registry.histogram("nothing")
    registry.add_collector("broken", lambda: 1 / 0)
    registry.add_collector("queue", lambda: [Sample("depth", 3, help="Jobs.", labels={"queue": NASTY})])
    registry.timer("work")
    return registry


def samples_of(text, name):
    return [line.rsplit(" ", 1) for line in text.splitlines() if re.match(rf"{name}[{{ ]", line)]


def test_every_line_follows_the_grammar_and_every_sample_its_type(registry):
    text = registry.prometheus()
    assert text.endswith("\n")
    typed = set()
    for line in text.splitlines():
        assert LINE.fullmatch(line), line
        if line.startswith("# TYPE"):
            assert line.split()[2] not in typed
            typed.add(line.split()[2])
        elif not line.startswith("#"):
            name = re.match(_NAME, line)[0]
            assert name in typed or re.sub("_(bucket|sum|count)$", "", name) in typed


def test_buckets_are_cumulative_end_with_the_count_and_are_exact_at_their_edges(registry):
    rows = samples_of(registry.prometheus(), "sizes_bucket")
    edges = [float(re.search(r'le="([^"]*)"', head)[1].replace("+Inf", "inf")) for head, _ in rows]
    counts = {edge: int(count) for edge, (_, count) in zip(edges, rows, strict=True)}
    assert edges == [1024.0 * 4**k for k in range(16)] + [math.inf]
    assert list(counts.values()) == sorted(counts.values())
    assert (counts[1024.0], counts[4096.0], counts[16384.0]) == (3, 4, 5)
    assert (counts[2.0**40], counts[math.inf]) == (6, 7)
    assert samples_of(registry.prometheus(), "sizes_count")[0][1] == "7"


def test_the_parser_of_prometheus_reads_back_what_was_recorded(registry):
    parser = pytest.importorskip("prometheus_client.parser")
    families = {family.name: family for family in parser.text_string_to_metric_families(registry.prometheus())}
    (hits,) = families["hits"].samples
    assert (hits.labels, hits.value) == ({"path": NASTY, "code": "200"}, 3)
    assert families["hits"].documentation == "Back\\slash\nand a second line."
    assert families["large"].samples[0].value == 2.0**63
    assert sorted(sample.value for sample in families["load"].samples) == [-1e-300, 1e300, math.inf]
    sizes = {sample.name: sample.value for sample in families["sizes"].samples if "le" not in sample.labels}
    assert sizes == {"sizes_count": 7, "sizes_sum": 0 + 1 + 1024 + 1025 + 5000 + 2.0**40 + 2.0**45}
    assert families["depth"].samples[0].labels == {"queue": NASTY}
    assert families["synqc_metrics_collector_failures"].samples[0].labels == {"collector": "broken"}
    assert {family.type for family in families.values()} == {"counter", "gauge", "histogram"}


def test_a_snapshot_gives_the_same_text_as_the_registry(registry):
    registry.remove_collector("broken")  # counts one failure more at each look
    finite = registry.gauge("load", labels=["of"]).labels(of=math.inf)
    finite.set(1)
    assert prometheus(registry.snapshot()) == registry.prometheus()
