"""What measuring refuses.

SynqcError
  MeasuredNothing        there is no time to speak of: what was to be timed failed, or nothing ran
  BaselineRefused        a run does not belong among the others of its baseline
"""

from __future__ import annotations

from synqc.errors import SynqcError

__all__ = ["BaselineRefused", "MeasuredNothing"]


class MeasuredNothing(SynqcError):
    """What was to be timed failed, or nothing ran: there is no verdict, and no success either."""

    code = "measured_nothing"


class BaselineRefused(SynqcError):
    """A run is an outlier among the runs of its baseline, which it would poison; the message says by how much."""

    code = "baseline_refused"
