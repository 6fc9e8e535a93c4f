"""What a file must settle before its numbers mean anything: the side of |0>, and what an efficiency of 1 is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from synqc.errors import InputError

__all__ = ["EFFICIENCY_CONVENTIONS", "Conventions"]

EFFICIENCY_CONVENTIONS = ("single_quadrature", "phase_preserving")
"""An efficiency of 1 is an ideal measurement of one quadrature (SNR^2 / (8 beta)), or ideal phase-preserving
amplification (SNR^2 / (4 beta)), with SNR the distance of the means in standard deviations and beta the dephasing."""


@dataclass(frozen=True)
class Conventions:
    """What the reader of a file settled.

    Args:
        ground_sign: +1 if |0> lies at larger I than |1>, -1 if at smaller; None if the file holds no I and Q.
        efficiency: "single_quadrature" or "phase_preserving"; None if the file holds no efficiency.
    """

    ground_sign: int | None = None
    efficiency: str | None = None

    def __post_init__(self) -> None:
        if self.ground_sign not in (None, 1, -1):
            raise InputError(f"Argument `ground_sign` must be +1, -1 or None, but is {self.ground_sign!r}.")
        if self.efficiency is not None and self.efficiency not in EFFICIENCY_CONVENTIONS:
            known = " or ".join(EFFICIENCY_CONVENTIONS)
            raise InputError(f"Argument `efficiency_convention` must be {known}, but is {self.efficiency!r}.")

    def as_attributes(self) -> dict[str, Any]:
        """As attributes of a file; what is None is left out."""
        named = {"ground_sign": self.ground_sign, "efficiency_convention": self.efficiency}
        return {name: value for name, value in named.items() if value is not None}

    @classmethod
    def settled(
        cls,
        attributes: Mapping[str, Any],
        ground_sign: int | None,
        efficiency_convention: str | None,
        *,
        has_points: bool,
        has_efficiency: bool,
    ) -> Conventions:
        """Of what a file says and what its reader says; contradictions, and what neither says, are refused.

        Raises:
            InputError: Something that the file needs is said by neither, or said differently.
        """
        sign = _agreed("ground_sign", attributes.get("ground_sign"), ground_sign)
        efficiency = _agreed("efficiency_convention", attributes.get("efficiency_convention"), efficiency_convention)
        if has_points and sign is None:
            raise InputError(
                "Argument `ground_sign` must be +1 (|0> at larger I) or -1, because the file holds I and Q and does "
                "not say, but is None."
            )
        if has_efficiency and efficiency is None:
            raise InputError(
                f"Argument `efficiency_convention` must be {' or '.join(EFFICIENCY_CONVENTIONS)}, because the file "
                "holds an efficiency and does not say, but is None."
            )
        return cls(None if sign is None else int(sign), efficiency)


def _agreed(name: str, in_file: Any, given: Any) -> Any:
    if in_file is not None and given is not None and in_file != given:
        raise InputError(f"Argument `{name}` must be {in_file!r}, as the file says, but is {given!r}.")
    return given if in_file is None else in_file
