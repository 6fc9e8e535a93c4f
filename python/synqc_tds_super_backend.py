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
from synqc.service import create_app

__all__ = [
    "AdaptiveRule", "AgentSuggestionRequest", "AgentSuggestionResponse", "ChatMessage", "ChatRequest", "ChatResponse",
    "DriveEnvelope", "ExportFormat", "HardwarePreset", "HardwareTarget", "KpiBundle", "Objective", "RunConfiguration",
    "RunMode", "RunRecord", "SessionStatus", "SessionSummary", "SynQcEngine", "app", "engine", "store",
]  # fmt: skip

if __name__ == "__main__":
    from synqc.service.launcher import serve

    serve()  # makes its own: a reloader must not hold the database
else:
    app = create_app()
    store = app.state.laboratory.store
    engine = app.state.laboratory.engine
