"""Measuring that can be believed: comparisons with verdicts, baselines, leaks, and load at a rate.

>>> from synqc import measure
>>> found = measure.compare(lambda: sum(range(2000)), lambda: sum(range(20000)), least_seconds=0.002)
>>> found.verdict
'slower'
"""

from __future__ import annotations

from synqc.measure.baselines import BaselineRun, Baselines, BaselineVerdict, measure_run
from synqc.measure.compare import compare
from synqc.measure.comparison import Comparison, Verdict
from synqc.measure.confidence_sequence import ConfidenceSequence
from synqc.measure.errors import BaselineRefused, MeasuredNothing
from synqc.measure.fingerprint import Fingerprint, fingerprint
from synqc.measure.http_target import HttpTarget
from synqc.measure.leak import LeakReport, leak
from synqc.measure.load import RequestFailed, closed_loop, open_loop
from synqc.measure.load_report import LoadReport, Seconds
from synqc.measure.load_url import UrlLoad, load_url
from synqc.measure.memory_readings import memory_of_process, own_memory, peak_resident_bytes
from synqc.measure.stream_times import AnswerClock, Part
from synqc.measure.subjects import subject_of
from synqc.measure.turns import Times, interleaved, ratio

__all__ = [
    "AnswerClock",
    "BaselineRefused",
    "BaselineRun",
    "BaselineVerdict",
    "Baselines",
    "Comparison",
    "ConfidenceSequence",
    "Fingerprint",
    "HttpTarget",
    "LeakReport",
    "LoadReport",
    "MeasuredNothing",
    "Part",
    "RequestFailed",
    "Seconds",
    "Times",
    "UrlLoad",
    "Verdict",
    "closed_loop",
    "compare",
    "fingerprint",
    "interleaved",
    "leak",
    "load_url",
    "measure_run",
    "memory_of_process",
    "open_loop",
    "own_memory",
    "peak_resident_bytes",
    "ratio",
    "subject_of",
]
