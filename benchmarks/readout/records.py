"""Records of a readout with ring-up and T1, beside QuTiP's stochastic master equation of qubit and resonator."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from synqc.benchmarks.laboratory.peers import import_qutip
from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.measure.turns import interleaved, ratio
from synqc.readout import LevelRates, Readout, ReadoutPulse, Resonator

__all__ = ["measure_against_qutip", "measure_steps"]

_SHOTS, _BINS, _DURATION_NS = 4096, 1000, 500.0
_FOCK_LEVELS = 14
_KAPPA, _CHI, _DRIVE, _EFFICIENCY = 5.0, 0.5, 2.0, 0.5  # MHz
_TOLERANCE = 1e-3  # of <sigma_z> along one record
_PROOF_STEPS = 4000  # which leave QuTiP's scheme an error below 1e-4


def _readout(rates: LevelRates | None, bins: int = _BINS) -> Readout:
    resonator = Resonator(kappa_mhz=_KAPPA, chi_mhz=_CHI, drive_mhz=_DRIVE, efficiency=_EFFICIENCY)
    pulse = ReadoutPulse.square(_DURATION_NS)
    return Readout(resonator, pulse, bins=bins, rates=rates, detection="homodyne")


def _proven_mean(readout: Readout) -> str:
    """Shots that stay have the mean record of their field; refuses if not."""
    prepared = np.zeros(_SHOTS, np.int32)
    stays = _readout(None).simulate(prepared, seed=1, threads=1)
    error = np.abs(stays.values.mean(axis=0) - readout.mean_records()[0]).max() * math.sqrt(readout.bin_us * _SHOTS)
    refuse_unless(error < 5, f"The mean record is {error:.1f} deviations from the field's.")
    return f"the mean of {_SHOTS} records is within {error:.1f} deviations of the field in all {_BINS} bins"


def measure_steps(setting: Setting) -> Mapping[str, Measurement]:
    """Shots that decay with T1 = 30 us; the time of the processor, in one thread."""
    readout = _readout(LevelRates.from_t1(30.0))
    proof = _proven_mean(readout)
    prepared = (np.arange(_SHOTS) % 2).astype(np.int32)
    times = interleaved(
        {"ours": lambda: readout.simulate(prepared, seed=1, threads=1)},
        repetitions=setting.repetitions, clock=time.thread_time,
    )["ours"]  # fmt: skip
    steps = _SHOTS * _BINS
    return {"readout-step": Measurement(1e9 * times.median / steps, best=1e9 * times.best / steps, proof=proof)}


def measure_against_qutip(setting: Setting) -> Mapping[str, Measurement]:
    """Record and conditioned state on both sides: ours is a simulation and a filter."""
    qutip = import_qutip()
    readout = _readout(None)
    difference = _difference_along_a_record(qutip)
    refuse_unless(difference < _TOLERANCE, f"<sigma_z> along one record differs from QuTiP's by {difference:.2g}.")
    prepared = (np.arange(_SHOTS) % 2).astype(np.int32)

    def ours() -> Any:
        return readout.populations(readout.simulate(prepared, seed=1, threads=1).values, threads=1)

    times = interleaved(
        {"ours": ours, "peer": lambda: _peer_trajectory(qutip, _BINS)},
        repetitions=setting.repetitions, clock=time.thread_time,
    )  # fmt: skip
    own, other = times["ours"].median / (_SHOTS * _BINS), times["peer"].median / _BINS
    return {
        "readout-step-vs-qutip": Measurement(
            ratio(times["peer"], times["ours"]) * _SHOTS,
            proof=f"<sigma_z> along a record of QuTiP's is met to {difference:.1e} at all of {_PROOF_STEPS} times",
            details=(f"here {1e9 * own:.3g} ns a step, QuTiP {qutip.__version__} {1e6 * other:.3g} us",),
        )
    }


def _peer_trajectory(qutip: Any, steps: int) -> Any:
    a = qutip.tensor(qutip.qeye(2), qutip.destroy(_FOCK_LEVELS))
    sigma_z = qutip.tensor(qutip.Qobj(np.diag([1.0, -1.0])), qutip.qeye(_FOCK_LEVELS))
    kappa, chi, drive = (2 * math.pi * one for one in (_KAPPA, _CHI, _DRIVE))
    duration = _DURATION_NS * 1e-3
    start = qutip.tensor((qutip.basis(2, 0) + qutip.basis(2, 1)).unit(), qutip.basis(_FOCK_LEVELS, 0))
    return qutip.smesolve(
        chi * sigma_z * a.dag() * a + drive * (a + a.dag()), start, np.linspace(0, duration, steps + 1),
        c_ops=[math.sqrt((1 - _EFFICIENCY) * kappa) * a], sc_ops=[math.sqrt(_EFFICIENCY * kappa) * a],
        e_ops=[sigma_z], ntraj=1, seeds=5,
        options={
            "method": "platen", "dt": duration / steps, "store_measurement": True, "keep_runs_results": True,
            "progress_bar": "",
        },
    )  # fmt: skip


def _difference_along_a_record(qutip: Any) -> float:
    result = _peer_trajectory(qutip, _PROOF_STEPS)
    record = np.real(result.measurement[0][0])
    populations = _readout(None, _PROOF_STEPS).populations(record[None, :], threads=1)[0]
    difference = populations[:, 0] - populations[:, 1] - np.real(result.runs_expect[0][0])
    return float(np.abs(difference).max())
