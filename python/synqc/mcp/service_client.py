"""A running service, as an agent's tools ask it: JSON over HTTP, with a key, and never for long."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from synqc.errors import InputError, SynqcError

__all__ = ["ServiceClient", "ServiceRefused"]

_MOST_BYTES = 4 << 20
_API = "/api/v1/synqc"


class ServiceRefused(SynqcError):
    """The service says no, or does not answer."""

    code = "service_refused"


class ServiceClient:
    """Asks a service.

    Args:
        url: Address of its root, such as `http://127.0.0.1:8000/lab`.
        api_key: If it wants one; shown as `X-API-Key`.
        seconds: An answer is there by then.

    Raises:
        InputError: `url` is none.
    """

    def __init__(self, url: str, api_key: str | None = None, *, seconds: float = 60.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or "@" in parts.netloc:
            raise InputError(f"Argument `url` must look like http://127.0.0.1:8000, but is {url!r}.")
        self._base = url.rstrip("/").removesuffix(_API) + _API
        self._key = api_key
        self._seconds = seconds

    def ask(self, method: str, *path: str, query: Mapping[str, str | int] | None = None, body: Any = None) -> Any:
        """The answer's document.

        Args:
            method: HTTP method.
            path: Segments below the API's prefix; each is one, whatever is in it.
            query: Parameters.
            body: Sent as JSON.

        Raises:
            InputError: A segment is `.` or `..`, which no path can name.
            ServiceRefused: No answer, a refusal, or an answer of more than 4 MiB.
        """
        for segment in path:
            if segment in (".", ".."):
                raise InputError(f"An id must be a name that a path can hold, but is {segment!r}.")
        address = "/".join([self._base, *(quote(segment, safe="") for segment in path)])
        if query:
            address += f"?{urlencode(query)}"
        headers = {"accept": "application/json", "prefer": "handling=strict"}
        if self._key:
            headers["x-api-key"] = self._key
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["content-type"] = "application/json"
        asked = urllib.request.Request(address, data, headers, method=method)
        try:
            with _OPENER.open(asked, timeout=self._seconds) as answer:
                content = answer.read(_MOST_BYTES + 1)
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise ServiceRefused(f"The service answered {refusal.code}: {_told(refusal.read(4096))}") from None
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise ServiceRefused(f"The service does not answer: {reason}.") from None
        if len(content) > _MOST_BYTES:
            raise ServiceRefused("The service's answer has more than 4 MiB: ask for less.")
        return json.loads(content)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A key must not follow a redirect to another host."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def _told(content: bytes) -> str:
    try:
        detail = json.loads(content)["detail"]
    except (ValueError, KeyError, TypeError):
        return content.decode("utf-8", "replace")[:200]
    return detail if isinstance(detail, str) else json.dumps(detail)[:1000]
