"""What handlers of First Information Reports need: the application object, who asks, and what they were shown."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from synqc.apps.fir.application import FirApplication
from synqc.apps.fir.roles import Grant, Right
from synqc.apps.fir.workflow.workflow import Officer
from synqc.service.fir.keys import grant_of
from synqc.service.fir.shown_gates import ShownGates

__all__ = ["Asker", "Auditor", "Decider", "Filer", "Fir", "Lead", "Reader", "Shown", "officer_of"]


def fir_of(connection: HTTPConnection) -> FirApplication:
    """The application object a request talks to."""
    found: FirApplication = connection.app.state.fir
    return found


async def _fir(connection: HTTPConnection) -> FirApplication:
    return fir_of(connection)  # a plain function would be sent to a thread


async def _shown(connection: HTTPConnection) -> ShownGates:
    found: ShownGates = connection.app.state.shown_gates
    return found


async def _asker(connection: HTTPConnection) -> Grant:
    return grant_of(fir_of(connection).settings, connection.scope["headers"])


async def _reader(asker: Asker) -> Grant:
    asker.check(Right.READ)
    return asker


async def _lead(asker: Asker) -> Grant:
    asker.check(Right.LEAD)
    return asker


async def _filer(asker: Asker) -> Grant:
    asker.check(Right.FILE)
    return asker


async def _decider(asker: Asker) -> Grant:
    asker.check(Right.DECIDE)
    return asker


async def _auditor(asker: Asker) -> Grant:
    asker.check(Right.AUDIT)
    return asker


Fir = Annotated[FirApplication, Depends(_fir)]
Shown = Annotated[ShownGates, Depends(_shown)]
Asker = Annotated[Grant, Depends(_asker)]
Reader = Annotated[Grant, Depends(_reader)]
"""Who may read sessions and reports."""
Lead = Annotated[Grant, Depends(_lead)]
"""Who may open sessions and answer at gates."""
Filer = Annotated[Grant, Depends(_filer)]
"""Who may file reports."""
Decider = Annotated[Grant, Depends(_decider)]
"""Who may lead filed reports on, and reset breakers."""
Auditor = Annotated[Grant, Depends(_auditor)]
"""Who may export histories."""


def officer_of(grant: Grant) -> Officer:
    """As the workflow knows whoever asks."""
    return Officer(grant.name, grant.role.value)
