"""What the engine expects of a suggestion, before anybody applies it."""

from __future__ import annotations

from typing import Any, Protocol

from synqc.apps.tds.agent.errors import SuggestionInvalid
from synqc.apps.tds.models import RunConfiguration
from synqc.errors import InputError

__all__ = ["Predictor", "predict_both"]

_SHOTS = 500


class Predictor(Protocol):
    """Simulates a configuration with a small budget."""

    def predict(self, config: RunConfiguration, *, session_id: str, shots: int, seed: int) -> dict[str, Any]: ...


def predict_both(
    engine: Predictor, session_id: str, current: RunConfiguration, recommended: RunConfiguration, *, seed: int
) -> dict[str, Any]:
    """Figures of both configurations on the session's device, from one seed, so that they differ by the change alone.

    Returns:
        `current` and `recommended` (each figure with its standard error), `shots` per qubit and `seed`.

    Raises:
        SuggestionInvalid: The engine cannot run what is recommended.
    """
    now = engine.predict(current, session_id=session_id, shots=_SHOTS, seed=seed)
    try:
        then = engine.predict(recommended, session_id=session_id, shots=_SHOTS, seed=seed)
    except InputError as error:
        raise SuggestionInvalid(str(error)) from error
    return {"current": now, "recommended": then, "shots": _SHOTS, "seed": seed}
