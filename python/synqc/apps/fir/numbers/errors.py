"""Why the register refuses something."""

from __future__ import annotations

from synqc.errors import InputError, SynqcError

__all__ = ["InvalidScheme", "StatusRefused", "UnknownNumber"]


class InvalidScheme(InputError):
    """A scheme of numbers that could not keep them apart, or names a place that there is not."""

    code = "invalid_number_scheme"


class UnknownNumber(SynqcError, LookupError):
    """No report has that number."""

    code = "unknown_fir_number"

    def __init__(self, number: str) -> None:
        super().__init__(f"There is no report of the number {number[:60]!r}.")


class StatusRefused(SynqcError):
    """The report does not go from where it stands to there."""

    code = "status_refused"
