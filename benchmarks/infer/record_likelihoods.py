"""The likelihood of records and its gradient, beside QuTiP's filter of a record."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from synqc.benchmarks.measurement import Measurement, Setting, import_peer, refuse_unless
from synqc.infer.parameter import Parameter
from synqc.infer.record_likelihood import RecordLikelihood
from synqc.lab.filter_record import MonitoredQubit, filter_record
from synqc.lab.smesolve import smesolve
from synqc.measure.turns import interleaved, ratio

__all__ = ["measure_gradient", "measure_likelihood"]

_QUBIT = MonitoredQubit(rabi_khz=500.0, gamma_per_us=0.5, efficiency=0.8, t1_us=40.0, t2_us=30.0)
_GROUND = np.array([1.0, 0.0])
_BINS, _RECORDS, _BIN_US = 1000, 16, 0.02
_EDGES = np.arange(_BINS + 1) * _BIN_US
_SEARCHED = {
    "rabi_khz": Parameter(300.0, 700.0),
    "detuning_khz": Parameter(-200.0, 200.0),
    "gamma_per_us": Parameter(0.1, 2.0),
    "efficiency": Parameter(0.2, 1.0),
    "t1_us": Parameter(5.0, 400.0),
    "gain": Parameter(0.5, 2.0),
}
_PLACE = np.array([503.0, 30.0, 0.55, 0.75, 35.0, 1.01])
_STEPS = np.array([0.1, 0.1, 1e-3, 1e-3, 0.1, 1e-3])


def _records() -> Any:
    made = smesolve(
        _QUBIT.H, _GROUND, _EDGES, _QUBIT.c_ops, _QUBIT.sc_ops, eta=_QUBIT.efficiency, ntraj=_RECORDS, seeds=3,
        error_estimate=False, progress=False,
    )  # fmt: skip
    return np.asarray(made.measurement)[:, 0]


def measure_likelihood(setting: Setting) -> Mapping[str, Measurement]:
    """Sixteen records of a driven qubit at one point of a parameter space, and one of them in QuTiP."""
    qutip = import_peer("qutip")
    records = _records()
    likelihood = RecordLikelihood(records, _BIN_US, _QUBIT, _GROUND, {"rabi_khz": _SEARCHED["rabi_khz"]}, threads=1)
    ours, theirs = (
        likelihood.log_likelihoods([[490.0], [500.0]]),
        filter_record(
            records, _QUBIT, _GROUND, _EDGES, method="bin-average", parameters={"rabi_khz": [490.0, 500.0]},
            progress=False,
        ).log_likelihood.sum(axis=1),
    )  # fmt: skip
    difference = abs(float(np.diff(ours)[0] - np.diff(theirs)[0]))
    refuse_unless(difference < 1e-7, f"the ratio of likelihoods differs from filter_record's by {difference}.")

    efficiency = _QUBIT.efficiency
    monitored = qutip.Qobj(_QUBIT.sc_ops[0])
    solver = qutip.SMESolver(
        qutip.Qobj(_QUBIT.H), [math.sqrt(efficiency) * monitored], False,
        c_ops=[*(qutip.Qobj(op) for op in _QUBIT.c_ops), math.sqrt(1 - efficiency) * monitored],
        options={"method": "platen", "store_measurement": "start", "progress_bar": "", "store_states": False},
    )  # fmt: skip
    start = qutip.basis(2, 0) * qutip.basis(2, 0).dag()

    def peer() -> Any:
        return solver.run_from_experiment(start, _EDGES, records[:1], measurement=True)

    clocks = interleaved(
        {"ours": lambda: likelihood.log_likelihood([500.0]), "peer": peer},
        repetitions=setting.repetitions,
        clock=time.thread_time,
    )
    per_bin = 1e9 / (_RECORDS * _BINS)
    proof = f"the ratio of likelihoods of two Rabi frequencies is filter_record's within {difference:.0e}"
    own = clocks["ours"]
    return {
        "record-likelihood": Measurement(own.median * per_bin, own.best * per_bin, proof),
        "record-likelihood-vs-qutip": Measurement(
            ratio(clocks["peer"], own) * _RECORDS,
            proof=proof,
            details=(
                f"QuTiP {qutip.__version__}, 'platen': {1e6 * clocks['peer'].median / _BINS:.3g} us a bin, "
                "of the state alone",
            ),
        ),
    }


def measure_gradient(setting: Setting) -> Mapping[str, Measurement]:
    """Six parameters: Rabi frequency, detuning, measurement rate, efficiency, T1 and gain."""
    likelihood = RecordLikelihood(_records(), _BIN_US, _QUBIT, _GROUND, _SEARCHED, threads=1)
    _, gradient = likelihood.log_likelihood_and_gradient(_PLACE)
    worst = 0.0
    for slope, shift in zip(gradient, np.diag(_STEPS), strict=True):
        near = likelihood.log_likelihood(_PLACE + shift) - likelihood.log_likelihood(_PLACE - shift)
        far = likelihood.log_likelihood(_PLACE + 2 * shift) - likelihood.log_likelihood(_PLACE - 2 * shift)
        step = float(shift.sum())
        worst = max(worst, abs(float(slope) - (8 * near - far) / (12 * step)) * step)
    refuse_unless(worst < 1e-7, f"the gradient differs from central differences by {worst} over their steps.")
    clocks = interleaved(
        {
            "gradient": lambda: likelihood.log_likelihood_and_gradient(_PLACE),
            "value": lambda: likelihood.log_likelihood(_PLACE),
        },
        repetitions=setting.repetitions,
        clock=time.thread_time,
    )
    return {
        "record-gradient": Measurement(
            ratio(clocks["gradient"], clocks["value"]),
            proof=f"central differences of fourth order agree within {worst:.0e}",
            details=(f"with its gradient {1e6 * clocks['gradient'].median:.3g} us",),
        )
    }
