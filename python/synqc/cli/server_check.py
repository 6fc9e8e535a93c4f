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

_API = "/api/v1/synqc"
_PATIENCE_S = 10.0


@dataclass(frozen=True)
class Check:
    """One thing that was tried."""

    what: str
    passed: bool
    found: str


def check_server(url: str, api_key: str | None = None) -> list[Check]:
    """Read from a server, and make and delete a session of its own there, with its run.

    Args:
        url: Address of the server, of its page, or of its API.
        api_key: If it wants one.

    Raises:
        InputError: `url` is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise InputError(f"Argument `url` must look like http://127.0.0.1:8000, but is {url!r}.")
    talk = _Talk(f"{parts.scheme}://{parts.netloc}", api_key)
    tried = [(place, _health(talk, place[1])) for place in _places(parts.path)]
    (base, prefix), health = next((one for one in tried if one[1].passed), tried[0])
    checks = [health]
    if not health.passed:
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
        talk.check("session and run are deleted", "DELETE", f"{session}?runs=true",
                   lambda body: body["status"] == "deleted"),
        talk.check("the page is served", "GET", f"{base}/ui", lambda body: "SynQc" in body),
    ]  # fmt: skip
    return checks


def _places(path: str) -> list[tuple[str, str]]:
    """Where a server's root and its API may be, the likeliest first, by the path of some address of it.

    >>> _places("/lab/ui/")
    [('/lab', '/lab/api/v1/synqc')]
    >>> _places("/api/v1/synqc")
    [('', '/api/v1/synqc'), ('/api/v1/synqc', '/api/v1/synqc/api/v1/synqc')]
    """
    given = path.rstrip("/")
    for page in ("/ui", "/docs"):
        if given.endswith(page):
            given = given.removesuffix(page)
            return [(given, given + _API)]
    if not given:
        return [("", _API)]
    if given.endswith(_API):
        return [(given.removesuffix(_API), given), (given, given + _API)]
    return [("", given), (given, given + _API)]  # a prefix of the API alone, or of everything


def _health(talk: _Talk, prefix: str) -> Check:
    return talk.check("health", "GET", f"{prefix}/health", lambda body: body["status"] == "ok")


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
