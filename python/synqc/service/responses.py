"""Answers besides the framework's own: JSON that is bytes already, and server-sent events."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Response
from fastapi.responses import StreamingResponse

__all__ = ["EventStream", "JsonBytes"]


class JsonBytes(Response):
    """JSON that was written by whoever made the answer."""

    media_type = "application/json"


class EventStream(StreamingResponse):
    """Server-sent events response: what stands between may neither keep nor gather them."""

    media_type = "text/event-stream"

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        super().init_headers({"cache-control": "no-store", "x-accel-buffering": "no", **(headers or {})})
