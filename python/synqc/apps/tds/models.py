"""Documents of the service's contract: names, order, defaults and bounds of what goes over the wire.

The laboratory knows more targets, presets, envelopes and rules than clients of the contract may name.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    model_serializer,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

__all__ = [
    "LONGEST_NOTES", "MOST_ITERATIONS", "PROBE_DURATIONS_NS", "PROBE_STRENGTHS", "USUAL_ITERATIONS", "AdaptiveRule",
    "AgentSuggestionRequest", "AgentSuggestionResponse", "ChatMessage", "ChatRequest", "ChatResponse", "DriveEnvelope",
    "ExportFormat", "HardwarePreset", "HardwareRunRequest", "HardwareTarget", "KpiBundle", "Measurement", "Objective",
    "RunConfiguration", "RunMode", "RunRecord", "RunRequest", "SessionRequest", "SessionStatus", "SessionSummary",
    "SweepRequest", "bounds_of", "finite_or_none", "finite_or_zero", "used_fraction",
]  # fmt: skip

PROBE_STRENGTHS = (0.0, 1.0)
"""Least and greatest that a configuration can hold; the operator's limits are narrower."""
PROBE_DURATIONS_NS = (5, 5000)
"""Least and greatest that a configuration can hold, ns."""
_USUAL_PROBE_STRENGTH = 0.2
MOST_ITERATIONS = 10_000
"""Of one run."""
USUAL_ITERATIONS = 1
"""Of a run that does not say how many."""
LONGEST_NOTES = 20_000
"""Characters that a client may send: every list of sessions carries the notes of all."""


class HardwareTarget(StrEnum):
    """Where a run happens; what is not local is emulated."""

    SIM_LOCAL = "sim-local"
    IBM_QPU = "ibm-qpu"
    AWS_BRAKET = "aws-braket"
    IONQ = "ionq"
    CLASSICAL_ONLY = "classical-only"


class HardwarePreset(StrEnum):
    """Device figures: four of kinds of qubits, which every version of the contract has, and those of real devices."""

    TRANSMON_DEFAULT = "transmon-default"
    FLUXONIUM_PILOT = "fluxonium-pilot"
    ION_CHAIN = "ion-chain"
    NEUTRAL_ATOM = "neutral-atom"
    IBM_AACHEN = "ibm_aachen"
    IBM_FEZ = "ibm_fez"
    IBM_MARRAKESH = "ibm_marrakesh"
    IBM_SHERBROOKE = "ibm_sherbrooke"
    IBM_TORINO = "ibm_torino"


class DriveEnvelope(StrEnum):
    """Shape of both drives."""

    GAUSSIAN = "gaussian"
    SQUARE = "square"
    DRAG = "drag"
    COSINE = "cosine"


class AdaptiveRule(StrEnum):
    """What learns between and within shots."""

    NONE = "none"
    KALMAN = "kalman"
    BAYES = "bayes"
    RL = "rl"


class Objective(StrEnum):
    """What the score of a run scores."""

    MAXIMIZE_FIDELITY = "maximize-fidelity"
    MINIMIZE_LATENCY = "minimize-latency"
    INFO_VS_DAMAGE = "info-vs-damage"
    STABILITY_WINDOW = "stability-window"


class RunMode(StrEnum):
    """A dry run simulates the same and charges nothing."""

    RUN = "run"
    DRYRUN = "dryrun"


class SessionStatus(StrEnum):
    """Only `running` keeps a session from running."""

    IDLE = "idle"
    RUNNING = "running"
    TERMINATED = "terminated"
    ERROR = "error"


class ExportFormat(StrEnum):
    """Shape of an export."""

    JSON = "json"
    CSV = "csv"
    NOTEBOOK = "notebook"


def _braket(value: Any) -> Any:
    """One page misspells the target."""
    return "aws-braket" if value == "aws-bracket" else value


def _strength(value: Any) -> Any:
    """Clients with an empty field send NaN."""
    return _USUAL_PROBE_STRENGTH if isinstance(value, float) and math.isnan(value) else value


def _encodable(value: str) -> str:
    """JSON can escape half a character, which nothing can write down again."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("Text must not hold lone surrogates") from None
    return value


Text = Annotated[str, AfterValidator(_encodable)]
"""Text that can be stored and sent back."""


class RunConfiguration(BaseModel):
    """What a session's next run does.

    Examples:
        >>> RunConfiguration(hardware_target="aws-bracket").hardware_target
        <HardwareTarget.AWS_BRAKET: 'aws-braket'>
    """

    model_config = ConfigDict(extra="ignore")

    hardware_target: Annotated[HardwareTarget, BeforeValidator(_braket)] = HardwareTarget.SIM_LOCAL
    hardware_preset: HardwarePreset = HardwarePreset.TRANSMON_DEFAULT
    drive_envelope: DriveEnvelope = DriveEnvelope.GAUSSIAN
    probe_strength: Annotated[float, BeforeValidator(_strength)] = Field(
        _USUAL_PROBE_STRENGTH,
        ge=PROBE_STRENGTHS[0],
        le=PROBE_STRENGTHS[1],
        description="Probe amplitude as a fraction of the strongest.",
    )
    probe_duration_ns: int = Field(
        120, ge=PROBE_DURATIONS_NS[0], le=PROBE_DURATIONS_NS[1], description="Length of the probe, ns."
    )
    adaptive_rule: AdaptiveRule = AdaptiveRule.NONE
    objective: Objective = Objective.MAXIMIZE_FIDELITY
    notes: Text | None = None
    num_iterations_default: int | None = Field(None, description="Kept for pages that restore it; shown only if sent.")
    shot_limit_default: int | None = Field(None, description="Kept for pages that restore it; shown only if sent.")

    @model_serializer(mode="wrap")
    def _without_what_was_never_sent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        plain: dict[str, Any] = handler(self)
        for name in ("num_iterations_default", "shot_limit_default"):
            if plain.get(name) is None:
                plain.pop(name, None)
        return plain

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """What is shown has the members of what is sent: else a generated client would know none of them."""
        return handler({name: part for name, part in schema.items() if name != "serialization"})


def _notes_in_bounds(config: RunConfiguration) -> RunConfiguration:
    """Only of what is sent: what was stored before stays readable."""
    if config.notes is not None and len(config.notes) > LONGEST_NOTES:
        raise ValueError(f"`notes` must have at most {LONGEST_NOTES} characters, but has {len(config.notes)}")
    return config


SentConfiguration = Annotated[RunConfiguration, AfterValidator(_notes_in_bounds)]
"""A configuration from a client."""


def bounds_of(model: type[BaseModel], field: str) -> tuple[float, float]:
    """Least and greatest value that a number of a document may have.

    Examples:
        >>> bounds_of(SweepRequest, "shots")
        (1, 100000)
    """
    declared = model.model_fields[field].metadata
    (least,) = (one.ge for one in declared if isinstance(one, Ge) and isinstance(one.ge, (int, float)))
    (most,) = (one.le for one in declared if isinstance(one, Le) and isinstance(one.le, (int, float)))
    return least, most


def finite_or_zero(value: float) -> float:
    """What clients may be shown: a number."""
    return value if math.isfinite(value) else 0.0


def finite_or_none(value: float) -> float | None:
    """What clients may be shown where a number may be unknown."""
    return value if math.isfinite(value) else None


class KpiBundle(BaseModel):
    """Figures of merit of a run; `shots_used` counts over the session.

    Examples:
        >>> KpiBundle.from_raw(0.98, 1.2, 0.01, 1000, 50000).shots_used_fraction
        0.02
    """

    fidelity: float
    latency_us: float
    backaction: float
    shots_used: int
    shot_limit: int
    shots_used_fraction: float

    @classmethod
    def from_raw(
        cls, fidelity: float, latency_us: float, backaction: float, shots_used: int, shot_limit: int
    ) -> KpiBundle:
        """A bundle whose members are always numbers: counts below 0 become 0, and the fraction lies in [0, 1]."""
        used, limit = max(0, int(shots_used)), max(0, int(shot_limit))
        return cls(
            fidelity=finite_or_zero(float(fidelity)),
            latency_us=finite_or_zero(float(latency_us)),
            backaction=finite_or_zero(float(backaction)),
            shots_used=used,
            shot_limit=limit,
            shots_used_fraction=used_fraction(used, limit),
        )


def used_fraction(used: int, limit: int) -> float:
    """Share of a budget, in [0, 1]; 0 where there is none."""
    return min(1.0, max(0.0, used / limit)) if limit > 0 else 0.0


class Measurement(BaseModel):
    """What one qubit's readout showed: shares of bits, and the last bit."""

    qubit: int
    p0: float
    p1: float
    last: int


class RunRecord(BaseModel):
    """A run as stored and shown. Keys from `estimates` on are additions to the original contract."""

    run_id: str
    session_id: str
    mode: RunMode
    config_snapshot: RunConfiguration
    created_at: str
    kpis: KpiBundle | None = None
    measurements: list[Measurement] = Field(default_factory=list)
    events: list[str] = Field(default_factory=list)
    estimates: dict[str, dict[str, Any]] = Field(default_factory=dict)
    partial: bool = False
    seed: int | None = None
    emulated: bool = False


class SessionSummary(BaseModel):
    """A session without its log and telemetry."""

    session_id: str
    created_at: str
    last_updated_at: str
    status: SessionStatus
    status_text: str
    mode_label: str
    shot_limit: int
    shots_used: int
    shots_used_fraction: float
    last_run_id: str | None = None
    last_kpis: KpiBundle | None = None
    config: RunConfiguration


class SessionRequest(BaseModel):
    """Create a session, or change the configuration of the one with this id."""

    session_id: Text | None = None
    config: SentConfiguration = Field(default_factory=RunConfiguration)


class RunRequest(BaseModel):
    """Start a run; every field has a default, but the body itself is required."""

    mode: RunMode = RunMode.RUN
    num_iterations: int | None = Field(None, ge=1, le=MOST_ITERATIONS)
    shot_limit: int | None = Field(None, description="Clamped to what the server allows, and kept on the session.")
    seed: int | None = Field(
        None, ge=0, lt=2**63, description="Same session state and seed: same bytes. Drawn if absent."
    )


class HardwareRunRequest(BaseModel):
    """Have a session's experiment played by the backend of its target; without `confirm` it is planned alone."""

    shots: int = Field(1000, ge=1, le=100_000)
    budget_usd: float = Field(0.0, ge=0, le=1e6, description="Most that it may cost, US dollars.")
    confirm: bool = Field(False, strict=True, description="Nothing is sent, and nothing charged, unless this is true.")
    seed: int | None = Field(None, ge=0, lt=2**63, description="Seed of the compiler; drawn if absent.")
    idempotency_key: Text | None = Field(
        None, min_length=1, max_length=200, description="A request that is repeated with it is the first one's job."
    )


class AgentSuggestionRequest(BaseModel):
    """Ask for a small change of the configuration; it is never applied here."""

    goal: Text
    max_retries: int = Field(3, ge=1, le=10)
    model: Text | None = None
    temperature: float | None = None
    votes: int = Field(1, ge=1, le=9)


class AgentSuggestionResponse(BaseModel):
    """A whole configuration to consider, why, and what it would change."""

    recommended_config: RunConfiguration
    rationale: str
    warnings: list[str]
    changes_applied: dict[str, dict[str, Any]]
    predicted: dict[str, Any] | None = None
    votes: dict[str, Any] | None = None


class ChatMessage(BaseModel):
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    content: Text


class ChatRequest(BaseModel):
    """Ask in words."""

    session_id: Text | None = None
    message: Text
    history: list[ChatMessage] = Field(default_factory=list)
    stream: bool = False


class ChatResponse(BaseModel):
    """The answer in words."""

    reply: str
    session_id: str | None = None


class SweepRequest(BaseModel):
    """A grid over one or two fields of a configuration."""

    session_id: Text | None = None
    config: SentConfiguration = Field(default_factory=RunConfiguration)
    axes: dict[Literal["probe_strength", "probe_duration_ns"], list[float]] = Field(min_length=1, max_length=2)
    shots: int = Field(200, ge=1, le=100_000)
    seed: int | None = Field(None, ge=0, lt=2**63)
