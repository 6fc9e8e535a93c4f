"""Likelihood of a signal that is linear in the excited share, whose scale, offset and noise nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synqc.errors import InputError
from synqc.infer import FitTest, GoodnessOfFit, Parameter
from synqc.infer.likelihood import Likelihood
from synqc.protocols.curves import ExcitedShare
from synqc.protocols.record_tests import spectrum_test

__all__ = ["SignalLikelihood"]

_LEAST_SHARE = 1e-24  # of the signal's own square: what is fitted better than rounding allows


class SignalLikelihood(Likelihood):
    """y = offset + scale q(t) + noise, with the best offset and scale at each point, and the noise of the residuals.

    log L = -(n - 2 - p) / 2 log(sum of squared residuals), p parameters of the curve: its profile intervals are those
    of Student's distribution to second order, and the curvature is that of the unbiased variance.

    Args:
        share: The curve.
        settings (float64, (points, columns)): What was set.
        signal (float64, (points,)): What was measured.
        parameters: Parameters of the curve.

    Raises:
        InputError: There are hardly more points than unknowns.

    Source: variable projection, Golub and Pereyra, SIAM J. Numer. Anal. 10, 413 (1973).
    """

    def __init__(
        self, share: ExcitedShare, settings: ArrayLike, signal: ArrayLike, parameters: Mapping[str, Parameter]
    ) -> None:
        super().__init__(parameters)
        self._share = share
        self._settings = np.asarray(settings, np.float64)
        self._signal = np.asarray(signal, np.float64)
        self._freedom = len(self._signal) - 2 - len(self.names)
        if self._freedom < 1:
            raise InputError(
                f"Argument `measured` must have more points than the {2 + len(self.names)} unknowns of the curve, "
                f"but has {len(self._signal)}."
            )

    def log_likelihood(self, values: ArrayLike) -> float:
        """Up to a constant."""
        _, residuals, _, _ = self._fitted(self._vector(values))
        return -self._freedom / 2 * float(np.log(self._squares(residuals)))

    def log_likelihood_and_gradient(self, values: ArrayLike) -> tuple[float, NDArray[np.float64]]:
        """The same with its derivatives; offset and scale are at their best, so that they add none."""
        scale, residuals, slopes, _ = self._fitted(self._vector(values))
        squares = self._squares(residuals)
        gradient = [self._freedom * scale * float(residuals @ slopes[name]) / squares for name in self.names]
        return -self._freedom / 2 * float(np.log(squares)), np.array(gradient)

    def scan_points(self, name: str) -> int:
        """What the curve says."""
        return self._share.scan_points(self._settings, name, self._parameters[name].width)

    def goodness_of_fit(self, values: ArrayLike) -> GoodnessOfFit:
        """Whether residuals are white: a line in their spectrum is a frequency that the model has not."""
        _, residuals, _, _ = self._fitted(self._vector(values))
        spread = float(np.sqrt((residuals**2).sum() / self._freedom))
        if spread == 0:
            return GoodnessOfFit((FitTest("spectrum", 0.0, 1.0, ""),))
        return GoodnessOfFit((spectrum_test(residuals / spread),))

    def levels(self, values: ArrayLike) -> tuple[float, float]:
        """The signal at an excited share of 0, and of 1."""
        scale, _, _, offset = self._fitted(self._vector(values))
        return offset, offset + scale

    def noise(self, values: ArrayLike) -> float:
        """Standard deviation of a point."""
        _, residuals, _, _ = self._fitted(self._vector(values))
        return float(np.sqrt((residuals**2).sum() / self._freedom))

    def gain(self, values: ArrayLike) -> float:
        """Logarithm of how much likelier the curve is than a constant."""
        _, residuals, _, _ = self._fitted(self._vector(values))
        constant = self._signal - self._signal.mean()
        return self._freedom / 2 * float(np.log(self._squares(constant) / self._squares(residuals)))

    def _fitted(self, vector: NDArray[np.float64]) -> tuple[float, Any, dict[str, Any], float]:
        """Scale, residuals, slopes of the share, offset."""
        named = {name: float(value) for name, value in zip(self.names, vector, strict=True)}
        q, slopes = self._share.excited(self._settings, named)
        around = q - q.mean()
        spread = float(around @ around)
        scale = float(around @ self._signal) / spread if spread > 0 else 0.0
        offset = float(self._signal.mean() - scale * q.mean())
        return scale, self._signal - offset - scale * q, slopes, offset

    def _squares(self, residuals: Any) -> float:
        return max(float(residuals @ residuals), _LEAST_SHARE * float(self._signal @ self._signal), 1e-300)
