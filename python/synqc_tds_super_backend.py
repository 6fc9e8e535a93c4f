"""The service under the module name that older scripts import and that `uvicorn synqc_tds_super_backend:app` loads."""

from synqc.apps.tds.engine import SynQcEngine
from synqc.apps.tds.models import (
    AdaptiveRule,
    AgentSuggestionRequest,
    AgentSuggestionResponse,
    ChatMessage,
    ChatRequest,
    ChatResponse,
    DriveEnvelope,
    ExportFormat,
    HardwarePreset,
    HardwareTarget,
    KpiBundle,
    Objective,
    RunConfiguration,
    RunMode,
    RunRecord,
    SessionStatus,
    SessionSummary,
)
from synqc.errors import SynqcError
from synqc.service import create_app
from synqc.service.supervisor import end_supervisor

__all__ = [
    "AdaptiveRule", "AgentSuggestionRequest", "AgentSuggestionResponse", "ChatMessage", "ChatRequest", "ChatResponse",
    "DriveEnvelope", "ExportFormat", "HardwarePreset", "HardwareTarget", "KpiBundle", "Objective", "RunConfiguration",
    "RunMode", "RunRecord", "SessionStatus", "SessionSummary", "SynQcEngine", "app", "engine", "store",
]  # fmt: skip

if __name__ == "__main__":
    from synqc.cli import main

    raise SystemExit(main(["serve"]))  # makes its own: a reloader must not hold the database

try:
    app = create_app()
except SynqcError as refusal:
    # A server that imports this would print a trace of itself. Whoever serves from Python has `create_app`.
    end_supervisor()
    raise SystemExit(f"synqc: error: {' '.join(str(refusal).split())}") from None
if "tds" not in app.state.applications:
    raise SystemExit("synqc: error: SYNQC_APPLICATIONS must name tds, whose names this module has.")
store = app.state.applications["tds"].state.tds.store
engine = app.state.applications["tds"].state.tds.engine
