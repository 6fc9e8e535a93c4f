"""What the applications of one process share."""

from __future__ import annotations

from dataclasses import dataclass, field

from synqc.jobs.ledgers import Ledgers
from synqc.service.context import Workers
from synqc.service.settings import ServiceSettings
from synqc.service.tickets import Tickets

__all__ = ["Resources"]


@dataclass(frozen=True)
class Resources:
    """Lent to each application while its mount is made.

    Args:
        settings: Settings of the service.
        workers: Threads for what blocks.
        tickets: For streams.
        ledgers: Ledgers of jobs, one per database: applications that share a database share its ledger, and its writer.
    """

    settings: ServiceSettings
    workers: Workers = field(default_factory=Workers)
    tickets: Tickets = field(default_factory=Tickets)
    ledgers: Ledgers = field(default_factory=Ledgers)
