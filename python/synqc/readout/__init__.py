"""Readout of a qubit through a resonator: fields, records, weights, discriminators, settings. See docs/readout.md."""

from __future__ import annotations

from synqc.readout.assignment import AssignmentMatrix
from synqc.readout.crosstalk import CrosstalkMatrix, crosstalk_from_contrasts, expected_crosstalk
from synqc.readout.discriminators import CloudDiscriminator, LikelihoodDiscriminator, LinearDiscriminator
from synqc.readout.dressing import Dressing, dressing
from synqc.readout.efficiency import phase_preserving_efficiency, share_outside, single_quadrature_efficiency
from synqc.readout.level_rates import LevelRates
from synqc.readout.optimise import OptimisedReadout, ReadoutFigures, optimise_readout, readout_figures
from synqc.readout.pulse import ReadoutPulse, depletion_pulse
from synqc.readout.readout import Readout, ReadoutRecords
from synqc.readout.repeated import HiddenLevels, RepeatedReadout
from synqc.readout.resonator import Resonator
from synqc.readout.validity import Validity, validity

__all__ = [
    "AssignmentMatrix",
    "CloudDiscriminator",
    "CrosstalkMatrix",
    "Dressing",
    "HiddenLevels",
    "LevelRates",
    "LikelihoodDiscriminator",
    "LinearDiscriminator",
    "OptimisedReadout",
    "Readout",
    "ReadoutFigures",
    "ReadoutPulse",
    "ReadoutRecords",
    "RepeatedReadout",
    "Resonator",
    "Validity",
    "crosstalk_from_contrasts",
    "depletion_pulse",
    "dressing",
    "expected_crosstalk",
    "optimise_readout",
    "phase_preserving_efficiency",
    "readout_figures",
    "share_outside",
    "single_quadrature_efficiency",
    "validity",
]
