"""IQ blobs: where shots of each prepared level lie in the IQ plane, and how often they are mistaken."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from synqc.errors import InputError, ShapeError
from synqc.protocols.analysis import Analysis
from synqc.protocols.circuit import Circuit, Rotation, Settings
from synqc.protocols.cloud_tests import PARTS, cloud_complaints
from synqc.protocols.instrument import Instrument
from synqc.readout import AssignmentMatrix

__all__ = ["IQBlobs", "IQPoints"]

_LEAST_SHOTS = 50


@dataclass(frozen=True)
class IQPoints:
    """Points of shots of both levels, in the order in which they were measured.

    Args:
        points (complex128, (2, shots)): With |0> prepared, and with |1>; NaN where a shot is missing.

    Raises:
        ShapeError: There are not two rows.
    """

    points: ArrayLike

    def __post_init__(self) -> None:
        points = np.array(self.points, np.complex128)
        if points.ndim != 2 or len(points) != 2:
            raise ShapeError(f"Argument `points` must have shape (2, shots), but has shape {points.shape}.")
        points.setflags(write=False)
        object.__setattr__(self, "points", points)


@dataclass(frozen=True, kw_only=True)
class IQBlobs:
    """Shots of |0> and |1> in parts, in turn; half of them set the line between the clouds, the other half judges it.

    Centres are medians in both quadratures, which shots that decayed meanwhile hardly move.

    Args:
        shots: Of each level, in all.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> protocol = IQBlobs()
        >>> found = protocol.analyse(protocol.run(Twin([HiddenQubit()], seed=2)[0]))
        >>> found.values["p1_given_0"] < 0.02 < found.values["signal_to_noise"], found.verdict
        (True, 'good')
    """

    shots: int = 4000

    def __post_init__(self) -> None:
        if not (isinstance(self.shots, int) and self.shots >= _LEAST_SHOTS):
            raise InputError(
                f"Argument `shots` must be a whole number of at least {_LEAST_SHOTS}, but is {self.shots}."
            )

    def run(self, device: Instrument) -> IQPoints:
        """Prepare both levels in turn.

        Args:
            device: One qubit.
        """
        circuits: list[Circuit] = [(), (Rotation(math.pi),)]
        parts = [device.points(circuits, self.shots // PARTS) for _ in range(PARTS)]
        return IQPoints(np.concatenate(parts, axis=1))

    def analyse(self, records: IQPoints) -> Analysis:
        """Centres, distance, and errors of assignment to the nearer centre.

        Args:
            records: Points of both levels.
        """
        points = [row[~np.isnan(row)] for row in np.asarray(records.points)]
        missing = np.asarray(records.points).size - sum(len(row) for row in points)
        if min(len(row) for row in points) < _LEAST_SHOTS:
            reason = f"fewer than {_LEAST_SHOTS} shots of a level arrived"
            return Analysis({}, {}, {}, "not determined", (reason,))
        centres = [complex(np.median(row[::2].real), np.median(row[::2].imag)) for row in points]
        reasons = [f"{missing} shots are missing, whose outcomes are unknown"] if missing else []
        reasons += cloud_complaints(np.asarray(records.points))
        if centres[1] == centres[0]:
            return Analysis({}, {}, {}, "not determined", (*reasons, "the clouds lie on each other"))
        axis = (centres[1] - centres[0]) / abs(centres[1] - centres[0])
        along = [((row - sum(centres) / 2) * axis.conjugate()).real for row in points]
        across = ((points[0] - centres[0]) * axis.conjugate()).imag
        deviation = float(across.std())
        judged = np.concatenate([row[1::2] for row in along]) > 0
        prepared = np.repeat([0, 1], [len(row[1::2]) for row in along])
        assignment = AssignmentMatrix.of(prepared, judged.astype(int), levels=2)
        errors = {
            "p1_given_0": assignment.probability(assigned=1, prepared=0),
            "p0_given_1": assignment.probability(assigned=0, prepared=1),
        }
        distance = abs(centres[1] - centres[0]) / deviation
        # Medians have pi / 2 times the variance of means.
        loose = math.sqrt(sum(math.pi / 2 / len(row[::2]) for row in points) + distance**2 / (2 * len(across)))
        values = {name: error.value for name, error in errors.items()} | {"signal_to_noise": distance}
        for level, centre in enumerate(centres):
            values |= {f"centre_{level}_i": centre.real, f"centre_{level}_q": centre.imag}
        intervals = {name: error.interval(1.0) for name, error in errors.items()}
        wide = {name: error.interval(2.0) for name, error in errors.items()}
        for level, row in enumerate(points):
            for part in ("i", "q"):
                name, width = f"centre_{level}_{part}", deviation * math.sqrt(math.pi / 2 / len(row[::2]))
                intervals[name] = (values[name] - width, values[name] + width)
                wide[name] = (values[name] - 2 * width, values[name] + 2 * width)
        intervals["signal_to_noise"] = (distance - loose, distance + loose)
        wide["signal_to_noise"] = (distance - 2 * loose, distance + 2 * loose)
        if distance < 1:
            return Analysis(values, intervals, wide, "not determined", (*reasons, "the clouds lie on each other"))
        return Analysis(values, intervals, wide, "suspicious" if reasons else "good", tuple(reasons))

    def next(self, analysis: Analysis) -> IQBlobs:
        """Four times the shots where the clouds could not be told apart."""
        return replace(self, shots=4 * self.shots) if analysis.verdict == "not determined" else self

    def corrected(self, settings: Settings, analysis: Analysis) -> Settings:
        """Centres of |0> and |1> as found; where that of |2> is unknown, no shot is assigned to it."""
        found = [complex(analysis.values[f"centre_{k}_i"], analysis.values[f"centre_{k}_q"]) for k in range(2)]
        third = complex(math.inf, math.inf) if settings.centres is None else settings.centres[2]
        return replace(settings, centres=(found[0], found[1], third))
