"""Tickets for streams."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from synqc.service.description import answered
from synqc.service.tickets import Tickets

__all__ = ["router"]

router = APIRouter(tags=["service"])


class Ticket(BaseModel):
    """Lets one stream in, once."""

    ticket: str = Field(description="For `?ticket=` of a stream or a WebSocket.")
    expires_in_s: int = Field(description="How long it waits to be used, s.")


@router.post(
    "/tickets", operation_id="issue_ticket", response_model=Ticket,
    responses=answered({"ticket": "kRV0c3q0mXw", "expires_in_s": Tickets.lifetime_s}),
)  # fmt: skip
async def issue_ticket(request: Request) -> Ticket:
    """A ticket for one stream: addresses are written down by proxies and servers, and keys must not stand there."""
    tickets: Tickets = request.app.state.tickets
    return Ticket(ticket=tickets.issue(), expires_in_s=tickets.lifetime_s)
