"""A server of the Model Context Protocol: the laboratory, and a service's sessions, as tools for an agent.

Examples:
    >>> from synqc.mcp import Limits, make_server
    >>> server = make_server(Limits(shots=1_000_000))
    >>> server.name
    'SynQc'

Source: Model Context Protocol, specification of 2025-11-25, modelcontextprotocol.io.
"""

from __future__ import annotations

from synqc.mcp.limits import Budget, Limits
from synqc.mcp.server import make_server
from synqc.mcp.service_client import ServiceClient, ServiceRefused

__all__ = ["Budget", "Limits", "ServiceClient", "ServiceRefused", "make_server"]
