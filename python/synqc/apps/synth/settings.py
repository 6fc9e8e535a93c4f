"""Settings of synthetic data: keys of models' servers, and how much is done at once."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Interval

from synqc.environment import Variable
from synqc.jobs.settings import JobsSettings
from synqc.llm.settings import ChoiceSettings

__all__ = ["SynthSettings"]


class SynthSettings(JobsSettings, ChoiceSettings):
    """What an operator may set of synthetic data.

    Examples:
        >>> SynthSettings.from_environment({"SYNQC_SYNTH_SETS": "3"}).sets_at_once
        3
    """

    sets_at_once: Annotated[int, Variable("SYNQC_SYNTH_SETS"), Interval(ge=1, le=64)] = 2
    """Data sets and batches that a process makes at a time; others wait in the ledger."""
    calls_at_once: Annotated[int, Variable("SYNQC_SYNTH_CALLS"), Interval(ge=1, le=1024)] = 64
    """Requests under way at one server at a time, of all data sets of the process together."""
    call_timeout_s: Annotated[float, Variable("SYNQC_SYNTH_CALL_TIMEOUT_SEC"), Interval(ge=1.0, le=3600.0)] = 120.0
    """One answer of a model must be complete by then in the service, repeated attempts included, s."""
    synth_model: Annotated[str | None, Variable("SYNQC_SYNTH_MODEL")] = None
    """Model that texts and data sets of a prompt are asked of, such as `openai:phi3`; else the one on this machine."""
    gemini_api_key: Annotated[str | None, Variable("GEMINI_API_KEY", secret=True)] = None
    """For Gemini, by its OpenAI-compatible address; without it there is no provider `gemini`."""
    openrouter_api_key: Annotated[str | None, Variable("OPENROUTER_API_KEY", secret=True)] = None
    """For OpenRouter; without it there is no provider `openrouter`."""
