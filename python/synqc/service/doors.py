"""Which routes need a key. Those that are not named here need one, and so does what is no route."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

__all__ = ["Door", "Doors"]


class Door(Enum):
    """How a route is entered."""

    CLOSED = "with a key"
    STREAM = "with a key, or with a ticket in its address: browsers cannot send headers there"
    OPEN = "by everybody"
    UNLIMITED = "by everybody, as often as they like"


class Doors:
    """The doors of an application's routes.

    The router itself is asked which route a request takes, so that both can never disagree about a path.

    Args:
        app: Its routes so far (the descriptions that the framework makes of it) are open.
    """

    def __init__(self, app: FastAPI) -> None:
        self._routes = app.router.routes
        self._doors = {id(route): Door.OPEN for route in self._routes}

    @contextmanager
    def entered(self, door: Door) -> Iterator[None]:
        """Routes that are added while the context lasts have this door."""
        before = len(self._routes)
        yield
        for route in self._routes[before:]:
            self._doors[id(route)] = door

    def of(self, scope: Scope) -> Door:
        """The door of the route that answers a request; closed where none does, or none of this method."""
        route = self._answering(scope)
        return Door.CLOSED if route is None else self._doors.get(id(route), Door.CLOSED)

    def first_segments(self) -> set[str]:
        """What the paths of the routes begin with."""
        return {path.split("/")[1] for path in self.paths()}

    def paths(self) -> list[str]:
        """Paths of the routes, as they were declared."""
        return [str(route.path) for route in iter_route_contexts(self._routes)]

    def is_route(self, method: str, path: str) -> bool:
        """Whether some route answers there."""
        scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
        return self._answering(scope) is not None

    def template_of(self, scope: Scope) -> str | None:
        """The path of that route as it was declared, where the framework does not note it."""
        return getattr(self._answering(scope), "path", None)

    def _answering(self, scope: Scope) -> BaseRoute | None:
        asked = dict(scope)  # the router notes in it what it has tried
        return next((route for route in self._routes if route.matches(asked)[0] is Match.FULL), None)
