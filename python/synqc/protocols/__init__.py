"""Protocols of a laboratory: what to play, and what follows from the records. See docs/protocols.md.

>>> from synqc import protocols
>>> from synqc.twin import HiddenQubit, Twin
>>> device = Twin([HiddenQubit(detuning_khz=321.0)], seed=4)[0]
>>> ramsey = protocols.Ramsey()
>>> found = ramsey.analyse(ramsey.run(device))
>>> round(found.values["detuning_khz"] / 10)
32
"""

from __future__ import annotations

from synqc.protocols.all_xy import AllXY
from synqc.protocols.amplitude import AmplifiedAmplitude, RabiAmplitude
from synqc.protocols.analysis import Analysis
from synqc.protocols.catalogue import PROTOCOLS, protocol_named
from synqc.protocols.circuit import Circuit, Delay, Drive, ReadoutTone, Rotation, Settings
from synqc.protocols.count_protocol import CountProtocol
from synqc.protocols.drag import Drag
from synqc.protocols.echo import Echo
from synqc.protocols.instrument import Instrument
from synqc.protocols.iq_blobs import IQBlobs, IQPoints
from synqc.protocols.monitors import FrequencyMonitor, T1Monitor, TimeSeries, allan_variance
from synqc.protocols.qualibrate_nodes import write_node
from synqc.protocols.rabi_drives import RabiChevron, RabiDuration
from synqc.protocols.ramsey import Ramsey, RamseyDecay
from synqc.protocols.randomised_benchmarking import RandomisedBenchmarking
from synqc.protocols.readout_crosstalk import CrosstalkAnalysis, CrosstalkRecords, DephasingMatrix
from synqc.protocols.readout_efficiency import EfficiencyRecords, ReadoutEfficiency
from synqc.protocols.readout_scans import IQScan, ReadoutAtSetting, ReadoutDuration, ReadoutFrequency, ReadoutPower
from synqc.protocols.record_files import MeasuredProtocol, read_records, write_records
from synqc.protocols.records import Records
from synqc.protocols.relaxation import T1
from synqc.protocols.retune import Retuning, RetuningStep, retune
from synqc.protocols.tones import ReadoutDephasing, RingDown

__all__ = [
    "PROTOCOLS",
    "T1",
    "AllXY",
    "AmplifiedAmplitude",
    "Analysis",
    "Circuit",
    "CountProtocol",
    "CrosstalkAnalysis",
    "CrosstalkRecords",
    "Delay",
    "DephasingMatrix",
    "Drag",
    "Drive",
    "Echo",
    "EfficiencyRecords",
    "FrequencyMonitor",
    "IQBlobs",
    "IQPoints",
    "IQScan",
    "Instrument",
    "MeasuredProtocol",
    "RabiAmplitude",
    "RabiChevron",
    "RabiDuration",
    "Ramsey",
    "RamseyDecay",
    "RandomisedBenchmarking",
    "ReadoutAtSetting",
    "ReadoutDephasing",
    "ReadoutDuration",
    "ReadoutEfficiency",
    "ReadoutFrequency",
    "ReadoutPower",
    "ReadoutTone",
    "Records",
    "Retuning",
    "RetuningStep",
    "RingDown",
    "Rotation",
    "Settings",
    "T1Monitor",
    "TimeSeries",
    "allan_variance",
    "protocol_named",
    "read_records",
    "retune",
    "write_node",
    "write_records",
]
