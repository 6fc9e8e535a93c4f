"""What handlers of synthetic prompts need: the application object."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from synqc.apps.prompts.application import PromptsApplication

__all__ = ["Prompts", "prompts_of"]


def prompts_of(connection: HTTPConnection) -> PromptsApplication:
    """The application object a request talks to."""
    found: PromptsApplication = connection.app.state.prompts
    return found


async def _prompts(connection: HTTPConnection) -> PromptsApplication:
    return prompts_of(connection)  # a plain function would be sent to a thread


Prompts = Annotated[PromptsApplication, Depends(_prompts)]
