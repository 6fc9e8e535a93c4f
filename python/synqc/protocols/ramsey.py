"""Ramsey with two phases: the detuning with its sign, from few shots, and T2."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from synqc.errors import InputError
from synqc.infer import Curve, Parameter
from synqc.infer import Ramsey as RamseyFringe
from synqc.protocols.analysis import Analysis
from synqc.protocols.circuit import Circuit, Delay, Rotation, Settings
from synqc.protocols.count_protocol import READOUT_ERRORS, CountProtocol
from synqc.protocols.curves import Referenced

__all__ = ["PULSE_PRECESSION", "Ramsey", "RamseyDecay"]

PULSE_PRECESSION = 0.584
"""Share of its length for which a pi/2 pulse lets the qubit precess: the mean sine of the angle turned so far.

Of a raised cosine; 2 / pi of a square pulse. 2 ns of error turn 1 MHz by 0.013 rad.
"""
_PHASES = (0.0, -math.pi / 2)


def _fringes(delays_us: tuple[float, ...], gate_ns: float) -> tuple[list[Circuit], list[tuple[float, ...]]]:
    """Both phases at each delay; the delay that is set down counts the precession during the pulses."""
    quarter = math.pi / 2
    points = [(delay, phase) for delay in delays_us for phase in _PHASES]
    circuits: list[Circuit] = [(Rotation(quarter), Delay(delay), Rotation(quarter, phase)) for delay, phase in points]
    return circuits, [(delay + 2 * PULSE_PRECESSION * gate_ns * 1e-3, phase) for delay, phase in points]


@dataclass(frozen=True, kw_only=True)
class Ramsey(CountProtocol):
    """Frequency: delays spread evenly over a long time, and a second pulse about x and y in turn.

    Its likelihood has one maximum over the whole span where a short sweep, or one phase, leaves sign and fringe open:
    328 shots in 6.9 ms of free evolution.

    Args:
        longest_us: Delay.
        delays: How many.
        span_khz: The detuning is sought between minus and plus this.
        expected_t2_us: What T2 is thought to be, within a factor of two or so: few shots hardly tell.
        readout_errors: p0_given_1 and p1_given_0.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> protocol = Ramsey()
        >>> found = protocol.analyse(protocol.run(Twin([HiddenQubit(detuning_khz=-437.0)], seed=2)[0]))
        >>> abs(found.values["detuning_khz"] + 437) < 4
        True
    """

    shots: int = 2
    sweeps: int = 1
    references: int = 0
    longest_us: float = 42.0
    delays: int = 82
    span_khz: float = 1000.0
    expected_t2_us: float = 50.0
    readout_errors: tuple[float, float] = (0.02, 0.02)

    reported = ("detuning_khz",)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("longest_us", "span_khz", "expected_t2_us"):
            if not 0 < getattr(self, name) < math.inf:
                raise InputError(f"Argument `{name}` must be finite and greater than 0, but is {getattr(self, name)}.")
        # Delays are odd multiples of half a step: what lies one over the step apart differs in the fringe's sign.
        if 1e-3 * self.span_khz * self.longest_us / self.delays >= 1:
            raise InputError(
                f"Argument `delays` must be more than {1e-3 * self.span_khz * self.longest_us:g}, the cycles of "
                f"`span_khz` in `longest_us`, but is {self.delays}."
            )

    @property
    def curve(self) -> Curve:
        """(1 + exp(-t / T2) cos(2 pi detuning t + phase)) / 2."""
        return Referenced(RamseyFringe())

    def plan(self, gate_ns: float) -> tuple[list[Circuit], list[tuple[float, ...]]]:
        """Two circuits for each delay."""
        step = self.longest_us / self.delays
        return _fringes(tuple((k + 0.5) * step for k in range(self.delays)), gate_ns)

    def searched(self, settings: Any) -> dict[str, Parameter]:
        """The span, and T2 about what is expected."""
        t2 = self.expected_t2_us
        return {
            "detuning_khz": Parameter(-1.01 * self.span_khz, 1.01 * self.span_khz),
            "t2_us": Parameter(t2 / 8, 4 * t2, start=t2, prior=(t2, t2 / 2)),
        }

    def known(self) -> dict[str, float]:
        """The readout's errors."""
        return {"p0_given_1": self.readout_errors[0], "p1_given_0": self.readout_errors[1]}

    def next(self, analysis: Analysis) -> Ramsey:
        """A tenth of the span and longer delays where the frequency was found; twice the shots where not."""
        if analysis.verdict == "not determined":
            return replace(self, shots=2 * self.shots)
        return replace(
            self,
            span_khz=max(self.span_khz / 10, 20.0),
            longest_us=min(2 * self.longest_us, max(self.expected_t2_us, self.longest_us)),
        )

    def corrected(self, settings: Settings, analysis: Analysis) -> Settings:
        """The drive moved onto the qubit."""
        return replace(settings, drive_shift_khz=settings.drive_shift_khz + analysis.values["detuning_khz"])


@dataclass(frozen=True, kw_only=True)
class RamseyDecay(CountProtocol):
    """T2 without an echo, and the detuning: many shots at both phases, readout errors from reference points.

    Args:
        delays_us: Between the pulses.
        span_khz: The detuning is sought between minus and plus this.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> protocol = RamseyDecay()
        >>> hidden = HiddenQubit(t1_us=60.0, tphi_us=120.0, detuning_khz=30.0)
        >>> found = protocol.analyse(protocol.run(Twin([hidden], seed=2)[0]))
        >>> abs(found.values["t2_us"] - 60) < 6, found.verdict
        (True, 'good')
    """

    delays_us: tuple[float, ...] = tuple(3.0 + 6.0 * k for k in range(25))
    span_khz: float = 60.0

    reported = ("detuning_khz", "t2_us")

    @property
    def curve(self) -> Curve:
        """(1 + exp(-t / T2) cos(2 pi detuning t + phase)) / 2."""
        return Referenced(RamseyFringe())

    def plan(self, gate_ns: float) -> tuple[list[Circuit], list[tuple[float, ...]]]:
        """Two circuits for each delay."""
        return _fringes(self.delays_us, gate_ns)

    def searched(self, settings: Any) -> dict[str, Parameter]:
        """T2 from a hundredth of the longest delay to ten times that."""
        longest = float(settings[:, 1].max())
        return {
            "detuning_khz": Parameter(-self.span_khz, self.span_khz),
            "t2_us": Parameter(longest / 100, 10 * longest, start=longest / 3),
            **READOUT_ERRORS,
        }

    def next(self, analysis: Analysis) -> RamseyDecay:
        """Delays up to two and a half times the T2 that was found; twice longer ones where none was."""
        longest = max(self.delays_us)
        wanted = 2 * longest if analysis.verdict == "not determined" else 2.5 * analysis.values["t2_us"]
        return replace(self, delays_us=tuple(delay * wanted / longest for delay in self.delays_us))

    def corrected(self, settings: Settings, analysis: Analysis) -> Settings:
        """The drive moved onto the qubit."""
        return replace(settings, drive_shift_khz=settings.drive_shift_khz + analysis.values["detuning_khz"])
