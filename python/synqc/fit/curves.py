"""T1, Ramsey and Rabi from runs, counts or signals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synqc.errors import InputError, ShapeError
from synqc.fit.fitted import Fitted, fitted_from
from synqc.fit.measured import Counts, Signal, measured_at
from synqc.fit.signal_likelihood import SignalLikelihood
from synqc.infer import Decay, Parameter, Rabi, Ramsey
from synqc.infer import fit as most_probable
from synqc.protocols import Analysis, Records
from synqc.protocols.count_protocol import READOUT_ERRORS, judged
from synqc.protocols.curves import ExcitedShare, RabiFringe, Referenced
from synqc.protocols.ramsey import PULSE_PRECESSION

__all__ = ["rabi", "rabi_amplitude", "ramsey", "t1"]

_FASTEST_DECAY = 100  # of the longest setting, and this many times faster
_SLOWEST_DECAY = 10  # times the longest setting
_LEAST_GAIN = 10.0
_NARROW, _WIDE = math.erf(1 / math.sqrt(2)), math.erf(2 / math.sqrt(2))


def t1(
    delays_us: ArrayLike,
    measured: Any,
    *,
    shots: int | None = None,
    references: tuple[int, int] | None = None,
    qubit: int = 0,
) -> Fitted:
    """T1 from the share of ones against the delay after a pi pulse: exp(-delay / T1).

    Counts are judged by their binomial likelihood, together with the readout's errors; a signal by least squares, with
    its scale, offset and noise.

    Args:
        delays_us (float64, (points,)): Between pulse and readout.
        measured: A `Run` per delay, each with a seed of its own; ones or shares of ones, (points,) or (sweeps,
            points), with `shots`; or a signal without, such as a voltage.
        shots: At each point of each sweep.
        references: Ones among `shots` with |0> prepared, and with |1>: they make readout errors better known.
        qubit: Qubit of runs whose bits are taken.

    Returns:
        `t1_us` with profile intervals and a verdict.

    Raises:
        InputError: Settings or counts are none.
        ShapeError: Arrays do not fit each other.
        MissingExtra: scipy is not installed.

    Examples:
        >>> import math, synqc
        >>> from synqc import fit
        >>> decay = synqc.Experiment(
        ...     qubits=1, t1_us=30, spread=0, first_angle=math.pi, second_angle=0, probe_strength=0
        ... )
        >>> delays_us = [0.5, 10, 20, 30, 45, 60, 80, 100]
        >>> runs = [
        ...     decay.replace(probe_duration_ns=1e3 * delay).run(2000, seed=k) for k, delay in enumerate(delays_us)
        ... ]
        >>> found = fit.t1(delays_us, runs)
        >>> low, high = found.interval("t1_us", 2)
        >>> low < 30 < high, found.verdict
        (True, 'good')
    """
    settings = _settings("delays_us", delays_us)
    longest = float(settings.max())
    return _fitted(
        "T1",
        Decay(),
        settings[:, None],
        measured_at(len(settings), measured, shots=shots, qubit=qubit),
        {"t1_us": _decay_within(longest)},
        references,
        ("Delay (µs)", "Share of ones"),
    )


def ramsey(
    delays_us: ArrayLike,
    measured: Any,
    *,
    phases_rad: ArrayLike = 0.0,
    span_khz: float | None = None,
    gate_ns: float = 0.0,
    shots: int | None = None,
    references: tuple[int, int] | None = None,
    qubit: int = 0,
) -> Fitted:
    """Detuning and T2 from the share of ones against the delay between two pi/2 pulses.

    The curve is (1 + exp(-t / T2) cos(2 pi detuning t + phase)) / 2. With one phase alone its sign is open, and the
    detuning's size is found; phases 0 and -pi/2 in turn tell both.

    Args:
        delays_us (float64, (points,)): Between the pulses.
        measured: As for `t1`.
        phases_rad (float64, (points,)): Phases of the second pulse, `second_axis` of an `Experiment`; one number for
            all.
        span_khz: The detuning is sought up to this; None: what the shortest step of the delays can tell.
        gate_ns: Length of a pi/2 pulse, during which the qubit precesses for some of the time.
        shots: As for `t1`.
        references: As for `t1`.
        qubit: As for `t1`.

    Returns:
        `detuning_khz` and `t2_us` with profile intervals and a verdict.

    Raises:
        InputError: Settings or counts are none.
        ShapeError: Arrays do not fit each other.
        MissingExtra: scipy is not installed.

    Examples:
        >>> import math, numpy as np, synqc
        >>> from synqc import fit
        >>> quiet = synqc.Experiment(qubits=1, detuning_khz=-150, t2_us=30, spread=0, drift="none", probe_strength=0)
        >>> delays_us = np.repeat(np.linspace(0.5, 30, 24), 2)
        >>> phases_rad = np.tile([0.0, -math.pi / 2], 24)
        >>> runs = [
        ...     quiet.replace(probe_duration_ns=1e3 * delay, second_axis=phase).run(500, seed=k)
        ...     for k, (delay, phase) in enumerate(zip(delays_us, phases_rad))
        ... ]
        >>> found = fit.ramsey(delays_us, runs, phases_rad=phases_rad, gate_ns=quiet.device.gate_ns)
        >>> abs(found["detuning_khz"].value + 150) < 1, abs(found["t2_us"].value - 30) < 4
        (True, True)
    """
    delays = _settings("delays_us", delays_us)
    try:
        phases = np.broadcast_to(np.asarray(phases_rad, np.float64), delays.shape)
    except (TypeError, ValueError) as error:
        raise ShapeError(
            f"Argument `phases_rad` must have shape ({len(delays)},) or be a number, "
            f"but has shape {np.shape(phases_rad)}."
        ) from error
    if span_khz is None:
        span_khz = _highest_frequency("delays_us", delays) * 1e3
    if not 0 < span_khz < math.inf:
        raise InputError(f"Argument `span_khz` must be finite and greater than 0, but is {span_khz}.")
    # One phase sees the cosine alone, modulo pi: its size.
    is_one_phase = bool(np.allclose(np.sin(phases - phases[0]), 0))
    is_size_alone = is_one_phase and bool(np.isclose(np.sin(phases[0]), 0))
    spent = delays + 2 * PULSE_PRECESSION * gate_ns * 1e-3
    return _fitted(
        "Ramsey",
        Ramsey(),
        np.stack([spent, phases], axis=1),
        measured_at(len(delays), measured, shots=shots, qubit=qubit),
        {
            "detuning_khz": Parameter(0.0 if is_size_alone else -span_khz, span_khz),
            "t2_us": _decay_within(float(delays.max())),
        },
        references,
        ("Delay (µs)", "Share of ones"),
    )


def rabi(
    durations_us: ArrayLike,
    measured: Any,
    *,
    span_khz: float | None = None,
    shots: int | None = None,
    references: tuple[int, int] | None = None,
    qubit: int = 0,
) -> Fitted:
    """Rabi frequency from the share of ones against the duration of the drive: (1 - exp(-t / decay) cos(2 pi f t)) / 2.

    Args:
        durations_us (float64, (points,)): Durations of the drive.
        measured: As for `t1`.
        span_khz: The frequency is sought up to this; None: what the shortest step of the durations can tell.
        shots: As for `t1`.
        references: As for `t1`.
        qubit: As for `t1`.

    Returns:
        `rabi_khz` and `decay_us` with profile intervals and a verdict; a pi pulse takes 500 / rabi_khz µs.

    Raises:
        InputError: Settings or counts are none.
        ShapeError: Arrays do not fit each other.
        MissingExtra: scipy is not installed.

    Examples:
        >>> import numpy as np
        >>> from synqc import fit
        >>> durations_us = np.linspace(0, 2, 41)
        >>> volts = 0.2 - 0.05 * np.exp(-durations_us / 4) * np.cos(2 * np.pi * 2.5 * durations_us)
        >>> noisy = volts + np.random.default_rng(1).normal(0, 0.004, 41)
        >>> abs(fit.rabi(durations_us, noisy)["rabi_khz"].value - 2500) < 10
        True
    """
    durations = _settings("durations_us", durations_us)
    if span_khz is None:
        span_khz = _highest_frequency("durations_us", durations) * 1e3
    if not 0 < span_khz < math.inf:
        raise InputError(f"Argument `span_khz` must be finite and greater than 0, but is {span_khz}.")
    return _fitted(
        "Rabi",
        Rabi(),
        durations[:, None],
        measured_at(len(durations), measured, shots=shots, qubit=qubit),
        {"rabi_khz": Parameter(0.0, span_khz), "decay_us": _decay_within(float(durations.max()))},
        references,
        ("Duration (µs)", "Share of ones"),
    )


def rabi_amplitude(
    amplitudes: ArrayLike,
    measured: Any,
    *,
    shots: int | None = None,
    references: tuple[int, int] | None = None,
    qubit: int = 0,
) -> Fitted:
    """What one pulse turns by, from the share of ones against its amplitude: (1 - cos(pi s amplitude)) / 2.

    Args:
        amplitudes (float64, (points,)): In any unit.
        measured: As for `t1`.
        shots: As for `t1`.
        references: As for `t1`.
        qubit: As for `t1`.

    Returns:
        `rabi_scale` s with profile intervals and a verdict; a pi pulse has the amplitude 1 / s.

    Raises:
        InputError: Settings or counts are none.
        ShapeError: Arrays do not fit each other.
        MissingExtra: scipy is not installed.

    Examples:
        >>> import math, numpy as np, synqc
        >>> from synqc import fit
        >>> drive = synqc.Experiment(qubits=1, amplitude_error=0.05, second_angle=0, probe_strength=0, drift="none")
        >>> amplitudes = np.linspace(0.0, 2.5, 26)
        >>> runs = [drive.replace(first_angle=math.pi * one).run(1000, seed=k) for k, one in enumerate(amplitudes)]
        >>> abs(fit.rabi_amplitude(amplitudes, runs)["rabi_scale"].value - 1.05) < 0.01
        True
    """
    settings = _settings("amplitudes", amplitudes, least=-math.inf)
    # cos(pi s a): a step of the amplitudes tells up to 1 / step.
    largest = 2 * _highest_frequency("amplitudes", settings)
    return _fitted(
        "Rabi amplitude",
        RabiFringe(),
        settings[:, None],
        measured_at(len(settings), measured, shots=shots, qubit=qubit),
        {"rabi_scale": Parameter(0.0, largest)},
        references,
        ("Amplitude", "Share of ones"),
    )


def _settings(name: str, values: ArrayLike, *, least: float = 0.0) -> NDArray[np.float64]:
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"Argument `{name}` must be numbers, but is {values!r}.") from error
    if array.ndim != 1 or len(array) == 0:
        raise ShapeError(f"Argument `{name}` must have shape (points,), but has shape {array.shape}.")
    if not np.isfinite(array).all() or (array < least).any():
        told = f"finite and at least {least:g}" if least > -math.inf else "finite"
        raise InputError(f"Argument `{name}` must be {told} in every element, but is not.")
    if array.max() == array.min():
        raise InputError(f"Argument `{name}` must have at least two values, but is {array[0]:g} throughout.")
    return array


def _decay_within(longest: float) -> Parameter:
    return Parameter(longest / _FASTEST_DECAY, _SLOWEST_DECAY * longest, start=longest / 3)


def _highest_frequency(name: str, settings: NDArray[np.float64]) -> float:
    """That the shortest step tells from 0, in cycles per unit."""
    steps = np.diff(np.unique(settings))
    return 0.5 / float(steps.min())


def _fitted(
    name: str,
    share: ExcitedShare,
    settings: NDArray[np.float64],
    measured: Counts | Signal,
    searched: Mapping[str, Parameter],
    references: tuple[int, int] | None,
    axes: tuple[str, str],
) -> Fitted:
    if isinstance(measured, Signal):
        if references is not None:
            raise InputError("Argument `references` must be left out for a signal, whose scale is fitted, but is not.")
        return _fitted_signal(name, share, settings, measured, searched, (axes[0], "Signal"))
    return _fitted_counts(name, share, settings, measured, searched, references, axes)


def _fitted_counts(
    name: str,
    share: ExcitedShare,
    settings: NDArray[np.float64],
    measured: Counts,
    searched: Mapping[str, Parameter],
    references: tuple[int, int] | None,
    axes: tuple[str, str],
) -> Fitted:
    curve = Referenced(share)
    rows = np.column_stack([np.full(len(settings), -1.0), settings])
    counts = measured.sweeps
    if references is not None:
        rows, counts = _with_references(rows, counts, references, measured.shots)
    records = Records(name, curve.columns, rows, counts, measured.shots)
    reported = tuple(searched)
    analysis = judged(records, records.excited, curve, {**searched, **READOUT_ERRORS}, {}, reported)
    if measured.do_runs_share_a_seed:
        reason = "runs share a seed, so that their points err together: give each its own"
        verdict = "suspicious" if analysis.verdict == "good" else analysis.verdict
        analysis = replace(analysis, verdict=verdict, reasons=(*analysis.reasons, reason))
    totals = measured.sweeps.sum(axis=0)
    trials = totals.sum(axis=1)
    ones = (totals[:, 1] + 0.5) / (trials + 1)
    shares = totals[:, 1] / np.maximum(trials, 1)
    return fitted_from(
        name,
        analysis,
        settings=settings[:, 0],
        shares=shares,
        errors=np.sqrt(ones * (1 - ones) / (trials + 2)),
        curve=_straightened(share, settings, analysis.values, shares),
        axes=axes,
    )


def _with_references(
    rows: NDArray[np.float64], counts: NDArray[np.int64], references: tuple[int, int], shots: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    try:
        ones = [int(one) for one in references]
    except (TypeError, ValueError) as error:
        raise InputError(f"Argument `references` must be two counts of ones, but is {references!r}.") from error
    if len(ones) != 2 or not all(0 <= one <= shots for one in ones):
        raise InputError(f"Argument `references` must be two counts of 0 to `shots` = {shots}, but is {references!r}.")
    known = np.zeros((2, rows.shape[1]))
    known[:, 0] = [0.0, 1.0]
    added = np.zeros((len(counts), 2, 2), np.int64)
    added[0] = [[shots - one, one] for one in ones]
    return np.concatenate([rows, known]), np.concatenate([counts, added], axis=1)


def _fitted_signal(
    name: str,
    share: ExcitedShare,
    settings: NDArray[np.float64],
    measured: Signal,
    searched: Mapping[str, Parameter],
    axes: tuple[str, str],
) -> Fitted:
    likelihood = SignalLikelihood(share, settings, measured.values, searched)
    found = most_probable(likelihood)
    wide = {name: found.interval(name, _WIDE) for name in searched}
    left_open = [
        f"{name} may be beyond what was looked through"
        for name, (low, high) in wide.items()
        if low <= searched[name].lower or high >= searched[name].upper
    ]
    if likelihood.gain(found.best) < _LEAST_GAIN + math.log(len(settings)):
        left_open.append("the signal does not depend on what was set")
    verdict = "not determined" if left_open or found.verdict == "not determined" else found.verdict
    analysis = Analysis(
        found.values,
        {name: found.interval(name, _NARROW) for name in searched},
        wide,
        verdict,  # type: ignore[arg-type]
        (*found.reasons, *left_open),
    )
    return fitted_from(
        name,
        analysis,
        settings=settings[:, 0],
        shares=measured.values,
        errors=np.full(len(settings), likelihood.noise(found.best)),
        curve=_straightened(share, settings, found.values, measured.values),
        axes=axes,
    )


def _straightened(
    share: ExcitedShare, settings: NDArray[np.float64], values: Mapping[str, float], shares: NDArray[np.float64]
) -> Any:
    """The curve on the scale of what was measured, at the first point's other settings."""

    def excited(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(share.excited(rows, values)[0])

    scale, offset = np.polyfit(excited(settings), shares, 1)
    others = settings[0, 1:]

    def curve(along: ArrayLike) -> NDArray[np.float64]:
        first = np.atleast_1d(np.asarray(along, np.float64))
        rows = np.column_stack([first, np.tile(others, (len(first), 1))])
        return np.asarray(offset + scale * excited(rows))

    return curve
