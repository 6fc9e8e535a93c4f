"""Calibration of a model's decisions: from margins of log-probabilities to the probability of being right."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import numpy as np

from synqc.errors import InputError

__all__ = ["Calibration", "Method", "ReadBy"]

Method = Literal["platt", "isotonic"]
ReadBy = Literal["logprobs", "votes"]

_FEWEST: Final = 4
_NEWTON_STEPS: Final = 100


@dataclass(frozen=True)
class Calibration:
    """What margins of one model and one kind of question are worth, fitted on labelled examples.

    With two options, the margin is that of the first over the second, and what is fitted is the probability that the
    first is right. With more, it is that of the likeliest over the next, and the probability that the likeliest is
    right. A calibration holds for the model, the options in their order, and questions of the kind it was fitted on.

    Args:
        model: As it was asked for.
        options: In the order they were given.
        read_by: Where margins came from: "logprobs" or "votes".
        method: "platt": p = 1 / (1 + exp(-(slope * margin + intercept))); "isotonic": a rising line through `knots`.
        slope: Slope of "platt".
        intercept: Intercept of "platt".
        knots: Knots of "isotonic": margins with their probabilities.
        examples: How many it was fitted on.
        data_sha256: SHA-256 of the margins and labels it was fitted on.
        question: Name of the kind of question, such as a digest of its form; empty where nobody said.

    Examples:
        >>> margins, right = [-2.0, -1.0, -0.5, 0.5, 1.0, 2.0], [False, False, True, False, True, True]
        >>> fitted = Calibration.fitted(margins, right, model="m-1", options=("YES", "NO"))
        >>> round(fitted.probability(0.0), 3), fitted.examples
        (0.5, 6)
        >>> Calibration.from_plain(fitted.to_plain()) == fitted
        True

    Source: J. Platt, Probabilistic outputs for support vector machines (1999), for the fit and its targets;
    Zadrozny and Elkan, KDD 2002, for isotonic regression.
    """

    model: str
    options: tuple[str, ...]
    read_by: ReadBy
    method: Method
    slope: float
    intercept: float
    knots: tuple[tuple[float, float], ...]
    examples: int
    data_sha256: str
    question: str = ""

    @classmethod
    def fitted(
        cls,
        margins: Sequence[float],
        right: Sequence[bool],
        *,
        model: str,
        options: Sequence[str],
        read_by: ReadBy = "logprobs",
        method: Method = "platt",
        question: str = "",
    ) -> Calibration:
        """A calibration out of labelled examples.

        Args:
            margins: Margins of decisions (`Decision.margin`).
            right: With two options, whether the first was right; with more, whether the likeliest was.
            model: That decided.
            options: Between which.
            read_by: Where the margins came from.
            method: "platt" needs few examples; "isotonic" has no shape in mind, and wants hundreds.
            question: Name of the kind of question they were asked.

        Raises:
            InputError: There are fewer than 4 examples, all have the same label, or an argument is out of its range.
        """
        x, y = np.asarray(margins, dtype=float), np.asarray(right, dtype=bool)
        if x.ndim != 1 or x.shape != y.shape or len(x) < _FEWEST:
            raise InputError(
                f"Arguments `margins` and `right` must be at least {_FEWEST} examples, one label for each margin, but "
                f"have shapes {x.shape} and {y.shape}."
            )
        if not np.isfinite(x).all():
            raise InputError("Argument `margins` must hold finite numbers, but does not.")
        if y.all() or not y.any():
            raise InputError("Argument `right` must hold examples of both labels, but all are the same.")
        if method not in ("platt", "isotonic"):
            raise InputError(f"Argument `method` must be 'platt' or 'isotonic', but is {method!r}.")
        slope, intercept = _platt(x, y) if method == "platt" else (0.0, 0.0)
        knots = _isotonic(x, y) if method == "isotonic" else ()
        labelled = sorted([float(margin), bool(label)] for margin, label in zip(x, y, strict=True))
        digest = hashlib.sha256(json.dumps(labelled).encode()).hexdigest()
        return cls(model, tuple(options), read_by, method, slope, intercept, knots, len(x), digest, question)

    def probability(self, margin: float) -> float:
        """Probability that the first option, or the likeliest of several, is right.

        >>> Calibration("m", ("YES", "NO"), "logprobs", "platt", 2.0, 0.0, (), 50, "").probability(0.0)
        0.5
        """
        if self.method == "isotonic":
            at, heights = zip(*self.knots, strict=True)
            return float(np.interp(margin, at, heights))
        return _logistic(self.slope * margin + self.intercept)

    def to_plain(self) -> dict[str, Any]:
        """As values that JSON has."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Calibration:
        """What `to_plain` described, also after JSON.

        Raises:
            InputError: It is no calibration.
        """
        try:
            values = {name: plain[name] for name in cls.__dataclass_fields__ if name != "question"}
            values["question"] = str(plain.get("question", ""))  # files of before have none
            knots = tuple((float(at), float(height)) for at, height in values["knots"])
            read = cls(**{**values, "options": tuple(values["options"]), "knots": knots})
            read.probability(0.0)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"Argument `plain` must be what `to_plain` gives, but is not: {error!r}.") from None
        return read


def _logistic(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-z)) if z >= 0 else math.exp(z) / (1.0 + math.exp(z))


def _platt(x: Any, y: Any) -> tuple[float, float]:
    """Slope and intercept of the largest likelihood, by damped Newton steps.

    Labels are drawn in by Platt's targets, so that it is finite also where a margin parts them without error.
    """
    positives = int(y.sum())
    targets = np.where(y, (positives + 1) / (positives + 2), 1 / (len(y) - positives + 2))
    design = np.column_stack([x, np.ones_like(x)])
    found = np.array([0.0, math.log((positives + 1) / (len(y) - positives + 1))])
    for _ in range(_NEWTON_STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ found, -500, 500)))
        gradient = design.T @ (targets - p)
        weights = p * (1 - p)
        hessian = design.T @ (design * weights[:, None]) + 1e-12 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        length = 1.0
        while length > 1e-10 and _loss(design, targets, found + length * step) > _loss(design, targets, found):
            length /= 2
        found = found + length * step
        if np.abs(length * step).max() < 1e-12:
            break
    return float(found[0]), float(found[1])


def _loss(design: Any, targets: Any, at: Any) -> float:
    z = design @ at
    return float(np.sum(np.logaddexp(0.0, z) - targets * z))


def _isotonic(x: Any, y: Any) -> tuple[tuple[float, float], ...]:
    """Knots of the rising function nearest to the labels, by pooling adjacent violators.

    No height is nearer to 0 or 1 than one example more could have made it.
    """
    blocks: list[list[float]] = []  # sum of labels, count, first margin, last margin
    for margin in np.unique(x):
        here = y[x == margin]
        blocks.append([float(here.sum()), float(len(here)), float(margin), float(margin)])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
            sums, count, _, last = blocks.pop()
            blocks[-1][0] += sums
            blocks[-1][1] += count
            blocks[-1][3] = last
    least = 1 / (len(x) + 2)
    knots = []
    for sums, count, first, last in blocks:
        height = min(max(sums / count, least), 1 - least)
        knots += [(first, height)] if first == last else [(first, height), (last, height)]
    return tuple(knots)
