"""Names of sessions and runs."""

from __future__ import annotations

import re
import secrets
import unicodedata
from datetime import datetime

from synqc.apps.tds import clock

__all__ = ["LONGEST_SESSION_ID", "hardware_run_id", "new_session_id", "run_id_stem", "session_id_refusal"]

LONGEST_SESSION_ID = 200
"""Characters; longer ones are nobody's session and would end up in file names and log lines."""

_DOT_SEGMENTS = (".", "..")
_DIRECTIONS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
_UNSAFE_IN_RUN_ID = re.compile(r"[:/\\]")


def new_session_id() -> str:
    """`synqc-` and six hexadecimal digits."""
    return f"synqc-{secrets.token_hex(3)}"


def session_id_refusal(session_id: str) -> str | None:
    """Why a client may not choose this id, or None."""
    if len(session_id) > LONGEST_SESSION_ID:
        return f"`session_id` must have at most {LONGEST_SESSION_ID} characters, but has {len(session_id)}."
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in session_id):
        return "`session_id` must not hold control characters."
    if any(unicodedata.bidirectional(character) in _DIRECTIONS for character in session_id):
        return "`session_id` must not hold characters that turn the direction of what stands beside them."
    if session_id in _DOT_SEGMENTS:
        # Whoever takes an address apart removes them, however they are encoded.
        return f"`session_id` must be something that a path can name, but is {session_id!r}."
    return None


def run_id_stem(session_id: str, moment: datetime) -> str:
    """Session id with separators of paths replaced, and the second; the store adds a suffix if it is taken.

    >>> run_id_stem("lab/a:1", clock.parsed("2026-01-02T03:04:05Z"))
    'lab_a_1-20260102T030405Z'
    """
    return f"{_safe_in_run_id(session_id)}-{clock.compact_stamp(moment)}"


def hardware_run_id(session_id: str, job_id: str) -> str:
    """Session id with separators of paths replaced, and the job that played the run: one job is one run.

    >>> hardware_run_id("lab/a:1", "hardware-01a2")
    'lab_a_1-hardware-01a2'
    """
    return f"{_safe_in_run_id(session_id)}-{job_id}"


def _safe_in_run_id(session_id: str) -> str:
    return _UNSAFE_IN_RUN_ID.sub("_", session_id).replace("..", "__")
