"""What paths and headers name, with an example each for the documentation."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import unquote

from fastapi import Header, Path, Request
from pydantic import AfterValidator

__all__ = ["BatchId", "IdempotencyKey", "JobId", "ProblemId", "prefers_async"]

_Whole = AfterValidator(unquote)  # the request middleware has left %2F and %25 in it, see `routed_path`
_ASYNC = re.compile(r"(^|[,;\s])respond-async\s*($|[,;])", re.IGNORECASE)

JobId = Annotated[
    str,
    Path(description="Name of a job, as it was answered.", examples=["generation-01a228251446000092a545d3"]),
    _Whole,
]
BatchId = Annotated[int, Path(description="Number of a batch.", examples=[1], ge=-(2**63), lt=2**63)]
ProblemId = Annotated[int, Path(description="Number of a problem.", examples=[1], ge=-(2**63), lt=2**63)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=200,
        description="Of this request: one that is repeated with it is answered with the first one's job.",
    ),
]  # fmt: skip


def prefers_async(request: Request) -> bool:
    """Whether `Prefer` says `respond-async`."""
    return any(_ASYNC.search(value) for value in request.headers.getlist("prefer"))
