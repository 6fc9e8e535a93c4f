"""From a configuration of the service to an experiment of the laboratory, and back to figures of merit."""

from __future__ import annotations

import hashlib
import io
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from synqc import _core
from synqc.apps.tds.models import HardwareTarget, RunConfiguration, finite_or_none, finite_or_zero
from synqc.cache import MemoryCache
from synqc.errors import InputError, ServiceStopping, SynqcError
from synqc.lab.checkpoint import Checkpoint
from synqc.lab.device import targets
from synqc.lab.experiment import Experiment, StopFlag
from synqc.lab.run import Run

__all__ = [
    "Batches",
    "EngineResult",
    "ReplayDiffers",
    "SynQcEngine",
    "batches_for",
    "device_seed",
    "figures_of",
    "filters",
    "is_emulated",
    "learns",
    "takes_long",
]

_RULES = {rule["name"]: rule for rule in _core.rule_properties()}
_MOST_ITERATIONS_AT_ONCE = 100
_SHOTS_OF_A_LONG_RUN = 100_000  # per qubit; some 30 ms
_PARALLEL_FROM = 100_000  # shots of all qubits, below which a second thread costs more than it brings
_SEED_STEP = 0x9E3779B97F4A7C15  # 2**64 over the golden ratio: seeds of a run's batches lie far apart


class ReplayDiffers(SynqcError):
    """A stored run cannot be simulated again to the same figures, because the engine has changed since."""

    code = "replay_differs"


@dataclass(frozen=True)
class Batches:
    """Batches of one size that run in one go."""

    shots: int
    iterations: int


def shots_per_iteration(config: RunConfiguration) -> int:
    """Cost of one iteration: 800 + floor(0.3 * probe_duration_ns)."""
    return int(_core.cost_law_shots(config.probe_duration_ns))


def learns(config: RunConfiguration) -> bool:
    """Whether the configuration's rule explores."""
    return bool(_RULES[config.adaptive_rule.value]["learns"])


def filters(config: RunConfiguration) -> bool:
    """Whether a quantum filter chooses each shot's second drive, so that settings alone do not tell what the rule does.

    Examples:
        >>> filters(RunConfiguration(adaptive_rule="bayes")), filters(RunConfiguration(adaptive_rule="rl"))
        (True, False)
    """
    return bool(_RULES[config.adaptive_rule.value]["filters"])


def batches_for(config: RunConfiguration, iterations: int, budget: int | None) -> list[Batches]:
    """How to spend a budget: whole iterations while it lasts, then what is left of it in one smaller batch.

    Args:
        config: Gives the size of an iteration.
        iterations: Wanted.
        budget: Shots left, or None if they cost nothing.

    Returns:
        Batches. With nothing left: one iteration that charges nothing.

    Examples:
        >>> batches_for(RunConfiguration(), 5, 4096)
        [Batches(shots=836, iterations=4), Batches(shots=752, iterations=1)]
        >>> batches_for(RunConfiguration(), 5, 0)
        [Batches(shots=836, iterations=1)]
    """
    shots = shots_per_iteration(config)
    if budget is not None and budget <= 0:
        return [Batches(shots, 1)]
    whole, rest = (iterations, 0) if budget is None else divmod(min(shots * iterations, budget), shots)
    # A learner's batch takes long: its progress shall be seen.
    at_once = 1 if learns(config) else _MOST_ITERATIONS_AT_ONCE
    batches = [Batches(shots, min(at_once, whole - done)) for done in range(0, whole, at_once)]
    if rest:
        batches.append(Batches(rest, 1))
    return batches


def takes_long(config: RunConfiguration, iterations: int) -> bool:
    """Whether others had better not wait for this run."""
    return learns(config) or shots_per_iteration(config) * iterations > _SHOTS_OF_A_LONG_RUN


@dataclass
class EngineResult:
    """What the engine found.

    Args:
        run: Figures: of the last batches of full size, or of what there was.
        runs: All of them in order, one per entry of `batches`.
        measurements: {qubit, p0, p1, last} per qubit.
        shots: Really simulated per qubit.
        seed: Reproduces it together with `carry_in` and `batches`.
        batches: Asked for.
        carry_in, carry_out: Device and rule before and after.
        partial: A stop came first.
        wall_seconds: It took.
    """

    run: Run
    runs: list[Run]
    measurements: list[dict[str, Any]]
    shots: int
    seed: int
    batches: Sequence[Batches]
    carry_in: Checkpoint | None
    carry_out: Checkpoint
    partial: bool
    wall_seconds: float


class SynQcEngine:
    """Runs configurations of the service.

    Each session has a device of its own, drawn from its id, which drifts and which its rule learns from run to run.

    Examples:
        >>> measured = SynQcEngine()._synthesize_measurements(RunConfiguration())
        >>> [entry["qubit"] for entry in measured], measured[0]["p0"] + measured[0]["p1"]
        ([0, 1, 2, 3], 1.0)
    """

    def __init__(self) -> None:
        self.experiments = MemoryCache(4096)
        self._stop = StopFlag()

    def stop(self) -> None:
        """End what is simulated beside runs, and begin no more of it: the service is shutting down."""
        self._stop.stop()

    def experiment(self, config: RunConfiguration, session_id: str = "", *, adaptive_rule: Any = None) -> Experiment:
        """The laboratory's experiment for a configuration on a session's device."""
        key = (
            config.hardware_target.value, config.hardware_preset.value, config.drive_envelope.value,
            config.probe_strength, config.probe_duration_ns, config.adaptive_rule.value, config.objective.value,
            session_id,
        )  # fmt: skip
        found: Experiment | None = self.experiments.get(key)
        if found is None:
            target, preset, envelope, strength, duration, rule, objective, _ = key
            found = Experiment(
                preset, target=target, envelope=envelope, probe_strength=strength, probe_duration_ns=duration,
                adaptive_rule=rule, objective=objective, device_seed=device_seed(session_id),
            )  # fmt: skip
            self.experiments.set(key, found)
        return found if adaptive_rule is None else found.replace(adaptive_rule=adaptive_rule)

    def run(
        self,
        config: RunConfiguration,
        *,
        session_id: str = "",
        batches: Sequence[Batches] | None = None,
        seed: int | None = None,
        carry: Checkpoint | None = None,
        stop: StopFlag | None = None,
        progress: Callable[[int, int], object] | None = None,
        after_batches: Callable[[Run], object] | None = None,
        keep_records: bool = False,
    ) -> EngineResult:
        """Simulate.

        Args:
            config: What to do.
            session_id: Whose device it is done on.
            batches: From `batches_for`; one iteration by default.
            seed: Of all randomness; drawn if None.
            carry: State of device and rule.
            stop: Ends it within 50 ms.
            progress: Called with (shots done, shots in all) of all qubits.
            after_batches: Called with the running result when some batches are done.
            keep_records: Keep every record.

        Raises:
            SynqcError: It was stopped before any shot was complete.
            InputError: The configuration cannot be simulated.
        """
        experiment = self.experiment(config, session_id)
        batches = batches or batches_for(config, 1, None)
        seed = random.getrandbits(53) if seed is None else seed  # need not be secret, and asks no system call
        total = sum(one.shots * one.iterations for one in batches) * experiment.qubits
        threads = 0 if total >= _PARALLEL_FROM else 1
        started = time.perf_counter()
        before, done, shots = carry, 0, 0
        best: Run | None = None
        runs: list[Run] = []
        partial = False
        for number, some in enumerate(batches):
            try:
                run = experiment.run(
                    some.shots, iterations=some.iterations, seed=(seed + number * _SEED_STEP) % 2**63,
                    resume_from=carry, stop=stop,
                    progress=False if progress is None else _shifted(progress, done, total),
                    keep_bits=True, keep_records=keep_records, threads=threads,
                )  # fmt: skip
            except InputError:
                raise
            except SynqcError:  # the stop came before this batch had anything
                if best is None:
                    raise
                partial = True
                break
            carry = run.checkpoint
            done += some.shots * some.iterations * experiment.qubits
            shots += run.shots_used
            runs.append(run)
            if best is None or some.shots >= batches[0].shots:
                best = run
            if run.partial:
                partial = True
                break
            if progress is not None:
                progress(done, total)  # short batches end before the engine would have told
            if after_batches is not None:
                after_batches(run)
        assert best is not None
        assert carry is not None
        return EngineResult(
            best, runs, _measurements(best), shots, seed, batches, before, carry, partial, time.perf_counter() - started
        )

    def predict(self, config: RunConfiguration, *, session_id: str, shots: int, seed: int) -> dict[str, Any]:
        """Figures to expect, from a small budget: each {"value", "standard_error"}."""
        with self._until_stopped() as stop:
            result = self.run(config, session_id=session_id, batches=[Batches(shots, 1)], seed=seed, stop=stop)
        return figures_of(result.run)

    def records(self, config: RunConfiguration, session_id: str, replay: dict[str, Any]) -> bytes:
        """Bits and records of a stored run as an `.npz`: simulated again from its seed, and checked against it.

        Raises:
            ReplayDiffers: The engine is not the one that ran it.
            ServiceStopping: The service is shutting down.
        """
        batches = [Batches(*pair) for pair in replay["batches"]]
        carry = None if replay["carry"] is None else Checkpoint.from_dict(replay["carry"])
        with self._until_stopped() as stop:
            result = self.run(
                config, session_id=session_id, batches=batches, seed=replay["seed"], carry=carry, keep_records=True,
                stop=stop,
            )  # fmt: skip
        if result.run.fidelity.value != replay["fidelity"]:
            raise ReplayDiffers(
                f"The run was made by SynQc {replay['version']} and cannot be repeated to the same bytes: its fidelity "
                f"was {replay['fidelity']}, now it is {result.run.fidelity.value}."
            )
        arrays: dict[str, np.ndarray] = {}
        for name in ("bits", "records", "records_quadrature"):
            arrays[name] = _stacked([getattr(run, name) for run in result.runs])
        file = io.BytesIO()
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        return file.getvalue()

    @contextmanager
    def _until_stopped(self) -> Iterator[StopFlag]:
        """A stop that comes from `stop` means that what is simulated is of no use, whole or in part.

        Raises:
            ServiceStopping: It came.
        """
        try:
            yield self._stop
        except InputError:
            raise
        except SynqcError as error:
            if self._stop.requested:
                raise ServiceStopping from error
            raise
        if self._stop.requested:
            raise ServiceStopping

    def _synthesize_measurements(self, cfg: RunConfiguration, fidelity: float = 0.95) -> list[dict[str, Any]]:
        """Readout of each qubit for a configuration: one simulated iteration.

        An older signature, which scripts call. Measurements are simulated, not made to fit a wish: `fidelity` is
        accepted and has no effect.
        """
        return self.run(cfg).measurements


def device_seed(session_id: str) -> int:
    """Draws a session's individuals: the same id always has the same device."""
    return int.from_bytes(hashlib.sha256(session_id.encode()).digest()[:6], "big") if session_id else 0


def figures_of(run: Run) -> dict[str, Any]:
    """Figures of merit with their standard errors, as plain values; an error that nobody can know is None."""
    figures = {**run.kpis(), "success": run.success}
    return {
        name: {"value": finite_or_zero(figure.value), "standard_error": finite_or_none(figure.standard_error)}
        for name, figure in figures.items()
    }


def is_emulated(target: HardwareTarget) -> bool:
    """Whether a provider's machine is simulated here."""
    return _EMULATED[target.value]


_EMULATED = {name: one.emulated for name, one in targets().items()}


def _shifted(progress: Callable[[int, int], object], offset: int, total: int) -> Callable[[int, int], object]:
    return lambda done, _: progress(offset + done, total)


def _measurements(run: Run) -> list[dict[str, Any]]:
    measured = []
    for qubit, one in enumerate(run.one_fraction_series[0][-1].tolist()):
        p1 = min(1.0, max(0.0, one))
        bits = run.bits[-1, qubit]
        if run.partial:
            bits = bits[bits != 255]
        measured.append({"qubit": qubit, "p0": 1.0 - p1, "p1": p1, "last": int(bits[-1]) if bits.size else 0})
    return measured


def _stacked(parts: list[np.ndarray]) -> np.ndarray:
    """Arrays (iterations, qubits, shots, ...) one after the other; shorter batches are filled up: 255 or NaN."""
    longest = max(part.shape[2] for part in parts)
    filled = []
    for part in parts:
        widths = [(0, 0)] * part.ndim
        widths[2] = (0, longest - part.shape[2])
        fill = 255 if part.dtype == np.uint8 else np.nan
        filled.append(np.pad(part, widths, constant_values=fill))
    return np.concatenate(filled)
