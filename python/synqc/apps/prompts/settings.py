"""Settings of synthetic prompts: the models' servers and keys, and how much is done at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from annotated_types import Interval

from synqc.environment import Variable
from synqc.jobs.settings import JobsSettings
from synqc.llm.settings import ChoiceSettings

__all__ = ["PromptsSettings"]


class PromptsSettings(JobsSettings, ChoiceSettings):
    """What an operator may set of synthetic prompts.

    Examples:
        >>> PromptsSettings.from_environment({"SYNQC_PROMPTS_GENERATIONS": "3"}).generations_at_once
        3
    """

    generations_at_once: Annotated[int, Variable("SYNQC_PROMPTS_GENERATIONS"), Interval(ge=1, le=64)] = 2
    """Generations that a process works at a time; others wait in the ledger."""
    calls_at_once: Annotated[int, Variable("SYNQC_PROMPTS_CALLS"), Interval(ge=1, le=1024)] = 64
    """Requests under way at one provider at a time, of all generations of the process together."""
    call_timeout_s: Annotated[float, Variable("SYNQC_PROMPTS_CALL_TIMEOUT_SEC"), Interval(ge=1.0, le=3600.0)] = 120.0
    """One answer must be complete by then, repeated attempts included, s."""
    batch_gather_s: Annotated[float, Variable("SYNQC_PROMPTS_BATCH_GATHER_SEC"), Interval(ge=0.01, le=3600.0)] = 5.0
    """How long nothing more must be asked before a batch is sent, s."""
    batch_poll_s: Annotated[float, Variable("SYNQC_PROMPTS_BATCH_POLL_SEC"), Interval(ge=0.01, le=3600.0)] = 30.0
    """How often the state of a batch is asked for, s."""
    gemini_key: Annotated[str | None, Variable("GEMINI_KEY", secret=True)] = None
    """For Gemini, by its OpenAI-compatible address; without it there is no provider `gemini`."""
    deepseek_key: Annotated[str | None, Variable("DEEPSEEK_KEY", secret=True)] = None
    """For DeepSeek's models at Fireworks; without it there is no provider `deepseek`."""
    openai_key: Annotated[str | None, Variable("OPENAI_KEY", secret=True)] = None
    """Used for `openai` where OPENAI_API_KEY is not set."""
    prices_path: Annotated[Path | None, Variable("SYNQC_PROMPTS_PRICES")] = None
    """JSON file of prices, which win over those that come with the package."""
    benchmarks_path: Annotated[Path | None, Variable("SYNQC_PROMPTS_BENCHMARKS")] = None
    """Folder of benchmarks, one JSON or JSONL file each, which generations may name."""
