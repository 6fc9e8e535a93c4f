"""What a router itself refuses; `receipt` of any error that passed a router tells who was asked.

ModelRefused
  NoDeployment       nobody can be asked now (429, with the smallest Retry-After), or ever (400, 404)
  BudgetExceeded     what the request could cost at most does not fit the budget
"""

from __future__ import annotations

from typing import Any

from synqc.llm.errors import ModelRefused

__all__ = ["BudgetExceeded", "NoDeployment"]


class NoDeployment(ModelRefused):
    """No deployment can be asked: now, when `status` is 429, or ever.

    Args:
        verdicts: Why each deployment cannot, by its name.
    """

    code = "no_deployment"

    def __init__(self, message: str, *, verdicts: dict[str, str] | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.verdicts = verdicts or {}


class BudgetExceeded(ModelRefused):
    """What a request could cost at most does not fit what is left of a budget; nothing was sent."""

    code = "budget_exceeded"
