"""Settings of TDS."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Interval

from synqc.environment import Variable
from synqc.jobs.settings import JobsSettings
from synqc.llm.settings import ChoiceSettings

__all__ = ["TdsSettings"]


def _prefix(text: str) -> str:
    stripped = text.strip().rstrip("/")
    return stripped if not stripped or stripped.startswith("/") else f"/{stripped}"


class TdsSettings(JobsSettings, ChoiceSettings):
    """What an operator may set of TDS.

    Examples:
        >>> TdsSettings.from_environment({"SYNQC_API_PREFIX": "/lab/", "SYNQC_MAX_PROBE_STRENGTH": "7"}).api_prefix
        '/lab'
    """

    api_prefix: Annotated[str, Variable("SYNQC_API_PREFIX", read=_prefix)] = "/api/v1/synqc"
    """What every route but the page's begins with."""
    max_probe_strength: Annotated[float, Variable("SYNQC_MAX_PROBE_STRENGTH"), Interval(ge=0.0, le=1.0)] = 0.5
    """A run above it is refused."""
    max_probe_duration_ns: Annotated[int, Variable("SYNQC_MAX_PROBE_DURATION_NS"), Interval(ge=1, le=1_000_000)] = 5000
    """A run above it is refused, ns."""
    max_shots_per_run: Annotated[int, Variable("SYNQC_MAX_SHOTS_PER_RUN"), Interval(ge=1, le=10_000_000)] = 200_000
    """Most shots a session's limit may be."""
    flush_interval_s: Annotated[
        float,
        Variable("SYNQC_FLUSH_INTERVAL_SEC", older_name="SYNQC_SESSION_FLUSH_INTERVAL_SEC"),
        Interval(ge=0.1, le=60.0),
    ] = 1.0
    """How often telemetry is written, s."""
    background_flush: Annotated[bool, Variable("SYNQC_ENABLE_BACKGROUND_FLUSH")] = True
    """0: telemetry is written at shutdown alone."""
    agent_model: Annotated[str, Variable("SYNQC_AGENT_MODEL")] = "gpt-4-mini"
    """The language model that the agent asks."""
    agent_temperature: Annotated[float, Variable("SYNQC_AGENT_TEMPERATURE"), Interval(ge=0.0, le=1.0)] = 0.7
    """How freely it answers."""

    target_backends: Annotated[tuple[str, ...], Variable("SYNQC_TARGET_BACKENDS")] = ()
    """Backends that play hardware runs of targets, as `ibm-qpu=ibm:ibm_fez usd_per_second=1.6, ionq=ionq:simulator`."""
    hardware_budget_usd: Annotated[float, Variable("SYNQC_HARDWARE_BUDGET_USD"), Interval(ge=0.0, le=1e6)] = 0.0
    """Most that one hardware run may cost, US dollars; 0: none that costs anything is sent."""

    @property
    def default_shot_limit(self) -> int:
        """Shot limit of a session that never set one."""
        return min(50_000, self.max_shots_per_run)
