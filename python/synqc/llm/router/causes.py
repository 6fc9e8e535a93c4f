"""What a router does about each way a call can fail: one table, which code and documentation share."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from synqc.llm.errors import (
    CallCancelled,
    CutAnswer,
    EmptyAnswer,
    ErrorInAnswer,
    FilteredAnswer,
    LanguageModelError,
    MalformedAnswer,
    ModelRefused,
    ModelTimedOut,
    ModelUnreachable,
    PromptTooLong,
    ProtocolError,
)

__all__ = ["CAUSES", "Action", "Cause", "cause_of", "example_of", "table_of_causes"]

Result = Literal["failed", "limited", "neutral"]


class Action(StrEnum):
    """What becomes of the request."""

    STOP = "stop"
    """The caller has the error: another deployment would say the same."""
    NEXT = "next"
    """Another deployment is asked."""
    LARGER = "larger"
    """Another deployment is asked, if its window is larger or not known."""


@dataclass(frozen=True)
class Cause:
    """One way to fail.

    Args:
        name: As metrics, receipts and statistics call it.
        when: What happened, in words.
        action: What becomes of the request.
        result: What the deployment's record says: "failed" (circuit breaker and latency hear of it), "limited" (it is
            alive and wants no more now), or "neutral" (it is not the deployment's fault).
        cooldown_s: The deployment is not asked for so long; its `Retry-After` counts instead if it sends one.
    """

    name: str
    when: str
    action: Action
    result: Result
    cooldown_s: float = 0.0


CAUSES: Final[Mapping[str, Cause]] = {
    cause.name: cause
    for cause in (
        Cause("bad_request", "400, 405, 411, 414, 415, 422, 431: the request is at fault", Action.STOP, "neutral"),
        Cause("prompt_too_long", "400, 413 or another status whose words are about the window, or a prompt that "
              "was cut under `strict`", Action.LARGER, "neutral"),
        Cause("too_large", "413 without such words", Action.NEXT, "neutral"),
        Cause("unauthorized", "401: the key is not taken", Action.NEXT, "failed", 60.0),
        Cause("no_credit", "402: the account is empty", Action.NEXT, "failed", 300.0),
        Cause("forbidden", "403: not allowed with this key, or from here", Action.NEXT, "failed", 60.0),
        Cause("not_found", "404, 410: there is no such model or path", Action.NEXT, "failed", 60.0),
        Cause("moved", "3xx: the server has another address", Action.NEXT, "failed", 60.0),
        Cause("timed_out", "408, 504, or a total, idle or connection limit of ours", Action.NEXT, "failed"),
        Cause("conflict", "409, 425", Action.NEXT, "failed"),
        Cause("rate_limited", "429", Action.NEXT, "limited", 5.0),
        Cause("overloaded", "503, 529", Action.NEXT, "failed"),
        Cause("server_error", "any other status from 500, or an error inside an answer without a status", Action.NEXT,
              "failed"),
        Cause("refused", "any other status", Action.NEXT, "failed"),
        Cause("unreachable", "no connection, or one that was reset", Action.NEXT, "failed"),
        Cause("protocol_error", "what came is not the protocol, or breaks off within it", Action.NEXT, "failed"),
        Cause("empty", "status 200 and no text", Action.NEXT, "failed"),
        Cause("malformed", "a whole answer, not in the form asked for", Action.NEXT, "neutral"),
        Cause("cut", "the limit of tokens was reached: the same limit cuts again", Action.STOP, "neutral"),
        Cause("filtered", "a filter withheld the answer", Action.STOP, "neutral"),
        Cause("declined", "the model declined to answer", Action.STOP, "neutral"),
        Cause("busy", "no place was free among those the client allows at once", Action.NEXT, "neutral"),
        Cause("deadline", "the caller's own deadline passed", Action.STOP, "neutral"),
        Cause("cancelled", "the caller left, or the client was closed", Action.STOP, "neutral"),
    )
}  # fmt: skip
"""Every cause by its name."""

_BY_STATUS: Final = {
    **dict.fromkeys((400, 405, 411, 414, 415, 422, 431), "bad_request"),
    401: "unauthorized", 402: "no_credit", 403: "forbidden", 404: "not_found", 410: "not_found",
    408: "timed_out", 504: "timed_out", 409: "conflict", 425: "conflict", 413: "too_large", 429: "rate_limited",
    503: "overloaded", 529: "overloaded",
}  # fmt: skip
_BY_LIMIT: Final = {"deadline": "deadline", "place": "busy"}


def cause_of(error: LanguageModelError) -> Cause:
    """Why a call failed.

    >>> cause_of(ModelRefused("Slow down.", status=429)).name, cause_of(ModelRefused("No.", status=200)).name
    ('rate_limited', 'declined')
    """
    return CAUSES[_name_of(error)]


_EXAMPLES: Final[Mapping[str, LanguageModelError]] = {
    **{
        name: ModelRefused(f"An example of {name}.", status=status, should_retry=False)
        for name, status in {
            "bad_request": 400, "too_large": 413, "unauthorized": 401, "no_credit": 402, "forbidden": 403,
            "not_found": 404, "moved": 307, "conflict": 409, "rate_limited": 429, "overloaded": 503,
            "server_error": 500, "refused": 418, "declined": 200,
        }.items()
    },
    "prompt_too_long": PromptTooLong("An example.", status=400),
    "timed_out": ModelTimedOut("An example.", limit="total"),
    "busy": ModelTimedOut("An example.", limit="place"),
    "deadline": ModelTimedOut("An example.", limit="deadline"),
    "unreachable": ModelUnreachable("An example."),
    "protocol_error": ProtocolError("An example."),
    "empty": EmptyAnswer("An example."),
    "malformed": MalformedAnswer("An example."),
    "cut": CutAnswer("An example."),
    "filtered": FilteredAnswer("An example."),
    "cancelled": CallCancelled("An example."),
}  # fmt: skip


def example_of(name: str) -> LanguageModelError:
    """An error of a cause, for simulations.

    >>> cause_of(example_of("overloaded")).name
    'overloaded'
    """
    return copy.copy(_EXAMPLES[name])


def _name_of(error: LanguageModelError) -> str:
    if isinstance(error, PromptTooLong):
        return "prompt_too_long"
    if isinstance(error, (ModelRefused, ErrorInAnswer)):
        return _by_status(error.status, declines=isinstance(error, ModelRefused))
    if isinstance(error, ModelTimedOut):
        return _BY_LIMIT.get(error.limit, "timed_out")
    for kind, name in (
        (ModelUnreachable, "unreachable"), (EmptyAnswer, "empty"), (MalformedAnswer, "malformed"), (CutAnswer, "cut"),
        (FilteredAnswer, "filtered"), (CallCancelled, "cancelled"), (ProtocolError, "protocol_error"),
    ):  # fmt: skip
        if isinstance(error, kind):
            return name
    return "server_error"


def _by_status(status: int, *, declines: bool) -> str:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status == 200 and declines:
        return "declined"
    if 300 <= status < 400:
        return "moved"
    return "refused" if 400 <= status < 500 else "server_error"


def table_of_causes() -> str:
    """The table as the documentation has it, in Markdown."""
    actions = {
        Action.STOP: "the caller has the error", Action.NEXT: "the next deployment",
        Action.LARGER: "the next with a larger window",
    }  # fmt: skip
    results = {"failed": "failure", "limited": "failure, but the breaker does not hear of it", "neutral": "-"}
    rows = ["| cause | when | what is asked then | on its record | cooldown |", "|---|---|---|---|---|"]
    for cause in CAUSES.values():
        cooldown = f"{cause.cooldown_s:g} s" if cause.cooldown_s else "-"
        rows.append(
            f"| `{cause.name}` | {cause.when} | {actions[cause.action]} | {results[cause.result]} | {cooldown} |"
        )
    return "\n".join(rows)
