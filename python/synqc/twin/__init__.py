"""A device of hidden truth, to try protocols and analyses on: physics instead of the fit's formula. docs/protocols.md.

>>> from synqc.twin import HiddenQubit, Twin
>>> twin = Twin([HiddenQubit(t1_us=60.0, detuning_khz=250.0)], seed=1)
>>> twin[0].gate_ns
24.0
"""

from __future__ import annotations

from synqc.twin.faults import Faults
from synqc.twin.hidden_qubit import DetuningDrift, HiddenQubit
from synqc.twin.integrated_readout import IntegratedReadout
from synqc.twin.twin import Twin, TwinQubit
from synqc.twin.two_level_system import TwoLevelSystem, telegraph_allan_variance

__all__ = [
    "DetuningDrift",
    "Faults",
    "HiddenQubit",
    "IntegratedReadout",
    "Twin",
    "TwinQubit",
    "TwoLevelSystem",
    "telegraph_allan_variance",
]
