"""What it costs to write all metrics down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synqc.benchmarks.measurement import Measurement, Setting, import_peer, refuse_unless
from synqc.measure.turns import interleaved, ratio
from synqc.metrics import Registry

__all__ = ["measure_histograms", "measure_scrape"]


def _values(count: int) -> list[float]:
    return [1e-6 * 1.1 ** (k % 150) for k in range(count)]


_AS_MANY_EDGES = [2.0**k for k in range(-12, 13)]
"""As ours has on the scale of seconds."""


def _fill(registry: Registry, theirs: Any, peer: Any, counters: int, gauges: int, histograms: int) -> None:
    """The same metrics with the same values for both sides."""
    families = (
        registry.counter("events_total", "Events.", ["of"]),
        registry.gauge("level", "Levels.", ["of"]),
        registry.histogram("taken_seconds", "Durations.", ["of"]),
    )
    peers = (
        peer.Counter("events_total", "Events.", ["of"], registry=theirs),
        peer.Gauge("level", "Levels.", ["of"], registry=theirs),
        peer.Histogram("taken_seconds", "Durations.", ["of"], registry=theirs, buckets=_AS_MANY_EDGES),
    )
    for k in range(counters):
        families[0].labels(of=k).add(k)
        peers[0].labels(of=k).inc(k)
    for k in range(gauges):
        families[1].labels(of=k).set(1.5 * k)
        peers[1].labels(of=k).set(1.5 * k)
    for k in range(histograms):
        for value in _values(1000):
            families[2].labels(of=k).record(value)
            peers[2].labels(of=k).observe(value)


def _totals(text: str, peer: Any) -> dict[str, float]:
    """Sums over the label values of whatever both sides must agree on, read by the peer's own parser."""
    totals: dict[str, float] = {}
    for family in peer.text_string_to_metric_families(text):
        for sample in family.samples:
            # The peer also says when each series was created.
            if sample.name in ("events_total", "level", "taken_seconds_count", "taken_seconds_sum"):
                totals[sample.name] = totals.get(sample.name, 0) + sample.value
    return totals


def _measured(setting: Setting, counters: int, gauges: int, histograms: int) -> tuple[Any, Any, int, str]:
    peer, parser = import_peer("prometheus_client"), import_peer("prometheus_client.parser")
    ours, theirs = Registry(), peer.CollectorRegistry()
    peer.disable_created_metrics()
    try:
        _fill(ours, theirs, peer, counters, gauges, histograms)
    finally:
        peer.enable_created_metrics()
    text = ours.prometheus()
    here = _totals(text, parser)
    there = _totals(peer.generate_latest(theirs).decode(), parser)
    refuse_unless(
        here.keys() == there.keys() and all(abs(here[k] - there[k]) <= 1e-9 * abs(there[k]) for k in here),
        f"The two texts disagree: {here} against {there}.",
    )
    times = interleaved(
        {"ours": ours.prometheus, "theirs": lambda: peer.generate_latest(theirs)}, repetitions=setting.repetitions
    )
    lines = sum(not line.startswith("#") for line in text.splitlines())
    return times["ours"], times["theirs"], lines, "both texts, read by the peer's parser, have the same totals"


def measure_scrape(setting: Setting) -> Mapping[str, Measurement]:
    """A thousand lines of a service's usual mixture."""
    ours, theirs, lines, proof = _measured(setting, counters=510, gauges=210, histograms=10)
    refuse_unless(lines == 1000, f"There are {lines} lines.")
    return {
        "metrics-scrape": Measurement(1e3 * ours.median, 1e3 * ours.best, proof=proof),
        "metrics-scrape-vs-prometheus": Measurement(
            ratio(theirs, ours),
            proof=proof,
            details=(f"{1e3 * ours.median:.3g} ms against {1e3 * theirs.median:.3g} ms",),
        ),
    }


def measure_histograms(setting: Setting) -> Mapping[str, Measurement]:
    """Nothing but histograms."""
    count = 50 if setting.quick else 1000
    ours, theirs, lines, proof = _measured(setting, counters=0, gauges=0, histograms=count)
    return {
        "metrics-scrape-histograms": Measurement(
            ratio(theirs, ours),
            proof=proof,
            details=(f"{lines} lines in {1e3 * ours.median:.3g} ms against {1e3 * theirs.median:.3g} ms",),
        )
    }
