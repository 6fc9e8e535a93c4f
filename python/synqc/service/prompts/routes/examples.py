"""Documents that the description of the routes shows."""

from __future__ import annotations

from synqc.service.description import asked

__all__ = ["ACCEPTED", "BATCH", "PROBLEM", "PROGRESS", "REQUESTS", "RESPONSE", "STATUS"]

_MODEL = {"provider": "openai", "model_name": "gpt-4.1"}
_TARGET = {"provider": "openai", "model_name": "o3-mini"}
_REQUEST = {
    "num_problems": 5, "engineer_model": _MODEL, "checker_model": _MODEL, "target_model": _TARGET,
    "taxonomy": {"Algebra": ["Quadratic equations"]},
}  # fmt: skip
REQUESTS = asked(
    topics=("Problems on topics", _REQUEST),
    levels=(
        "With difficulty levels, a budget and a cap",
        {
            **_REQUEST, "budget_usd": 2.5, "max_attempts": 200,
            "taxonomy": {"Calculus": {"Definite integrals": {"level": "Undergraduate", "description": "By parts."}}},
        },
    ),
    seeds=(
        "Harder ones than these",
        {
            **{name: value for name, value in _REQUEST.items() if name != "taxonomy"}, "use_seed_data": True,
            "seed_data": [{"problem": "Solve x + 1 = 3.", "answer": "2"}],
        },
    ),
)  # fmt: skip
_JOB = "generation-01a228251446000092a545d3"
_MOMENT = "2026-01-02T03:04:05.006Z"
_PROMPT = {
    "subject": "Algebra", "topic": "Quadratic equations", "problem": "Solve x^2 - 5x + 6 = 0.",
    "answer": "x = 2 or x = 3",
    "hints": {"0": "Factor.", "1": "Two numbers with the sum 5.", "2": "And the product 6."}, "reference": None,
    "hints_were_corrected": False, "target_model_answer": "x = 2",
}  # fmt: skip
RESPONSE = {
    "valid_prompts": [_PROMPT],
    "discarded_prompts": [{**_PROMPT, "rejection_reason": "Target model solved correctly", "cause": "solved"}],
    "metadata": {
        "total_attempted": 2, "total_accepted": 1, "total_cost": 0.0123, "stop_reason": "target_reached",
        "stop_words": "There are as many rows as were asked for.", "batch_id": 1, "job_id": _JOB,
    },
    "extra_valid": [],
}  # fmt: skip
ACCEPTED = {
    "job_id": _JOB, "status": "queued", "status_url": f"/status/{_JOB}", "created_at": _MOMENT, "batch_id": 1,
}  # fmt: skip
STATUS = {
    "job_id": _JOB, "status": "running", "attempt": 1, "created_at": _MOMENT, "started_at": _MOMENT,
    "finished_at": None,
    "progress": {
        "accepted": 1, "discarded": 1, "errors": 0, "attempted": 2, "target": 5, "max_attempts": 500, "percent": 20.0,
    },
    "cost": {"total_usd": 0.0123, "breakdown": {"openai:gpt-4.1": 0.0101, "openai:o3-mini": 0.0022}},
    "result": None, "error": None, "stop_reason": None,
}  # fmt: skip
BATCH = {
    "id": 1, "name": "Batch_o3-mini_20260102_030405", "taxonomy_json": _REQUEST["taxonomy"],
    "pipeline": {"engineer": _MODEL, "checker": _MODEL, "target": _TARGET}, "num_problems": 5, "batch_cost": 0.0123,
    "created_at": _MOMENT, "updated_at": _MOMENT, "stats": {"discarded": 1, "valid": 1},
}  # fmt: skip
PROGRESS = {
    "batch_id": 1, "total_needed": 5, "valid_generated": 1, "total_generated": 2, "progress_percentage": 20.0,
    "stats": {"valid": 1, "discarded": 1, "solved": 0}, "batch_cost": 0.0123, "status": "in_progress",
}  # fmt: skip
PROBLEM = {
    "id": 1, "batch_id": 1, "subject": "Algebra", "topic": "Quadratic equations", "question": _PROMPT["problem"],
    "answer": _PROMPT["answer"], "hints": _PROMPT["hints"], "status": "valid", "rejection_reason": None,
    "reference": None, "created_at": _MOMENT, "updated_at": _MOMENT, "similar_problems": None, "cost": 0.0061,
    "target_model_answer": "x = 2", "hints_were_corrected": False,
}  # fmt: skip
