"""Controls of an experiment's arguments: a slider for a number, a list for a choice, a box for a flag."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from synqc import _core
from synqc.errors import InputError
from synqc.lab._near_words import unknown_name
from synqc.lab.device import Device, presets
from synqc.lab.experiment import Experiment
from synqc.lab.units import unit_of

__all__ = ["Control", "controls_of"]

_STEPS = 100
_WIDEST = 1e4  # a range of more is no range for a slider
_ARGUMENTS = {entry["name"]: entry for entry in _core.experiment_fields()}
_KINDS = ("number", "whole", "flag", "text", "rule", "preset")


@dataclass(frozen=True)
class Control:
    """Control of one argument.

    Args:
        name: The argument.
        low, high: Range of a number.
        choices: Values to choose from, of an argument that is no number.

    Examples:
        >>> Control("qubits", low=1, high=8).words()["step"], Control("target", choices=["ionq"]).words()["kind"]
        (1, 'choice')
    """

    name: str
    low: float = 0.0
    high: float = 1.0
    choices: Sequence[str] = field(default=())

    def words(self) -> dict[str, Any]:
        """Everything a page needs to draw it."""
        entry = _ARGUMENTS[self.name]
        unit = unit_of(self.name)
        told = {"name": self.name, "meaning": entry["meaning"], "unit": "" if unit == "1" else unit}
        if self.choices:
            return told | {"kind": "choice", "choices": list(self.choices)}
        if entry["kind"] == "flag":
            return told | {"kind": "flag"}
        step = 1 if entry["kind"] == "whole" else _round_step(self.high - self.low)
        return told | {"kind": "number", "low": self.low, "high": self.high, "step": step}


def controls_of(experiment: Experiment, named: Sequence[str] | Mapping[str, Any]) -> list[Control]:
    """A control for each argument.

    Args:
        experiment: Values of the controls at first.
        named: Names, or a mapping of names to ranges and choices.

    Raises:
        InputError: A range is missing or does not hold the present value.
        UnknownName: There is no argument of that name.

    Examples:
        >>> controls_of(Experiment("ibm_fez"), {"t1_us": (10, 300)})
        [Control(name='t1_us', low=10.0, high=300.0, choices=())]
    """
    given: Mapping[str, Any] = named if isinstance(named, Mapping) else dict.fromkeys(named)
    return [_control(experiment, name, wanted) for name, wanted in given.items()]


def setting_of(experiment: Experiment, name: str) -> Any:
    """Where a control stands: the argument, or what the device has where it is None."""
    value = getattr(experiment, name)
    if name == "preset":
        return value.name if isinstance(value, Device) else value
    if value is None:
        return getattr(experiment.device, name, None)
    return value


def _control(experiment: Experiment, name: str, wanted: Any) -> Control:
    movable = [one for one, entry in _ARGUMENTS.items() if entry["kind"] in _KINDS]
    if name not in movable:
        raise unknown_name("controls", name, movable)
    entry, value = _ARGUMENTS[name], setting_of(experiment, name)
    if entry["kind"] == "flag":
        return Control(name)
    if entry["kind"] in ("text", "rule", "preset"):
        return Control(name, choices=_choices(name, wanted, value))
    if value is None:
        raise InputError(f"Argument `{name}` must be a number where a slider is to move it, but is None.")
    low, high = _natural_range(entry, value) if wanted is None else _range(name, wanted)
    if not low <= value <= high:
        raise InputError(f"The range of `{name}` must hold its present value {value:g}, but is {low:g} to {high:g}.")
    return Control(name, low, high)


def _choices(name: str, wanted: Any, value: Any) -> list[str]:
    if not isinstance(value, str):
        raise InputError(f"Argument `{name}` must be a name where a list is to choose it, but is {value!r}.")
    known = list(presets()) if name == "preset" else _ARGUMENTS[name]["choices"]
    choices = [one for one in known if one != "samples"] if wanted is None else list(wanted)
    for one in choices:
        if one not in known:
            raise unknown_name(name, one, known)
    return choices if value in choices else [value, *choices]


def _range(name: str, wanted: Any) -> tuple[float, float]:
    try:
        low, high = (float(end) for end in wanted)
    except (TypeError, ValueError) as error:
        raise InputError(f"The range of `{name}` must be two numbers, low and high, but is {wanted!r}.") from error
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InputError(f"The range of `{name}` must be two finite numbers, the lower first, but is {wanted!r}.")
    return low, high


def _natural_range(entry: Mapping[str, Any], value: float) -> tuple[float, float]:
    """The bounds of an argument where they are near; else up to four times its value."""
    low, high = entry["least"], entry["most"]
    if low is not None and high is not None and high - low <= _WIDEST and entry["kind"] == "number":
        return low, high
    if not value > 0:
        raise InputError(
            f"Argument `controls` must have a range for `{entry['name']}`, which is {value:g} and has none of its own, "
            f"as in {{{entry['name']!r}: (low, high)}}."
        )
    return max(0.0 if low is None else low, 0.0), 4 * value


def _round_step(width: float) -> float:
    """A hundredth of a range, rounded down to 1, 2 or 5 times a power of ten."""
    wanted = width / _STEPS
    power = 10.0 ** math.floor(math.log10(wanted))
    return float(f"{max(one for one in (1, 2, 5) if one * power <= wanted * (1 + 1e-9)) * power:.1g}")
