"""Readout from IQ points of both levels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synqc.errors import InputError, ShapeError
from synqc.fit.fitted import Fitted, fitted_from
from synqc.lab._whole_number import whole_number
from synqc.lab.run import Run
from synqc.protocols import IQBlobs, IQPoints

__all__ = ["readout"]


def readout(zero: ArrayLike | Run, one: ArrayLike | Run, *, qubit: int = 0) -> Fitted:
    """Readout errors and signal-to-noise ratio from shots with |0> and with |1> prepared.

    Half of the shots set the line between the clouds, the other half judges it, so that errors are those of new shots.

    Args:
        zero: With |0> prepared: complex IQ points (shots,) in the order in which they were measured, or a `Run` that
            kept its records, of whose last iteration the bins are averaged.
        one: The same with |1>.
        qubit: Qubit of runs whose records are taken.

    Returns:
        `p1_given_0`, `p0_given_1`, `signal_to_noise` (distance of the centres over a cloud's deviation) and both
        centres (`centre_0_i`, ..), with intervals and a verdict.

    Raises:
        ShapeError: Points are not a row, or not as many of both.
        InputError: They are no numbers, or a run kept no records.

    Examples:
        >>> import math, synqc
        >>> from synqc import fit
        >>> probe = synqc.Experiment(qubits=1, probe_strength=1.0, probe_duration_ns=600, drift="none")
        >>> zero = probe.replace(first_angle=0.0).run(4000, seed=7, keep_records=True)
        >>> one = probe.replace(first_angle=math.pi).run(4000, seed=8, keep_records=True)
        >>> found = fit.readout(zero, one)
        >>> 3 < found["signal_to_noise"].value < 4, found.verdict
        (True, 'good')
    """
    clouds = [_points(name, given, qubit) for name, given in (("zero", zero), ("one", one))]
    if len(clouds[0]) != len(clouds[1]):
        raise ShapeError(
            f"Argument `one` must have as many shots as `zero`, {len(clouds[0])}, but has {len(clouds[1])}."
        )
    analysis = IQBlobs().analyse(IQPoints(np.stack(clouds)))
    return fitted_from("readout", analysis)


def _points(name: str, given: Any, qubit: int) -> NDArray[np.complex128]:
    if isinstance(given, Run):
        qubit = whole_number("qubit", qubit, least=0, most=len(given.history[-1].qubits) - 1)
        both = given.records[-1, qubit] + 1j * given.records_quadrature[-1, qubit]
        return np.asarray(both.mean(axis=1))
    try:
        array = np.asarray(given, np.complex128)
    except (TypeError, ValueError) as error:
        raise InputError(f"Argument `{name}` must be a Run or complex IQ points, but is {given!r}.") from error
    if array.ndim != 1:
        raise ShapeError(f"Argument `{name}` must have shape (shots,), but has shape {array.shape}.")
    return array
