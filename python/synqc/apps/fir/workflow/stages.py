"""Interface of stages: a function for each step, given all that its result may depend on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from synqc.apps.fir.workflow.doubt import Doubt
from synqc.apps.fir.workflow.steps import Step

__all__ = ["StageFunction", "StageResult", "StageStop", "Stages"]


class StageStop(Protocol):
    """How a stage hears that nobody wants its result any more; a `RunningJob` is one."""

    def check(self) -> None:
        """Raises if it shall stop."""

    def on_stop(self, call: Callable[[], None]) -> None:
        """Call something once when it shall stop."""


@dataclass(frozen=True)
class StageResult:
    """A stage's result.

    Args:
        content: Content of the form of its step.
        model: That wrote it; "" where none did.
        prompt_sha256: SHA-256 of what the model was asked.
        doubts: What a person must look at in a text that was heard or read.
    """

    content: Mapping[str, Any]
    model: str = ""
    prompt_sha256: str = ""
    doubts: Sequence[Doubt] = ()


StageFunction = Callable[[Mapping[str, Any], StageStop], StageResult]
"""Given what `stage_input` says, makes the result of a step, or raises; what it raises is told without its words
unless it is a SynqcError, whose messages name no complaint."""

Stages = Mapping[Step, StageFunction]
"""The function of every step but the last, whose result follows from the others."""
