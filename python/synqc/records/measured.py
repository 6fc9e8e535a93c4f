"""Measured arrays with their axes and units, and the file they came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError, ShapeError, UnknownName
from synqc.records.conventions import Conventions

__all__ = ["Axis", "Measured", "MeasuredFile"]


@dataclass(frozen=True, eq=False)
class Axis:
    """One dimension of a measured array.

    Args:
        name: What runs along it, as "shot" or "delay".
        unit: Unit of its values; "" for numbers without one.
        values (k,): Where along it; 0, 1, ... if not given.
    """

    name: str
    unit: str = ""
    values: Any = None


@dataclass(frozen=True, eq=False)
class Measured:
    """One measured array.

    Args:
        values: Real or complex numbers.
        axes: One per dimension.
        unit: Unit of the values; "" for numbers without one, such as counts.
    """

    values: Any
    axes: tuple[Axis, ...]
    unit: str

    def __post_init__(self) -> None:
        shape = np.shape(self.values)
        if len(shape) != len(self.axes):
            names = [axis.name for axis in self.axes]
            raise ShapeError(f"Argument `axes` must be one for each dimension of {shape}, but is {names}.")
        for axis, size in zip(self.axes, shape, strict=True):
            if axis.values is not None and np.shape(axis.values) != (size,):
                raise ShapeError(
                    f"Argument `axes` must have {size} values along {axis.name}, but has {np.shape(axis.values)}."
                )


@dataclass(frozen=True, eq=False)
class MeasuredFile:
    """What a file holds.

    Attributes:
        arrays: By name.
        settings: Everything else that the file says: parameters, attributes, the state of the machine.
        conventions: The side of |0>, and the meaning of efficiencies.
        layout: The layout it was read from.
    """

    arrays: dict[str, Measured]
    settings: dict[str, Any] = field(default_factory=dict)
    conventions: Conventions = field(default_factory=Conventions)
    layout: str = ""

    def __getitem__(self, name: str) -> Measured:
        """An array by name."""
        if name not in self.arrays:
            raise UnknownName(f"Argument `name` must be one of {', '.join(sorted(self.arrays))}, but is {name!r}.")
        return self.arrays[name]

    def points(self, in_phase: str, quadrature: str | None = None) -> NDArray[np.complex128]:
        """I + iQ with |0> at larger I, whatever side the file has it on.

        Args:
            in_phase: Name of the array of I, or of a complex one.
            quadrature: Name of the array of Q; None if the other is complex.

        Raises:
            InputError: The two have different units, or the file does not hold what its names say.
        """
        sign = self.conventions.ground_sign
        if sign is None:
            raise InputError("Argument `ground_sign` must have been settled when the file was read, but was not.")
        first = self[in_phase]
        if quadrature is None:
            return sign * np.asarray(first.values, np.complex128)
        second = self[quadrature]
        if first.unit != second.unit:
            raise InputError(
                f"Argument `quadrature` must have the unit of `in_phase`, {first.unit!r}, but has {second.unit!r}."
            )
        return sign * (np.asarray(first.values) + 1j * np.asarray(second.values))
