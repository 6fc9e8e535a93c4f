"""Several proposals as one: the median of each number, the majority of each choice."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from synqc.apps.tds.agent.limits import FIELDS
from synqc.apps.tds.models import RunConfiguration

__all__ = ["combined", "disagreement_among", "nearest"]

_NUMBERS = ("probe_strength", "probe_duration_ns")


def combined(configs: Sequence[RunConfiguration], current: RunConfiguration) -> RunConfiguration:
    """Median of each number and majority of each choice; in a tie the current value, else the earliest, wins.

    >>> three = [RunConfiguration(probe_strength=strength) for strength in (0.1, 0.3, 0.15)]
    >>> combined(three, RunConfiguration()).probe_strength
    0.15
    """
    plain = current.model_dump(mode="json")
    votes = [config.model_dump(mode="json") for config in configs]
    for name in FIELDS:
        cast = [vote[name] for vote in votes]
        plain[name] = median(cast) if name in _NUMBERS else _majority(cast, plain[name])
    plain["probe_duration_ns"] = round(plain["probe_duration_ns"])
    return RunConfiguration.model_validate(plain)


def disagreement_among(configs: Sequence[RunConfiguration]) -> dict[str, list[Any]]:
    """Fields on which not all agree, each with the value of every vote.

    >>> disagreement_among([RunConfiguration(), RunConfiguration(probe_strength=0.1)])
    {'probe_strength': [0.2, 0.1]}
    """
    votes = [config.model_dump(mode="json") for config in configs]
    cast = {name: [vote[name] for vote in votes] for name in FIELDS}
    return {name: values for name, values in cast.items() if any(value != values[0] for value in values)}


def nearest(configs: Sequence[RunConfiguration], result: RunConfiguration) -> int:
    """Which vote the result resembles most: its reasons are the ones to give."""
    wanted = result.model_dump(mode="json")
    agreement = [
        sum(vote[name] == wanted[name] for name in FIELDS) for vote in (c.model_dump(mode="json") for c in configs)
    ]
    return agreement.index(max(agreement))


def _majority(cast: Sequence[Any], current: Any) -> Any:
    most = max(cast.count(value) for value in cast)
    leading = [value for value in cast if cast.count(value) == most]
    return current if current in leading else leading[0]
