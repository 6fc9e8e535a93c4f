"""From the digitiser's samples to labels: demodulation, filters and discrimination in the IQ plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from synqc import _core
from synqc.errors import ShapeError

__all__ = [
    "Clouds",
    "cavity_ring_up",
    "decimated",
    "filter_signal_to_noise",
    "integrated",
    "matched_filter",
    "raw_trace",
    "signal_rotation",
]


def raw_trace(
    trajectory: ArrayLike,
    *,
    sample_ns: float = 1.0,
    if_mhz: float = 0.0,
    phase: float = 0.0,
    noise: float = 0.0,
    seed: int = 0,
    shot: int = 0,
) -> Any:
    """Digitiser samples Re[A_k exp(i (2 pi f t_k + phase))] + noise of an IQ trajectory.

    Args:
        trajectory (complex128, (t,)): A, one value per sample.
        sample_ns: Time between samples.
        if_mhz: Intermediate frequency f.
        phase: In rad.
        noise: Standard deviation of the white noise of one sample.
        seed: Seed of the noise.
        shot: Number of the shot; every shot has noise of its own.

    Returns:
        Samples (float64, (t,)), read-only.

    Examples:
        >>> float(np.abs(integrated(raw_trace(np.full(200, 0.5j), if_mhz=50.0), if_mhz=50.0)).round(12))
        0.5
    """
    return _core.raw_trace(trajectory, sample_ns * 1e-3, 2 * np.pi * if_mhz, phase, noise, seed, shot)


def decimated(raw: ArrayLike, *, window: int, sample_ns: float = 1.0, if_mhz: float = 0.0) -> Any:
    """Demodulated means over windows of samples; a rest is dropped.

    Args:
        raw (float64, (t,)): Digitiser samples.
        window: Samples per mean. The image at twice the frequency vanishes over whole half periods.
        sample_ns: Time between samples.
        if_mhz: Intermediate frequency.

    Returns:
        IQ values (complex128, (t // window,)), read-only.

    Examples:
        >>> decimated(raw_trace(np.ones(100), if_mhz=50.0), window=20, if_mhz=50.0).shape
        (5,)
    """
    return _core.decimated(raw, sample_ns * 1e-3, 2 * np.pi * if_mhz, window)


def integrated(raw: ArrayLike, *, sample_ns: float = 1.0, if_mhz: float = 0.0, weights: ArrayLike | None = None) -> Any:
    """One IQ point per trace: (2 / t) sum_k w_k v_k exp(-i 2 pi f t_k).

    Args:
        raw (float64, (..., t)): Digitiser samples.
        sample_ns: Time between samples.
        if_mhz: Intermediate frequency.
        weights (complex128, (t,)): Filter; the boxcar if not given.

    Returns:
        IQ points (complex128, (...)).

    Examples:
        >>> traces = np.stack([raw_trace(np.full(100, a), if_mhz=50.0) for a in (1.0, 1j)])
        >>> bool(np.allclose(integrated(traces, if_mhz=50.0), [1.0, 1j]))
        True
    """
    samples = np.ascontiguousarray(raw, dtype=np.float64)
    if samples.ndim == 0:
        raise ShapeError(f"Argument `raw` must have shape (..., t), but has shape {samples.shape}.")
    filter_ = np.empty(0, np.complex128) if weights is None else np.asarray(weights, np.complex128)
    rows = int(np.prod(samples.shape[:-1], dtype=np.int64))
    points = _core.integrated_rows(samples, rows, sample_ns * 1e-3, 2 * np.pi * if_mhz, filter_)
    return points.reshape(samples.shape[:-1])


def matched_filter(mean_0: ArrayLike, mean_1: ArrayLike, *, variance: ArrayLike | None = None) -> Any:
    """Best linear filter against white noise: conj(mean_0 - mean_1) / variance, scaled to a mean modulus of 1.

    Args:
        mean_0 (complex128, (t,)): Mean demodulated trace of |0>.
        mean_1 (complex128, (t,)): Mean trace of |1>.
        variance (float64, (t,)): Noise variance per sample; equal ones if not given.

    Returns:
        Weights (complex128, (t,)), read-only.

    Examples:
        >>> mean = cavity_ring_up(1.0, linewidth_mhz=2.0, samples=300)
        >>> gain = filter_signal_to_noise(mean, -mean, 1.0, weights=matched_filter(mean, -mean))
        >>> bool(gain > filter_signal_to_noise(mean, -mean, 1.0))
        True
    """
    spread = np.empty(0) if variance is None else np.asarray(variance, np.float64)
    return _core.matched_filter(mean_0, mean_1, spread)


def filter_signal_to_noise(
    mean_0: ArrayLike, mean_1: ArrayLike, variance: float, *, weights: ArrayLike | None = None
) -> float:
    """Distance of the filtered means in standard deviations of one quadrature.

    Args:
        mean_0 (complex128, (t,)): Mean demodulated trace of |0>.
        mean_1 (complex128, (t,)): Mean trace of |1>.
        variance: Noise variance of each quadrature of each sample.
        weights (complex128, (t,)): Filter; the boxcar if not given.

    Examples:
        >>> filter_signal_to_noise(np.ones(4), -np.ones(4), 1.0)
        4.0
    """
    filter_ = np.empty(0, np.complex128) if weights is None else np.asarray(weights, np.complex128)
    return float(_core.filter_signal_to_noise(mean_0, mean_1, variance, filter_))


def cavity_ring_up(steady_state: complex, *, linewidth_mhz: float, samples: int, sample_ns: float = 1.0) -> Any:
    """Amplitude of a cavity driven from vacuum: A (1 - exp(-kappa t / 2)).

    Examples:
        >>> trajectory = cavity_ring_up(1.0, linewidth_mhz=5.0, samples=3)
        >>> float(abs(trajectory[0]))
        0.0
    """
    return _core.cavity_ring_up(steady_state, 2 * np.pi * linewidth_mhz, sample_ns * 1e-3, samples)


def signal_rotation(mean_0: complex, mean_1: complex) -> float:
    """Angle (rad) whose rotation exp(i angle) puts the signal on the real axis, |1> to the right.

    Examples:
        >>> round(signal_rotation(0.0, 1j), 6)
        -1.570796
    """
    return float(_core.signal_rotation(mean_0, mean_1))


@dataclass(frozen=True)
class Clouds:
    """Round clouds of one width in the IQ plane, one per level.

    Args:
        means: Centre of each level.
        priors: Probability of each level.
        variance: Variance of each quadrature.

    Examples:
        >>> noise = np.random.default_rng(1)
        >>> labels = np.arange(300) % 3
        >>> points = np.array([1.0, -1.0, 1j])[labels] + 0.1 * (noise.normal(size=300) + 1j * noise.normal(size=300))
        >>> clouds = Clouds.from_labelled(points, labels, levels=3)
        >>> bool((clouds.labels(points) == labels).all())
        True
    """

    means: tuple[complex, ...]
    priors: tuple[float, ...]
    variance: float

    @classmethod
    def from_labelled(cls, points: ArrayLike, labels: ArrayLike, *, levels: int) -> Clouds:
        """Clouds of shots of known level; `points` (complex128, (t,)), `labels` (integers, (t,)) below `levels`."""
        means, priors, variance = _core.fit_clouds(points, labels, levels)
        return cls(tuple(means.tolist()), tuple(priors.tolist()), variance)

    def fitted(self, points: ArrayLike) -> Clouds:
        """Clouds refined by expectation-maximisation on shots of unknown level, starting from these."""
        means, priors, variance = _core.refit_clouds(points, list(self.means), list(self.priors), self.variance)
        return Clouds(tuple(means.tolist()), tuple(priors.tolist()), variance)

    def labels(self, points: ArrayLike) -> Any:
        """Most probable level of each point (int32, (t,))."""
        return _core.label_clouds(points, list(self.means), list(self.priors), self.variance)
