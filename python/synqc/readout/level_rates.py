"""How a qubit changes its level while it is read out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from synqc.errors import InputError

__all__ = ["LevelRates"]


@dataclass(frozen=True)
class LevelRates:
    """Rates of decay and heating between neighbouring levels, in 1/µs.

    Args:
        down_per_us: Rate from level k + 1 to k, for each k.
        up_per_us: Rate from level k to k + 1, for each k; none if empty.

    Examples:
        >>> LevelRates.from_t1(50.0, levels=3).down_per_us
        (0.02, 0.04)
        >>> LevelRates((0.02,)).generator[:, 1].tolist()
        [0.02, -0.02]
    """

    down_per_us: tuple[float, ...]
    up_per_us: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "down_per_us", tuple(float(rate) for rate in self.down_per_us))
        object.__setattr__(self, "up_per_us", tuple(float(rate) for rate in self.up_per_us))
        if not 1 <= len(self.down_per_us) <= 2:
            raise InputError(f"Argument `down_per_us` must have one or two entries, but has {len(self.down_per_us)}.")
        if self.up_per_us and len(self.up_per_us) != len(self.down_per_us):
            raise InputError(
                f"Argument `up_per_us` must have no entry or {len(self.down_per_us)}, but has {len(self.up_per_us)}."
            )
        for name in ("down_per_us", "up_per_us"):
            if not all(0 <= rate < math.inf for rate in getattr(self, name)):
                raise InputError(
                    f"Argument `{name}` must be finite and at least 0 in every entry, but is {getattr(self, name)}."
                )

    @classmethod
    def from_t1(cls, t1_us: float, *, levels: int = 2, thermal_population: float = 0.0) -> LevelRates:
        """Rates of a weakly anharmonic qubit: level k decays k times as fast as level 1.

        Args:
            t1_us: Relaxation time of the two lowest levels; infinite for none.
            levels: Two or three.
            thermal_population: Of |1> in equilibrium, 0 to below 1/2, with two levels.
        """
        if not t1_us > 0:
            raise InputError(f"Argument `t1_us` must be greater than 0, but is {t1_us}.")
        if levels not in (2, 3):
            raise InputError(f"Argument `levels` must be 2 or 3, but is {levels}.")
        if not 0 <= thermal_population < 0.5:
            raise InputError(
                f"Argument `thermal_population` must be at least 0 and below 0.5, but is {thermal_population}."
            )
        down = (1 - thermal_population) / t1_us
        up = thermal_population / t1_us
        ladder = range(1, levels)
        return cls(tuple(k * down for k in ladder), tuple(k * up for k in ladder) if up else ())

    @property
    def levels(self) -> int:
        """Two or three."""
        return len(self.down_per_us) + 1

    @property
    def generator(self) -> Any:
        """Rates (float64, (to, from)), 1/µs; columns add up to 0."""
        rates = np.diag(np.array(self.down_per_us), 1)
        if self.up_per_us:
            rates += np.diag(np.array(self.up_per_us), -1)
        return rates - np.diag(rates.sum(axis=0))
