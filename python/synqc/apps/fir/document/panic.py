"""Panics of libraries in Rust: no `Exception`, and of no module that could be imported."""

from __future__ import annotations

__all__ = ["is_panic"]


def is_panic(error: BaseException) -> bool:
    """Whether a library gave up, and not the interpreter or who pressed Ctrl-C."""
    return type(error).__name__ == "PanicException"
