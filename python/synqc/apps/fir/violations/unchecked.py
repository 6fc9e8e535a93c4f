"""Workflow stage without a model: provisions that a search found, each unknown until an officer has decided on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from synqc.apps.fir.document.provision import Provision, Verdict
from synqc.apps.fir.knowledge.knowledge_base import KnowledgeBase
from synqc.apps.fir.knowledge.record import TextKind
from synqc.apps.fir.workflow.stages import StageResult

__all__ = ["unchecked_provisions"]


def unchecked_provisions(
    knowledge: KnowledgeBase, given: Mapping[str, Any], *, cause: str, most: int = 10
) -> StageResult:
    """What `violations_stage` gives, where nobody can be asked.

    Args:
        knowledge: Where provisions are found.
        given: What the stage is given.
        cause: Why nobody is asked, for the officer.
        most: Provisions, the best ones.
    """
    told = (given["summary"], given.get("note", ""), given.get("instruction", ""))
    found = knowledge.search("\n\n".join(part for part in told if part.strip()), most=most, punishing=True)
    provisions = [
        Provision(
            one.code, one.section, one.title, Verdict.UNKNOWN, cause=cause,
            text=one.text if one.kind is TextKind.STATUTE else "",
        ).to_plain()
        for one in (hit.record for hit in found.hits)
    ]  # fmt: skip
    return StageResult({"violations": provisions})
