"""The service, assembled: applications mounted side by side, and what their requests pass on the way."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from synqc.environment import EnvironmentSettings
from synqc.errors import InputError
from synqc.service.applications import chosen_applications, settings_of_process
from synqc.service.documentation_site import documentation_router
from synqc.service.doors import Door
from synqc.service.index import index_of
from synqc.service.logs import write_logs
from synqc.service.loop_lag import measure_loop_lag
from synqc.service.middleware.authentication import Authentication, Keys
from synqc.service.middleware.client_address import ClientAddress
from synqc.service.middleware.rate_limit import RateLimit
from synqc.service.middleware.request import RequestMiddleware, Served
from synqc.service.middleware.request_metrics import RequestMetrics
from synqc.service.middleware.secrets_in_addresses import keep_out_of_access_logs
from synqc.service.mount import Mount
from synqc.service.mounted import MountedApplication
from synqc.service.pages import pages_of
from synqc.service.process_metrics import report_process
from synqc.service.resources import Resources
from synqc.service.server_connections import watched_connections
from synqc.service.settings import ServiceSettings
from synqc.service.settled_objects import collections_paused, settled_objects
from synqc.service.shutdown import Shutdown
from synqc.service.tickets import SharedTickets, Tickets

__all__ = ["create_app"]


def create_app(*settings: EnvironmentSettings) -> FastAPI:
    """The service, ready to answer at once: nothing waits for a startup event.

    Args:
        settings: Settings of the service, and of the applications that it mounts; one object may be several, as
            `Settings` is. Without any all are read from the environment.

    Raises:
        InputError: An application is named that there is not, or a setting is out of its range.
        MissingExtra: A named application is not installed.
        StorageUnavailable: A database cannot be opened, or another service has it open.
    """
    with collections_paused():
        return _made(settings)


def _made(settings: tuple[EnvironmentSettings, ...]) -> FastAPI:
    settings = settings or settings_of_process()
    of_service = next((one for one in settings if isinstance(one, ServiceSettings)), ServiceSettings())
    write_logs(of_service.log_level)
    resources = Resources(of_service, tickets=_tickets_of(of_service))
    mounts: list[Mount] = []

    def stop() -> None:
        for mount in mounts:
            mount.stop()

    def close() -> None:
        stop()
        resources.workers.close()
        for mount in reversed(mounts):  # one may use what an earlier one has opened
            mount.close()
        resources.ledgers.close()

    with ExitStack() as failing:  # a successor would wait for what was opened before a refusal
        failing.callback(close)
        for application in chosen_applications(of_service, settings):
            kind = application.settings_class()
            own = next((one for one in settings if isinstance(one, kind)), None) or kind()
            mounts.append(application.mounted(own, resources))
        shutdown = Shutdown(stop=stop, is_storing=lambda: any(mount.is_storing() for mount in mounts), close=close)
        app = _assembled(mounts, resources, shutdown)
        failing.pop_all()
    atexit.register(close)  # a process that never had a lifespan stores what it has, too
    report_process()
    keep_out_of_access_logs()
    return app


def _tickets_of(settings: ServiceSettings) -> Tickets:
    """Those of this process; of all nodes of a cluster, whose keys are the same."""
    return SharedTickets(settings.api_keys[0]) if settings.cluster and settings.api_keys else Tickets()


def _assembled(mounts: Sequence[Mount], resources: Resources, shutdown: Shutdown) -> _RootApplication:
    """The application at the root, in front of which requests find theirs."""
    root = _root_of(mounts, resources.settings)
    lifespan = _lifespan(mounts, resources.settings, shutdown)
    app = _RootApplication(root, resources, shutdown, lifespan)
    by_name: dict[str, MountedApplication] = {
        mount.name: app if mount is root else MountedApplication(mount, resources, shutdown) for mount in mounts
    }
    app.state.applications = by_name
    paged = [name for name, one in by_name.items() if one is not app and one.offered.answers("GET", "/ui")]
    with app.doors.entered(Door.OPEN):
        app.include_router(pages_of(paged))
        if resources.settings.docs_site is not None:
            app.include_router(documentation_router(resources.settings.docs_site))
    served = _as_requests_find(app, by_name, resources)
    at_root = served.pop("")
    app.receive_requests(RequestMiddleware(at_root, served, resources.settings), resources.settings)
    return app


def _root_of(mounts: Sequence[Mount], settings: ServiceSettings) -> Mount:
    by_name = {mount.name: mount for mount in mounts}
    name = settings.root_application
    if name is None:
        name = "tds" if "tds" in by_name else next(iter(by_name)) if len(by_name) == 1 else "index"
    if name == "index":
        return index_of(mounts)
    if name not in by_name:
        mounted = ", ".join(by_name) or "nothing"
        raise InputError(
            f"SYNQC_ROOT_APPLICATION must be one that is mounted, or index, but is {name!r}: {mounted} is mounted."
        )
    return by_name[name]


def _as_requests_find(
    root: MountedApplication, by_name: Mapping[str, MountedApplication], resources: Resources
) -> dict[str, Served]:
    """By the first segment of their prefix, and the one at the root by none."""
    settings = resources.settings
    keys, addresses = Keys(settings.api_keys), ClientAddress(settings.trusted_proxies)
    rates = RateLimit(settings.requests_per_minute) if settings.requests_per_minute else None

    def served(app: MountedApplication) -> Served:
        mount = app.offered
        return Served(
            answering=app.answering, doors=app.doors, errors=mount.errors,
            authentication=Authentication(mount.keys, keys, resources.tickets, addresses, rates or mount.rates),
            metrics=RequestMetrics(mount.api_prefix, "" if app is root else mount.prefix),
            headers=mount.headers, body_limits=mount.body_limits,
        )  # fmt: skip

    at_root = served(root)
    found, taken = {"": at_root}, root.doors.first_segments()
    for name, app in by_name.items():
        if app is not root and name in taken:
            raise InputError(
                f"The application at the root answers at /{name} itself, where application {name} would be mounted."
            )
        if name not in taken:
            found[name] = at_root if app is root else served(app)
    return found


def _lifespan(mounts: Sequence[Mount], settings: ServiceSettings, shutdown: Shutdown) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        measuring = asyncio.ensure_future(measure_loop_lag())
        with watched_connections(settings.request_timeout_s):
            async with shutdown.by_signals():
                for mount in mounts:
                    mount.start()
                with settled_objects():
                    yield
                measuring.cancel()
                if not shutdown.begun:  # the same application may be served again
                    for mount in mounts:
                        mount.pause()

    return lifespan


class _RootApplication(MountedApplication):
    """The application at the root: requests for all of them come in through it."""

    _front: ASGIApp
    _front_for_other_origins: ASGIApp

    def receive_requests(self, front: ASGIApp, settings: ServiceSettings) -> None:
        """Let them pass `front`; where there is an `Origin`, by way of CORS."""
        self._front = front
        self._front_for_other_origins = CORSMiddleware(
            front, allow_origins=list(settings.allowed_origins), allow_methods=["*"], allow_headers=["*"],
            allow_credentials=settings.allowed_origins != ("*",),
            expose_headers=[
                "X-Request-ID", "X-SynQc-Agent-Cache", "X-SynQc-Agent-Model", "X-SynQc-Ignored", "Retry-After",
                "WWW-Authenticate",
            ],
        )  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await super().__call__(scope, receive, send)
        elif any(name == b"origin" for name, _ in scope["headers"]):
            await self._front_for_other_origins(scope, receive, send)
        else:
            await self._front(scope, receive, send)
