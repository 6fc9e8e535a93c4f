"""`synqc doctor --url`: does a running server do what its clients rely on?"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from synqc.errors import InputError

__all__ = ["Check", "check_server"]

_PATIENCE_S = 10.0


@dataclass(frozen=True)
class Check:
    """One thing that was tried."""

    what: str
    passed: bool
    found: str


def check_server(url: str, api_key: str | None = None) -> list[Check]:
    """Read from a server, and make and delete a session of its own there.

    Args:
        url: Of the server, with or without the prefix of its API.
        api_key: If it wants one.

    Raises:
        InputError: `url` is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise InputError(f"Argument `url` must look like http://127.0.0.1:8000, but is {url!r}.")
    origin = f"{parts.scheme}://{parts.netloc}"
    prefix = parts.path.rstrip("/") or "/api/v1/synqc"
    talk = _Talk(origin, api_key)
    checks = [talk.check("health", "GET", f"{prefix}/health", lambda body: body["status"] == "ok")]
    if not checks[0].passed:
        return checks
    checks.append(talk.check("storage is ready", "GET", f"{prefix}/ready", lambda body: body["status"] == "ready"))
    name = f"doctor-{time.time_ns():x}"
    session = f"{prefix}/sessions/{name}"
    checks += [
        talk.check("a session is created", "POST", f"{prefix}/sessions", lambda body: body["session_id"] == name,
                   {"session_id": name, "config": {}}),
        talk.check("a dry run is simulated", "POST", f"{session}/run", _has_kpis, {"mode": "dryrun"}),
        talk.check("telemetry is measured", "GET", f"{session}/telemetry?limit=1", lambda body: len(body["rows"]) == 1),
        talk.check("a session is exported", "GET", f"{session}/export", lambda body: "kpis" in body["payload"]),
        talk.check("the session is deleted", "DELETE", session, lambda body: body["status"] == "deleted"),
        talk.check("the page is served", "GET", "/ui", lambda body: "SynQc" in body),
    ]  # fmt: skip
    return checks


def _has_kpis(body: Any) -> bool:
    fidelity: float = body["run"]["kpis"]["fidelity"]
    return 0 < fidelity <= 1


class _Talk:
    def __init__(self, origin: str, api_key: str | None) -> None:
        self._origin = origin
        self._headers = {"X-API-Key": api_key} if api_key else {}

    def check(self, what: str, method: str, path: str, holds: Any, body: Any = None) -> Check:
        data = None if body is None else json.dumps(body).encode()
        headers = {**self._headers, **({"Content-Type": "application/json"} if data else {})}
        request = urllib.request.Request(self._origin + path, data, headers, method=method)
        started = time.perf_counter()
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE_S) as response:
                text = response.read().decode()
                answer = json.loads(text) if "json" in response.headers.get("content-type", "") else text
        except urllib.error.HTTPError as error:
            return Check(what, False, f"{error.code}: {error.read(300).decode(errors='replace')}")
        except (OSError, ValueError) as error:
            return Check(what, False, str(getattr(error, "reason", error)))
        milliseconds = (time.perf_counter() - started) * 1e3
        try:
            passed = bool(holds(answer))
        except (KeyError, TypeError, IndexError) as error:
            return Check(what, False, f"the answer has another shape ({error!r})")
        return Check(what, passed, f"{milliseconds:.1f} ms" if passed else str(answer)[:200])
