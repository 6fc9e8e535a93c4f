"""Provisions of law, searched by an officer who wants to add one that nobody proposed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from synqc.apps.fir.application import FirApplication
from synqc.apps.fir.knowledge.superseded import find_superseded
from synqc.service.context import run_in_thread
from synqc.service.fir.context import Fir, Reader

__all__ = ["router"]

router = APIRouter(tags=["provisions"])


class Engine(BaseModel):
    """What one half of the search did."""

    name: str
    hits: int
    note: str


class Superseded(BaseModel):
    """A citation of the repealed code, and what stands in its place."""

    cited: str
    note: str


class FoundProvisions(BaseModel):
    """What a search found, the best first."""

    version: str
    cached: bool
    hits: list[dict[str, Any]]
    engines: list[Engine]
    superseded: list[Superseded]


@router.get("/provisions", operation_id="search_provisions", response_model=FoundProvisions)
async def search_provisions(
    request: Request,
    fir: Fir,
    reader: Reader,
    q: Annotated[str, Query(min_length=1, max_length=2000, description="Words, or a section's number.")],
    most: Annotated[int, Query(ge=1, le=50)] = 10,
    cognizable: Annotated[bool, Query(description="Only what may be cognizable.")] = False,
) -> FoundProvisions:
    """Sections that a text is about."""
    return await run_in_thread(request, _found, fir, q, most, cognizable)


def _found(fir: FirApplication, query: str, most: int, cognizable: bool) -> FoundProvisions:
    found = fir.knowledge.search(query, most=most, cognizable=cognizable)
    return FoundProvisions(
        version=found.version, cached=found.cached, hits=[one.to_plain() for one in found.hits],
        engines=[Engine(name=one.name, hits=one.hits, note=one.note) for one in found.engines],
        superseded=[Superseded(cited=one.cited, note=one.note) for one in find_superseded(query)],
    )  # fmt: skip
