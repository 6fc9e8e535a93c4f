"""An application by the recipe of CONTRIBUTING, which differs from TDS wherever two applications may differ."""

from typing import Annotated

from annotated_types import Interval
from fastapi import APIRouter, Request

from synqc import metrics
from synqc.environment import EnvironmentSettings, Variable
from synqc.errors import SynqcError
from synqc.service.doors import Door
from synqc.service.errors import ErrorAnswers
from synqc.service.middleware.authentication import KeyPolicy, Keys
from synqc.service.mount import Mount


class ToySettings(EnvironmentSettings):
    most_letters: Annotated[int, Variable("SYNQC_TOY_MOST_LETTERS"), Interval(ge=1, le=99)] = 5
    """Of a name that is greeted."""
    key: Annotated[str | None, Variable("SYNQC_TOY_KEY", secret=True)] = None
    """Opens it, beside the service's keys."""


class NameTooLong(SynqcError):
    code = "name_too_long"


def error_body(problem):
    return {"error": problem.code or str(problem.status), "message": problem.detail}


def bare_authorization(headers):
    return [value for name, value in headers if name == b"authorization"]


def mount_of(settings, resources):
    closed, unlimited = APIRouter(), APIRouter()
    greetings = metrics.counter("toy_greetings_total", "Names greeted.")
    told = []

    @closed.get("/greetings/{name}")
    async def greet(name: str) -> dict[str, str]:
        if len(name) > settings.most_letters:
            raise NameTooLong(f"A name has at most {settings.most_letters} letters.")
        greetings.add()
        return {"greeting": f"Hello {name}"}

    @unlimited.get("/health")
    async def read_health(request: Request) -> dict[str, object]:
        return {"status": "healthy", "told": request.app.state.told}

    @unlimited.get("/metrics")
    async def read_metrics() -> dict[str, object]:
        return {"firs": []}

    return Mount(
        name="toy", title="Toy", routers={Door.CLOSED: closed, Door.UNLIMITED: unlimited}, state={"told": told},
        errors=ErrorAnswers(status_of=((NameTooLong, 418),), body=error_body),
        keys=KeyPolicy(keys=Keys([settings.key] if settings.key else ()), shown_in=bare_authorization),
        start=lambda: told.append("start"), pause=lambda: told.append("pause"),
        stop=lambda: told.append("stop"), close=lambda: told.append("close"),
    )  # fmt: skip
