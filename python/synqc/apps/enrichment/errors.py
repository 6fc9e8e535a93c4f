"""What goes wrong in enrichment alone.

SynqcError
  OriginalMissing (also ImportError)   a worker's own class cannot be found
"""

from __future__ import annotations

from synqc.errors import SynqcError

__all__ = ["OriginalMissing"]


class OriginalMissing(SynqcError, ImportError):
    """A worker's own class, for which a caching one stands, cannot be found."""

    code = "original_missing"
