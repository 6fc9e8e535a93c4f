"""Devices an experiment can run on: published figures, what is assumed about them, and where they come from."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal, NoReturn

from synqc import _core
from synqc.errors import DocumentError, InputError, UnknownKey, UnknownName
from synqc.lab._near_words import naming_unknown_arguments, near_words, unknown_name
from synqc.lab.html_cards import CardLine, html_card_of, html_table_of
from synqc.lab.plugins import load_plugin, plugin_names
from synqc.lab.units import format_duration, unit_of
from synqc.readout.resonator import Resonator

__all__ = ["Device", "Presets", "Target", "Targets", "device", "presets", "targets", "thermal_population"]


class Device:
    """A kind of device: a typical qubit, how far others stray from it, and how they drift.

    A value: it never changes, compares by content, and can be pickled. Every parameter carries its unit in its name.
    Make one with `synqc.device(name)`, one of the `from_...` doors, or `replace` on another.

    Examples:
        >>> import synqc.lab.device as lab
        >>> fez = lab.device("ibm_fez")
        >>> fez
        Device('ibm_fez', transmon, 3 levels, T1 144.9 µs, T2 88 µs, pulse 24 ns, readout 1.56 µs at 0.77 %)
        >>> fez.replace(t1_us=200, detuning_khz=250).detuning_khz
        250.0
        >>> fez.replace(t2_us=400)
        Traceback (most recent call last):
            ...
        synqc.errors.InputError: Argument `t2_us` must be at most 2 * t1_us = 289.8, but is 400.
    """

    __slots__ = ("_handle",)
    _handle: _core.Device

    def __init__(self, handle: _core.Device) -> None:
        if not isinstance(handle, _core.Device):
            raise InputError(
                "Argument `handle` must come from synqc.device(name) or Device.from_json(text), "
                f"but is {type(handle).__name__}."
            )
        object.__setattr__(self, "_handle", handle)

    @classmethod
    def from_json(cls, text: str | bytes) -> Device:
        """Read a device document, as `to_json` writes it and `synqc/data/devices` holds it.

        Args:
            text: Document in public units. Required: `name` and, in `qubit`, t1_us, t2_us, gate_ns and readout_ns.
                A `gamma_max_per_us` left out is derived from the assignment error.

        Raises:
            DocumentError: It is no JSON, a parameter is missing, out of range or of a wrong type, or a key is unknown.

        Examples:
            >>> text = '{"name": "mine", "qubit": {"t1_us": 75, "t2_us": 60, "gate_ns": 30, "readout_ns": 800}}'
            >>> Device.from_json(text).levels
            2
            >>> Device.from_json(text.replace("75", '"long"'))
            Traceback (most recent call last):
                ...
            synqc.errors.DocumentError: Field `t1_us` must be a number, but is a string (at $.qubit.t1_us)
        """
        return cls(_core.read_device(_unicode(text)))

    @classmethod
    def from_ibm_properties(cls, source: Any) -> Device:
        """Device with the figures of an IBM calibration snapshot.

        The typical qubit has the medians. Every working qubit becomes a calibrated qubit, and registers take those
        first, as they are. Figures that no transmon can have (a duration or an anharmonicity of 0, a gate many times as
        long as its sisters, all of a gate that is out of order) count as missing. What is missing is assumed: from the
        other qubits, or from the generation of processors. `assumptions` says what was, and in which qubits, and which
        qubits were left out and why.

        Args:
            source: BackendProperties document: a path, its text, a dict, `backend.properties()`, or the backend itself.

        Raises:
            DocumentError: It cannot be read, has another structure, or no qubit of it works.

        Examples:
            >>> times = [{"name": "T1", "unit": "us", "value": 120}, {"name": "T2", "unit": "us", "value": 90}]
            >>> snapshot = {"backend_name": "ibm_example", "qubits": [times, times]}
            >>> example = Device.from_ibm_properties(snapshot)
            >>> example.t1_us, len(example.calibrated_qubits)
            (120.0, 2)
            >>> example.calibrated_qubits[1]["qubit_number"]
            1
            >>> snapshot["gates"] = [{"gate": "cz", "qubits": [0, 1], "parameters": []}]
            >>> Device.from_ibm_properties(snapshot).assumptions[1]
            '`gate_ns` is assumed to be 32: not in the snapshot; usual for Heron processors.'
        """
        return cls(_core.read_ibm_properties(_document("source", source)))

    @classmethod
    def from_backend(cls, target: Any, *, qubits: Sequence[int] | Sequence[tuple[int, int]] | None = None) -> Device:
        """Device with the figures of some qubits of a Qiskit backend, as it is calibrated at this moment.

        The typical qubit has the medians of these qubits, and registers take them first, as they are. Entangling gates
        are those between them alone: of pairs, each pair's own.

        Args:
            target: A backend of Qiskit, fake or not, with `properties()`.
            qubits: Their physical numbers, in the order of the register; or (system, ancilla) of each pair, as
                `synqc.hardware` lays circuits out, whose systems then come first; None: all of them.

        Raises:
            InputError: The backend has no calibration, or `qubits` names one that it has not, or one twice.
            DocumentError: No qubit of them works.

        Examples:
            >>> from qiskit_ibm_runtime.fake_provider import FakeManilaV2
            >>> some = Device.from_backend(FakeManilaV2(), qubits=[3, 1])
            >>> round(some.calibrated_qubits[1]["t1_us"], 1), len(some.calibrated_qubits)
            (124.5, 2)
        """
        properties = getattr(target, "properties", lambda: None)()
        if properties is None:
            raise InputError("Argument `target` must be a backend with a calibration, but its `properties()` are None.")
        document = properties.to_dict()
        if qubits is None:
            return cls.from_ibm_properties(document)
        pairs = [entry for entry in qubits if isinstance(entry, (tuple, list))]
        if pairs and len(pairs) < len(qubits):
            raise InputError(f"Argument `qubits` must be numbers or pairs, but is some of both: {list(qubits)}.")
        asked = [pair[0] for pair in pairs] + [pair[1] for pair in pairs] if pairs else list(qubits)
        kept = [_whole_number("qubits", number) for number in asked]
        known = len(document["qubits"])
        for number in kept:
            if not 0 <= number < known or kept.count(number) > 1:
                raise InputError(
                    f"Argument `qubits` must name each of some qubits from 0 to {known - 1} once, but names {number}"
                    f"{' twice' if kept.count(number) > 1 else ''}."
                )
        if not kept:
            raise InputError("Argument `qubits` must name at least one qubit, but is empty.")
        together = {frozenset(pair) for pair in pairs}
        place = {physical: position for position, physical in enumerate(kept)}
        document["qubits"] = [document["qubits"][physical] for physical in kept]
        document["gates"] = [
            {**gate, "qubits": [place[qubit] for qubit in gate["qubits"]]}
            for gate in document["gates"]
            if set(gate["qubits"]) <= place.keys()
            and (len(gate["qubits"]) == 1 or not pairs or frozenset(gate["qubits"]) in together)
        ]
        document["general"], document["general_qlists"] = [], []
        return cls.from_ibm_properties(document)

    @classmethod
    def from_ionq_characterization(cls, source: Any) -> Device:
        """Device with the figures of an IonQ characterisation.

        Args:
            source: The document (`backend`, `fidelity`, `timing` in seconds), as versions 0.3 and 0.4 of IonQ's
                interface give it: a path, its text, a dict or a list (`characterizations`), of which the newest counts.
                For an Aria, its published figures stand in for missing ones, and `assumptions` says so.

        Raises:
            DocumentError: It cannot be read, has another structure, a figure is out of range, or one is missing and the
                machine is no Aria.

        Examples:
            >>> spam, timing = {"spam": {"median": 0.9961}}, {"t1": 100, "t2": 1}
            >>> Device.from_ionq_characterization({"backend": "qpu.aria-1", "fidelity": spam, "timing": timing})
            Device('qpu.aria-1', ion, 2 levels, T1 100 s, T2 1 s, pulse 135 µs, readout 150 µs at 0.39 %)
        """
        return cls(_core.read_ionq_characterization(_document("source", source)))

    @classmethod
    def from_document(cls, source: Any) -> Device:
        """Device from any document this library reads, told apart by its members.

        Args:
            source: A device document, an IBM calibration snapshot or an IonQ characterisation: a path, its text, a dict
                or list, or an object with `properties()` or `to_dict()`, such as a Qiskit backend.

        Raises:
            DocumentError: It is none of the three, or the one it is cannot be read.

        Examples:
            >>> qubit = {"t1_us": 75, "t2_us": 60, "gate_ns": 30, "readout_ns": 800}
            >>> Device.from_document({"name": "mine", "qubit": qubit}).t1_us
            75.0
        """
        text = _document("source", source)
        try:
            document = json.loads(text)
        except ValueError:
            return cls.from_json(text)  # says where it is no JSON
        members = document.keys() if isinstance(document, dict) else set()
        if "qubit" in members:
            return cls.from_json(text)
        if isinstance(document, list) or members & {"characterizations", "fidelity", "timing"}:
            return cls.from_ionq_characterization(text)
        if members & {"qubits", "backend_name", "gates"}:
            return cls.from_ibm_properties(text)
        raise DocumentError(
            "Document must be a device (with `qubit`), an IBM calibration snapshot (with `qubits`) or an IonQ "
            f"characterisation (with `fidelity` and `timing`), but has {_listed(members) or 'no members'}. (at $)"
        )

    def select(self, qubits: Sequence[int]) -> Device:
        """Copy with only some of the individually calibrated qubits, in the order given; registers take them first.

        Args:
            qubits: Their numbers in the snapshot (`qubit_number` of `calibrated_qubits`).

        Raises:
            InputError: A number is not among the calibrated qubits, or comes twice.

        Examples:
            >>> times = [{"name": "T1", "unit": "us", "value": 120}, {"name": "T2", "unit": "us", "value": 90}]
            >>> three = Device.from_ibm_properties({"backend_name": "ibm_example", "qubits": [times, times, times]})
            >>> [one["qubit_number"] for one in three.select([2, 0]).calibrated_qubits]
            [2, 0]
        """
        return Device(
            self._handle.with_calibrated_qubits_selected([_whole_number("qubits", number) for number in qubits])
        )

    def to_json(self) -> str:
        """Document in public units that reads back equal.

        Examples:
            >>> import synqc.lab.device as lab
            >>> fez = lab.device("ibm_fez")
            >>> Device.from_json(fez.to_json()) == fez
            True
        """
        return _core.write_device(self._handle)

    @naming_unknown_arguments
    def replace(
        self,
        *,
        name: str | None = None,
        levels: int | None = None,
        t1_us: float | None = None,
        t2_us: float | None = None,
        tphi_us: float | None = None,
        thermal_population: float | None = None,
        prepared_population: float | None = None,
        frequency_ghz: float | None = None,
        anharmonicity_mhz: float | None = None,
        gate_ns: float | None = None,
        gate_error: float | None = None,
        two_qubit_gate_ns: float | None = None,
        two_qubit_gate_error: float | None = None,
        readout_ns: float | None = None,
        p0_given_1: float | None = None,
        p1_given_0: float | None = None,
        efficiency: float | None = None,
        gamma_max_per_us: float | None = None,
        spread: float | None = None,
        detuning_scale_khz: float | None = None,
        amplitude_error_scale: float | None = None,
        detuning_khz: float | Literal["drawn"] | None = None,
        amplitude_error: float | Literal["drawn"] | None = None,
        drift: Sequence[Mapping[str, Any]] | Literal["none"] | None = None,
        resonator: Resonator | Literal["none"] | None = None,
    ) -> Device:
        """Copy with some parameters changed, on the typical qubit and on every calibrated qubit; None leaves one alone.

        A rate that was derived at reading stays what it was. Only T2 follows T1 where it must: a new T1 below half of
        T2 cuts T2 to 2 * T1, which `assumptions` then says.

        Args:
            levels: Simulated levels, 2 to 5.
            t1_us, t2_us: May be math.inf; T2 at most 2 * T1 (calibrated qubits are cut to that).
            tphi_us: Pure dephasing time, in place of `t2_us`: 1 / T2 = 1 / tphi + 1 / (2 T1) for each qubit's T1.
            thermal_population: P(|1>) of the bath, and of the prepared state too unless `prepared_population` is given.
            detuning_khz, amplitude_error: Exact hidden calibration of every qubit instead of a draw; "drawn" undoes it.
            spread: Relative deviation of T1 and pure dephasing time; 0 makes all qubits alike, hidden calibration too.
            drift: Processes as `Device.drift` shows them; "none" or an empty list for no drift. Of the detuning:
                {"kind": "ornstein-uhlenbeck", "sigma_khz": .., "correlation_time_s": ..}, {"kind": "random-telegraph",
                "sigma_khz": .., "switching_rate_per_s": ..}, {"kind": "one-over-f", "sigma_khz": ..,
                "correlation_time_s": .., "shortest_time_s": ..}, {"kind": "random-walk", "diffusion_khz2_per_s": ..}.
                Of T1: "t1-ornstein-uhlenbeck" and "t1-random-telegraph" (a two-level defect that comes and goes), with
                `sigma_log_t1` in place of `sigma_khz`: the deviation of ln T1, or half its jump, at most 1. `t1_us` is
                then the median; pure dephasing stays. Rules and KPIs that need no shots know the median alone.
            resonator: What every qubit is read out through; "none" forgets it. `MonitoredQubit.from_device` takes it to
                `smesolve`, `filter_record` and `synqc.infer`, `probe_mapping="resonator"` to the probe of `Experiment`.

        Returns:
            The new device.

        Raises:
            InputError: A parameter is out of range, or two do not fit each other, such as T2 > 2 * T1.
            UnknownName: A drift process is of an unknown kind.

        Examples:
            >>> import synqc.lab.device as lab
            >>> quiet = lab.device("transmon-default").replace(drift="none", detuning_khz=0, levels=2)
            >>> quiet.drift, quiet.detuning_khz, quiet.levels
            ((), 0.0, 2)
        """
        if t2_us is not None and tphi_us is not None:
            raise InputError(f"Argument `tphi_us` must be left out where `t2_us` is given, but is {tphi_us!r}.")
        given = {
            "t1_us": t1_us,
            "t2_us": t2_us,
            "tphi_us": tphi_us,
            "thermal_population": thermal_population,
            "prepared_population": prepared_population,
            "frequency_ghz": frequency_ghz,
            "anharmonicity_mhz": anharmonicity_mhz,
            "gate_ns": gate_ns,
            "gate_error": gate_error,
            "two_qubit_gate_ns": two_qubit_gate_ns,
            "two_qubit_gate_error": two_qubit_gate_error,
            "readout_ns": readout_ns,
            "p0_given_1": p0_given_1,
            "p1_given_0": p1_given_0,
            "efficiency": efficiency,
            "gamma_max_per_us": gamma_max_per_us,
            "spread": spread,
            "detuning_scale_khz": detuning_scale_khz,
            "amplitude_error_scale": amplitude_error_scale,
            "detuning_khz": _drawn_or_number("detuning_khz", detuning_khz),
            "amplitude_error": _drawn_or_number("amplitude_error", amplitude_error),
        }
        parameters = {name: _number(name, value) for name, value in given.items() if value is not None}
        handle = self._handle.with_parameters(parameters, None if levels is None else _whole_number("levels", levels))
        if drift is not None:
            handle = handle.with_drift(_drift_processes(drift))
        if isinstance(resonator, Resonator):
            figures = {field.name: getattr(resonator, field.name) for field in dataclasses.fields(Resonator)}
            chi = figures.pop("chi_mhz")
            handle = handle.with_resonator(figures, list(chi) if isinstance(chi, tuple) else [chi])
        elif resonator == "none":
            handle = handle.without_resonator()
        elif resonator is not None:
            raise InputError(f"Argument `resonator` must be a Resonator or 'none', but is {resonator!r}.")
        if name is not None:
            handle = handle.with_name(name)
        return Device(handle)

    @property
    def name(self) -> str:
        """Name it is known by."""
        return self._handle.name

    @property
    def description(self) -> str:
        """What it is, in a sentence."""
        return self._handle.description

    @property
    def modality(self) -> str:
        """Kind of qubit: "transmon", "fluxonium", "ion" or "neutral-atom"."""
        return self._handle.modality

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the figures come from."""
        return tuple(self._handle.sources)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What no source gave and was assumed, and what of a snapshot was left out."""
        return tuple(self._handle.assumptions)

    @property
    def levels(self) -> int:
        """Simulated levels of a qubit."""
        return self._handle.levels

    @property
    def t1_us(self) -> float:
        """Energy relaxation time."""
        return self._handle.parameter("t1_us")

    @property
    def t2_us(self) -> float:
        """Coherence time, at most 2 * t1_us."""
        return self._handle.parameter("t2_us")

    @property
    def tphi_us(self) -> float:
        """Pure dephasing time 1 / (1/T2 - 1/(2 T1)); infinite where T2 is 2 * T1."""
        return self._handle.parameter("tphi_us")

    @property
    def thermal_population(self) -> float:
        """P(|1>) the bath pulls the qubit to."""
        return self._handle.parameter("thermal_population")

    @property
    def prepared_population(self) -> float:
        """P(|1>) left by reset at the start of a shot."""
        return self._handle.parameter("prepared_population")

    @property
    def frequency_ghz(self) -> float:
        """Frequency of |0> to |1>; 0 if unknown."""
        return self._handle.parameter("frequency_ghz")

    @property
    def anharmonicity_mhz(self) -> float:
        """Frequency of |1> to |2> minus that of |0> to |1>; 0 without a third level."""
        return self._handle.parameter("anharmonicity_mhz")

    @property
    def gate_ns(self) -> float:
        """Length of a one-qubit pulse."""
        return self._handle.parameter("gate_ns")

    @property
    def gate_error(self) -> float:
        """Published average error of that pulse, for comparison; not injected."""
        return self._handle.parameter("gate_error")

    @property
    def two_qubit_gate_ns(self) -> float:
        """Length of the gate with the ancilla."""
        return self._handle.parameter("two_qubit_gate_ns")

    @property
    def two_qubit_gate_error(self) -> float:
        """Average error of the gate with the ancilla."""
        return self._handle.parameter("two_qubit_gate_error")

    @property
    def readout_ns(self) -> float:
        """Length of the readout."""
        return self._handle.parameter("readout_ns")

    @property
    def p0_given_1(self) -> float:
        """Probability to read 0 in |1>."""
        return self._handle.parameter("p0_given_1")

    @property
    def p1_given_0(self) -> float:
        """Probability to read 1 in |0>."""
        return self._handle.parameter("p1_given_0")

    @property
    def assignment_error(self) -> float:
        """Mean of the two probabilities to read the wrong bit."""
        return (self.p0_given_1 + self.p1_given_0) / 2

    @property
    def efficiency(self) -> float:
        """Quantum efficiency of the probe's measurement chain."""
        return self._handle.parameter("efficiency")

    @property
    def gamma_max_per_us(self) -> float:
        """Measurement-induced dephasing rate at probe strength 1."""
        return self._handle.parameter("gamma_max_per_us")

    @property
    def spread(self) -> float:
        """Relative deviation of T1 and pure dephasing time among qubits that are drawn."""
        return self._handle.parameter("spread")

    @property
    def detuning_scale_khz(self) -> float:
        """Deviation of the hidden detuning, where it is drawn."""
        return self._handle.parameter("detuning_scale_khz")

    @property
    def amplitude_error_scale(self) -> float:
        """Deviation of the hidden amplitude error, where it is drawn."""
        return self._handle.parameter("amplitude_error_scale")

    @property
    def detuning_khz(self) -> float | None:
        """Hidden detuning of every qubit; None while it is drawn."""
        return _unless_drawn(self._handle.parameter("detuning_khz"))

    @property
    def amplitude_error(self) -> float | None:
        """Hidden relative amplitude error of every qubit; None while it is drawn."""
        return _unless_drawn(self._handle.parameter("amplitude_error"))

    @property
    def drift(self) -> tuple[dict[str, Any], ...]:
        """Processes by which the detuning and T1 drift, as in a device document; `replace` lists their kinds."""
        return tuple({"kind": kind, **parameters} for kind, parameters in self._handle.drift)

    @property
    def resonator(self) -> Resonator | None:
        """What every qubit is read out through; None if that is not known.

        Examples:
            >>> import synqc
            >>> from synqc.readout import Resonator
            >>> known = synqc.device("ibm_fez").replace(resonator=Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0))
            >>> known.resonator.kappa_mhz, synqc.device("ibm_fez").resonator
            (5.0, None)
        """
        figures = self._handle.resonator
        if figures is None:
            return None
        chi = figures.pop("chi_mhz")
        return Resonator(chi_mhz=chi[0] if len(chi) == 1 else tuple(chi), **figures)

    @property
    def calibrated_qubits(self) -> tuple[dict[str, float], ...]:
        """Parameters of individually calibrated qubits, if any are known; registers take these first.

        Those of a calibration snapshot have a `qubit_number` as well: theirs in the snapshot.
        """
        return tuple(self._handle.calibrated_qubits)

    @property
    def individuals(self) -> tuple[dict[str, float], ...]:
        """Former name of `calibrated_qubits`, until the next minor version."""
        warnings.warn("Device.individuals is called Device.calibrated_qubits now.", DeprecationWarning, stacklevel=2)
        return self.calibrated_qubits

    @property
    def level_energies_mhz(self) -> tuple[float, ...]:
        """Energies of the simulated levels in the rotating frame; empty for a truncated oscillator."""
        return tuple(self._handle.level_energies_mhz)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"A Device never changes; use device.replace({name}=...) for a copy.")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("A Device never changes.")

    def __eq__(self, other: object) -> bool:
        return bool(self._handle == other._handle) if isinstance(other, Device) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.to_json())

    def __reduce__(self) -> tuple[Any, ...]:
        return Device.from_json, (self.to_json(),)

    def __repr__(self) -> str:
        facts = [repr(self.name), *([self.modality] if self.modality else []), f"{self.levels} levels"]
        facts += [f"{name} {text}" for name, text in _headline(self)]
        return f"Device({', '.join(facts)})"

    def _repr_html_(self) -> str:
        meanings = [
            *_core.device_parameters(),
            ("detuning_khz", "Hidden detuning of every qubit."),
            ("amplitude_error", "Hidden relative amplitude error of every qubit."),
        ]
        figures = [CardLine(name, _value_in_words(name, getattr(self, name)), meaning) for name, meaning in meanings]
        if self.resonator is not None:
            figures += [CardLine("resonator", repr(self.resonator))]
        drift = [CardLine("drift", _drift_in_words(process)) for process in self.drift] or [CardLine("drift", "none")]
        told = [
            [CardLine(word if number == 0 else "", "", line) for number, line in enumerate(lines)]
            for word, lines in (("sources", self.sources), ("assumptions", self.assumptions))
        ]
        facts = ", ".join([*([self.modality] if self.modality else []), f"{self.levels} levels"])
        head = [CardLine("device", facts, self.description)]
        return html_card_of(self.name, (), [head, figures + drift, *told])


class Presets(Mapping[str, Device]):
    """The devices that ship with synqc, by name, and those that other packages bring under the entry point
    `synqc.presets`: a `Device`, a document or its path, or a function that gives one. Shows itself as a table.

    Examples:
        >>> import synqc.lab.device as lab
        >>> sorted(lab.presets())[:3]
        ['fluxonium-pilot', 'ibm_aachen', 'ibm_fez']
    """

    def __getitem__(self, name: str) -> Device:
        if name not in _preset_names():
            raise unknown_name("name", name, _preset_names(), kind=UnknownKey)
        return _load(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_preset_names())

    def __len__(self) -> int:
        return len(_preset_names())

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (one.name, one.modality, str(one.levels), *(text for _, text in _headline(one))) for one in self.values()
        ]

    def __repr__(self) -> str:
        return _text_table(_PRESET_COLUMNS, self._rows())

    def _repr_html_(self) -> str:
        return html_table_of(_PRESET_COLUMNS, self._rows())


_PRESET_COLUMNS = ("device", "modality", "levels", "T1", "T2", "pulse", "readout")


def presets() -> Presets:
    """All devices that ship with synqc, each with its sources.

    Returns:
        Mapping of name to `Device`, which prints as a table.

    Examples:
        >>> import synqc.lab.device as lab
        >>> lab.presets()["ion-chain"].gate_ns
        135000.0
        >>> print(lab.presets())  # doctest: +ELLIPSIS
        device            modality      levels  T1        T2        pulse   readout
        transmon-default  transmon      3       150 µs    100 µs    24 ns   1 µs at 1 %
        ...
    """
    return Presets()


def device(name: Any) -> Device:
    """Device of that name among `presets()`, or of that document.

    Args:
        name: A name; or a device file, calibration snapshot or Qiskit backend, as `Device.from_document` takes it
            (a text that ends with ".json" or is a JSON object is one).

    Raises:
        UnknownName: There is none of this name; the message suggests names like it.
        DocumentError: The document cannot be read.

    Examples:
        >>> import synqc.lab.device as lab
        >>> lab.device("ibm_fez").t1_us
        144.9
        >>> lab.device("imb_fez")
        Traceback (most recent call last):
            ...
        synqc.errors.UnknownName: Argument `name` must be a device of presets(), but is 'imb_fez'; near it: 'ibm_fez'.
    """
    return device_of("name", name)


def device_of(argument: str, source: Any) -> Device:
    """`device(source)`, whose errors name the argument as the user wrote it."""
    if isinstance(source, Device):
        return source
    if not isinstance(source, str) or source.lower().endswith(".json") or source.lstrip()[:1] in ("{", "["):
        return Device.from_document(_document(argument, source))
    return preset_of(argument, source)


def preset_of(argument: str, name: str) -> Device:
    """Device of that name, never of a file: for names that come from a document."""
    names = _preset_names()
    if name in names:
        return _load(name)
    near = near_words(name, names)
    listed = ", ".join(map(repr, near or names))
    raise UnknownName(
        f"Argument `{argument}` must be a device of presets(), but is {name!r}; "
        f"{'near it' if near else 'known'}: {listed}."
    )


@dataclass(frozen=True)
class Target:
    """Where an experiment runs: latencies of the control stack, and the kind of plant behind it.

    Args:
        name: As `Experiment(target=...)` takes it.
        description: What it is, in a sentence.
        emulated: A provider's figures are simulated here; no hardware is involved.
        classical: A classical signal plant without collapse, for testing control code.
        mapping: "rate" for a continuous weak measurement, "pulse" for a two-outcome instrument through an ancilla.
        path_latency_ns: Readout signal to decision logic, and trigger back.
        decision_latency_ns: State estimation and choice of the second drive.
        result_latency_ns: Readout bit to the host.
        network_median_s: Between iterations, reported beside the latency of a shot.
        queue_median_s: Between iterations, reported beside the latency of a shot.
        sources: Where the latency figures come from.

    Examples:
        >>> import synqc
        >>> synqc.targets()["ibm-qpu"].emulated
        True
    """

    name: str
    description: str
    emulated: bool
    classical: bool
    mapping: str
    path_latency_ns: float
    decision_latency_ns: float
    result_latency_ns: float
    network_median_s: float
    queue_median_s: float
    sources: tuple[str, ...]


class Targets(Mapping[str, Target]):
    """All targets by name; shows itself as a table."""

    def __getitem__(self, name: str) -> Target:
        if name not in _core.target_names():
            raise unknown_name("name", name, _core.target_names(), kind=UnknownKey)
        core = _core.target(name)
        return Target(
            name=core.name,
            description=core.description,
            emulated=core.emulated,
            classical=core.classical,
            mapping=core.mapping,
            path_latency_ns=round(core.path_latency_us * 1e3, 9),
            decision_latency_ns=round(core.decision_latency_us * 1e3, 9),
            result_latency_ns=round(core.result_latency_us * 1e3, 9),
            network_median_s=core.network_median_s,
            queue_median_s=core.queue_median_s,
            sources=tuple(core.sources),
        )

    def __iter__(self) -> Iterator[str]:
        return iter(_core.target_names())

    def __len__(self) -> int:
        return len(_core.target_names())

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                one.name,
                "emulated" if one.emulated else "classical plant" if one.classical else "simulated",
                one.mapping,
                f"{one.path_latency_ns:g} ns",
                f"{one.decision_latency_ns:g} ns",
                f"{one.result_latency_ns:g} ns",
                f"{one.network_median_s:g} s",
                f"{one.queue_median_s:g} s",
            )
            for one in self.values()
        ]

    def __repr__(self) -> str:
        return _text_table(_TARGET_COLUMNS, self._rows())

    def _repr_html_(self) -> str:
        return html_table_of(_TARGET_COLUMNS, self._rows())


_TARGET_COLUMNS = ("target", "kind", "probe", "path", "decision", "result", "network", "queue")


def targets() -> Targets:
    """All targets an experiment can run on, with their latency terms.

    Returns:
        Mapping of name to `Target`, which prints as a table.

    Examples:
        >>> import synqc.lab.device as lab
        >>> lab.targets()["sim-local"].decision_latency_ns
        110.0
        >>> [name for name, target in lab.targets().items() if target.emulated]
        ['ibm-qpu', 'aws-braket', 'ionq']
    """
    return Targets()


def thermal_population(frequency_ghz: float, temperature_mk: float) -> float:
    """P(|1>) of a two-level system in a bath, 1 / (1 + exp(h f / k T)).

    Args:
        frequency_ghz: Transition frequency, > 0.
        temperature_mk: Temperature, >= 0.

    Raises:
        InputError: A number is out of its range.

    Examples:
        >>> round(thermal_population(0.5, 20), 9)
        0.231508881
    """
    return _core.thermal_population(_number("frequency_ghz", frequency_ghz), _number("temperature_mk", temperature_mk))


@functools.cache
def _preset_names() -> tuple[str, ...]:
    """The default first, then typical devices, then real ones, then those of other packages."""
    ours = _shipped()
    sorted_ours = sorted(ours, key=lambda name: (name != "transmon-default", name.startswith("ibm_"), name))
    return (*sorted_ours, *(name for name in plugin_names("synqc.presets") if name not in ours))


@functools.cache
def _shipped() -> frozenset[str]:
    return frozenset(entry.name.removesuffix(".json") for entry in _devices().iterdir() if entry.name.endswith(".json"))


@functools.cache
def _load(name: str) -> Device:
    if name in _shipped():
        return Device.from_json((_devices() / f"{name}.json").read_bytes())
    found = load_plugin("synqc.presets", name)
    made = found() if callable(found) else found
    device = made if isinstance(made, Device) else Device.from_document(made)
    if device.name != name:
        raise InputError(
            f"The preset {name!r} of another package must have this name, but has the name {device.name!r}."
        )
    return device


def _devices() -> resources.abc.Traversable:
    return resources.files("synqc") / "data" / "devices"


def _document(argument: str, source: Any) -> str:
    """Text of a document given as a dict or list, as its text, as a path, or by a backend that has it."""
    if callable(properties := getattr(source, "properties", None)):  # a backend
        source = properties()
        if source is None:
            raise InputError(
                f"Argument `{argument}` must be a backend with properties, but its `properties()` are None."
            )
    if callable(to_dict := getattr(source, "to_dict", None)):
        source = to_dict()
    if isinstance(source, (Mapping, list)):
        try:
            return json.dumps(source, default=str)
        except (TypeError, ValueError) as error:
            raise DocumentError(f"Argument `{argument}` must be plain values, but: {error}. (at $)") from error
    if isinstance(source, str) and source.lstrip()[:1] in ("{", "["):
        return _unicode(source)
    if not isinstance(source, (str, os.PathLike)):
        raise InputError(
            f"Argument `{argument}` must be a path, a text, a dict or a backend, but is {type(source).__name__}."
        )
    try:
        content = Path(source).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DocumentError(
            f"Argument `{argument}` must be a readable file, but is {os.fspath(source)!r}: {reason} (at $)"
        ) from error
    return _unicode(content)


def _unicode(text: str | bytes) -> str:
    try:
        return text.decode() if isinstance(text, bytes) else text.encode().decode()
    except UnicodeError as error:
        raise DocumentError(f"Document must be text in UTF-8, but: {error} (at $)") from error
    except AttributeError as error:
        raise InputError(f"Argument `text` must be a string, but is {type(text).__name__}.") from error


def _number(name: str, value: Any) -> float:
    if isinstance(value, (bool, str, bytes)):
        raise InputError(f"Argument `{name}` must be a number, but is {value!r}.")
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"Argument `{name}` must be a number, but is {value!r}.") from error


def _whole_number(name: str, value: Any) -> int:
    number = _number(name, value)
    if not number.is_integer() or abs(number) > 2**53:
        raise InputError(f"Argument `{name}` must be a whole number, but is {value!r}.")
    return int(number)


def _drawn_or_number(name: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, str) and value == "drawn":
        return math.nan
    number = _number(name, value)
    if not math.isfinite(number):
        raise InputError(f"Argument `{name}` must be finite, but is {number}.")
    return number


def _unless_drawn(value: float) -> float | None:
    return None if math.isnan(value) else value


def _drift_processes(drift: Any) -> list[tuple[str, dict[str, float]]]:
    if drift == "none":
        return []
    if isinstance(drift, (str, Mapping)) or not isinstance(drift, Sequence):
        raise InputError(f"Argument `drift` must be a list of processes or 'none', but is {drift!r}.")
    processes = []
    for process in drift:
        if not isinstance(process, Mapping) or not isinstance(process.get("kind"), str):
            raise InputError(f"Argument `drift` must hold processes with a `kind`, but holds {process!r}.")
        parameters = {str(name): _number(str(name), value) for name, value in process.items() if name != "kind"}
        processes.append((process["kind"], parameters))
    return processes


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(map(str, names))[:8])


def _drift_in_words(process: Mapping[str, Any]) -> str:
    return f"{process['kind']}: " + ", ".join(f"{name} {value:g}" for name, value in process.items() if name != "kind")


def _headline(one: Device) -> list[tuple[str, str]]:
    return [
        ("T1", format_duration(one.t1_us)),
        ("T2", format_duration(one.t2_us)),
        ("pulse", format_duration(one.gate_ns / 1e3)),
        ("readout", f"{format_duration(one.readout_ns / 1e3)} at {100 * one.assignment_error:.3g} %"),
    ]


def _text_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [tuple(columns), *map(tuple, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(columns))]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _value_in_words(name: str, value: float | None) -> str:
    if value is None:
        return "drawn"
    return f"{value:g}" if (unit := unit_of(name)) == "1" else f"{value:g} {unit}"
