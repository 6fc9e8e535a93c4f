"""An answer that goes on: server-sent events."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi.responses import StreamingResponse

__all__ = ["EventStream"]


class EventStream(StreamingResponse):
    """Events as they come; what stands between may neither keep nor gather them."""

    media_type = "text/event-stream"

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        super().init_headers({"cache-control": "no-store", "x-accel-buffering": "no", **(headers or {})})
