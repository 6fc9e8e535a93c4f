"""The server: which tools there are, what they promise about changes, and documents as resources."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any, Final

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError, ToolError
from mcp.types import ToolAnnotations

import synqc
from synqc import json
from synqc._version import __version__
from synqc.errors import SynqcError
from synqc.mcp.laboratory_tools import LaboratoryTools
from synqc.mcp.limits import Budget, Limits
from synqc.mcp.service_client import ServiceClient
from synqc.mcp.session_tools import SessionTools

__all__ = ["make_server"]

_WORDS: Final = (
    "SynQc simulates Drive-Probe-Drive experiments on qubits: drive, weak probe, drive, readout. Figures have standard "
    "errors; compare differences with them. Targets other than sim-local and classical-only are emulated. "
    "list_arguments says what an experiment may be told."
)
_OF_TARGETS: Final = (
    "name", "description", "mapping", "emulated", "classical", "path_latency_ns", "decision_latency_ns",
    "result_latency_ns", "network_median_s", "queue_median_s", "sources",
)  # fmt: skip
_READS: Final = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_CHANGES: Final = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
_STOPS: Final = ToolAnnotations(read_only_hint=False, destructive_hint=True, open_world_hint=False)


def make_server(
    limits: Limits | None = None, service: ServiceClient | None = None, *, allow_changes: bool = False
) -> MCPServer[Any]:
    """A server whose tools are read-only unless told otherwise.

    Args:
        limits: Limits of calls; None: the usual ones.
        service: Whose sessions there are; None: none, only the laboratory of this process.
        allow_changes: Whether sessions may be configured, run and stopped.

    Returns:
        The server; `run()` serves it on standard input and output.
    """
    limits = limits or Limits()
    budget = Budget(limits.shots)
    server: MCPServer[Any] = MCPServer("SynQc", instructions=_WORDS, version=__version__, log_level="WARNING")
    laboratory = LaboratoryTools(limits, budget)
    offered: list[tuple[Callable[..., Awaitable[Any]], ToolAnnotations]] = [
        (laboratory.list_arguments, _READS), (laboratory.run_experiment, _READS),
        (laboratory.sweep_experiment, _READS), (laboratory.compare_runs, _READS),
    ]  # fmt: skip
    if service is not None:
        sessions = SessionTools(service, limits, budget)
        reading = (
            sessions.list_sessions, sessions.read_session, sessions.list_runs, sessions.read_run, sessions.read_log,
            sessions.suggest_change,
        )  # fmt: skip
        offered += [(one, _READS) for one in reading]
        if allow_changes:
            offered += [
                (sessions.configure_session, _CHANGES), (sessions.run_session, _CHANGES),
                (sessions.kill_session, _STOPS),
            ]  # fmt: skip
    for tool, promise in offered:
        server.add_tool(_refusing(tool), name=tool.__name__, annotations=promise)
    _add_documents(server, laboratory)
    return server


def _refusing(tool: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """What the laboratory refuses is told to the agent in the same words; anything else is a fault, and is not."""

    @functools.wraps(tool)
    async def call(*arguments: Any, **keywords: Any) -> Any:
        try:
            return await tool(*arguments, **keywords)
        except SynqcError as error:
            raise ToolError(str(error)) from error

    return call


def _add_documents(server: MCPServer[Any], laboratory: LaboratoryTools) -> None:
    @server.resource("synqc://presets/{name}", mime_type="application/json")
    def preset(name: str) -> str:
        """A device: its figures with their sources and assumptions."""
        if name not in synqc.presets():
            raise ResourceNotFoundError(f"There is no preset {name!r}: {', '.join(synqc.presets())}.")
        return synqc.presets()[name].to_json()

    @server.resource("synqc://targets/{name}", mime_type="application/json")
    def target(name: str) -> str:
        """A target: its latency terms with their sources, and whether it is emulated."""
        if name not in synqc.targets():
            raise ResourceNotFoundError(f"There is no target {name!r}: {', '.join(synqc.targets())}.")
        found = synqc.targets()[name]
        return _text({one: getattr(found, one) for one in _OF_TARGETS})

    @server.resource("synqc://runs/{run_id}", mime_type="application/json")
    def run(run_id: str) -> str:
        """A run of this server: everything about it but bits and records."""
        try:
            return _text(laboratory.document_of(run_id))
        except SynqcError as error:
            raise ResourceNotFoundError(str(error)) from error


def _text(document: Any) -> str:
    return json.dumps(document).decode()
