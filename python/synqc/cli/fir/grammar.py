"""Grammar of the commands of `synqc fir`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

__all__ = ["add"]


def add(acts: Any, name: str, act: Callable[[argparse.Namespace], None], words: str) -> Any:
    """A command of its own, which is done when `act` returns."""
    parser = acts.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.", allow_abbrev=False)
    parser.set_defaults(act=lambda arguments: _acted(act, arguments))
    return parser


def _acted(act: Callable[[argparse.Namespace], None], arguments: argparse.Namespace) -> bool:
    act(arguments)
    return False
