"""An application by the recipe of CONTRIBUTING, which differs from TDS wherever two applications may differ."""

from typing import Annotated

from annotated_types import Interval
from fastapi import APIRouter, Request
from sqlalchemy import Column, Integer, MetaData, Table, Text, select

from synqc import metrics
from synqc.environment import Variable
from synqc.errors import SynqcError
from synqc.jobs import Work, Worker
from synqc.jobs.settings import JobsSettings
from synqc.service.context import run_in_thread
from synqc.service.doors import Door
from synqc.service.errors import ErrorAnswers
from synqc.service.middleware.authentication import KeyPolicy, Keys
from synqc.service.mount import Mount
from synqc.storage.migrations import Component

metadata = MetaData()
guests = Table(
    "toy_guests", metadata, Column("number", Integer, primary_key=True), Column("name", Text, nullable=False)
)
GUESTS = Component("toy", metadata)


def note_guests(connection, names):
    """Each with a number, as one transaction with whatever else is written at this moment."""
    return [connection.execute(guests.insert().values(name=name)).inserted_primary_key[0] for name in names]


def greet_all(ledger):
    """The work of a job: greets who is in its payload."""

    def work(job):
        return [ledger.writer.call(note_guests, name).result() for name in job.payload]

    return Work(work)


class ToySettings(JobsSettings):
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
    ledger = resources.ledgers.at(settings.location, [GUESTS])
    worker = Worker(ledger, {"toy_greeting": greet_all(ledger)})

    @closed.get("/greetings/{name}")
    async def greet(name: str) -> dict[str, str]:
        if len(name) > settings.most_letters:
            raise NameTooLong(f"A name has at most {settings.most_letters} letters.")
        greetings.add()
        return {"greeting": f"Hello {name}"}

    @closed.post("/parties", status_code=202)
    async def invite(request: Request, names: list[str]) -> dict[str, str]:
        return {"job_id": await run_in_thread(request, ledger.submit, "toy_greeting", names)}

    @closed.get("/guests")
    async def read_guests(request: Request) -> list[str]:
        def read() -> list[str]:
            with ledger.database.reading() as connection:
                return list(connection.scalars(select(guests.c.name).order_by(guests.c.number)))

        return await run_in_thread(request, read)

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
        stop=lambda: (told.append("stop"), worker.drain()), close=lambda: (told.append("close"), worker.close()),
    )  # fmt: skip
