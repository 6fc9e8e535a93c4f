"""Examples of the description: one session on its way."""

from __future__ import annotations

from typing import Any, Final

__all__ = [
    "FIR_NUMBER", "FIR_RESPONSE", "GATE", "REGENERATED", "SESSION_ID", "STATUS", "VALIDATED", "VALIDATIONS",
]  # fmt: skip

SESSION_ID: Final = "0a1b2c3d-0000-4000-8000-000000000000"
FIR_NUMBER: Final = "FIR-0a1b2c3d-20261130101010"
_DIGEST: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_COMPLAINT: Final = "My bicycle was stolen from the market yesterday."
_SUMMARY: Final = "A bicycle was stolen from the market. It happened yesterday."
_MOMENT: Final = "2026-11-30T04:40:10+00:00"
_TOLD: Final[dict[str, Any]] = {"token": _DIGEST, "digest": _DIGEST, "state": "shown"}

FIR_RESPONSE: Final[dict[str, Any]] = {
    "success": True, "session_id": SESSION_ID, "fir_number": None, "fir_content": None, "error": None, "steps": [],
    "requires_validation": True, "current_step": "transcript_review",
    "content_for_validation": {"transcript": _COMPLAINT}, "status": "awaiting_validation",
    "message": "Look at it, and approve it.", **_TOLD,
}  # fmt: skip
VALIDATED: Final[dict[str, Any]] = {
    "success": True, "session_id": SESSION_ID, "current_step": "summary_review",
    "content": {"summary": _SUMMARY, "original_transcript": _COMPLAINT}, "message": "Approved.",
    "requires_validation": True, "completed": False, "status": "awaiting_validation", **_TOLD,
}  # fmt: skip
REGENERATED: Final[dict[str, Any]] = {
    "success": True, "session_id": SESSION_ID, "step": "summary_review",
    "content": {"summary": _SUMMARY, "original_transcript": _COMPLAINT}, "message": "Made again.", **_TOLD,
}  # fmt: skip
GATE: Final[dict[str, Any]] = {
    "session_id": SESSION_ID, "step": "summary_review",
    "content": {"summary": _SUMMARY, "original_transcript": _COMPLAINT}, "is_waiting": True, "waiting_since": _MOMENT,
    "model": "a model", "edited_by": "", "decided_by": "", "reason": "", **_TOLD,
}  # fmt: skip
STATUS: Final[dict[str, Any]] = {
    "session_id": SESSION_ID, "status": "awaiting_validation", "current_step": "transcript_review",
    "awaiting_validation": True, "created_at": _MOMENT, "last_activity": _MOMENT,
    "validation_history": [
        {"step": "transcript_review", "content": {"transcript": _COMPLAINT}, "timestamp": _MOMENT}
    ],
    "fir_number": None, "fir_status": "draft", "language": "en", "expires_at": "2026-11-30T05:40:10+00:00",
    "error": None,
}  # fmt: skip
VALIDATIONS: Final = {
    "approval": ("Approve", {"session_id": SESSION_ID, "approved": True, "user_input": None}),
    "exactly this": ("Approve exactly what was shown", {"session_id": SESSION_ID, "approved": True, "token": _DIGEST}),
    "edit": (
        "Put other words in its place, and approve them",
        {
            "session_id": SESSION_ID, "approved": True, "decision": "edit", "token": _DIGEST,
            "content": {"summary": _SUMMARY},
        },
    ),
    "rejection": (
        "Reject, and say why", {"session_id": SESSION_ID, "approved": False, "reason": "It names another market."},
    ),
}  # fmt: skip
