"""A file as an answer, compressed where the client takes that: a page's chart library is 4.8 MB, or 1.5 MB by gzip."""

from __future__ import annotations

import gzip
import os
from functools import lru_cache
from pathlib import Path
from typing import Final

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

__all__ = ["CompressedFileResponse", "takes_gzip"]

_COMPRESSIBLE: Final = ("text/", "application/json", "application/javascript", "image/svg+xml")
_SMALLEST: Final = 1024
"""Bytes; below, the headers are most of an answer."""


class CompressedFileResponse(FileResponse):
    """`FileResponse` that is compressed by gzip if it is a text of some length, and nobody asks for a part of it.

    What was compressed is kept until the file changes.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        stat = self.stat_result
        if stat is None:
            self.stat_result = stat = await anyio.to_thread.run_sync(os.stat, self.path)
        if str(self.media_type).startswith(_COMPRESSIBLE) and stat.st_size >= _SMALLEST:
            self.headers["vary"] = "accept-encoding"
            if "range" not in headers and takes_gzip(headers.get("accept-encoding", "")):
                await self._send_compressed(stat, scope, send)
                return
        await super().__call__(scope, receive, send)

    async def _send_compressed(self, stat: os.stat_result, scope: Scope, send: Send) -> None:
        content = await anyio.to_thread.run_sync(_compressed, str(self.path), stat.st_mtime_ns, stat.st_size)
        self.set_stat_headers(stat)
        self.headers["content-encoding"] = "gzip"
        self.headers["content-length"] = str(len(content))
        self.headers["etag"] = f"W/{self.headers['etag']}"  # equal in what it says, not in its bytes
        del self.headers["accept-ranges"]
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        body = b"" if scope["method"] == "HEAD" else content
        await send({"type": "http.response.body", "body": body})


def takes_gzip(accepted: str) -> bool:
    """Whether an `Accept-Encoding` takes gzip.

    >>> takes_gzip("deflate, gzip;q=0.5"), takes_gzip("gzip;q=0, *"), takes_gzip("br"), takes_gzip("*")
    (True, False, False, True)
    """
    weights: dict[str, str] = {}
    for part in accepted.lower().split(","):
        name, _, parameters = part.partition(";")
        weights[name.strip()] = parameters.replace(" ", "").removeprefix("q=")
    weight = weights.get("gzip", weights.get("*"))
    return weight is not None and (weight == "" or weight.strip("0.") != "")


@lru_cache(256)
def _compressed(path: str, modified_ns: int, size: int) -> bytes:
    """The content of a file as it was then."""
    return gzip.compress(Path(path).read_bytes(), 9, mtime=0)
