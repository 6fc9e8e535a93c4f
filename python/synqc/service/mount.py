"""What an application offers HTTP: a frozen value, mounted under a prefix; one of them also at the root."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter
from starlette.routing import Match
from starlette.types import ASGIApp, Scope

from synqc.service.doors import Door
from synqc.service.errors import ErrorAnswers
from synqc.service.middleware.authentication import KeyPolicy
from synqc.service.middleware.rate_limit import RateLimit

__all__ = ["Mount"]


def _nothing() -> None:
    pass


def _false() -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class Mount:
    """An application, ready to answer.

    Args:
        name: A word in lower case; its prefix is `/name`.
        title, description: Title and description of its OpenAPI document.
        routers: Its routes by the door they are entered by, where its old clients look for them.
        api_prefix: What most of these begin with; metrics name routes without it.
        errors: Status of its classes of errors, and the shape of their bodies.
        keys: How its clients show keys.
        headers: Headers of all its answers, refusals included, beside those of every application; what an answer has
            already stays.
        rates: Its own limit of requests, where the service has none; None: it has none either.
        body_limits: Bytes of a body, by the path below its prefix, where it takes more than the service does.
        fast_path: Makes ASGI middleware that answers hot routes before the framework; None: it has none.
        state: What handlers find in `request.app.state`, beside `workers`, `shutdown`, `tickets` and `settings`.
        start: Called when a server begins to serve it, in the event loop; not by clients that ask without a server.
        pause: Called when that server has ended; it may be started again. May block.
        stop: Ends work at once, for good: the process is shutting down. Must not block.
        is_storing: Whether some of that work is still being stored.
        close: Stores what is left and lets go of everything. May block, and may be called again.
    """

    name: str
    title: str
    description: str = ""
    routers: Mapping[Door, APIRouter]
    api_prefix: str = ""
    errors: ErrorAnswers = field(default_factory=ErrorAnswers)
    keys: KeyPolicy = field(default_factory=KeyPolicy)
    headers: Callable[[Scope], Iterable[tuple[bytes, bytes]]] | None = None
    rates: RateLimit | None = None
    body_limits: Mapping[str, int] = field(default_factory=dict)
    fast_path: Callable[[ASGIApp], ASGIApp] | None = None
    state: Mapping[str, Any] = field(default_factory=dict)
    start: Callable[[], None] = _nothing
    pause: Callable[[], None] = _nothing
    stop: Callable[[], None] = _nothing
    is_storing: Callable[[], bool] = _false
    close: Callable[[], None] = _nothing

    def answers(self, method: str, path: str) -> bool:
        """Whether one of its own routes answers there, below its prefix."""
        scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
        routes = (route for router in self.routers.values() for route in router.routes)
        return any(route.matches(dict(scope))[0] is Match.FULL for route in routes)

    @property
    def prefix(self) -> str:
        """Where it is mounted, whether or not it also owns the root."""
        return f"/{self.name}"
