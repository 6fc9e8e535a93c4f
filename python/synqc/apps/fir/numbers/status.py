"""Life cycle of a report: Draft, Filed, Accepted, Closed, in this order."""

from __future__ import annotations

from enum import StrEnum

from synqc.apps.fir.numbers.errors import StatusRefused

__all__ = ["RecordStatus", "check_step"]


class RecordStatus(StrEnum):
    """Of a report in the register."""

    DRAFT = "draft"
    """It has a number, and may still change."""
    FILED = "filed"
    """It is sealed, and never changes again."""
    ACCEPTED = "accepted"
    """The case was taken up."""
    CLOSED = "closed"

    @property
    def of_contract(self) -> str:
        """As older clients know it: `pending` or `finalized`."""
        return "pending" if self is RecordStatus.DRAFT else "finalized"


_NEXT = {
    RecordStatus.DRAFT: (RecordStatus.FILED,),
    RecordStatus.FILED: (RecordStatus.ACCEPTED, RecordStatus.CLOSED),
    RecordStatus.ACCEPTED: (RecordStatus.CLOSED,),
    RecordStatus.CLOSED: (),
}


def check_step(now: RecordStatus, to: RecordStatus) -> None:
    """Whether a report goes from one status to another.

    Raises:
        StatusRefused: It does not; the message says where it may go.

    Examples:
        >>> check_step(RecordStatus.DRAFT, RecordStatus.FILED)
        >>> check_step(RecordStatus.DRAFT, RecordStatus.CLOSED)
        Traceback (most recent call last):
        synqc.apps.fir.numbers.errors.StatusRefused: A report that is draft may become filed, but not closed.
    """
    if to not in _NEXT[now]:
        may = " or ".join(one.value for one in _NEXT[now]) or "nothing else"
        raise StatusRefused(f"A report that is {now.value} may become {may}, but not {to.value}.")
