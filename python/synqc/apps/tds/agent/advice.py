"""Asks the model for proposals: one, or several votes at once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from synqc.apps.tds.agent.limits import Limits
from synqc.apps.tds.agent.prompts import suggestion_form, suggestion_messages
from synqc.apps.tds.agent.proposal import Proposal, proposal_in
from synqc.cache import Control
from synqc.llm import Completion, LanguageModelError, LanguageModels, Request

__all__ = ["Advice", "Outcomes", "ask_for_proposals"]

_DEADLINE_S = 180.0

Outcomes = Sequence[Completion[Proposal] | LanguageModelError]


@dataclass(frozen=True)
class Advice:
    """What came of all votes.

    Args:
        completions: Usable answers, in the order of the votes; at least one.
        failures: What happened to the others.
    """

    completions: tuple[Completion[Proposal], ...]
    failures: tuple[LanguageModelError, ...]

    @classmethod
    def of(cls, outcomes: Outcomes) -> Advice:
        """Answers apart from failures.

        Raises:
            LanguageModelError: Not one answer is usable.
        """
        completions = tuple(one for one in outcomes if isinstance(one, Completion))
        failures = tuple(one for one in outcomes if isinstance(one, LanguageModelError))
        if not completions:
            raise failures[0]
        return cls(completions, failures)


def ask_for_proposals(
    models: LanguageModels,
    *,
    model: str,
    temperature: float,
    goal: str,
    snapshot: dict[str, Any],
    limits: Limits,
    repeats: int,
    votes: int = 1,
    control: Control | None = None,
) -> Future[list[Completion[Proposal] | LanguageModelError]]:
    """Ask the model so many times at once, each time again if its answer is malformed.

    Raises:
        InputError: No model can have that name.
    """
    messages, form = suggestion_messages(goal, snapshot, limits), suggestion_form(limits)
    requests = [
        Request(
            model=model, messages=messages, temperature=temperature, max_tokens=limits.max_tokens, form=form,
            sample=vote,
        )
        for vote in range(votes)
    ]  # fmt: skip
    return models.submit_all(requests, proposal_in, repeats=repeats, deadline_s=_DEADLINE_S, control=control)
