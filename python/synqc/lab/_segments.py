"""Compiled drives, waits and probe steps, shared by every experiment of this process.

What is compiled depends on its content alone, so sharing changes no result: a sweep over the probe compiles its drives
once, and an experiment built anew finds everything an equal one has compiled before.
"""

from __future__ import annotations

import os

from synqc import _core

__all__ = ["shared_segments"]

_MOST_BYTES = 256 << 20

_segments = _core.PropagatorCache(_MOST_BYTES)


def shared_segments() -> _core.PropagatorCache:
    """The cache of this process."""
    return _segments


def _start_anew() -> None:
    """A thread that did not survive the fork may have held the cache's lock."""
    global _segments
    _segments = _core.PropagatorCache(_MOST_BYTES)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)
