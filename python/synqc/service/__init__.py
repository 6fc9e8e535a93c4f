"""The applications over HTTP. Needs the extra `service`. Names are loaded on first use: settings need no framework."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synqc.service.application import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    if name == "create_app":
        from synqc.service.application import create_app

        return create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
