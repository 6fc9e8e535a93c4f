"""What came of one call of a language model, in one word that client, cache, metrics and applications share."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["Outcome", "outcome_of"]


class Outcome(StrEnum):
    """What came of a call. Only `ok` is success, and only what is `ok` is ever kept in a cache.

    >>> Outcome("cut").is_success, Outcome.OK.is_success
    (False, True)
    """

    OK = "ok"
    """A whole answer in the form that was asked for."""
    EMPTY = "empty"
    """The server says that all went well, and there is no text."""
    CUT = "cut"
    """The answer reached the limit of tokens: it is a beginning."""
    FILTERED = "filtered"
    """A filter of the server withheld the answer or its end."""
    REFUSED = "refused"
    """The server answered with an error status, or the model declined to answer."""
    IN_BAND_ERROR = "in_band_error"
    """An error inside an answer whose status says that all went well."""
    CANCELLED = "cancelled"
    """Whoever asked, or the client's owner, no longer wants it."""
    TIMED_OUT = "timed_out"
    """A limit of time ended it."""
    UNREACHABLE = "unreachable"
    """No connection could be made, or it broke."""
    PROTOCOL_ERROR = "protocol_error"
    """What came is not the chat-completions protocol, or breaks off within it."""
    MALFORMED = "malformed"
    """A whole text that is not in the form that was asked for."""

    @property
    def is_success(self) -> bool:
        """Whether it is an answer."""
        return self is Outcome.OK


_BY_REASON: Final = {
    **dict.fromkeys(
        ("stop", "eos", "eos_token", "end_turn", "stop_sequence", "end", "complete", "completed"), Outcome.OK
    ),
    **dict.fromkeys(("length", "max_tokens", "model_length", "max_output_tokens", "max_length"), Outcome.CUT),
    **dict.fromkeys(
        ("content_filter", "content_filtered", "safety", "recitation", "blocklist", "prohibited_content", "spii",
         "sensitive", "guardrail_intervened"),
        Outcome.FILTERED,
    ),
    "refusal": Outcome.REFUSED,
    **dict.fromkeys(
        ("error", "network_error", "insufficient_system_resource", "abort", "aborted", "cancelled", "timeout"),
        Outcome.IN_BAND_ERROR,
    ),
}  # fmt: skip


_FOR_CALLS: Final = ("tool_calls", "function_call", "tool_use")


def outcome_of(finish_reason: str, text: str, refusal: str, *, has_calls: bool = False) -> Outcome:
    """Outcome of a reply that came whole.

    A reason that nobody has told us of is no success: a text that ended for it may be a part.

    Args:
        finish_reason: In the server's word.
        text: What the model wrote.
        refusal: What it said in place of an answer.
        has_calls: Whether it asks for calls of tools that it was offered.

    >>> outcome_of("stop", "Because.", ""), outcome_of("stop", " ", ""), outcome_of("stop", "", "I cannot.")
    (<Outcome.OK: 'ok'>, <Outcome.EMPTY: 'empty'>, <Outcome.REFUSED: 'refused'>)
    >>> outcome_of("length", "Beca", ""), outcome_of("tool_calls", "I look it up.", "")
    (<Outcome.CUT: 'cut'>, <Outcome.PROTOCOL_ERROR: 'protocol_error'>)
    >>> outcome_of("tool_calls", "", "", has_calls=True)
    <Outcome.OK: 'ok'>
    """
    if has_calls and finish_reason.lower() in _FOR_CALLS:
        return Outcome.OK
    by_reason = _BY_REASON.get(finish_reason.lower(), Outcome.PROTOCOL_ERROR)
    if refusal.strip() and by_reason in (Outcome.OK, Outcome.EMPTY):
        return Outcome.REFUSED
    if not text.strip() and not has_calls and by_reason in (Outcome.OK, Outcome.PROTOCOL_ERROR):
        return Outcome.EMPTY
    return by_reason
