"""What it costs to record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from synqc.benchmarks.kernel_programs import nanoseconds
from synqc.benchmarks.measurement import Measurement, Setting, import_peer, refuse_unless
from synqc.measure.turns import Times, interleaved, ratio
from synqc.metrics import Registry

__all__ = ["measure_count", "measure_kernel", "measure_labels", "measure_record"]

_CALLS = 2000


def measure_kernel(setting: Setting) -> Mapping[str, Measurement]:
    """One value from C++, its bucket found and its sum compensated."""
    value, others = nanoseconds(setting, "metrics", "histogram_record_4096_values")
    return {"metrics-record-kernel": Measurement(value, proof="count and sum are those of the values", details=others)}


def _repeated(call: str, **names: Any) -> Callable[[], object]:
    """A function that runs `call` many times, written out as code: the calls of a lambda would count as much."""
    found: dict[str, Any] = {}
    source = f"def run({', '.join(names)}):\n    for k in range({_CALLS}):\n        {call}\n"
    exec(source, found)
    run = found["run"]
    return lambda: run(**names)


def _per_call(times: Mapping[str, Times], name: str) -> tuple[float, float]:
    """Median and best of one call in ns, the loop taken off."""
    loop = times["loop"].best
    return 1e9 * (times[name].median - loop) / _CALLS, 1e9 * (times[name].best - loop) / _CALLS


def _compared(setting: Setting, ours: Callable[[], object], theirs: Callable[[], object]) -> Mapping[str, Times]:
    actions = {"ours": ours, "theirs": theirs, "loop": _repeated("pass")}
    return interleaved(actions, repetitions=setting.repetitions)


def measure_record(setting: Setting) -> Mapping[str, Measurement]:
    """Both histograms, in turns."""
    peer = import_peer("prometheus_client")
    ours = Registry().histogram("seconds")
    theirs = peer.Histogram("seconds", "Seconds.", registry=None)
    times = _compared(
        setting,
        _repeated("histogram.record(0.0125)", histogram=ours),
        _repeated("histogram.observe(0.0125)", histogram=theirs),
    )
    refuse_unless(ours.count() % _CALLS == 0 and ours.quantile(0.5) == 0.0125, "Recorded values are missing.")
    (median, best), (peer_median, _) = _per_call(times, "ours"), _per_call(times, "theirs")
    proof = "every value is counted, and the median is the value"
    return {
        "metrics-record": Measurement(median, best, proof=proof),
        "metrics-record-vs-prometheus": Measurement(
            ratio(times["theirs"], times["ours"]),
            proof=proof,
            details=(f"Without the loop {median:.3g} ns against {peer_median:.3g} ns",),
        ),
    }


def measure_count(setting: Setting) -> Mapping[str, Measurement]:
    """Both counters, in turns."""
    peer = import_peer("prometheus_client")
    ours = Registry().counter("steps_total")
    theirs = peer.Counter("steps_total", "Steps.", registry=None)
    times = _compared(setting, _repeated("counter.add()", counter=ours), _repeated("counter.inc()", counter=theirs))
    refuse_unless(ours.value() > 0 and ours.value() % _CALLS == 0, "Steps are missing.")
    (median, _), (peer_median, _) = _per_call(times, "ours"), _per_call(times, "theirs")
    return {
        "metrics-count-vs-prometheus": Measurement(
            ratio(times["theirs"], times["ours"]),
            proof="every step is counted",
            details=(f"Without the loop {median:.3g} ns against {peer_median:.3g} ns",),
        )
    }


def measure_labels(setting: Setting) -> Mapping[str, Measurement]:
    """Counters of label values, in turns."""
    peer = import_peer("prometheus_client")
    ours = Registry().counter("requests_total", labels=["route", "code"])
    theirs = peer.Counter("requests_total", "Requests.", ["route", "code"], registry=None)
    routes = [f"/{k % 100}" for k in range(_CALLS)]
    times = _compared(
        setting,
        _repeated("counter.labels(route=routes[k], code='200').add()", counter=ours, routes=routes),
        _repeated("counter.labels(route=routes[k], code='200').inc()", counter=theirs, routes=routes),
    )
    counts = {ours.labels(route=f"/{k}", code="200").value() for k in range(100)}
    refuse_unless(len(counts) == 1 and counts != {0}, "Label values did not get their equal shares.")
    (median, _), (peer_median, _) = _per_call(times, "ours"), _per_call(times, "theirs")
    return {
        "metrics-labels-vs-prometheus": Measurement(
            ratio(times["theirs"], times["ours"]),
            proof="every label value has its share",
            details=(f"Without the loop {median:.3g} ns against {peer_median:.3g} ns",),
        )
    }
