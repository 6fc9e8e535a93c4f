"""Drive-Probe-Drive quantum-control laboratory with a C++ core.

>>> import synqc
>>> run = synqc.Experiment(preset="transmon-default", probe_strength=0.2).run(shots=1000, seed=7)
>>> run.probe.regime
'diagnostic'

Names are loaded when they are first used, so that `import synqc` costs little.
"""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING, Any

from synqc._version import __version__

if TYPE_CHECKING:
    from synqc import cache as cache
    from synqc import errors as errors
    from synqc import json as json
    from synqc import metrics as metrics
    from synqc import pipeline as pipeline
    from synqc.lab.checkpoint import Checkpoint
    from synqc.lab.compare import Comparison, compare
    from synqc.lab.device import Device, Target, device, presets, targets
    from synqc.lab.estimate import Estimate
    from synqc.lab.experiment import Experiment, StopFlag
    from synqc.lab.filter_record import MonitoredQubit, filter_record
    from synqc.lab.load import load
    from synqc.lab.mesolve import mesolve
    from synqc.lab.rules import Batch
    from synqc.lab.run import Run
    from synqc.lab.smesolve import smesolve
    from synqc.lab.sweep import Sweep, sweep
    from synqc.recommender import recommend

_HOME = {
    "Batch": "lab.rules",
    "Checkpoint": "lab.checkpoint",
    "Comparison": "lab.compare",
    "Device": "lab.device",
    "Estimate": "lab.estimate",
    "Experiment": "lab.experiment",
    "MonitoredQubit": "lab.filter_record",
    "Run": "lab.run",
    "StopFlag": "lab.experiment",
    "Sweep": "lab.sweep",
    "Target": "lab.device",
    "compare": "lab.compare",
    "device": "lab.device",
    "filter_record": "lab.filter_record",
    "load": "lab.load",
    "mesolve": "lab.mesolve",
    "presets": "lab.device",
    "smesolve": "lab.smesolve",
    "recommend": "recommender",
    "sweep": "lab.sweep",
    "targets": "lab.device",
}
_FORMER = {"Carry": "Checkpoint"}  # names until the next minor version
_MODULES = (
    "cache", "design", "errors", "fit", "generate", "infer", "json", "lab", "llm", "measure", "metrics", "notebook",
    "optimise", "pipeline", "protocols", "readout", "records", "text", "twin",
)  # fmt: skip

__all__ = [
    "Batch",
    "Checkpoint",
    "Comparison",
    "Device",
    "Estimate",
    "Experiment",
    "MonitoredQubit",
    "Run",
    "StopFlag",
    "Sweep",
    "Target",
    "__version__",
    "cache",
    "compare",
    "device",
    "errors",
    "filter_record",
    "json",
    "load",
    "mesolve",
    "metrics",
    "pipeline",
    "presets",
    "recommend",
    "smesolve",
    "sweep",
    "targets",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"synqc.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return importlib.import_module(f"synqc.{name}")
    if name in _FORMER:
        warnings.warn(f"synqc.{name} is called synqc.{_FORMER[name]} now.", DeprecationWarning, stacklevel=2)
        return __getattr__(_FORMER[name])
    raise AttributeError(f"module 'synqc' has no attribute {name!r}{_what_is_near(name)}", name=name)


def _what_is_near(name: str) -> str:
    if name.startswith("_"):
        return ""
    from synqc.lab._near_words import near_words

    near = near_words(name, (*__all__, *_MODULES))
    return f"; near it: {', '.join(near)}" if near else ""


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES, *globals()})
