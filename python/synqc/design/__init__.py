"""Design of the next probe: what a shot tells, by a named loss, and trackers of frequency and T1 that test their lock.

>>> from synqc import design
>>> round(design.best_decay_wait(dead_time=0.5), 4)
0.7274
"""

from __future__ import annotations

from synqc.design.comparison import DesignComparison, compare_decay_designs, compare_ramsey_designs
from synqc.design.decay import best_decay_wait, decay_information
from synqc.design.decay_tracker import DecaySetting, DecayTracker
from synqc.design.ramsey import best_ramsey_wait, ramsey_information_bits, ramsey_variance_share
from synqc.design.ramsey_tracker import RamseySetting, RamseyTracker

__all__ = [
    "DecaySetting",
    "DecayTracker",
    "DesignComparison",
    "RamseySetting",
    "RamseyTracker",
    "best_decay_wait",
    "best_ramsey_wait",
    "compare_decay_designs",
    "compare_ramsey_designs",
    "decay_information",
    "ramsey_information_bits",
    "ramsey_variance_share",
]
