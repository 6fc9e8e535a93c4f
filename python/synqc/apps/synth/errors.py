"""What synthetic data refuses; `code` is what clients of the original compare.

SynqcError
  SynthError                        carries `details`
    ValidationError (also InputError)   VALIDATION_ERROR: an option or a schema cannot be one
    NoModelFound (also InputError)      NO_MODEL_FOUND: nobody here answers to that name
    RouteSelectionError                 ROUTE_SELECTION_ERROR: models are known, and none can be asked now
    APIError                            API_ERROR: a model did not answer what was asked for
      RowsMissing                       fewer rows than asked for; `rows` are those that there are
    CacheError                          CACHE_ERROR: a cache cannot be opened
    UnknownDataSet (also LookupError)   UNKNOWN_DATA_SET: no data set has that id
    BatchFailed                         BATCH_FAILED: an item failed and the batch was to end at the first
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from synqc.errors import InputError, SynqcError
from synqc.llm.errors import LanguageModelError
from synqc.llm.router.errors import NoDeployment

__all__ = [
    "APIError", "BatchFailed", "CacheError", "NoModelFound", "RouteSelectionError", "RowsMissing", "SynthError",
    "UnknownDataSet", "ValidationError", "api_error_of",
]  # fmt: skip


class SynthError(SynqcError):
    """Root of the application's errors.

    Args:
        message: What happened.
        details: For programs, as plain values.
    """

    code = "SYNTH_ERROR"

    def __init__(self, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.details = dict(details or {})


class ValidationError(SynthError, InputError):
    """An option or a schema cannot be one."""

    code = "VALIDATION_ERROR"


class NoModelFound(SynthError, InputError):
    """Nobody here answers to that name."""

    code = "NO_MODEL_FOUND"


class RouteSelectionError(SynthError):
    """Models are known, and none of them can be asked now; `details["retryAfterS"]` says when, if it is known."""

    code = "ROUTE_SELECTION_ERROR"


class APIError(SynthError):
    """A model did not answer what was asked for; `details` has its outcome, the HTTP status and the attempts."""

    code = "API_ERROR"


class RowsMissing(APIError):
    """Fewer rows than were asked for.

    Args:
        message: How many, and why the others are missing.
        rows: Those that there are.
        details: For programs.
    """

    def __init__(
        self, message: str, rows: Sequence[Mapping[str, Any]] = (), details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message, details)
        self.rows = list(rows)


class CacheError(SynthError):
    """A cache cannot be opened."""

    code = "CACHE_ERROR"


class UnknownDataSet(SynthError, LookupError):
    """No data set has that id."""

    code = "UNKNOWN_DATA_SET"

    def __init__(self, dataset: object) -> None:
        super().__init__(f"Data set '{dataset}' not found.")


class BatchFailed(SynthError):
    """An item failed and the batch was to end at the first failure; what was made until then is in `results`.

    Args:
        message: Which item, and why.
        results: By their place in the input; None where nothing was made.
    """

    code = "BATCH_FAILED"

    def __init__(self, message: str, results: Sequence[Any] = (), details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, details)
        self.results = list(results)


def api_error_of(error: LanguageModelError) -> SynthError:
    """An error of a model, or of the router, as this application's.

    >>> from synqc.llm import ModelRefused
    >>> api_error_of(ModelRefused("Slow down.", status=429, retry_after_s=3.0)).details["retryAfterS"]
    3.0
    """
    details = {
        "outcome": error.outcome.value, "status": error.status, "retryAfterS": error.retry_after_s,
        "calls": error.spent.calls, "limit": getattr(error, "limit", None),
    }  # fmt: skip
    if isinstance(error, NoDeployment):
        return RouteSelectionError(str(error), {**details, "verdicts": error.verdicts})
    return APIError(str(error), details)
