"""Measured files in and out: readers and writers of other programs' layouts, streams, settings. See docs/records.md."""

from synqc.records.conventions import EFFICIENCY_CONVENTIONS, Conventions
from synqc.records.fixed_point import FixedPoint
from synqc.records.measured import Axis, Measured, MeasuredFile
from synqc.records.readers import read
from synqc.records.readout_settings import ReadoutSettings, weights_as_pairs
from synqc.records.streams import IQSummary, chunks_of, integrated_shots, summarise_shots
from synqc.records.waveforms import InstrumentGrid, read_waveforms, write_waveforms
from synqc.records.writers import write

__all__ = [
    "EFFICIENCY_CONVENTIONS",
    "Axis",
    "Conventions",
    "FixedPoint",
    "IQSummary",
    "InstrumentGrid",
    "Measured",
    "MeasuredFile",
    "ReadoutSettings",
    "chunks_of",
    "integrated_shots",
    "read",
    "read_waveforms",
    "summarise_shots",
    "weights_as_pairs",
    "write",
    "write_waveforms",
]
