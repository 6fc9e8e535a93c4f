"""Optimal control: pulses from exact gradients, under the limits of an instrument. See docs/optimise.md."""

from synqc.optimise.closed_loop import ClosedLoop, Trial
from synqc.optimise.ensemble import Ensemble
from synqc.optimise.goals import Gate, StateTransfer
from synqc.optimise.limits import Limits
from synqc.optimise.line import LineFilter, Quantisation
from synqc.optimise.optimised_pulse import LargerSystem, OptimisedPulse
from synqc.optimise.pulse_search import optimise_pulse, pulse_error
from synqc.optimise.shapes import Cosine, Drag, Samples, Spline
from synqc.optimise.systems import ControlSystem, Transmon

__all__ = [
    "ClosedLoop",
    "ControlSystem",
    "Cosine",
    "Drag",
    "Ensemble",
    "Gate",
    "LargerSystem",
    "Limits",
    "LineFilter",
    "OptimisedPulse",
    "Quantisation",
    "Samples",
    "Spline",
    "StateTransfer",
    "Transmon",
    "Trial",
    "optimise_pulse",
    "pulse_error",
]
