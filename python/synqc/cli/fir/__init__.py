"""`synqc fir`: First Information Reports from a complaint to a sealed document, and how fast and good they are made."""

from __future__ import annotations

from typing import Any

from synqc.cli.fir import demo, evaluating, knowledge, performance, sessions

__all__ = ["add_command"]


def add_command(commands: Any) -> None:
    """Declare it and its own commands."""
    fir = commands.add_parser(
        "fir",
        description="First Information Reports; see docs/fir.md. Sessions and reports stand in the service's database "
        "(SYNQC_STATE_DIR or SYNQC_DATABASE_URL), which may be in use.",
        allow_abbrev=False,
    )
    acts = fir.add_subparsers(title="commands", metavar="COMMAND", dest="fir_command", required=True)
    sessions.add_commands(acts)
    knowledge.add_commands(acts)
    evaluating.add_command(acts)
    performance.add_command(acts)
    demo.add_command(acts)
