"""A device that is known with some uncertainty: samples of devices, and what runs and sweeps make of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from synqc.errors import InputError, NumericalError, ShapeError
from synqc.infer.fit import Fit
from synqc.infer.likelihood import RealArray
from synqc.lab.device import Device
from synqc.lab.estimate import Estimate
from synqc.lab.experiment import Experiment
from synqc.lab.run import Run
from synqc.lab.sweep import Sweep, sweep

__all__ = ["DevicePosterior", "PropagatedKpis", "PropagatedSweep"]

_FIELDS = (
    "t1_us",
    "t2_us",
    "tphi_us",
    "thermal_population",
    "p0_given_1",
    "p1_given_0",
    "efficiency",
    "gamma_max_per_us",
    "detuning_khz",
    "amplitude_error",
)
_MOST_ROUNDS = 1000


@dataclass(frozen=True)
class PropagatedKpis:
    """KPIs of runs on devices drawn from a posterior.

    Args:
        runs: One per device.
        kpis: Mean of each KPI over the runs; the error holds what is not known of the device and the noise of a run.
    """

    runs: tuple[Run, ...] = field(repr=False)
    kpis: dict[str, Estimate]


@dataclass(frozen=True)
class PropagatedSweep:
    """Sweeps over devices drawn from a posterior.

    Args:
        sweeps: One per device.
    """

    sweeps: tuple[Sweep, ...]

    def mean(self, name: str) -> RealArray:
        """Mean of a KPI over the devices, on the sweep's grid."""
        return np.asarray(np.mean([one[name] for one in self.sweeps], axis=0))

    def error(self, name: str) -> RealArray:
        """Deviation of a KPI over the devices, noise of the runs included."""
        return np.asarray(np.std([one[name] for one in self.sweeps], axis=0, ddof=1))


class DevicePosterior:
    """A `Device` with uncertainty: what a posterior says of its parameters.

    Args:
        device: Everything that the posterior says nothing of.
        samples: Draws (draws,) of parameters of the device, by the names that `Device.replace` has; element k of all
            belongs together.

    Raises:
        InputError: A name is none of a device's.
        ShapeError: Numbers of draws differ.

    Examples:
        >>> import numpy as np
        >>> import synqc
        >>> draws = np.random.default_rng(1).normal(80.0, 4.0, 50)
        >>> known = DevicePosterior(synqc.device("transmon-default"), {"t1_us": draws})
        >>> len(known.devices(3, seed=1)), abs(known.estimates["t1_us"].value - 80.0) < 3.0
        (3, True)
    """

    def __init__(self, device: Device, samples: Mapping[str, ArrayLike]) -> None:
        columns = {name: np.asarray(values, dtype=np.float64) for name, values in samples.items()}
        for name in columns:
            if name not in _FIELDS:
                raise InputError(f"Argument `samples` must have names among {', '.join(_FIELDS)}, but has {name!r}.")
        shapes = {column.shape for column in columns.values()}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1 or next(iter(shapes))[0] < 2:
            raise ShapeError(f"Argument `samples` must hold arrays of one shape (draws,), but has shapes {shapes}.")
        self.device = device
        self.samples = columns

    @classmethod
    def from_fits(cls, device: Device, fits: Sequence[Fit], *, draws: int = 1000, seed: int) -> DevicePosterior:
        """From fits of separate data, each by its Laplace approximation; parameters that no device has are left out.

        Args:
            device: Everything else.
            fits: Such as a T1 curve's, a Ramsey curve's and a record's.
            draws: How many to draw. Those with T2 beyond 2 T1 are drawn again.
            seed: Of the draws.

        Raises:
            InputError: A parameter of the device is in two fits, not determined, or in none.
            NumericalError: Hardly any draw has a T2 below 2 T1.
        """
        where: dict[str, tuple[int, int]] = {}
        for number, found in enumerate(fits):
            for column, name in enumerate(found.likelihood.names):
                if name not in _FIELDS:
                    continue
                if name in where:
                    raise InputError(f"Argument `fits` must hold each parameter once, but {name!r} is in two of them.")
                if math.isnan(found.estimates[name].standard_error):
                    raise InputError(f"Argument `fits` must determine what they hold, but {name!r} is left open.")
                where[name] = (number, column)
        if not where:
            raise InputError(f"Argument `fits` must hold one of {', '.join(_FIELDS)}, but holds none.")
        kept: list[dict[str, float]] = []
        for attempt in range(_MOST_ROUNDS):
            tables = [
                found.sample(draws, seed=int(np.random.SeedSequence([seed, attempt, number]).generate_state(1)[0]))
                for number, found in enumerate(fits)
            ]
            for row in range(draws):
                values = {name: float(tables[number][row, column]) for name, (number, column) in where.items()}
                if values.get("t2_us", 0.0) <= 2 * values.get("t1_us", device.t1_us):
                    kept.append(values)
            if len(kept) >= draws:
                return cls(device, {name: np.array([values[name] for values in kept[:draws]]) for name in where})
        raise NumericalError("Hardly any draw has t2_us at most 2 * t1_us: the fits contradict each other.")

    @property
    def estimates(self) -> dict[str, Estimate]:
        """Mean and standard deviation of each parameter."""
        return {
            name: Estimate(float(column.mean()), float(column.std(ddof=1))) for name, column in self.samples.items()
        }

    def devices(self, count: int, *, seed: int) -> list[Device]:
        """Devices drawn from the posterior.

        Args:
            count: How many.
            seed: Of the choice among the draws.
        """
        if count < 1:
            raise InputError(f"Argument `count` must be at least 1, but is {count}.")
        size = len(next(iter(self.samples.values())))
        generator = np.random.default_rng(seed)
        chosen = generator.permutation(size)[:count] if count <= size else generator.integers(size, size=count)
        return [self._at(int(k)) for k in chosen]

    def _at(self, draw: int) -> Device:
        changes: dict[str, Any] = {name: float(column[draw]) for name, column in self.samples.items()}
        return self.device.replace(**changes)

    def run(self, experiment: Experiment, shots: int | None = None, *, devices: int = 20, seed: int) -> PropagatedKpis:
        """Run an experiment on devices drawn from the posterior.

        Args:
            experiment: Its `preset` is replaced.
            shots: As in `Experiment.run`.
            devices: How many.
            seed: Of devices and runs.
        """
        _check_devices(devices)
        runs = tuple(
            replace(experiment, preset=device).run(shots, seed=seed + k, progress=False)
            for k, device in enumerate(self.devices(devices, seed=seed))
        )
        kpis = {}
        for name in runs[0].kpis():
            values = np.array([run.kpis()[name].value for run in runs])
            kpis[name] = Estimate(float(values.mean()), float(values.std(ddof=1)))
        return PropagatedKpis(runs, kpis)

    def sweep(
        self,
        experiment: Experiment,
        axes: Mapping[str, Sequence[Any]],
        *,
        shots: int | None = None,
        devices: int = 20,
        seed: int,
    ) -> PropagatedSweep:
        """Sweep an experiment on devices drawn from the posterior.

        Args:
            experiment: Its `preset` is replaced.
            axes, shots: As in `synqc.sweep`.
            devices: How many.
            seed: Of devices and runs.
        """
        _check_devices(devices)
        return PropagatedSweep(
            tuple(
                sweep(replace(experiment, preset=device), axes, shots=shots, seed=seed + k, progress=False)
                for k, device in enumerate(self.devices(devices, seed=seed))
            )
        )


def _check_devices(devices: int) -> None:
    if devices < 2:
        raise InputError(f"Argument `devices` must be at least 2, but is {devices}.")
