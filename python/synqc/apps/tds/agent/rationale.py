"""Reasons in words that agree with what is suggested: what changes is told from the changes, not by the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["rationale_of_changes"]

_UNITS: Final = {"probe_duration_ns": " ns"}
_LONGEST_QUOTE: Final = 600


def rationale_of_changes(changes: Mapping[str, Mapping[str, Any]], *, said: str, model: str, where: str) -> str:
    """What would change, and what the model said about it, quoted: small models contradict their own patch.

    >>> changes = {"probe_strength": {"old": 0.2, "new": 0.1}}
    >>> print(rationale_of_changes(changes, said="Raise it.", model="m", where="here"))
    Lowers probe_strength from 0.2 to 0.1. In the words of m (here): “Raise it.”
    >>> print(rationale_of_changes({}, said="", model="m", where="here"))
    Changes nothing. Suggested by m (here), without a reason.
    """
    told = "; ".join(_told(name, change["old"], change["new"]) for name, change in changes.items())
    sentence = f"{told[0].upper()}{told[1:]}." if told else "Changes nothing."
    quote = " ".join(said.split())[:_LONGEST_QUOTE]
    if not quote:
        return f"{sentence} Suggested by {model} ({where}), without a reason."
    return f"{sentence} In the words of {model} ({where}): “{quote}”"


def _told(name: str, old: Any, new: Any) -> str:
    unit = _UNITS.get(name, "")
    if isinstance(old, (int, float)) and isinstance(new, (int, float)):
        return f"{'raises' if new > old else 'lowers'} {name} from {old:.6g}{unit} to {new:.6g}{unit}"
    return f"sets {name} from {old} to {new}"
