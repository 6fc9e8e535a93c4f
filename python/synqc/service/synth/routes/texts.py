"""One text of a model, through the cache."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from synqc.apps.synth.option_names import snake_case
from synqc.service.description import answered, asked, refused
from synqc.service.synth.context import Synth

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["texts"])

_EXAMPLE = {
    "data": "About Paris.", "tokens_used": 18, "latency_ms": 120.5, "cached": False, "model_used": "phi3",
    "timestamp": "2026-01-01T00:00:00.000Z", "age_ms": 0.0, "key": "",
}  # fmt: skip


class TextAsked(BaseModel):
    """A prompt."""

    prompt: str = Field(description="The prompt.", min_length=1, max_length=100_000)
    options: dict[str, Any] = Field(default_factory=dict, description="As docs/synth.md has them, in either spelling.")


class TextOut(BaseModel):
    """A text."""

    data: str
    tokens_used: int
    latency_ms: float
    cached: bool
    model_used: str
    timestamp: str
    age_ms: float
    key: str


@router.post(
    "/texts", operation_id="write_text", response_model=TextOut,
    responses={
        **answered(_EXAMPLE), **refused(404, 409), 502: {"description": "A model failed."},
        504: {"description": "A model took too long."},
    },
)  # fmt: skip
async def write_text(
    body: Annotated[TextAsked, Body(openapi_examples=asked(paris=("A text", {"prompt": "Describe Paris."})))],
    synth: Synth,
) -> TextOut:
    """What a model answers to a prompt; equal prompts are one call."""
    result = await synth.synth.generate_text(body.prompt, body.options)
    return TextOut(**{snake_case(name): value for name, value in result.to_dict().items()})
