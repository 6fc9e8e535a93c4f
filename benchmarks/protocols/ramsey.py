"""The frequency of a qubit from few shots, and what a short sweep of one phase makes of as many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.infer import CountLikelihood, Parameter, fit
from synqc.infer import Ramsey as Fringe
from synqc.protocols import Ramsey
from synqc.twin import HiddenQubit, Twin

__all__ = ["measure_ramsey"]

_QUBITS = 2000
_WRONG_KHZ = 100.0
_SHORT_US, _DELAYS = 4.0, 41


def measure_ramsey(setting: Setting) -> Mapping[str, Measurement]:
    """Detunings drawn evenly; both see the same qubits through the readout's errors."""
    qubits = 40 if setting.quick else _QUBITS
    generator = np.random.default_rng(1)
    ours, theirs, shots = [], [], 0
    for number, detuning in enumerate(generator.uniform(-1000, 1000, qubits)):
        device = Twin([HiddenQubit(t1_us=100.0, tphi_us=200.0 / 3, detuning_khz=detuning)], seed=number)[0]
        protocol = Ramsey()
        records = protocol.run(device)
        shots = records.shots * np.asarray(records.counts).shape[0] * np.asarray(records.counts).shape[1]
        found = protocol.analyse(records)
        ours.append(abs(found.values["detuning_khz"] - detuning))
        theirs.append(abs(_by_short_sweep(detuning, shots, generator) - abs(detuning)))
    refuse_unless(shots <= 330, f"{shots} shots were played, more than 330.")
    wrong = int((np.array(ours) > _WRONG_KHZ).sum())
    far = int((np.array(theirs) > _WRONG_KHZ).sum())
    proof = f"against the hidden detunings of {qubits} qubits, {shots} shots each"
    peer = (
        f"{_DELAYS} delays up to {_SHORT_US:g} us, one phase, no sign: median {np.median(theirs):.2f} kHz, {far} of "
        f"{qubits} off by more than {_WRONG_KHZ:g} kHz"
    )
    return {
        "ramsey-error": Measurement(float(np.median(ours)), proof=proof, details=(peer,)),
        "ramsey-wrong-fringes": Measurement(float(wrong), proof=proof, details=(peer,)),
    }


def _by_short_sweep(detuning: float, shots: int, generator: Any) -> float:
    """Size of a detuning from the usual sweep, of which one phase tells no sign, with the same likelihood."""
    delays = np.linspace(0.1, _SHORT_US, _DELAYS)
    settings = np.stack([delays, np.zeros(_DELAYS)], axis=1)
    model = Fringe()
    known = {"t2_us": 50.0, "p0_given_1": 0.01, "p1_given_0": 0.01}
    probabilities, _ = model.probabilities(settings, known | {"detuning_khz": detuning})
    counts = generator.binomial(shots // _DELAYS, probabilities[:, 1])
    searched = {"detuning_khz": Parameter(0.0, 1010.0)}
    likelihood = CountLikelihood(model, settings, counts, searched, shots=shots // _DELAYS, known=known)
    return fit(likelihood).values["detuning_khz"]
