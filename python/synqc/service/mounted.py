"""A mounted application: the routes of its mount in a framework of their own, and what answers before it."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, FastAPI
from starlette.types import ASGIApp, Lifespan

from synqc import __version__
from synqc.service.description import describe_refusals
from synqc.service.descriptions import descriptions_router
from synqc.service.doors import Door, Doors
from synqc.service.errors import answer_errors
from synqc.service.ignored_members import name_ignored_members
from synqc.service.mount import Mount
from synqc.service.resources import Resources
from synqc.service.routes.observability import metrics_router
from synqc.service.shutdown import EndsInTime, Shutdown

__all__ = ["MountedApplication"]


class MountedApplication(FastAPI):
    """FastAPI with the routes, errors and doors of one mount.

    Args:
        mount: Mount of the application.
        resources: Shared with the others.
        shutdown: Shutdown of the process.
        lifespan: Lifespan of the service, for the one at the root.
    """

    def __init__(
        self, mount: Mount, resources: Resources, shutdown: Shutdown, lifespan: Lifespan[FastAPI] | None = None
    ) -> None:
        super().__init__(
            title=mount.title, version=__version__, lifespan=lifespan, strict_content_type=False,
            description=mount.description, dependencies=[Depends(name_ignored_members)], docs_url=None, redoc_url=None,
        )  # fmt: skip
        self.doors = Doors(self)
        self.offered = mount
        for name, value in mount.state.items():
            setattr(self.state, name, value)
        self.state.settings = resources.settings
        self.state.workers = resources.workers
        self.state.tickets = resources.tickets
        self.state.shutdown = shutdown
        with self.doors.entered(Door.OPEN):
            self.include_router(descriptions_router(mount.title))
        for door, router in mount.routers.items():
            with self.doors.entered(door):
                self.include_router(router)
        with self.doors.entered(Door.OPEN if resources.settings.open_metrics else Door.CLOSED):
            self._include_metrics()
        answer_errors(self, mount.errors)
        answering = EndsInTime(super().__call__, shutdown, mount.errors)
        self.answering: ASGIApp = answering if mount.fast_path is None else mount.fast_path(answering)

    def _include_metrics(self) -> None:
        """Where the application does not answer itself."""
        for path in ("/metrics", "/prometheus/metrics"):
            if not self.offered.answers("GET", path):
                self.include_router(metrics_router(path))
                return

    def openapi(self) -> dict[str, Any]:
        """The description of all routes, with what the middleware may answer."""
        if self.openapi_schema is None:
            describe_refusals(super().openapi(), self.doors, self.offered)
        return super().openapi()
