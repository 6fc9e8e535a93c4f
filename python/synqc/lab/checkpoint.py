"""Checkpoints: what one run leaves to the next, that is where the device has drifted and what its rule has learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from synqc import _core
from synqc.errors import InputError

__all__ = ["Checkpoint"]


@dataclass(frozen=True)
class Checkpoint:
    """Checkpoint of a run: where its device and its rule are; plain numbers, so that it outlives the process.

    Args:
        device_time_s: The device's own clock.
        controllers: One list of numbers per qubit, as its rule wrote them; none lets the rule start afresh.
        drift: One list of numbers per qubit; none lets the device start afresh.

    Examples:
        >>> import synqc
        >>> experiment = synqc.Experiment(adaptive_rule="kalman", qubits=1)
        >>> first = experiment.run(shots=500, seed=7)
        >>> carried = synqc.Checkpoint.from_dict(first.checkpoint.to_dict())
        >>> experiment.run(shots=500, seed=8, resume_from=carried).history[0].device_time_s > carried.device_time_s
        True
        >>> other_rule = experiment.replace(adaptive_rule="bayes")
        >>> other_rule.run(shots=500, seed=8, resume_from=carried.without_rule()).partial
        False
    """

    device_time_s: float
    controllers: tuple[tuple[float, ...], ...] = ()
    drift: tuple[tuple[float, ...], ...] = ()

    def without_rule(self) -> Checkpoint:
        """The device as it is, for a rule that has not seen it."""
        return replace(self, controllers=())

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, ready for JSON."""
        return {
            "device_time_s": self.device_time_s,
            "controllers": [list(state) for state in self.controllers],
            "drift": [list(state) for state in self.drift],
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Checkpoint:
        """What `to_dict` wrote.

        Raises:
            InputError: A member is missing or not made of numbers.
        """
        try:
            return cls(float(plain["device_time_s"]), _states(plain["controllers"]), _states(plain["drift"]))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"Argument `plain` must hold device_time_s, controllers and drift as numbers, but is {plain!r}."
            ) from error

    def _to_core(self) -> Any:
        return _core.Checkpoint(self.device_time_s, self.controllers, self.drift)


def _states(lists: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(value) for value in state) for state in lists)
