"""What the applications of one process share."""

from __future__ import annotations

from dataclasses import dataclass, field

from synqc.service.context import Workers
from synqc.service.settings import ServiceSettings
from synqc.service.tickets import Tickets

__all__ = ["Resources"]


@dataclass(frozen=True)
class Resources:
    """Lent to each application while its mount is made.

    Args:
        settings: Of the service.
        workers: Threads for what blocks.
        tickets: For streams.
    """

    settings: ServiceSettings
    workers: Workers = field(default_factory=Workers)
    tickets: Tickets = field(default_factory=Tickets)
