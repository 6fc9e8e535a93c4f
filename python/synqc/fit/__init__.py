"""Fits of what a run or a laboratory measured: T1, Ramsey, Rabi, readout, with intervals. See docs/fit.md.

>>> import numpy as np
>>> from synqc import fit
>>> delays_us = np.linspace(0.0, 200.0, 21)
>>> ones = np.random.default_rng(2).binomial(500, 0.02 + 0.93 * np.exp(-delays_us / 60))
>>> found = fit.t1(delays_us, ones, shots=500)
>>> abs(found["t1_us"].value - 60) < 8, found.verdict
(True, 'good')
"""

from __future__ import annotations

from synqc.fit.curves import rabi, rabi_amplitude, ramsey, t1
from synqc.fit.fitted import Fitted
from synqc.fit.iq_points import readout

__all__ = ["Fitted", "rabi", "rabi_amplitude", "ramsey", "readout", "t1"]
