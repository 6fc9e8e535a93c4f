"""Items through stages, several at a time: an outcome for each, Python, coroutines and native code mixed.

>>> from synqc.pipeline import Pipeline, Stage
>>> Pipeline([str.strip, Stage(int)]).run([" 1", "2 "]).values
[1, 2]
"""

from synqc._core import StopFlag
from synqc.pipeline.pipeline import Pipeline, Progress, map
from synqc.pipeline.results import Outcome, Results
from synqc.pipeline.stage import SKIP, Native, Retry, Stage, native
from synqc.pipeline.stream import AsyncStream, Stream

__all__ = [
    "SKIP",
    "AsyncStream",
    "Native",
    "Outcome",
    "Pipeline",
    "Progress",
    "Results",
    "Retry",
    "Stage",
    "StopFlag",
    "Stream",
    "map",
    "native",
]
