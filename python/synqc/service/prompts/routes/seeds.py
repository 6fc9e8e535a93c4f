"""Files of seeds, read before a job is asked for: a page then sends the rows with it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from synqc.apps.prompts.benchmarks import problems_in
from synqc.apps.prompts.documents.limits import MOST_SEEDS
from synqc.errors import InputError
from synqc.service.context import run_in_thread
from synqc.service.description import answered, refused

__all__ = ["router"]

router = APIRouter(prefix="/api/seeds", tags=["page"])

_EXAMPLE = {"rows": [{"problem": "Solve x + 1 = 3.", "answer": "2"}], "fields": ["problem", "answer"]}
_FILE = {"content": {"text/plain": {"schema": {"type": "string"}}}, "required": True}


class CheckedSeeds(BaseModel):
    """Rows as a job takes them."""

    rows: list[dict[str, Any]]
    fields: list[str]


@router.post(
    "/check", operation_id="check_seeds", response_model=CheckedSeeds,
    responses={**answered(_EXAMPLE), **refused(400)}, openapi_extra={"requestBody": _FILE},
)  # fmt: skip
async def check_seeds(request: Request) -> CheckedSeeds:
    """Read a file of seeds, JSON lines or a JSON list; the first row that is none is named. As large as any body."""
    return await run_in_thread(request, _checked, await request.body())


def _checked(body: bytes) -> CheckedSeeds:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"A file of seeds must be UTF-8, but is not at byte {error.start}.") from None
    found = problems_in(text, "the file", lines=not text.lstrip().startswith("["))
    if not 1 <= len(found) <= MOST_SEEDS:
        raise InputError(f"A file of seeds must hold 1 to {MOST_SEEDS} rows, but holds {len(found)}.")
    rows = [{name: value for name, value in one.to_dict().items() if value} for one in found]
    return CheckedSeeds(rows=rows, fields=list(dict.fromkeys(name for row in rows for name in row)))
