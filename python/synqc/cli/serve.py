"""`synqc serve`: the control page and the API."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from synqc.cli.service_extra import require_service_extra
from synqc.errors import InputError

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
    parser.add_argument(
        "--unix-socket",
        type=Path,
        metavar="PATH",
        help="listen at a path instead of an address; default SYNQC_UNIX_SOCKET",
    )
    parser.add_argument(
        "--root-path", metavar="/PATH", help="prefix that a proxy serves this at; default SYNQC_ROOT_PATH"
    )
    parser.add_argument(
        "--proxy-headers", action="store_true",
        help="believe X-Forwarded-For of a proxy on this machine; others are named in SYNQC_TRUSTED_PROXIES",
    )  # fmt: skip
    parser.add_argument(
        "--cluster", action="store_true",
        help="be one of several servers on one PostgreSQL database, see docs/servers.md; default SYNQC_CLUSTER",
    )  # fmt: skip
    parser.add_argument(
        "--workers",
        type=_one_worker,
        metavar="1",
        help="1: sessions live in one process, whose shots use all processors",
    )
    parser.set_defaults(act=_act)


def port_number(text: str) -> int:
    """A port from 1 to 65535."""
    if not text.isdecimal() or not 1 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError(f"must be between 1 and 65535, but is {text!r}.")
    return int(text)


def _one_worker(text: str) -> int:
    """Servers of other kinds take more, so that scripts say it."""
    if text != "1":
        raise argparse.ArgumentTypeError(
            f"must be 1, but is {text!r}: sessions live in one process, whose shots use all processors. "
            "More of long work on PostgreSQL is done by `synqc worker`"
        )
    return 1


def _act(arguments: argparse.Namespace) -> bool:
    require_service_extra()
    from synqc.service.launcher import serve

    if arguments.unix_socket is not None and (arguments.host or arguments.port):
        raise InputError("--unix-socket listens at a path: it goes without --host and --port.")
    serve(
        host=arguments.host, port=arguments.port, root_path=arguments.root_path, unix=arguments.unix_socket,
        trust_local_proxy=arguments.proxy_headers, cluster=arguments.cluster,
    )  # fmt: skip
    return False
