"""Which model plays a role, as clients name it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from synqc.apps.prompts.documents.limits import LONGEST_NAME

__all__ = ["ModelChoice", "Name"]

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME)]


class ModelChoice(BaseModel):
    """A model by its provider and the name that it has there."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=(), frozen=True)

    provider: Name
    model_name: Name
