"""Packages that the service needs and the laboratory does not."""

from __future__ import annotations

from importlib.util import find_spec

from synqc.errors import MissingExtra

__all__ = ["require_service_extra"]

_PACKAGES = ("fastapi", "sqlalchemy", "uvicorn")


def require_service_extra() -> None:
    """Raises MissingExtra if a package of the extra `service` is not installed."""
    for name in _PACKAGES:
        if find_spec(name) is None:
            raise MissingExtra(f"This needs {name}: pip install 'synqc[service]'.")
