"""A model's patch over the current configuration: known fields, within limits, and valid as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from synqc.apps.tds.agent.errors import SuggestionInvalid
from synqc.apps.tds.agent.limits import FIELDS, Limits
from synqc.apps.tds.agent.text import clean
from synqc.apps.tds.models import RunConfiguration

__all__ = ["Merged", "changes_between", "merged"]

_LONGEST_NOTES = 4000
_LONGEST_NAME = 60
_MOST_DROPPED = 10


@dataclass(frozen=True)
class Merged:
    """A configuration that can run, and what had to be done to the patch for it."""

    config: RunConfiguration
    warnings: tuple[str, ...] = ()


def merged(current: RunConfiguration, patch: dict[str, Any], limits: Limits) -> Merged:
    """The current configuration with a patch; null leaves a field as it is.

    Unknown fields are dropped and numbers out of their range are clipped, each with a warning.

    Raises:
        SuggestionInvalid: A field has a value that it cannot have.

    Examples:
        >>> result = merged(RunConfiguration(), {"probe_strength": 0.7, "gain": 2}, Limits())
        >>> result.config.probe_strength, result.warnings
        (0.5, ('Dropped unknown field `gain`.', 'Clipped `probe_strength` from 0.7 to 0.5.'))
    """
    warnings = _about_unknown([name for name in patch if name not in FIELDS])
    plain = current.model_dump(mode="json")
    given = {name: patch[name] for name in FIELDS if patch.get(name) is not None}
    warnings += [
        f"Left `{name}` as it is: a model of this size may not change it."
        for name in given if name not in limits.fields and given[name] != plain[name]
    ]  # fmt: skip
    plain |= {name: value for name, value in given.items() if name in limits.fields}
    for name, (low, high) in limits.ranges.items():
        plain[name], warning = _clipped(name, plain[name], low, high)
        warnings += warning
    if "notes" in limits.fields and isinstance(patch.get("notes"), str):
        plain["notes"] = clean(patch["notes"], _LONGEST_NOTES)
    try:
        return Merged(RunConfiguration.model_validate(plain), tuple(warnings))
    except ValidationError as error:
        raise SuggestionInvalid(_words(error)) from None


def changes_between(old: RunConfiguration, new: RunConfiguration) -> dict[str, dict[str, Any]]:
    """Fields that differ, each with its old and its new value.

    >>> changes_between(RunConfiguration(), RunConfiguration(probe_strength=0.1))
    {'probe_strength': {'old': 0.2, 'new': 0.1}}
    """
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    return {name: {"old": before[name], "new": after[name]} for name in FIELDS if before[name] != after[name]}


def _about_unknown(names: list[str]) -> list[str]:
    told = [f"Dropped unknown field `{clean(name, _LONGEST_NAME)}`." for name in names[:_MOST_DROPPED]]
    rest = len(names) - len(told)
    return [*told, f"Dropped {rest} more unknown fields."] if rest else told


def _clipped(name: str, value: Any, low: float, high: float) -> tuple[Any, list[str]]:
    """A number within its range, and the warning that it was not."""
    number = _number(value)
    if number is None:
        raise SuggestionInvalid(f"`{name}` must be a number, but is {clean(repr(value), _LONGEST_NAME)}.")
    within: float = min(max(number, low), high)
    if isinstance(low, int):
        within = round(within)
    if within == number:
        return within, []
    shown = (
        f"{number:.6g}" if isinstance(number, float) or abs(number) < 1e15 else f"about 1e{len(str(abs(number))) - 1}"
    )
    verb = "Clipped" if number < low or number > high else "Rounded"
    return within, [f"{verb} `{name}` from {shown} to {within:g}."]


def _number(value: Any) -> float | int | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        return None
    return value


def _words(error: ValidationError) -> str:
    """The first problem: where and what, with the value shortened."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"`{where}`: {first['msg']}, but is {clean(repr(first.get('input')), _LONGEST_NAME)}."
