"""What suites measure: anything that generates texts, in batches and as streams."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from typing import Any, Protocol

from synqc.apps.synth.errors import ValidationError

__all__ = ["Subject", "check_subject"]


class Subject(Protocol):
    """The part of `AgenticSynth` that suites use; results have `cached` and `data`."""

    def generate(self, prompt: str, options: Mapping[str, Any] | None = None, /) -> Awaitable[Any]:
        """One text."""

    def generateBatch(  # noqa: N802
        self, prompts: Sequence[str], options: Mapping[str, Any] | None = None, /
    ) -> Awaitable[Any]:
        """Texts in the order of the prompts; `concurrency` is an option, the answer has `results`."""

    def generateStream(  # noqa: N802
        self, prompt: str, options: Mapping[str, Any] | None = None, /
    ) -> AsyncIterator[Any]:
        """A text chunk by chunk."""

    def getMetrics(self) -> Any:  # noqa: N802
        """Counts."""


def check_subject(subject: Any) -> Subject:
    """The subject itself.

    Raises:
        ValidationError: It lacks a method.
    """
    lacking = [
        name
        for name in ("generate", "generateBatch", "generateStream", "getMetrics")
        if not callable(getattr(subject, name, None))
    ]
    if lacking:
        raise ValidationError(
            f"Argument `synth` must have methods generate, generateBatch, generateStream and getMetrics, but "
            f"{type(subject).__name__} lacks {', '.join(lacking)}."
        )
    return subject  # type: ignore[no-any-return]
