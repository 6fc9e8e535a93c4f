"""Maximum of a posterior, its Laplace approximation, profile intervals, and a verdict."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from synqc.errors import InputError, MissingExtra, NumericalError, ResolutionWarning
from synqc.infer.goodness_of_fit import GoodnessOfFit
from synqc.infer.likelihood import Likelihood, RealArray
from synqc.infer.record_likelihood import RecordLikelihood
from synqc.lab.estimate import Estimate

__all__ = ["Fit", "fit"]

_FINAL_STEP = 0.05  # of a standard deviation: the Hessian's error is then some 1e-3 of its third derivative's share
_NODE = math.sqrt(3.0)  # outermost of three points of Gauss and Hermite, in standard deviations
_LEAST_REACH = 0.2  # standard deviations
_LEAST_SHARE = 0.05  # of Laplace's curvature
_LEAST_CURVATURE = 1e-6  # in widths of the bounds: flatter is undetermined whatever the number
_UNDETERMINED = 0.25  # of the width of the bounds; a flat posterior has 0.29
_TOLERANCE = 1e-9  # of a log posterior, between steps of a search
_SLOPE = 1e-4  # of a log posterior over the scale of a parameter
_AT_BOUND = 1e-6  # of the width
_STARTS = 3  # highest maxima of a scan that are climbed
_SAMPLING_ROUNDS = 1000
_NEARLY_AS_HIGH = 4.0  # a second maximum this far below the first still has 2 % of its density
_ELSEWHERE = 6.0  # standard deviations


@dataclass(frozen=True)
class Fit:
    """Most probable parameters, how far they may be off, and whether to believe it.

    Args:
        likelihood: What was fitted.
        best (float64, (p,)): Maximum of the posterior.
        log_posterior: There, up to a constant.
        covariance (float64, (p, p)): Of Laplace's approximation: the inverse of the Hessian; where the likelihood has
            kinks, of the Hessian's average over that Gaussian.
        goodness: Tests of the fit.
        reasons: Why the verdict is not "good".
        verdict: "good", "suspicious" or "not determined".
    """

    likelihood: Likelihood = field(repr=False)
    best: RealArray
    log_posterior: float
    covariance: RealArray = field(repr=False)
    goodness: GoodnessOfFit = field(repr=False)
    reasons: tuple[str, ...]
    verdict: str

    @property
    def values(self) -> dict[str, float]:
        """Most probable value of each parameter."""
        return {name: float(value) for name, value in zip(self.likelihood.names, self.best, strict=True)}

    @property
    def estimates(self) -> dict[str, Estimate]:
        """Values with Laplace's standard errors; an error is NaN where the data do not determine the parameter."""
        found = {}
        for k, name in enumerate(self.likelihood.names):
            deviation = math.sqrt(self.covariance[k, k])
            is_open = deviation > _UNDETERMINED * self.likelihood.parameters[k].width
            found[name] = Estimate(float(self.best[k]), math.nan if is_open else deviation)
        return found

    def interval(self, name: str, probability: float = 0.68268949) -> tuple[float, float]:
        """Profile interval: where the posterior, others at their best, is near enough to its top.

        Where several maxima are, it reaches from the lowest to the highest of those that are near enough.

        Args:
            name: Of the parameter.
            probability: With which it holds the truth.

        Returns:
            Both ends; a bound, where the interval reaches it.

        Raises:
            InputError: There is no such parameter, or `probability` is not between 0 and 1.
        """
        from scipy.optimize import brentq
        from scipy.stats import chi2

        names = self.likelihood.names
        if name not in names:
            raise InputError(f"Argument `name` must be one of {', '.join(names)}, but is {name!r}.")
        if not 0 < probability < 1:
            raise InputError(f"Argument `probability` must be between 0 and 1, but is {probability}.")
        k = names.index(name)
        drop = float(chi2.ppf(probability, 1)) / 2
        parameter = self.likelihood.parameters[k]
        widths = np.array([one.width for one in self.likelihood.parameters])
        deviations = np.minimum(np.sqrt(np.diag(self.covariance)), widths)
        deviation = float(deviations[k])
        # Along the ridge of Laplace's approximation, where the others' best is near.
        ridge = self.covariance[k] / self.covariance[k, k]
        lower = np.array([one.lower for one in self.likelihood.parameters])

        def short_of(value: float) -> float:
            start = np.clip(self.best + ridge * (value - self.best[k]), lower, lower + widths)
            start[k] = value
            _, top = _climb(self.likelihood, start, fixed=k, scales=deviations)
            return self.log_posterior - top - drop

        # Other maxima count, too, if they are high enough: the search goes outwards from the outermost of them.
        grid = np.linspace(parameter.lower, parameter.upper, self.likelihood.scan_points(name))
        points = np.clip(self.best + np.outer(grid - self.best[k], ridge), lower, lower + widths)
        heights = self.likelihood.log_likelihoods(list(points)) + [self.likelihood.log_prior(one) for one in points]
        high = [float(self.best[k]), *grid[heights > self.log_posterior - drop]]
        ends = []
        for bound, innermost, sign in ((parameter.lower, min(high), -1.0), (parameter.upper, max(high), 1.0)):
            inner, outer, step = innermost, innermost, deviation * math.sqrt(2 * drop)
            while True:
                outer = float(np.clip(outer + sign * step, parameter.lower, parameter.upper))
                if short_of(outer) > 0:
                    ends.append(float(brentq(short_of, inner, outer, xtol=1e-3 * deviation, rtol=1e-12)))
                    break
                if outer == bound:
                    ends.append(bound)
                    break
                inner = outer
        return ends[0], ends[1]

    def sample(self, count: int, seed: int) -> RealArray:
        """Draws (count, p) from Laplace's approximation, cut where the prior is 0.

        Args:
            count: How many.
            seed: Of the draws.

        Raises:
            NumericalError: Hardly any draw has a prior probability.
        """
        generator = np.random.default_rng(seed)
        kept: list[RealArray] = []
        for _ in range(_SAMPLING_ROUNDS):
            draws = generator.multivariate_normal(self.best, self.covariance, size=count, method="eigh")
            kept += [draw for draw in draws if self.likelihood.log_prior(draw) > -math.inf]
            if len(kept) >= count:
                return np.array(kept[:count])
        raise NumericalError("Laplace's approximation lies outside of the bounds: use a sampler instead.")

    def __str__(self) -> str:
        rows = [f"{name} = {estimate}" for name, estimate in self.estimates.items()]
        return "\n".join([*rows, f"verdict: {self.verdict}", *(f"  {reason}" for reason in self.reasons)])


def fit(likelihood: Likelihood, start: Mapping[str, float] | None = None) -> Fit:
    """Find the most probable parameters, their errors, and whether the model describes the data.

    Frequencies, whose likelihood has many maxima, are looked through first, finely enough to miss none; from the
    highest maxima L-BFGS-B climbs along the gradient. Errors are Laplace's: the Hessian from differences of gradients,
    averaged over the posterior where the likelihood has kinks.

    Args:
        likelihood: `RecordLikelihood`, `CountLikelihood`, or your own.
        start: Where to climb from instead, by name; nothing is looked through then.

    Returns:
        Fit with `estimates`, `interval`, `goodness` and `verdict`. "not determined": the data leave a parameter open
        within its bounds. "suspicious": a test speaks against the model, or a parameter is at its bound.

    Raises:
        InputError: `start` has not the parameters' names.
        MissingExtra: scipy is not installed.

    Warns:
        ResolutionWarning: Bins of records are long beside the period in which H turns what is monitored.

    Examples:
        >>> import numpy as np
        >>> from synqc.infer import CountLikelihood, Parameter, Ramsey
        >>> delays = np.repeat(np.linspace(0.5, 20.0, 20), 2)
        >>> phases = np.tile([0.0, -np.pi / 2], 20)
        >>> settings = np.stack([delays, phases], axis=1)
        >>> angle = 2 * np.pi * -0.137 * delays + phases
        >>> counts = np.random.default_rng(1).binomial(50, (1 + np.exp(-delays / 40) * np.cos(angle)) / 2)
        >>> searched = {"detuning_khz": Parameter(-1000.0, 1000.0), "t2_us": Parameter(5.0, 400.0)}
        >>> found = fit(CountLikelihood(Ramsey(), settings, counts, searched, shots=50))
        >>> abs(found.values["detuning_khz"] + 137) < 1.5, found.verdict
        (True, 'good')

    Source: Byrd, Lu, Nocedal and Zhu, SIAM J. Sci. Comput. 16, 1190 (1995).
    """
    if start is None:
        starts = _scan(likelihood)
    else:
        if set(start) != set(likelihood.names):
            raise InputError(
                f"Argument `start` must have the names {', '.join(likelihood.names)}, but has {', '.join(start)}."
            )
        starts = [np.array([start[name] for name in likelihood.names])]
    climbed = [_climb(likelihood, one) for one in starts]
    best, top = max(climbed, key=lambda found: found[1])
    covariance = _laplace(likelihood, best)
    if likelihood.has_kinks:
        covariance = _averaged(likelihood, best, covariance)
    goodness = likelihood.goodness_of_fit(best)
    undetermined, suspicious = _ambiguities(likelihood, best, top, covariance, climbed), list(goodness.complaints)
    for k, (name, parameter) in enumerate(zip(likelihood.names, likelihood.parameters, strict=True)):
        if math.sqrt(covariance[k, k]) > _UNDETERMINED * parameter.width:
            undetermined.append(f"the data leave {name} open between its bounds")
        elif min(best[k] - parameter.lower, parameter.upper - best[k]) < _AT_BOUND * parameter.width:
            suspicious.append(f"{name} is at its bound {best[k]:g}")
    if isinstance(likelihood, RecordLikelihood) and (words := likelihood.bin_warning(best)) is not None:
        warnings.warn(words, ResolutionWarning, stacklevel=2)
    verdict = "not determined" if undetermined else "suspicious" if suspicious else "good"
    return Fit(likelihood, best, top, covariance, goodness, (*undetermined, *suspicious), verdict)


def _ambiguities(
    likelihood: Likelihood, best: RealArray, top: float, covariance: RealArray, climbed: list[tuple[RealArray, float]]
) -> list[str]:
    """What other maxima leave open, such as aliases of a frequency."""
    deviations = np.sqrt(np.diag(covariance))
    found = []
    for other, height in climbed:
        apart = np.abs(other - best) / deviations
        k = int(np.argmax(apart))
        if apart[k] > _ELSEWHERE and top - height < _NEARLY_AS_HIGH:
            found.append(f"{likelihood.names[k]} = {other[k]:g} describes the data nearly as well as {best[k]:g}")
    return found


def _scan(likelihood: Likelihood) -> list[RealArray]:
    """Where to climb from: maxima along the parameter that needs the finest look, others at their best so far."""
    guess = np.array([parameter.first_guess for parameter in likelihood.parameters])
    points = [likelihood.scan_points(name) for name in likelihood.names]
    starts = [guess]
    for k in np.argsort(points):
        parameter = likelihood.parameters[k]
        if parameter.start is not None:
            continue
        edges = np.linspace(parameter.lower, parameter.upper, points[k] + 1)
        grid = np.union1d((edges[1:] + edges[:-1]) / 2, [guess[k]])
        candidates = []
        for value in grid:
            point = guess.copy()
            point[k] = value
            candidates.append(point)
        heights = likelihood.log_likelihoods(candidates) + [likelihood.log_prior(point) for point in candidates]
        heights = np.where(np.isnan(heights), -math.inf, heights)
        padded = np.concatenate([[-math.inf], heights, [-math.inf]])
        is_top = (padded[1:-1] >= padded[:-2]) & (padded[1:-1] >= padded[2:])
        tops = sorted(np.flatnonzero(is_top), key=lambda at: -heights[at])[:_STARTS]
        starts = [candidates[at] for at in tops]
        guess = starts[0].copy()
    return starts


def _climb(
    likelihood: Likelihood, start: RealArray, fixed: int | None = None, scales: RealArray | None = None
) -> tuple[RealArray, float]:
    """The maximum of the posterior uphill from `start`, and its height; `fixed` stays where it is.

    `scales`: over which each parameter changes the posterior, as far as that is known.
    """
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise MissingExtra("fit() needs the package scipy: pip install 'synqc[infer]'.") from error
    free = np.array([k != fixed for k in range(len(start))])
    parameters = [parameter for parameter, is_free in zip(likelihood.parameters, free, strict=True) if is_free]
    scale = np.array([parameter.width for parameter in parameters]) if scales is None else scales[free]
    at_start, slope = likelihood.log_posterior_and_gradient(start)
    if not free.any():
        return start, at_start
    # A first step of L-BFGS-B is as long as the gradient.
    unit = max(1.0, float(np.abs(slope[free] * scale).max()))

    def objective(scaled: RealArray) -> tuple[float, RealArray]:
        point = start.copy()
        point[free] = np.clip(scaled * scale, lower, upper)
        value, gradient = likelihood.log_posterior_and_gradient(point)
        return (at_start - value) / unit, -(gradient[free] * scale) / unit

    lower = np.array([parameter.lower for parameter in parameters])
    upper = np.array([parameter.upper for parameter in parameters])
    found = minimize(
        objective,
        np.clip(start[free], lower, upper) / scale,
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(lower / scale, upper / scale, strict=True)),
        options={"maxiter": 500, "ftol": _TOLERANCE / unit, "gtol": _SLOPE / unit, "maxcor": 20},
    )
    best = start.copy()
    best[free] = np.clip(found.x * scale, lower, upper)
    return best, at_start - unit * float(found.fun)


def _laplace(likelihood: Likelihood, best: RealArray) -> RealArray:
    """Inverse of the negative Hessian; directions that the data leave open get enormous variances."""
    width = np.array([parameter.width for parameter in likelihood.parameters])
    steps = 1e-4 * width
    for _ in range(2):
        hessian = _hessian(likelihood, best, steps)
        curvatures = np.maximum(-np.diag(hessian), _LEAST_CURVATURE / width**2)
        steps = np.minimum(_FINAL_STEP / np.sqrt(curvatures), 0.01 * width)
    hessian = _hessian(likelihood, best, steps) * np.outer(width, width)
    values, vectors = np.linalg.eigh(-hessian)
    inverse = (vectors / np.maximum(values, _LEAST_CURVATURE)) @ vectors.T
    return cast(RealArray, inverse * np.outer(width, width))


def _averaged(likelihood: Likelihood, best: RealArray, covariance: RealArray) -> RealArray:
    """Inverse of the negative Hessian's average over the Gaussian of `covariance`.

    By Stein's lemma and three points of Gauss and Hermite it is the difference of the slopes at plus and minus sqrt(3)
    deviations over their distance, along each of the Gaussian's axes.
    """
    values, vectors = np.linalg.eigh(covariance)
    axes = vectors * np.sqrt(np.maximum(values, 0.0))
    lower = np.array([parameter.lower for parameter in likelihood.parameters])
    upper = np.array([parameter.upper for parameter in likelihood.parameters])
    room = np.minimum(best - lower, upper - best)
    curvatures = np.eye(len(best))
    for k, axis in enumerate(axes.T):
        reach = min(_NODE, float((room / np.maximum(np.abs(axis), 1e-300)).min()))
        if reach < _LEAST_REACH:
            return covariance  # at a bound, where there is no other side
        above, below = (likelihood.log_posterior_and_gradient(best + sign * reach * axis)[1] for sign in (1.0, -1.0))
        curvatures[k] = -axes.T @ (above - below) / (2 * reach)
    curvatures = (curvatures + curvatures.T) / 2
    if np.linalg.eigvalsh(curvatures).min() < _LEAST_SHARE:
        return covariance  # no Gaussian is near
    return cast(RealArray, axes @ np.linalg.inv(curvatures) @ axes.T)


def _hessian(likelihood: Likelihood, best: RealArray, steps: RealArray) -> RealArray:
    rows = []
    for k, parameter in enumerate(likelihood.parameters):
        middle = best.copy()
        middle[k] = np.clip(middle[k], parameter.lower + steps[k], parameter.upper - steps[k])
        above, below = middle.copy(), middle.copy()
        above[k] += steps[k]
        below[k] -= steps[k]
        difference = likelihood.log_posterior_and_gradient(above)[1] - likelihood.log_posterior_and_gradient(below)[1]
        rows.append(difference / (above[k] - below[k]))
    hessian = np.array(rows)
    return cast(RealArray, (hessian + hessian.T) / 2)
