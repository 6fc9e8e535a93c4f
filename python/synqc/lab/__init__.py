"""The laboratory: experiments, sweeps, solvers, devices, pictures. Its names are re-exported by `synqc`.

>>> import synqc.lab
>>> "sweep" in dir(synqc.lab), synqc.lab.plots.__name__
(True, 'synqc.lab.plots')
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType


def __getattr__(name: str) -> ModuleType:
    if name.startswith("_") or name not in __dir__():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return sorted(one.name for one in pkgutil.iter_modules(__path__) if not one.name.startswith("_"))
