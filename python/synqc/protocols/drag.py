"""DRAG: the coefficient at which pulses have no phase error."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from synqc.infer import Curve, Parameter
from synqc.protocols.analysis import Analysis
from synqc.protocols.circuit import Circuit, Rotation, Settings
from synqc.protocols.count_protocol import READOUT_ERRORS, CountProtocol
from synqc.protocols.curves import DragFringe, Referenced

__all__ = ["Drag"]


@dataclass(frozen=True, kw_only=True)
class Drag(CountProtocol):
    """Pairs of a pi pulse and its opposite, for many DRAG coefficients: they do nothing where the phase error is 0.

    Args:
        coefficients: Looked at.
        pairs: Of pulses.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> protocol = Drag()
        >>> found = protocol.analyse(protocol.run(Twin([HiddenQubit()], seed=2)[0]))
        >>> abs(found.values["drag"] - 0.5) < 0.03
        True

    Source: Motzoi et al., PRL 103, 110501 (2009), for the pulses.
    """

    coefficients: tuple[float, ...] = tuple(float(one) for one in np.linspace(-0.5, 1.5, 21))
    pairs: int = 6

    reported = ("drag",)

    @property
    def curve(self) -> Curve:
        """(1 - cos(n k (b - b0))) / 2."""
        return Referenced(DragFringe())

    def plan(self, gate_ns: float) -> tuple[list[Circuit], list[tuple[float, ...]]]:
        """A circuit for each coefficient."""
        circuits: list[Circuit] = [
            (Rotation(math.pi, drag=one), Rotation(-math.pi, drag=one)) * self.pairs for one in self.coefficients
        ]
        return circuits, [(one, float(self.pairs)) for one in self.coefficients]

    def searched(self, settings: Any) -> dict[str, Parameter]:
        """The range that was looked at; up to a quarter of a turn between two coefficients, half a turn at first."""
        points = settings[settings[:, 0] < 0]
        low, high, pairs = float(points[:, 1].min()), float(points[:, 1].max()), float(points[:, 2].max())
        steepest = math.pi * len(points) / (2 * (high - low) * pairs)
        likely = min(steepest, 2 * math.pi / ((high - low) * pairs))
        turn = Parameter(0.0, steepest, start=likely)
        return {"drag": Parameter(low, high), "turn_per_pair": turn, **READOUT_ERRORS}

    def corrected(self, settings: Settings, analysis: Analysis) -> Settings:
        """The coefficient that was found."""
        return replace(settings, drag=analysis.values["drag"])
