"""A parameter to be inferred: its bounds, what is known of it, and whether records share it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from synqc.errors import InputError

__all__ = ["Parameter"]


@dataclass(frozen=True)
class Parameter:
    """A parameter to be inferred, in the unit of its name.

    Args:
        lower: Least value.
        upper: Largest value.
        start: Where a search begins; None for the middle.
        prior: Mean and standard deviation of a normal prior, cut at the bounds; None for a flat one.
        shared: Whether all records have one value of it, or each its own.

    Raises:
        InputError: Bounds are not finite and in order, `start` is outside them, or a deviation is not positive.

    Examples:
        >>> Parameter(400.0, 600.0).first_guess
        500.0
        >>> Parameter(3.0, 1.0)
        Traceback (most recent call last):
            ...
        synqc.errors.InputError: Argument `upper` must be greater than `lower` = 3.0, but is 1.0.
    """

    lower: float
    upper: float
    start: float | None = None
    prior: tuple[float, float] | None = None
    shared: bool = True

    def __post_init__(self) -> None:
        for name in ("lower", "upper"):
            if not math.isfinite(getattr(self, name)):
                raise InputError(f"Argument `{name}` must be finite, but is {getattr(self, name)}.")
        if not self.upper > self.lower:
            raise InputError(f"Argument `upper` must be greater than `lower` = {self.lower}, but is {self.upper}.")
        if self.start is not None and not self.lower <= self.start <= self.upper:
            raise InputError(f"Argument `start` must be between {self.lower} and {self.upper}, but is {self.start}.")
        if self.prior is not None and not (
            len(self.prior) == 2 and all(map(math.isfinite, self.prior)) and self.prior[1] > 0
        ):
            raise InputError(f"Argument `prior` must be a mean and a deviation greater than 0, but is {self.prior}.")

    @property
    def first_guess(self) -> float:
        """Where a search begins."""
        return (self.lower + self.upper) / 2 if self.start is None else self.start

    @property
    def width(self) -> float:
        """From bound to bound."""
        return self.upper - self.lower
