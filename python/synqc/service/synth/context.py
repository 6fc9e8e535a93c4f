"""What handlers of synthetic data need: the application object."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from synqc.apps.synth.application import SynthApplication

__all__ = ["Synth"]


async def _synth(connection: HTTPConnection) -> SynthApplication:
    found: SynthApplication = connection.app.state.synth
    return found  # a plain function would be sent to a thread


Synth = Annotated[SynthApplication, Depends(_synth)]
