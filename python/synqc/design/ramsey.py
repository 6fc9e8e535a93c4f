"""What one Ramsey shot tells about a detuning that is known with some deviation, by a named loss."""

from __future__ import annotations

import math

import numpy as np

from synqc.design._unimodal import highest_point
from synqc.errors import InputError

__all__ = ["LOSSES", "best_ramsey_wait", "ramsey_information_bits", "ramsey_variance_share"]

LOSSES = ("variance", "information", "time")

_REACH, _POINTS = 9.0, 40_001  # deviations and points of the integral over the prior
_LONGEST_ANGLE = 10.0


def ramsey_variance_share(angle: float, contrast: float = 1.0) -> float:
    """Expected posterior variance after one mid-fringe shot over the prior's: 1 - V^2 u e^-u, u = angle^2.

    Args:
        angle: Prior deviation of the detuning (rad/us) times free evolution (us).
        contrast: V of the fringe.

    Examples:
        >>> round(ramsey_variance_share(1.0, 0.9), 6)
        0.702018
    """
    _check(angle, contrast)
    return 1 - contrast**2 * angle**2 * math.exp(-(angle**2))


def ramsey_information_bits(angle: float, contrast: float = 1.0) -> float:
    """Mutual information of one mid-fringe shot and the detuning, in bits: 1 - E h((1 + V sin x) / 2), x normal.

    It never falls with the angle: who maximises it alone runs into aliases.

    Args:
        angle: Prior deviation of the detuning (rad/us) times free evolution (us).
        contrast: V of the fringe.

    Examples:
        >>> round(ramsey_information_bits(0.5), 6)
        0.157373
    """
    _check(angle, contrast)
    z = np.linspace(-_REACH, _REACH, _POINTS)
    weights = np.exp(-(z**2) / 2)
    one = (1 + contrast * np.sin(angle * z)) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.where(one > 0, one * np.log2(one), 0.0) - np.where(one < 1, (1 - one) * np.log2(1 - one), 0.0)
    return 1 - float((weights * entropy).sum() / weights.sum())


def best_ramsey_wait(
    deviation_khz: float, *, loss: str, t2_us: float = math.inf, contrast: float = 1.0, dead_time_us: float = 0.0
) -> float:
    """Free evolution in us that a mid-fringe shot should have.

    Args:
        deviation_khz: Prior deviation of the detuning.
        loss: "variance": the posterior's after one shot. "time": as much of its logarithm per wall time as possible.
            "information": bits of one shot, of free evolution no longer than where a fringe is a deviation wide on
            each side, for beyond that bits are of aliases.
        t2_us: Contrast falls as exp(-wait / T2).
        contrast: At no wait.
        dead_time_us: Dead time of a shot, all of it that is not free evolution; for "time".

    Raises:
        InputError: The loss is unknown, or a number is out of range.

    Examples:
        >>> round(2 * math.pi * 1e-3 * 50.0 * best_ramsey_wait(50.0, loss="variance"), 6)
        1.0
    """
    if loss not in LOSSES:
        raise InputError(f"Argument `loss` must be one of {', '.join(LOSSES)}, but is {loss!r}.")
    if not deviation_khz > 0:
        raise InputError(f"Argument `deviation_khz` must be greater than 0, but is {deviation_khz}.")
    if not t2_us > 0:
        raise InputError(f"Argument `t2_us` must be greater than 0, but is {t2_us}.")
    if not dead_time_us >= 0:
        raise InputError(f"Argument `dead_time_us` must be at least 0, but is {dead_time_us}.")
    if loss == "time" and dead_time_us == 0:
        raise InputError('Argument `dead_time_us` must be greater than 0 for the loss "time", but is 0.')
    deviation = 2e-3 * math.pi * deviation_khz

    def gain(wait: float) -> float:
        visible = contrast * math.exp(-wait / t2_us)
        if loss == "information":
            return ramsey_information_bits(deviation * wait, visible)
        share = ramsey_variance_share(deviation * wait, visible)
        return 1 - share if loss == "variance" else -math.log(share) / (wait + dead_time_us)

    longest = math.pi / 2 if loss == "information" else _LONGEST_ANGLE
    return highest_point(gain, 0.0, longest / deviation, 1e-7)


def _check(angle: float, contrast: float) -> None:
    if not (angle >= 0 and math.isfinite(angle)):
        raise InputError(f"Argument `angle` must be finite and at least 0, but is {angle}.")
    if not 0 < contrast <= 1:
        raise InputError(f"Argument `contrast` must be greater than 0 and at most 1, but is {contrast}.")
