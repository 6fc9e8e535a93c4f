"""What a run of an experiment found: figures with error bars, history, bits and records."""

from __future__ import annotations

import io
import json
import math
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from synqc import _core
from synqc.errors import InputError, MissingExtra, UnknownKey
from synqc.lab._cached_property import cached_property
from synqc.lab._near_words import unknown_name
from synqc.lab.checkpoint import Checkpoint
from synqc.lab.compare import Comparison, compare
from synqc.lab.estimate import Estimate
from synqc.lab.result_files import save_result
from synqc.lab.run_file import ARRAYS, RUN_FORMAT, Saved, read_npz, write_npz
from synqc.lab.units import unit_of

if TYPE_CHECKING:
    import pandas
    import plotly.graph_objects
    import xarray

    from synqc.lab.experiment import Experiment

__all__ = ["IterationResult", "ProbeSummary", "QubitResult", "Run", "StoredResult", "run_from"]

_CONSISTENT_INNOVATION = 2.5
_KPIS = ("fidelity", "backaction", "information_bits", "latency_us", "objective_score")
_PLAIN_OF_QUBIT = (
    "shots", "detuning_khz", "detuning_deviation_khz", "tracker_locked", "true_detuning_khz", "true_t1_ratio",
)  # fmt: skip
_OF_BATCH = ("device_time_s",)


@dataclass(frozen=True)
class ProbeSummary:
    """What the probe was, in currencies that compare across hardware.

    Args:
        mapping: "rate" (continuous weak measurement), "pulse" (two-outcome instrument through an ancilla) or
            "resonator" (continuous, through the device's resonator).
        regime: "off", "diagnostic" (g < 0.05), "characterisation" or "readout" (g > 2).
        g: Dephasing dose: the ensemble's coherence falls to exp(-g).
        s: Information dose 2 * efficiency * g; the record separates the levels by 2 sqrt(s) deviations.
        eps_pulse: Strength of the two-outcome instrument with the same back-action, sqrt(1 - exp(-2 g)).
        steps: Steps of the integrator over the probe (0 for "pulse", which has none).
        step_error: Estimated mean trace distance of a conditioned state from that of infinitely fine steps.
        coherence_left: Ensemble contrast after the probe relative to no probe.
        stark_phase: rad, ac-Stark phase that the photons of a resonator gave the coherence of |0> and |1>.
        photons_left: In the resonator at the end of the probe, for the level with more of them.
    """

    mapping: str
    regime: str
    g: float
    s: float
    eps_pulse: float
    steps: int
    step_error: float
    coherence_left: float
    stark_phase: float = 0.0
    photons_left: float = 0.0


@dataclass(frozen=True)
class QubitResult:
    """One qubit in one iteration.

    Args:
        fidelity: Mean of <psi_ideal|rho_final|psi_ideal> over the evaluation shots.
        one_fraction: Share of measured bits that read 1, as measured.
        success: Share of bits showing the ideal outcome, corrected for assignment errors; not clipped to [0, 1].
        mean_record: Mean of the integrated in-phase record.
        shots: Judged shots, without calibration and exploration.
        settings: What the controls were set to.
        detuning_khz: The tracker's estimate of the detuning; 0 for rules that do not track.
        detuning_deviation_khz: One standard deviation of that estimate.
        tracker_locked: False while the tracker acquires or its fringe is not yet confirmed, and for rules that do not
            track; a tracker is acted on only when it is locked.
        true_detuning_khz: The simulator's hidden value, for comparison; no rule ever sees it.
        normalised_innovation: Running mean of the tracker's squared innovations over the variance it predicted: about 1
            if it is as good as it says, larger if the detuning moves faster than it believes; 0 for rules that do not
            track.
        true_t1_ratio: T1 at the end of the batch over the calibrated one, likewise hidden; 1 unless T1 drifts.
    """

    fidelity: Estimate
    one_fraction: Estimate
    success: Estimate
    mean_record: Estimate
    shots: int
    settings: dict[str, float]
    detuning_khz: float
    detuning_deviation_khz: float
    tracker_locked: bool
    true_detuning_khz: float
    normalised_innovation: float = 0.0
    true_t1_ratio: float = 1.0


@dataclass(frozen=True)
class IterationResult:
    """One batch: register means and each qubit.

    Args:
        fidelity: Register mean.
        success: Register mean of the corrected success fractions.
        shots: Shots per qubit, everything included.
        calibration_shots: Ramsey shots of a tracker among these.
        learning_shots: Shots a learner explored with among these.
        device_time_s: The device's own clock at the end of the batch.
        network_latency_s: What the target's network and queue took; never part of the shot's latency.
        qubits: One entry per qubit.
    """

    fidelity: Estimate
    success: Estimate
    shots: int
    calibration_shots: int
    learning_shots: int
    device_time_s: float
    network_latency_s: float
    qubits: tuple[QubitResult, ...]


def _iteration_from(entry: dict[str, Any]) -> IterationResult:
    return IterationResult(
        **{
            **entry,
            "fidelity": Estimate(*entry["fidelity"]),
            "success": Estimate(*entry["success"]),
            "qubits": tuple(_qubit_from(qubit) for qubit in entry["qubits"]),
        }
    )


def _qubit_from(entry: dict[str, Any]) -> QubitResult:
    estimates: dict[str, Any] = {
        name: Estimate(*entry[name]) for name in ("fidelity", "one_fraction", "success", "mean_record")
    }
    return QubitResult(**{**entry, **estimates})


class StoredResult:
    """Figures read back from a file, with the attributes the core's result has; made by `synqc.load`."""

    def __init__(self, figures: dict[str, Any], arrays: dict[str, np.ndarray | None]) -> None:
        self.__dict__.update(figures)
        known = ProbeSummary.__dataclass_fields__  # version 0.1.0 wrote one more
        self.probe = {name: value for name, value in figures["probe"].items() if name in known}
        self.bits = arrays["bits"]
        self._arrays = arrays
        self.iteration_count = len(figures["iterations"])
        last = figures["iterations"][-1]
        self.success = last["success"]
        self.settings = [qubit["settings"] for qubit in last["qubits"]]

    def records(self, which: str) -> np.ndarray | None:
        return self._arrays["record_moments" if which == "moments" else f"records_{which}"]


class Run:
    """Result of `Experiment.run`.

    Figures are `Estimate`s: `float(run.fidelity)` is the value, `run.fidelity.standard_error` its error,
    `run.fidelity.interval(2)` where it lies with 95 %, and printing shows value and error.

    Errors cover chance: what other shots would have shown on the same qubits (`device_seed`), in the same states
    of their drift, under the controls that the rule had deployed. They do not cover other devices, or what the rule
    would have deployed after other calibration shots; for that, repeat the run with other seeds.

    Examples:
        >>> import synqc
        >>> run = synqc.Experiment().run(shots=1000, seed=7)
        >>> run.fidelity.standard_error < 0.01
        True
        >>> run.probe.regime
        'diagnostic'
        >>> run.bits.shape
        (1, 4, 1000)
    """

    def __init__(self, experiment: Experiment, raw: Any, *, interrupted: bool = False) -> None:
        self.experiment: Experiment = experiment
        self._raw = raw
        self.interrupted = interrupted
        """True if Ctrl-C ended the run; then `partial` is True as well."""

    @classmethod
    def of_figures(
        cls, experiment: Experiment, figures: dict[str, Any], arrays: dict[str, np.ndarray | None], *,
        interrupted: bool = False,
    ) -> Run:  # fmt: skip
        """Run that was not simulated by this call: read from a file, or played by a backend.

        Args:
            experiment: What was run.
            figures: As `to_dict` gives them.
            arrays: Bits and records by name; None of what was not kept.
            interrupted: Whether Ctrl-C had ended it.

        Examples:
            >>> import synqc
            >>> run = synqc.Experiment(qubits=1).run(shots=100, seed=7, keep_bits=False)
            >>> nothing = dict.fromkeys(("bits", "records_i", "records_q", "record_moments"))
            >>> Run.of_figures(run.experiment, run.to_dict(), nothing) == run
            True
        """
        known = {name: value for name, value in figures.items() if name != "carry"}
        known["checkpoint"] = SimpleNamespace(**figures["carry"])
        return cls(experiment, StoredResult(known, arrays), interrupted=interrupted)

    @cached_property
    def fidelity(self) -> Estimate:
        """Mean over shots and qubits of the last iteration of <psi_ideal|rho_final|psi_ideal>."""
        return Estimate(*self._raw.fidelity)

    @cached_property
    def success(self) -> Estimate:
        """Measured success fraction of the last iteration, corrected for assignment errors."""
        return Estimate(*self._raw.success)

    @property
    def settings(self) -> tuple[dict[str, float], ...]:
        """What each qubit's controls were set to in the last iteration.

        Examples:
            >>> import synqc
            >>> run = synqc.Experiment(qubits=2).run(shots=100, seed=7)
            >>> run.settings[1] == run.history[-1].qubits[1].settings
            True
        """
        return tuple(self._raw.settings)

    @cached_property
    def backaction(self) -> Estimate:
        """Trace distance of the ensemble states right after the probe with and without it; exact."""
        return Estimate(*self._raw.backaction)

    @property
    def backaction_mean_per_shot(self) -> float:
        """Mean trace distance that one shot's conditioned state suffers; at least `backaction`."""
        return float(self._raw.backaction_mean_per_shot)

    @cached_property
    def information_bits(self) -> Estimate:
        """What one record, as it is delivered, tells about |0> or |1> at the probe's start; in bits, for equal priors.

        The record of a shot is its bin means (`probe_bins` of them, one by default) or the outcome of an ancilla. Decay
        during the probe is worked out without sampling: the figure is exact.
        """
        return Estimate(*self._raw.information_bits)

    @cached_property
    def continuous_information_bits(self) -> Estimate:
        """What one record would tell that nothing had averaged into bins; exact, at least `information_bits`.

        Computed when it is asked for. Where probing goes through an ancilla there is one outcome and nothing finer.

        Examples:
            >>> import synqc
            >>> decaying = synqc.Experiment(qubits=1, probe_strength=1.0, probe_duration_ns=2000, t1_us=1.0, t2_us=1.0)
            >>> run = decaying.run(shots=100, seed=7)
            >>> run.information_bits.value < run.continuous_information_bits.value
            True
        """
        return Estimate(self.experiment._core.continuous_information_bits(), 0.0)

    @property
    def information_bits_per_second(self) -> float:
        """`information_bits` divided by the cycle time of a shot."""
        return float(self._raw.information_bits_per_second)

    @cached_property
    def latency_us(self) -> Estimate:
        """From the first drive to the result of one shot: the sum of `latency_terms`."""
        return Estimate(*self._raw.latency_us)

    @cached_property
    def latency_terms(self) -> dict[str, float]:
        """Terms of the latency in order, each in µs."""
        return dict(self._raw.latency_terms)

    @property
    def tracker_consistent(self) -> bool | None:
        """Whether the tracker is locked and errs about as much as it says, on every qubit at the end of the run.

        False where a qubit's tracker is not locked, because it has not found the detuning yet, so that the drive is not
        corrected, or because it has lost it, so that the drive is corrected as before; and where a qubit's
        `normalised_innovation` exceeds 2.5 (it is 1 on average for a matched tracker, and beyond 2.5 in fewer than one
        of a hundred runs). None for rules that do not track.

        Examples:
            >>> import synqc
            >>> synqc.Experiment(qubits=1).run(shots=100, seed=1).tracker_consistent is None
            True
            >>> tracking = synqc.Experiment(qubits=1, adaptive_rule="kalman")
            >>> tracking.run(shots=1000, iterations=5, seed=1).tracker_consistent
            True
            >>> tracking.run(shots=40, seed=1).tracker_consistent  # twenty shots of which find no detuning
            False
        """
        tracked = [qubit for qubit in self.history[-1].qubits if qubit.detuning_deviation_khz > 0]
        if not tracked:
            return None
        return all(qubit.tracker_locked and qubit.normalised_innovation <= _CONSISTENT_INNOVATION for qubit in tracked)

    @cached_property
    def objective_score(self) -> Estimate:
        """The one number that learners and optimisers maximise."""
        return Estimate(*self._raw.objective_score)

    @cached_property
    def probe(self) -> ProbeSummary:
        """What the probe was: g, s, eps_pulse, regime."""
        return ProbeSummary(**self._raw.probe)

    @cached_property
    def history(self) -> tuple[IterationResult, ...]:
        """One entry per iteration."""
        return tuple(_iteration_from(entry) for entry in self._raw.iterations)

    @property
    def fidelity_series(self) -> tuple[np.ndarray, np.ndarray]:
        """Fidelity of each qubit in each iteration, with standard errors (NaN: one shot); float64 (iterations, qubits).

        What `history` says, without an object per number.

        Examples:
            >>> import synqc
            >>> run = synqc.Experiment(qubits=2).run(shots=100, iterations=3, seed=7)
            >>> values, errors = run.fidelity_series
            >>> values.shape, bool(values[2, 1] == run.history[2].qubits[1].fidelity.value)
            ((3, 2), True)
        """
        return self._series("fidelity")

    @property
    def one_fraction_series(self) -> tuple[np.ndarray, np.ndarray]:
        """Share of bits that read 1, as measured, and its standard error; both float64 (iterations, qubits)."""
        return self._series("one_fraction")

    def _series(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        if isinstance(self._raw, StoredResult):
            table = [[getattr(qubit, name) for qubit in iteration.qubits] for iteration in self.history]
            values = np.array([[figure.value for figure in row] for row in table])
            return values, np.array([[figure.standard_error for figure in row] for row in table])
        return getattr(self._raw, f"{name}_series")  # type: ignore[no-any-return]

    @cached_property
    def p1(self) -> tuple[Estimate, ...]:
        """Share of bits that read 1 in the last iteration, per qubit, as measured."""
        return tuple(qubit.one_fraction for qubit in self.history[-1].qubits)

    @property
    def bits(self) -> np.ndarray:
        """Measured bits, uint8 (iterations, qubits, shots); 255 where a stop came first. Read-only.

        Raises:
            InputError: They were not kept.
        """
        bits = self._raw.bits
        if bits is None:
            raise InputError("The run did not keep its bits: pass keep_bits=True to run().")
        return bits  # type: ignore[no-any-return]

    @property
    def records(self) -> np.ndarray:
        """In-phase record, float64 (iterations, qubits, shots, bins), bin means, |0> at +1, |1> at -1. Read-only.

        Raises:
            InputError: They were not kept.
        """
        return self._records("i")

    @property
    def records_quadrature(self) -> np.ndarray:
        """Record in the other quadrature, shaped like `records`: noise, and the signal of levels above |1>.

        An ancilla's outcome has no second quadrature: there it is 0, like everything where nothing was probed.
        """
        return self._records("q")

    @property
    def record_moments(self) -> np.ndarray:
        """First moment of the in-phase record within each bin, in units of the bin length, shaped like `records`.

        0 for an ancilla's outcome, which stands for its whole bin.
        """
        return self._records("moments")

    def _records(self, which: str) -> np.ndarray:
        records = self._raw.records(which)
        if records is None:
            raise InputError("The run did not keep its records: pass keep_records=True to run().")
        return records  # type: ignore[no-any-return]

    @property
    def shots_used(self) -> int:
        """Shots really simulated per qubit, over all iterations, calibration and exploration included."""
        return int(self._raw.shots_used)

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """Where the device has drifted and what the rule has learnt, to go on from."""
        raw = self._raw.checkpoint
        return Checkpoint(raw.device_time_s, tuple(map(tuple, raw.controllers)), tuple(map(tuple, raw.drift)))

    @property
    def carry(self) -> Checkpoint:
        """Former name of `checkpoint`, until the next minor version."""
        warnings.warn("Run.carry is called Run.checkpoint now.", DeprecationWarning, stacklevel=2)
        return self.checkpoint

    @property
    def seed(self) -> int:
        """Seed that, with the same experiment and version, gives the same bytes again."""
        return int(self._raw.seed)

    @property
    def backend(self) -> dict[str, Any] | None:
        """What played it: `name`, `emulated`, `layout` (system, ancilla), `entangling_gates`; None: simulated here."""
        return getattr(self._raw, "backend", None)

    @property
    def emulated(self) -> bool:
        """Whether what is shown is an imitation of a vendor's machine; False for its qubits, and for other targets.

        Examples:
            >>> import synqc
            >>> synqc.Experiment(target="ibm-qpu", qubits=1).run(shots=100, seed=7).emulated
            True
        """
        if self.backend is not None:
            return bool(self.backend["emulated"])
        return bool(_core.target(self.experiment.target).emulated)

    @property
    def partial(self) -> bool:
        """True if a stop came before the end."""
        return bool(self._raw.partial)

    @property
    def cycle_time_us(self) -> float:
        """From the start of one shot to the start of the next, µs."""
        return float(self._raw.cycle_time_us)

    def kpis(self) -> dict[str, Estimate]:
        """The five figures of merit (KPIs) by name."""
        return {name: getattr(self, name) for name in _KPIS}

    def figures(self) -> dict[str, Estimate]:
        """Former name of `kpis`, until the next minor version."""
        warnings.warn("Run.figures() is called Run.kpis() now.", DeprecationWarning, stacklevel=2)
        return self.kpis()

    def to_dict(self) -> dict[str, Any]:
        """Everything but arrays, as plain numbers, texts, lists and dicts, ready for JSON."""
        raw = self._raw
        played = {} if self.backend is None else {"backend": dict(self.backend)}
        return {
            **{name: list(getattr(raw, name)) for name in _KPIS},
            **played,
            "backaction_mean_per_shot": raw.backaction_mean_per_shot,
            "information_bits_per_second": raw.information_bits_per_second,
            "cycle_time_us": raw.cycle_time_us,
            "latency_terms": dict(raw.latency_terms),
            "probe": dict(raw.probe),
            "iterations": [_plain(entry) for entry in raw.iterations],
            "shots_used": raw.shots_used,
            "seed": raw.seed,
            "partial": raw.partial,
            "carry": self.checkpoint.to_dict(),
        }

    def to_json(self) -> bytes:
        """`to_dict` as a compact JSON document; a figure that is not a number is null.

        Written by the core from its own result, without a Python object per number.

        Examples:
            >>> import json, synqc
            >>> run = synqc.Experiment(qubits=1).run(shots=100, seed=7)
            >>> json.loads(run.to_json())["fidelity"] == list(run.to_dict()["fidelity"])
            True
        """
        if isinstance(self._raw, StoredResult):
            return json.dumps(_null_for_nan(self.to_dict()), separators=(",", ":")).encode()
        return _core.run_document(self._raw)

    def to_xarray(self) -> xarray.Dataset:
        """Figures, history, bits and records as a labelled dataset.

        Returns:
            Dataset with dimensions `iteration`, `qubit` and, where kept, `shot` and `bin`. Errors stand beside their
            values with the suffix `_error`; units are in each variable's `attrs`.

        Raises:
            MissingExtra: xarray is not installed.
        """
        try:
            import xarray
        except ImportError as error:
            raise MissingExtra("to_xarray() needs xarray: pip install 'synqc[xarray]'.") from error
        rows = (len(self.history), len(self.history[0].qubits))
        variables: dict[str, Any] = {}
        for name, column in self._columns().items():
            if name in ("iteration", "qubit"):
                continue
            grid = column.reshape(rows)
            is_of_batch = name in _OF_BATCH
            variables[name] = ("iteration", grid[:, 0]) if is_of_batch else (("iteration", "qubit"), grid)
        for name, figure in self.kpis().items():
            if name not in variables:
                variables[name] = ((), figure.value)
                variables[f"{name}_error"] = ((), figure.standard_error)
        if self._raw.bits is not None:
            variables["bits"] = (("iteration", "qubit", "shot"), self.bits)
        if self._raw.records("i") is not None:
            for name in ("records", "records_quadrature", "record_moments"):
                variables[name] = (("iteration", "qubit", "shot", "bin"), getattr(self, name))
        coordinates = {"iteration": np.arange(rows[0]), "qubit": np.arange(rows[1])}
        attributes = {
            "seed": self.seed,
            "partial": int(self.partial),
            "experiment": json.dumps(self.experiment.to_dict()),
        }
        dataset = xarray.Dataset(variables, coordinates, attributes)
        for label, variable in dataset.variables.items():
            variable.attrs["units"] = unit_of(str(label))
        return dataset

    def to_pandas(self) -> pandas.DataFrame:
        """Figures of each qubit in each iteration as a table; errors stand beside their values, suffixed `_error`.

        Returns:
            DataFrame with the index (iteration, qubit); `frame.attrs["units"]` has the unit of each column.

        Raises:
            MissingExtra: pandas is not installed.

        Examples:
            >>> import synqc
            >>> frame = synqc.Experiment(qubits=2).run(shots=100, iterations=3, seed=7).to_pandas()
            >>> frame.shape[0], frame.attrs["units"]["detuning_khz"]
            (6, 'kHz')
            >>> bool((frame["fidelity"].groupby("iteration").mean() > 0.9).all())
            True
        """
        try:
            import pandas
        except ImportError as error:
            raise MissingExtra("to_pandas() needs pandas: pip install 'synqc[pandas]'.") from error
        frame = pandas.DataFrame(self._columns()).set_index(["iteration", "qubit"])
        frame.attrs = {"units": {name: unit_of(name) for name in frame.columns}, "seed": self.seed}
        return frame

    def _columns(self) -> dict[str, np.ndarray]:
        rows = [(number, batch, k) for number, batch in enumerate(self.history) for k in range(len(batch.qubits))]
        columns: dict[str, Any] = {
            "iteration": [number for number, _, _ in rows],
            "qubit": [k for _, _, k in rows],
        }
        for name in ("fidelity", "one_fraction", "success", "mean_record"):
            figures = [getattr(batch.qubits[k], name) for _, batch, k in rows]
            columns[name] = [figure.value for figure in figures]
            columns[f"{name}_error"] = [figure.standard_error for figure in figures]
        for name in _PLAIN_OF_QUBIT:
            columns[name] = [getattr(batch.qubits[k], name) for _, batch, k in rows]
        for name in _OF_BATCH:
            columns[name] = [getattr(batch, name) for _, batch, _ in rows]
        return {name: np.array(values) for name, values in columns.items()}

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write everything to one file that `synqc.load` reads back equal; its form is that of the suffix.

        `.npz`: NumPy's archive without pickled objects, the one form for files of strangers. `.nc`, `.h5` and `.hdf5`:
        what `to_xarray` shows, with units, for anything that reads netCDF 4 or HDF5; `.zarr`: the same as a folder.
        `.parquet`: the table of `to_pandas`, with bits and records as lists. The file appears whole or not at all.

        Args:
            path: Where to; `.npz` is added if the name has no suffix.

        Returns:
            The path written.

        Raises:
            InputError: The name has another suffix.
            FileNotFoundError: The folder is not there.
            MissingExtra: The form needs the extra `records` (netCDF, HDF5, Zarr) or `pandas` (Parquet).
        """
        return save_result(self, path)

    def _saved(self) -> Saved:
        document = {"format": RUN_FORMAT, "experiment": self.experiment.to_dict(), "run": self.to_dict()}
        return Saved(document, {name: self._array(name) for name in ARRAYS})

    def __reduce__(self) -> tuple[Any, ...]:
        """As a file of `save`, so that what is pickled is as safe to read, and a rule of the user's own is its name."""
        content = io.BytesIO()
        write_npz(content, *self._saved(), compressed=False)
        return _unpickled, (type(self.experiment), content.getvalue(), self.interrupted)

    def __copy__(self) -> Run:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Run:
        return self

    def __eq__(self, other: object) -> bool:
        """Whether experiment, figures, bits and records are the same, whatever process they come from."""
        if not isinstance(other, Run):
            return NotImplemented
        return self is other or (
            self.experiment == other.experiment
            and json.dumps(self.to_dict()) == json.dumps(other.to_dict())  # as texts, in which NaN is equal to NaN
            and all(_same(self._array(name), other._array(name)) for name in ARRAYS)
        )

    def __hash__(self) -> int:
        return hash((self.seed, self.shots_used, self.fidelity))

    __iter__: ClassVar[None] = None
    """A run is no list, although its figures may be asked for by name."""

    def __getitem__(self, name: str) -> Estimate:
        """A figure by name: one of `kpis()`, or "success".

        Raises:
            UnknownKey: There is no such figure.

        Examples:
            >>> import synqc
            >>> run = synqc.Experiment(qubits=1).run(shots=100, seed=7)
            >>> run["fidelity"] == run.fidelity
            True
            >>> run["fidelty"]
            Traceback (most recent call last):
                ...
            synqc.errors.UnknownKey: Argument `name` must be one of fidelity, ..., but is 'fidelty'; near it: fidelity.
        """
        if name not in (known := (*_KPIS, "success")):
            raise unknown_name("name", name, known, kind=UnknownKey)
        return getattr(self, name)  # type: ignore[no-any-return]

    def __sub__(self, other: Run) -> Comparison:
        """`synqc.compare(self, other)`: every figure's difference, whose errors know what both runs share."""
        if not isinstance(other, Run):
            return NotImplemented
        return compare(self, other)

    def _array(self, name: str) -> np.ndarray | None:
        if name == "bits":
            return self._raw.bits  # type: ignore[no-any-return]
        return self._raw.records("moments" if name == "record_moments" else name[-1])  # type: ignore[no-any-return]

    def plot(self, kind: str = "summary") -> plotly.graph_objects.Figure:
        """A Plotly figure of the run.

        Args:
            kind: "summary", "latency", "history", "tracker", "records" or "bloch"; see `synqc.lab.plots`.

        Raises:
            MissingExtra: Plotly is not installed.
        """
        from synqc.lab import plots

        return plots.plot_run(self, kind)

    def __repr__(self) -> str:
        from synqc.lab.cards import text_card

        return text_card(self)

    def _repr_html_(self) -> str:
        from synqc.lab.cards import html_card

        return html_card(self)


def run_from(experiment_class: type[Experiment], saved: Saved, *, interrupted: bool = False) -> Run:
    """The run that a file holds.

    Args:
        experiment_class: `Experiment`, which knows of runs, as this module does not of it.
        saved: What the file holds.
        interrupted: Whether Ctrl-C had ended the run.
    """
    experiment = experiment_class.from_dict(saved.document["experiment"])
    run = Run.of_figures(experiment, saved.document["run"], saved.arrays, interrupted=interrupted)
    run.to_dict()
    _ = (run.history, run.kpis, run.checkpoint, run.settings, run.probe, run.success)
    return run


def _unpickled(experiment_class: type[Experiment], content: bytes, interrupted: bool) -> Run:
    return run_from(experiment_class, read_npz(io.BytesIO(content)), interrupted=interrupted)


def _same(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)


def _plain(entry: dict[str, Any]) -> dict[str, Any]:
    """Tuples as lists, so that what is saved equals what is read back."""
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in entry.items()}
    if "qubits" in plain:
        plain["qubits"] = [_plain(qubit) for qubit in plain["qubits"]]
    return plain


def _null_for_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _null_for_nan(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_null_for_nan(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def __getattr__(name: str) -> Any:
    if name == "ProbeFigures":
        warnings.warn("synqc.lab.run.ProbeFigures is called ProbeSummary now.", DeprecationWarning, stacklevel=2)
        return ProbeSummary
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
