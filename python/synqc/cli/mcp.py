"""`synqc mcp`: the laboratory, and a service's sessions, as tools for an agent."""

from __future__ import annotations

import argparse
import os
from importlib.util import find_spec
from typing import Any

from synqc.cli.options import parse_whole
from synqc.errors import InputError, MissingExtra

__all__ = ["add_command"]


def add_command(commands: Any) -> None:
    """Declare `synqc mcp`."""
    parser = commands.add_parser(
        "mcp",
        description="Serve the Model Context Protocol on standard input and output: an agent may simulate, sweep and "
        "compare within a budget, and read a service's sessions. It may change them only if told so.",
        allow_abbrev=False,
    )
    parser.add_argument("--url", metavar="URL", help="service whose sessions may be read; its key: SYNQC_MCP_KEY")
    parser.add_argument("--allow-changes", action="store_true", help="sessions may be configured, run and stopped")
    parser.add_argument("--shots", type=parse_whole, metavar="N", help="budget of all calls; default: 20000000")
    parser.add_argument("--shots-per-call", type=parse_whole, metavar="N", help="default: 2000000")
    parser.add_argument("--seconds", type=parse_whole, metavar="S", help="longest run or sweep; default: 60")
    parser.set_defaults(act=_act)


def _act(arguments: argparse.Namespace) -> bool:
    if arguments.allow_changes and arguments.url is None:
        raise InputError("--allow-changes needs --url: without a service there are no sessions.")
    if find_spec("mcp") is None:
        raise MissingExtra("This needs mcp: pip install 'synqc[mcp]'.")
    from synqc.mcp import Limits, ServiceClient, make_server

    given = {name: getattr(arguments, name) for name in ("shots", "shots_per_call", "seconds")}
    limits = Limits(**{name: value for name, value in given.items() if value is not None})
    service = None
    if arguments.url is not None:
        service = ServiceClient(arguments.url, os.environ.get("SYNQC_MCP_KEY"), seconds=limits.seconds)
    make_server(limits, service, allow_changes=arguments.allow_changes).run()
    return False
