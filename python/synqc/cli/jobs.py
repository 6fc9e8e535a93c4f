"""`synqc jobs`: what stands in the ledger of the service's database, whether that runs or not."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from synqc.cli.service_extra import require_service_extra
from synqc.cli.tables import json_text, table
from synqc.errors import InputError

if TYPE_CHECKING:
    from synqc.jobs import Job, Ledger

__all__ = ["add_command"]

_STATES = ("queued", "running", "succeeded", "failed", "cancelled", "dead")
_POLL_S = 0.25


def add_command(commands: Any) -> None:
    """Declare it and its own commands."""
    jobs = commands.add_parser(
        "jobs",
        description="Jobs of the service's database (SYNQC_STATE_DIR or SYNQC_DATABASE_URL), which may be in use.",
        allow_abbrev=False,
    )
    acts = jobs.add_subparsers(title="commands", metavar="COMMAND", dest="job_command", required=True)

    listing = _add(acts, "list", _list, "newest first")
    listing.add_argument("--kind", help="only of this kind")
    listing.add_argument("--state", choices=_STATES, metavar="STATE", help=f"only in this one of {', '.join(_STATES)}")
    listing.add_argument("--limit", type=int, default=50, help="most of them; default 50")
    _add_job(acts, "show", _show, "one job with its payload, result and history")
    _add_job(acts, "cancel", _cancel, "end a job, and whatever is part of it")
    retrying = _add_job(acts, "retry", _retry, "queue a job again that ended without success")
    retrying.add_argument("--attempts", type=int, default=3, help="how often it is tried; default 3")
    _add_job(acts, "watch", _watch, "print a job's history as it grows, until it ends")


def _add(acts: Any, name: str, act: Callable[[argparse.Namespace, Ledger], None], words: str) -> Any:
    parser = acts.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.", allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="one JSON document per line, and nothing else")
    parser.set_defaults(act=lambda arguments: _with_ledger(act, arguments))
    return parser


def _add_job(acts: Any, name: str, act: Callable[[argparse.Namespace, Ledger], None], words: str) -> Any:
    parser = _add(acts, name, act, words)
    parser.add_argument("job", metavar="JOB", help="its id")
    return parser


def _with_ledger(act: Callable[[argparse.Namespace, Ledger], None], arguments: argparse.Namespace) -> bool:
    require_service_extra()
    with _opened() as ledger:
        act(arguments, ledger)
    return False


@contextmanager
def _opened() -> Iterator[Ledger]:
    from synqc.jobs import open_ledger
    from synqc.settings import Settings
    from synqc.storage import sqlite

    location = Settings.from_environment().location
    file = location.state_dir / sqlite.NAME
    if location.url is None and not file.is_file():
        raise InputError(f"There is no database at {file}: set SYNQC_STATE_DIR or SYNQC_DATABASE_URL.")
    with open_ledger(location) as ledger:
        yield ledger


def _list(arguments: argparse.Namespace, ledger: Ledger) -> None:
    from synqc.jobs import JobFilter, JobState

    states = () if arguments.state is None else (JobState(arguments.state),)
    if arguments.limit < 1:
        raise InputError(f"Argument `--limit` must be at least 1, but is {arguments.limit}.")
    found = ledger.jobs(JobFilter(kind=arguments.kind, states=states, limit=arguments.limit))
    if arguments.json:
        for job in found:
            print(json_text(job.to_dict()))
    elif found:
        print(table(("job", "state", "attempt", "done", "items", "submitted", "cause"), [_row(job) for job in found]))
    else:
        print("No jobs.")


def _row(job: Job) -> tuple[str, ...]:
    done = "" if job.progress_done is None else f"{job.progress_done}/{job.progress_total}"
    counted = {} if job.items is None else job.items
    items = ", ".join(f"{counted[state]} {state.value}" for state in type(job.state) if state in counted)
    submitted = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(job.submitted_at))
    return job.id, job.state.value, str(job.attempt), done, items, submitted, (job.cause or "")[:60]


def _show(arguments: argparse.Namespace, ledger: Ledger) -> None:
    job = ledger.job(arguments.job)
    events = ledger.events(job.id)
    if arguments.json:
        print(json_text({**job.to_dict(), "history": [vars(event) for event in events]}))
        return
    for name, value in job.to_dict().items():
        if value is not None:
            print(f"{name:<17}{value if isinstance(value, str) else json_text(value)}")
    print()
    for event in events:
        print(_line(event))


def _cancel(arguments: argparse.Namespace, ledger: Ledger) -> None:
    _print_state(arguments, ledger.cancel(arguments.job))


def _retry(arguments: argparse.Namespace, ledger: Ledger) -> None:
    _print_state(arguments, ledger.retry(arguments.job, attempts=arguments.attempts))


def _print_state(arguments: argparse.Namespace, job: Job) -> None:
    if arguments.json:
        print(json_text(job.to_dict()))
    else:
        ending = " and shall end" if job.cancel_requested and not job.has_ended else ""
        print(f"{job.id} is {job.state}{ending}.")


def _watch(arguments: argparse.Namespace, ledger: Ledger) -> None:
    number = 0
    while True:
        has_ended = ledger.job(arguments.job).has_ended
        for event in ledger.events(arguments.job, number):
            print(json_text(vars(event)) if arguments.json else _line(event))
            number = event.number
        sys.stdout.flush()
        if has_ended:
            return
        with ledger.changes_of(arguments.job) as changed:
            changed.wait(_POLL_S)


def _line(event: Any) -> str:
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.at))
    cause = f"  {event.cause}" if event.cause else ""
    owner = f"  by {event.owner}" if event.owner else ""
    return f"{event.number:>4}  {moment}  {event.kind}  attempt {event.attempt}{owner}{cause}"
