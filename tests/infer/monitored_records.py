"""Synthetic records of monitored qubits for the tests of synqc.infer."""

import numpy as np

from synqc.lab.filter_record import MonitoredQubit
from synqc.lab.smesolve import smesolve

GROUND = [1.0, 0.0]
QUBIT = MonitoredQubit(rabi_khz=500.0, gamma_per_us=0.5, efficiency=0.8, t1_us=40.0, t2_us=30.0)


def records_of(qubit, *, bins, bin_us, count, seed):
    """Bin means (count, bins) of J."""
    edges = np.arange(bins + 1) * bin_us
    made = smesolve(
        qubit.H, GROUND, edges, qubit.c_ops, qubit.sc_ops, eta=qubit.efficiency, ntraj=count, seeds=seed,
        error_estimate=False, progress=False,
    )  # fmt: skip
    return made.measurement[:, 0]


def slopes_of(function, values, steps):
    """Central differences of fourth order."""
    found = []
    for shift in np.diag(steps):
        near = function(values + shift) - function(values - shift)
        far = function(values + 2 * shift) - function(values - 2 * shift)
        found.append((8 * near - far) / (12 * shift.sum()))
    return np.array(found)
