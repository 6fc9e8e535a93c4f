"""Clients that lead a session through its gates: over HTTP as older ones do, and of an application in this process."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from synqc.errors import InputError, SynqcError

if TYPE_CHECKING:
    from synqc.apps.fir.application import FirApplication

__all__ = ["ApplicationClient", "GateClient", "HttpClient", "LedSession", "RunFailed"]


class RunFailed(SynqcError):
    """A session did not come to its next gate."""

    code = "run_failed"


@dataclass(frozen=True)
class LedSession:
    """A session at a gate.

    Args:
        session_id: Which.
        step: Step of the gate.
        completed: Whether the last gate was passed.
        number: Number of the report; "": there is none yet.
    """

    session_id: str
    step: str
    completed: bool = False
    number: str = ""


class GateClient(Protocol):
    """Leads sessions; any thread may use it."""

    def check_health(self) -> str:
        """How the service says it is.

        Raises:
            RunFailed: It is not there, or cannot work.
        """

    def begin(self, text: str) -> LedSession:
        """A session with a typed complaint, at its first gate."""

    def approve(self, session: LedSession) -> LedSession:
        """The session once what is shown was accepted and the next gate is there.

        Raises:
            RunFailed: It does not come there, and why.
        """


class HttpClient:
    """Over HTTP, with the calls of existing clients: `/health`, `/process` with a form, `/validate` with JSON.

    Args:
        url: Under which these are.
        key: Shown as `X-API-Key`; None: none is.
        timeout_s: Time limit of each answer.

    Raises:
        InputError: The address is none.
    """

    def __init__(self, url: str, *, key: str | None = None, timeout_s: float = 35.0) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise InputError(f"Argument `url` must look like http://127.0.0.1:8000/fir, but is {url!r}.")
        self._url, self._timeout_s = url.rstrip("/"), timeout_s
        self._headers = {"X-API-Key": key} if key else {}

    def check_health(self) -> str:
        """See `GateClient`."""
        status = str(self._asked("/health").get("status"))
        if status not in ("healthy", "degraded"):
            raise RunFailed(f"The service says that it is {status}.")
        return status

    def begin(self, text: str) -> LedSession:
        """See `GateClient`."""
        form = urllib.parse.urlencode({"text": text}).encode()
        answer = self._asked("/process", form, "application/x-www-form-urlencoded")
        if answer.get("success") is not True:
            raise RunFailed(f"The complaint was not taken: {answer.get('error')}")
        return LedSession(str(answer["session_id"]), str(answer["current_step"]))

    def approve(self, session: LedSession) -> LedSession:
        """See `GateClient`."""
        body = json.dumps({"session_id": session.session_id, "approved": True, "user_input": ""}).encode()
        answer = self._asked("/validate", body, "application/json")
        content = answer.get("content") or {}
        if answer.get("success") is not True or "error" in content:
            raise RunFailed(
                f"{answer.get('current_step')} has no result: {content.get('error', answer.get('message'))}"
            )
        return LedSession(
            session.session_id, str(answer["current_step"]), answer.get("completed") is True,
            str(content.get("fir_number") or ""),
        )  # fmt: skip

    def _asked(self, path: str, data: bytes | None = None, kind: str = "") -> Mapping[str, Any]:
        headers = {**self._headers, **({"Content-Type": kind} if kind else {})}
        request = urllib.request.Request(self._url + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as response:
                answer = json.loads(response.read())
        except urllib.error.HTTPError as error:
            raise RunFailed(f"{path} is answered with {error.code}: {_reason(error.read(4000))}") from None
        except (OSError, ValueError) as error:
            raise RunFailed(f"{path} is not answered: {getattr(error, 'reason', error)}") from None
        if not isinstance(answer, dict):
            raise RunFailed(f"{path} is answered with {type(answer).__name__}, and not with an object.")
        return answer


class ApplicationClient:
    """Of an application in this process, without HTTP.

    Args:
        application: That was started.
        officer: Name of the officer who approves.
        timeout_s: Until each gate is there.
    """

    def __init__(self, application: FirApplication, *, officer: str, timeout_s: float = 35.0) -> None:
        from synqc.apps.fir.workflow.workflow import Officer

        self._workflow, self._models = application.workflow, application.models
        self._officer, self._timeout_s = Officer(officer), timeout_s

    def check_health(self) -> str:
        """See `GateClient`."""
        state = self._models.state()
        if not state.is_ready:
            raise RunFailed(f"There is no model: {state.words}")
        return "healthy"

    def begin(self, text: str) -> LedSession:
        """See `GateClient`."""
        return self.at_gate(self._workflow.open(self._officer, text=text))

    def approve(self, session: LedSession) -> LedSession:
        """See `GateClient`."""
        gate = self._workflow.gate(session.session_id)
        if gate is None:
            raise RunFailed(f"{session.step} is still being made.")
        self._workflow.accept(session.session_id, gate.token, self._officer)
        return self.at_gate(session.session_id)

    def at_gate(self, session_id: str) -> LedSession:
        """A session once its stage has ended."""
        gate = self._workflow.wait_for_gate(session_id, self._timeout_s)
        if gate is None:
            raise RunFailed(f"The next gate is not there after {self._timeout_s:g} s.")
        if "error" in gate.content:
            raise RunFailed(f"{gate.step.value} has no result: {gate.content['error']}")
        session = self._workflow.session(session_id)
        return LedSession(session_id, gate.step.value, session.completed_at is not None, session.number)


def _reason(body: bytes) -> str:
    try:
        told = json.loads(body)
        return str(told.get("detail") or told.get("error") or told)[:300]
    except (ValueError, AttributeError):
        return " ".join(body.decode(errors="replace").split())[:300]
