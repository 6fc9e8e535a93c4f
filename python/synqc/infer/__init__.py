"""Inference: parameters with errors and a verdict, from records of monitored qubits or from counts.

>>> import numpy as np
>>> from synqc import infer
>>> delays = np.linspace(0.0, 200.0, 11)
>>> ones = [1000, 762, 608, 472, 376, 298, 232, 172, 142, 110, 85]
>>> searched = {"t1_us": infer.Parameter(10, 500)}
>>> decay = infer.CountLikelihood(infer.Decay(), delays, ones, searched, shots=1000)
>>> found = infer.fit(decay)
>>> found.verdict
'good'
"""

from __future__ import annotations

from synqc.infer.count_likelihood import CountLikelihood
from synqc.infer.curves import Curve, Decay, Echo, Rabi, Ramsey
from synqc.infer.device_posterior import DevicePosterior, PropagatedKpis, PropagatedSweep
from synqc.infer.fit import Fit, fit
from synqc.infer.goodness_of_fit import FitTest, GoodnessOfFit
from synqc.infer.grid_posterior import GridPosterior, grid_posterior
from synqc.infer.jax_bridge import jax_log_posterior
from synqc.infer.likelihood import Likelihood
from synqc.infer.parameter import Parameter
from synqc.infer.record_likelihood import RecordLikelihood
from synqc.infer.resonator_record_likelihood import ResonatorRecordLikelihood

__all__ = [
    "CountLikelihood",
    "Curve",
    "Decay",
    "DevicePosterior",
    "Echo",
    "Fit",
    "FitTest",
    "GoodnessOfFit",
    "GridPosterior",
    "Likelihood",
    "Parameter",
    "PropagatedKpis",
    "PropagatedSweep",
    "Rabi",
    "Ramsey",
    "RecordLikelihood",
    "ResonatorRecordLikelihood",
    "fit",
    "grid_posterior",
    "jax_log_posterior",
]
