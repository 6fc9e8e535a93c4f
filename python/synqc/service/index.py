"""The root where no application owns it: which applications there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from synqc import __version__
from synqc.service.description import answered
from synqc.service.doors import Door
from synqc.service.mount import Mount

__all__ = ["index_of"]


class MountedName(BaseModel):
    """An application, and where it is."""

    name: str
    title: str
    prefix: str
    docs: str


class Index(BaseModel):
    """What is served."""

    version: str
    applications: list[MountedName]


class Health(BaseModel):
    """The process lives."""

    status: Literal["ok"]
    version: str


def index_of(mounts: Iterable[Mount]) -> Mount:
    """A mount whose routes tell of the others."""
    found = Index(
        version=__version__,
        applications=[
            MountedName(name=mount.name, title=mount.title, prefix=mount.prefix, docs=f"{mount.prefix}/docs")
            for mount in mounts
        ],
    )
    listing, health = APIRouter(tags=["service"]), APIRouter(tags=["service"])

    @listing.get("/", operation_id="list_applications", responses=answered(found.model_dump()))
    async def list_applications() -> Index:
        """The applications of this process, and their prefixes."""
        return found

    @health.get("/health", operation_id="read_health", responses=answered({"status": "ok", "version": __version__}))
    async def read_health() -> Health:
        """200 while the process lives; whether an application can do its work, it says below its prefix."""
        return Health(status="ok", version=__version__)

    return Mount(
        name="index", title="SynQc", description="The applications of this process.",
        routers={Door.OPEN: listing, Door.UNLIMITED: health},
    )  # fmt: skip
