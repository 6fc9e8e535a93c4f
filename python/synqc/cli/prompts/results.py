"""Files of a job's results, as the original's command line wrote and promised them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synqc.apps.prompts.application import PromptsApplication
    from synqc.apps.prompts.funnel import Funnel, GenerationStatus

__all__ = ["write_results"]


def write_results(application: PromptsApplication, status: GenerationStatus, folder: Path) -> list[Path]:
    """Write what a job has: its rows, its costs, how it went, and how its topics were covered.

    Each file takes its place whole, so that nobody reads half of one.
    """
    from synqc.apps.prompts.causes import RowStatus
    from synqc.apps.prompts.documents.generation_response import GenerationResponse

    response = GenerationResponse.of(
        status, application.export_rows(status.job_id, statuses=tuple(RowStatus))
    ).model_dump()
    funnel = application.funnel(status.job_id)
    prices = [one.to_dict() for one in application.prices_of(status.job_id)]
    documents = {
        "valid.json": response["valid_prompts"], "discarded.json": response["discarded_prompts"],
        "costs.json": _costs(status, funnel, prices),
        "performance_metrics.json": _performance(status, funnel, response),
        "curriculum_stats.json": {topic: dict(counts) for topic, counts in funnel.by_topic.items()},
    }  # fmt: skip
    if response["extra_valid"]:
        documents["extra_valid.json"] = response["extra_valid"]
    folder.mkdir(parents=True, exist_ok=True)
    return [_written(folder / name, document) for name, document in documents.items()]


def _costs(status: GenerationStatus, funnel: Funnel, prices: list[dict[str, Any]]) -> dict[str, Any]:
    by_model: dict[str, list[Any]] = {}
    for one in funnel.models:
        by_model.setdefault(one.model, []).append(one)
    breakdown = {
        model: {
            "input_tokens": _sum(one.prompt_tokens for one in calls),
            "output_tokens": _sum(one.completion_tokens for one in calls),
            "cost_usd": _usd(_sum(one.usd_micros for one in calls)),
        }
        for model, calls in by_model.items()
    }
    return {
        "run_id": status.job_id, "total_cost_usd": _usd(status.usd_micros), "model_breakdown": breakdown,
        "uncounted_at_most_usd": _usd(funnel.uncounted_usd_micros), "prices": prices,
    }  # fmt: skip


def _performance(status: GenerationStatus, funnel: Funnel, response: dict[str, Any]) -> dict[str, Any]:
    begun, ended = status.started_at, status.ended_at
    return {
        **response["metadata"], "seconds": None if begun is None or ended is None else round(ended - begun, 3),
        "by_status": {one.value: count for one, count in funnel.by_status.items()},
        "by_cause": {one.value: count for one, count in funnel.by_cause.items()},
        "calls": sum(one.calls for one in funnel.models), "tokens": funnel.tokens,
    }  # fmt: skip


def _sum(values: Iterable[int | None]) -> int | None:
    """None where one is unknown."""
    found = list(values)
    return None if None in found else sum(one for one in found if one is not None)


def _usd(micros: int | None) -> float | None:
    return None if micros is None else micros / 1e6


def _written(path: Path, document: Any) -> Path:
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    beside.replace(path)
    return path
