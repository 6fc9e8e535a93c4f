"""Who asks: what the key of a request lets its holder do, so that a page offers nothing that would be refused."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from pydantic import BaseModel, Field

from synqc.apps.fir.roles import Right, Role
from synqc.service.description import answered
from synqc.service.fir.context import Asker

__all__ = ["router"]

router = APIRouter(tags=["service"])

_GRANT: Final = {"name": "SI Meera Rao", "role": "officer", "rights": ["read", "lead", "file"]}


class GrantDocument(BaseModel):
    """Who asks, and what they may do."""

    name: str = Field(description="As histories and reports name them.")
    role: Role
    rights: list[str] = Field(description=f"Of {', '.join(one.name.lower() for one in Right)}.")


@router.get("/grant", operation_id="read_grant", response_model=GrantDocument, responses=answered(_GRANT))
async def read_grant(asker: Asker) -> GrantDocument:
    """Whose the key of this request is, and what they may do."""
    rights = [one.name.lower() for one in Right if asker.may(one)]
    return GrantDocument(name=asker.name, role=asker.role, rights=rights)
