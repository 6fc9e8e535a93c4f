"""A job made again from the store, without network: everything must come out the same."""

from __future__ import annotations

import argparse

from synqc.cli.prompts.opened import opened
from synqc.cli.prompts.reading import generation_of

__all__ = ["replay"]


def replay(arguments: argparse.Namespace) -> bool:
    """Say that rows come out the same; a difference is an error, which names the row."""
    with opened() as application:
        found = application.replay(generation_of(arguments.job))
    if arguments.json:
        print(found.document.decode())
    else:
        print(f"{found.rows} rows came out the same in every byte, by {found.calls} recorded answers.")
    return False
