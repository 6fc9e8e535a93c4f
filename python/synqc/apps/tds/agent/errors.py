"""Why there is no suggestion.

SynqcError
  AgentAbsent         no language model is set up
  AgentFailed         the model gave no usable answer
  InputError
    GoalBlank         there is nothing to aim at
    SuggestionInvalid what the model suggests is no configuration that can run
"""

from __future__ import annotations

from synqc.errors import InputError, SynqcError
from synqc.llm.choice import HOW_TO_GET_ONE

__all__ = ["AgentAbsent", "AgentFailed", "GoalBlank", "SuggestionInvalid"]

_LONGEST_MESSAGE = 200


class AgentAbsent(SynqcError):
    """No language model is set up."""

    code = "agent_absent"

    def __init__(self, why: str = f"{HOW_TO_GET_ONE} Then restart the server.") -> None:
        super().__init__(f"The agent is not available: {why}")


class AgentFailed(SynqcError):
    """The model gave no usable answer.

    >>> print(AgentFailed("it says nothing."))
    Agent error: it says nothing.
    """

    code = "agent_failed"

    def __init__(self, message: str) -> None:
        super().__init__(f"Agent error: {message[:_LONGEST_MESSAGE]}")


class GoalBlank(InputError):
    """There is nothing to aim at."""

    code = "goal_blank"

    def __init__(self) -> None:
        super().__init__("`goal` must say what to aim at, but is blank.")


class SuggestionInvalid(InputError):
    """What the model suggests is no configuration that can run."""

    code = "suggestion_invalid"

    def __init__(self, problem: str) -> None:
        super().__init__(f"The suggested configuration is not valid: {problem[:_LONGEST_MESSAGE]}")
