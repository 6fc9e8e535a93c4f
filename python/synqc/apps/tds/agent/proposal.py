"""What a model proposes, as it wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from synqc.apps.tds.agent.text import clean
from synqc.llm import json_object_in

__all__ = ["Proposal", "proposal_in"]

_LONGEST_RATIONALE = 4000
_LONGEST_WARNING = 500
_MOST_WARNINGS = 20


@dataclass(frozen=True)
class Proposal:
    """A model's answer.

    Args:
        patch: Fields to change and whatever else it wrote there; not checked.
        rationale: Why.
        warnings: What to watch.
    """

    patch: dict[str, Any]
    rationale: str
    warnings: tuple[str, ...]


def proposal_in(text: str) -> Proposal:
    """The proposal an answer holds; `config_patch` and `explanation` are understood as well.

    Raises:
        ValueError: There is none; the message is for the model.

    Examples:
        >>> proposal_in('{"config_patch": {"probe_strength": 0.1}, "explanation": "gentler", "warnings": "slow"}')
        Proposal(patch={'probe_strength': 0.1}, rationale='gentler', warnings=('slow',))
    """
    said = json_object_in(text)
    patch = _first(said, "recommended_config", "config_patch")
    if not isinstance(patch, dict):
        raise ValueError("`recommended_config` must be a JSON object with the fields to change")
    rationale = _first(said, "rationale", "explanation")
    return Proposal(patch, _text(rationale, _LONGEST_RATIONALE), _warnings(said.get("warnings")))


def _first(said: dict[str, Any], *names: str) -> Any:
    return next((said[name] for name in names if said.get(name) is not None), None)


def _warnings(said: Any) -> tuple[str, ...]:
    listed = said if isinstance(said, list) else [] if said is None else [said]
    texts = (_text(one, _LONGEST_WARNING) for one in listed[:_MOST_WARNINGS])
    return tuple(text for text in texts if text)


def _text(said: Any, most: int) -> str:
    return "" if said is None else clean(said if isinstance(said, str) else str(said), most).strip()
