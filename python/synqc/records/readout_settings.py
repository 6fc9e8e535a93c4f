"""Settings of a readout that instruments take: weights as (weight, ns) lists and arrays, thresholds and angles."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synqc.errors import DocumentError, InputError, ShapeError
from synqc.records.fixed_point import FixedPoint

__all__ = ["ReadoutSettings", "weights_as_pairs"]


def weights_as_pairs(
    weights: ArrayLike, *, sample_ns: int, grid_ns: int, numbers: FixedPoint
) -> list[tuple[float, int]]:
    """Weights as a list of (weight, ns), neighbours that are equal joined, as OPX and its like take them.

    Args:
        weights (float64, (k,)): One per sample.
        sample_ns: Length of a sample.
        grid_ns: Lengths must be whole multiples of it; weights within are averaged.
        numbers: What the instrument can hold.

    Raises:
        InputError: The length is not a multiple of the grid, or a weight does not fit.

    Examples:
        >>> weights_as_pairs([1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5], sample_ns=1, grid_ns=4, numbers=FixedPoint(27, 15))
        [(1.0, 4), (0.5, 4)]
    """
    given = np.asarray(weights, np.float64)
    if given.ndim != 1 or not len(given):
        raise ShapeError(f"Argument `weights` must have shape (k,), but has shape {given.shape}.")
    if grid_ns % sample_ns or (len(given) * sample_ns) % grid_ns:
        raise InputError(
            f"Argument `weights` must last whole multiples of {grid_ns} ns of whole samples, but has {len(given)} of "
            f"{sample_ns} ns."
        )
    held = numbers.rounded(given.reshape(-1, grid_ns // sample_ns).mean(axis=1), "weights")
    starts = np.flatnonzero(np.diff(held, prepend=np.nan) != 0)
    lengths = np.diff(starts, append=len(held)) * grid_ns
    return [(float(held[start]), int(length)) for start, length in zip(starts, lengths, strict=True)]


@dataclass(frozen=True, eq=False)
class ReadoutSettings:
    """How shots become bits: I = Re(exp(i angle) sum_k w_k v_k), and |1> where I exceeds the threshold.

    Args:
        weights (complex128, (k,)): One per sample.
        sample_ns: Length of a sample.
        angle: In rad.
        threshold: In the unit of the weighted sum.

    Examples:
        >>> points = np.array([-1 - 0.1j, -1 + 0.1j, 1 + 0.1j, 1 - 0.1j]) * np.exp(0.5j)
        >>> settings = ReadoutSettings.between(points[:2], points[2:], weights=np.ones(8), sample_ns=4)
        >>> round(settings.angle, 6), bool(abs(settings.threshold) < 1e-12)
        (-0.5, True)
    """

    weights: NDArray[np.complex128]
    sample_ns: int
    angle: float
    threshold: float

    @classmethod
    def between(
        cls, points_0: ArrayLike, points_1: ArrayLike, *, weights: ArrayLike, sample_ns: int
    ) -> ReadoutSettings:
        """Angle that puts |1> to the right of |0>, and the threshold midway between the means (equal clouds).

        Args:
            points_0, points_1 (complex128, (m,)): Integrated shots of |0> and of |1>.
            weights (complex128, (k,)): What they were integrated with.
            sample_ns: Length of a sample.
        """
        mean_0, mean_1 = (complex(np.asarray(points, np.complex128).mean()) for points in (points_0, points_1))
        if mean_0 == mean_1:
            raise InputError("Argument `points_1` must have another mean than `points_0`, but has the same.")
        angle = -math.atan2((mean_1 - mean_0).imag, (mean_1 - mean_0).real)
        turn = complex(math.cos(angle), math.sin(angle))
        return cls(np.asarray(weights, np.complex128), sample_ns, angle, (turn * (mean_0 + mean_1)).real / 2)

    def bits(self, points: ArrayLike) -> NDArray[np.int8]:
        """0 or 1 of each integrated shot."""
        turn = complex(math.cos(self.angle), math.sin(self.angle))
        return ((turn * np.asarray(points)).real > self.threshold).astype(np.int8)

    def for_instrument(self, *, grid_ns: int, numbers: FixedPoint) -> dict[str, Any]:
        """What a program of an instrument takes: the four lists of (weight, ns) of its two outputs, and the threshold.

        I is the sum of `cosine` times the first input and `sine` times the second, Q of `minus_sine` and `cosine`; the
        angle is turned into the weights.
        """
        turned = self.weights * complex(math.cos(self.angle), math.sin(self.angle))
        options: dict[str, Any] = {"sample_ns": self.sample_ns, "grid_ns": grid_ns, "numbers": numbers}
        return {
            "cosine": weights_as_pairs(turned.real, **options),
            "sine": weights_as_pairs(-turned.imag, **options),
            "minus_sine": weights_as_pairs(turned.imag, **options),
            "threshold": self.threshold,
        }

    def write(self, path: str | Path) -> None:
        """As a JSON document."""
        document = {
            "weights_real": self.weights.real.tolist(),
            "weights_imaginary": self.weights.imag.tolist(),
            "sample_ns": self.sample_ns,
            "angle": self.angle,
            "threshold": self.threshold,
        }
        Path(path).write_text(json.dumps(document), encoding="utf-8")

    @classmethod
    def read(cls, path: str | Path) -> ReadoutSettings:
        """What `write` wrote.

        Raises:
            DocumentError: It did not.
        """
        try:
            plain = json.loads(Path(path).read_text(encoding="utf-8"))
            weights = np.array(plain["weights_real"]) + 1j * np.array(plain["weights_imaginary"])
            return cls(weights, int(plain["sample_ns"]), float(plain["angle"]), float(plain["threshold"]))
        except (ValueError, KeyError, TypeError) as error:
            raise DocumentError(f"File {Path(path).name} must hold readout settings: {error!r} (at $).") from error
