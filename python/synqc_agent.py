"""The agent as scripts of old know it: `from synqc_agent import SynQcAgent`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from synqc.apps.tds.agent.advice import Advice, ask_for_proposals
from synqc.apps.tds.agent.errors import AgentAbsent, AgentFailed, GoalBlank
from synqc.apps.tds.agent.limits import Limits
from synqc.apps.tds.settings import TdsSettings
from synqc.llm import OPENAI_URL, Endpoint, LanguageModelError, LanguageModels

__all__ = ["AgentSuggestion", "SynQcAgent"]

_REPEATS = 3


@dataclass
class AgentSuggestion:
    """What the model proposes: a partial configuration, as it wrote it; nothing is checked or clipped here."""

    recommended_config: dict[str, Any]
    rationale: str
    warnings: list[str]


class SynQcAgent:
    """Asks the language model that the environment names for suggestions.

    Args:
        model: None: `SYNQC_AGENT_MODEL`.
        temperature: 0 to 1; values outside are taken as the nearest.

    Raises:
        AgentAbsent: `OPENAI_API_KEY` is not set.
    """

    def __init__(self, model: str | None = None, temperature: float = 0.1) -> None:
        settings = TdsSettings.from_environment()
        if not settings.openai_api_key:
            raise AgentAbsent
        self.model = model or settings.agent_model
        self.temperature = temperature
        self._limits = Limits.of(settings)
        self._models = LanguageModels(
            Endpoint(base_url=settings.openai_base_url or OPENAI_URL, api_key=settings.openai_api_key)
        )

    def suggest(
        self,
        session_snapshot: Mapping[str, Any],
        goal: str,
        model: str | None = None,
        temperature: float | None = None,
    ) -> AgentSuggestion:
        """A small change for the session's next run.

        Args:
            session_snapshot: The session as plain values; goes to the model as it is.
            goal: What to aim at.
            model, temperature: Instead of the agent's own.

        Raises:
            GoalBlank: It is blank; also a ValueError.
            AgentFailed: The model gave no usable answer.
        """
        if not goal.strip():
            raise GoalBlank
        chosen = self.temperature if temperature is None else temperature
        try:
            asked = ask_for_proposals(
                self._models, model=model or self.model, temperature=min(max(chosen, 0.0), 1.0), goal=goal,
                snapshot=dict(session_snapshot), limits=self._limits, repeats=_REPEATS,
            )  # fmt: skip
            advice = Advice.of(asked.result())
        except LanguageModelError as error:
            raise AgentFailed(str(error)) from error
        proposal = advice.completions[0].value
        return AgentSuggestion(proposal.patch, proposal.rationale, list(proposal.warnings))
