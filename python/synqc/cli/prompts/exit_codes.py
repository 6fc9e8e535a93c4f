"""Exit codes of `synqc prompts`: one for each way in which a job may end, so that scripts need not read words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synqc.cli.parser import EXIT_ERROR

if TYPE_CHECKING:
    from synqc.apps.prompts.funnel import GenerationStatus

__all__ = ["EXIT_CODES", "EXIT_FAILED", "EXIT_INTERRUPTED", "WORDS", "exit_code_of", "exit_code_of_preview"]

EXIT_INTERRUPTED = 130
EXIT_FAILED = 17
EXIT_CODES = {
    "enough": 0, "attempts": 10, "budget": 11, "deadline": 12, "error_rate": 13, "exhausted": 14, "cancelled": 15,
}  # fmt: skip
WORDS = (
    "Exit code 0: all problems that were asked for; 10: no attempts left; 11: budget; 12: deadline; 13: error rate; "
    f"14: nothing new left to try; 15: cancelled by somebody else; {EXIT_FAILED}: failed otherwise; "
    f"{EXIT_ERROR}: asked wrongly; {EXIT_INTERRUPTED}: Ctrl-C."
)


def exit_code_of(status: GenerationStatus) -> int:
    """Of a job that has ended."""
    if status.stop_reason is None:
        return EXIT_FAILED if status.error is not None or status.state.value != "succeeded" else 0
    return EXIT_CODES[status.stop_reason.value]


def exit_code_of_preview(code: int, status: GenerationStatus) -> int:
    """Of a preview that ended with a code: that all its attempts were made is what was asked for, if any came to a
    problem."""
    if code != EXIT_CODES["attempts"]:
        return code
    return 0 if status.accepted + status.surplus + status.discarded else EXIT_CODES["error_rate"]
