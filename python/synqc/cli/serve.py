"""`synqc serve`: the control page and the API."""

from __future__ import annotations

import argparse
from typing import Any

from synqc.cli.service_extra import require_service_extra

__all__ = ["add_command", "port_number"]


def add_command(commands: Any) -> None:
    """Declare `synqc serve`."""
    parser = commands.add_parser(
        "serve",
        description="Serve the control page at /ui and the API. Settings come from the environment and from .env: "
        "SYNQC_STATE_DIR, SYNQC_DATABASE_URL, SYNQC_API_KEYS and others, see docs/service.md.",
        allow_abbrev=False,
    )
    parser.add_argument("--host", help="address to listen on; default SYNQC_HOST or 127.0.0.1")
    parser.add_argument("--port", type=port_number, help="default SYNQC_PORT or 8000")
    parser.set_defaults(act=_act)


def port_number(text: str) -> int:
    """A port from 1 to 65535."""
    if not text.isdecimal() or not 1 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError(f"must be between 1 and 65535, but is {text!r}.")
    return int(text)


def _act(arguments: argparse.Namespace) -> bool:
    require_service_extra()
    from synqc.service.launcher import serve

    serve(host=arguments.host, port=arguments.port)
    return False
