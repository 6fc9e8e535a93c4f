"""Bounds of what a client may send in one request, beside those of a generation itself."""

from __future__ import annotations

__all__ = ["LONGEST_NAME", "LONGEST_REASON", "MOST_SEEDS", "MOST_TOPICS"]

MOST_TOPICS = 5000
"""Of all subjects of a taxonomy together."""
MOST_SEEDS = 10_000
LONGEST_NAME = 200
"""Of a model, provider, subject or topic."""
LONGEST_REASON = 2000
"""Of a person who accepts or discards by hand."""
