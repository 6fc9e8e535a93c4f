"""How well stated probabilities hold: reliability diagram, expected calibration error and Brier score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from synqc.errors import InputError, MissingExtra
from synqc.llm.wilson_interval import wilson_interval

if TYPE_CHECKING:
    import plotly.graph_objects

__all__ = ["Reliability", "ReliabilityBin", "plot_reliability", "reliability_of"]

_RESAMPLES: Final = 1000


@dataclass(frozen=True)
class ReliabilityBin:
    """Decisions of about one probability.

    Args:
        count: How many.
        mean_probability: Stated, on average.
        accuracy: Share of them that was right.
        interval: Wilson's, of the accuracy, at 95 %.
    """

    count: int
    mean_probability: float
    accuracy: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Reliability:
    """How well stated probabilities hold.

    Args:
        bins: Those that hold decisions, from low to high probability.
        ece: Expected calibration error: mean distance of accuracy from stated probability, weighted by counts. It is
            too high for few decisions: even perfect ones scatter.
        ece_interval: From resampled decisions, at 95 %.
        brier: Mean square of probability minus outcome.
        count: Number of decisions.
    """

    bins: tuple[ReliabilityBin, ...]
    ece: float
    ece_interval: tuple[float, float]
    brier: float
    count: int


def reliability_of(
    probabilities: Sequence[float], right: Sequence[bool], *, bins: int = 10, seed: int = 0
) -> Reliability:
    """How well probabilities hold on decisions whose answers are known; other ones than a calibration was fitted on.

    Args:
        probabilities: Stated of each decision (`Decision.probability`), 0 to 1.
        right: Whether it was right.
        bins: Bins of equal width.
        seed: Seed of the resampling.

    Raises:
        InputError: An argument is out of its range.

    Examples:
        >>> told = reliability_of([0.9] * 10 + [0.6] * 10, [True] * 9 + [False] + [True] * 6 + [False] * 4)
        >>> round(told.ece, 12), [one.accuracy for one in told.bins]
        (0.0, [0.6, 0.9])

    Source: Guo et al., On calibration of modern neural networks, ICML 2017, eq. 3; Wilson, JASA 22 (1927), 209.
    """
    p, y = np.asarray(probabilities, dtype=float), np.asarray(right, dtype=bool)
    if p.ndim != 1 or p.shape != y.shape or not len(p):
        raise InputError(
            f"Arguments `probabilities` and `right` must be of one length above 0, but have shapes {p.shape} and "
            f"{y.shape}."
        )
    if not ((p >= 0) & (p <= 1)).all():
        raise InputError("Argument `probabilities` must lie from 0 to 1, but does not.")
    if bins < 1:
        raise InputError(f"Argument `bins` must be at least 1, but is {bins}.")
    place = np.minimum((p * bins).astype(int), bins - 1)
    held = tuple(
        ReliabilityBin(
            int(here.sum()),
            float(p[here].mean()),
            float(y[here].mean()),
            wilson_interval(int(y[here].sum()), int(here.sum())),
        )
        for here in (place == one for one in range(bins))
        if here.any()
    )
    drawn = np.random.default_rng(seed).integers(0, len(p), (_RESAMPLES, len(p)))
    low, high = np.quantile([_ece(place[one], p[one], y[one], bins) for one in drawn], [0.025, 0.975])
    brier = float(np.mean((p - y) ** 2))
    return Reliability(held, _ece(place, p, y, bins), (float(low), float(high)), brier, len(p))


def plot_reliability(told: Reliability) -> plotly.graph_objects.Figure:
    """Reliability diagram: accuracy over stated probability, with intervals and the diagonal of perfect calibration.

    Raises:
        MissingExtra: Plotly is not installed.

    Examples:
        >>> figure = plot_reliability(reliability_of([0.9, 0.9, 0.6], [True, True, False]))
        >>> [trace.name for trace in figure.data]
        ['perfect', 'decisions']
    """
    try:
        import plotly.graph_objects as go
    except ImportError:
        raise MissingExtra("Pictures need the package `plotly`: pip install 'synqc[plot]'.") from None

    at = [one.mean_probability for one in told.bins]
    heights = [one.accuracy for one in told.bins]
    above = [one.interval[1] - one.accuracy for one in told.bins]
    below = [one.accuracy - one.interval[0] for one in told.bins]
    figure = go.Figure()
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", name="perfect", line={"dash": "dot", "color": "gray"})
    figure.add_scatter(
        x=at, y=heights, mode="lines+markers", name="decisions", text=[f"{one.count} decisions" for one in told.bins],
        error_y={"type": "data", "array": above, "arrayminus": below, "symmetric": False},
    )  # fmt: skip
    low, high = told.ece_interval
    figure.update_layout(
        title=f"Expected calibration error {told.ece:.3f} (95 %: {low:.3f} to {high:.3f}), {told.count} decisions",
        xaxis={"title": "stated probability", "range": [0, 1]},
        yaxis={"title": "share that was right", "range": [0, 1]},
    )  # fmt: skip
    return figure


def _ece(place: Any, p: Any, y: Any, bins: int) -> float:
    gaps = np.bincount(place, p - y, minlength=bins)
    return float(np.abs(gaps).sum() / len(p))
