"""Workflow stage that finds and checks provisions for an officer's review."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from concurrent.futures import CancelledError
from typing import Any

from synqc.apps.fir.violations.checks import ViolationChecks
from synqc.apps.fir.workflow.stages import StageFunction, StageResult, StageStop

__all__ = ["violations_stage"]


def violations_stage(checks: ViolationChecks) -> StageFunction:
    """A stage for `Step.VIOLATIONS`.

    It is given the approved summary, the officer's note to it and, when it is made again, what the officer wants to be
    different; all three are searched and judged. Nobody has decided on what it gives: `accepted` is None throughout.

    Args:
        checks: Shared by all sessions.
    """

    def stage(given: Mapping[str, Any], stop: StageStop) -> StageResult:
        told = (given["summary"], given.get("note", ""), given.get("instruction", ""))
        future = checks.submit("\n\n".join(part for part in told if part.strip()))

        def give_up() -> None:
            future.cancel()

        stop.on_stop(give_up)
        try:
            checked = future.result()
        except CancelledError:
            stop.check()
            raise
        asked = "".join(one.question_sha256 for one in checked.findings)
        return StageResult(
            {"violations": [one.to_provision().to_plain() for one in checked.findings]},
            model=checks.model if checked.findings else "",
            prompt_sha256=hashlib.sha256(asked.encode()).hexdigest() if asked else "",
        )

    return stage
