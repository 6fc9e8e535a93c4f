"""How requests are counted."""

from __future__ import annotations

from typing import Any, Final

from synqc import metrics

__all__ = ["ROUTE", "RequestMetrics"]

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"})
"""Each a series of its own; what else a client may call its request shares one, or its words would fill the memory."""
ROUTE = "synqc.route"
"""Key of a request's scope: the route that answers, noted by whoever answers before the framework, or beside it."""


class RequestMetrics:
    """Durations by route and status. A stream's is that until it begins; how long it lives stands elsewhere.

    Args:
        api_prefix: Routes are named without it, whatever it is and wherever the service is mounted.
        below: What they are named below instead: applications that do not own the root have their own prefix.
    """

    def __init__(self, api_prefix: str, below: str = "") -> None:
        self._api_prefix = api_prefix
        self._below = below
        self._durations = metrics.histogram(
            "synqc_http_request_seconds", "Time to answer; of a stream, to its beginning.",
            labels=("method", "route", "status"),
        )  # fmt: skip
        self._lives = metrics.histogram("synqc_stream_seconds", "How long streams lived.", labels=("route",))
        self._open = metrics.gauge("synqc_streams_open", "Streams that somebody watches.", labels=("route",))
        self._known: dict[tuple[str, str, int], Any] = {}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """An answer is complete, or a stream has begun."""
        series = self._known.get((method, route, status))
        if series is None:
            method = method if method in _METHODS else "(other)"
            series = self._durations.labels(method=method, route=self._named(route), status=str(status))
            self._known[method, route, status] = series
        series.record(seconds)

    def stream_began(self, route: str) -> None:
        """One more is open."""
        self._open.labels(route=self._named(route)).add(1)

    def stream_ended(self, route: str, seconds: float) -> None:
        """One fewer is open, after so long."""
        self._open.labels(route=self._named(route)).add(-1)
        self._lives.labels(route=self._named(route)).record(seconds)

    def _named(self, route: str) -> str:
        named = route.removeprefix(self._api_prefix)
        return self._below + (named if named.startswith("/") else route)
