"""`synqc worker`: a process that does jobs of a PostgreSQL database, beside the service or on another machine."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from synqc.cli.service_extra import require_service_extra
from synqc.errors import InputError
from synqc.lab._near_words import unknown_name

if TYPE_CHECKING:
    from synqc.jobs import Ledger, Work
    from synqc.jobs.celery_transport import CeleryBroker

__all__ = ["add_command"]


def add_command(commands: Any) -> None:
    """Declare it."""
    working = commands.add_parser(
        "worker",
        description="Do jobs of the PostgreSQL database that SYNQC_DATABASE_URL names, until SIGTERM or Ctrl-C: jobs "
        "under way are given back then. Any number of workers may run, on any number of machines. With "
        "SYNQC_BROKER_URL, Celery brings them the ids of jobs; without it they look in the database.",
        allow_abbrev=False,
    )
    working.add_argument(
        "--kinds", default=",".join(_WORKS), metavar="KIND,...", help=f"what it does; default all: {', '.join(_WORKS)}"
    )
    working.add_argument(
        "--lease", type=float, metavar="SECONDS",
        help="time after which the jobs of a worker that is not heard from are another's; default 30, with a broker 5",
    )  # fmt: skip
    working.set_defaults(act=_work)


def _sweep() -> Work:
    from synqc.apps.tds.engine import SynQcEngine
    from synqc.apps.tds.sweep_work import sweep_work

    return sweep_work(SynQcEngine())


def _sweep_points() -> Work:
    from synqc.cluster import points_work

    return points_work()


def _generation() -> Work:
    from synqc.apps.prompts.application import work_of
    from synqc.apps.prompts.settings import PromptsSettings

    return work_of(PromptsSettings.from_environment())


def _dataset() -> Work:
    from synqc.apps.synth.application import work_of
    from synqc.apps.synth.settings import SynthSettings

    return work_of(SynthSettings.from_environment())


def _fir_stage() -> Work:
    from synqc.apps.fir.application import work_of
    from synqc.apps.fir.settings import FirSettings

    return work_of(FirSettings.from_environment())


def _hardware() -> Work:
    from synqc.hardware.open_vendor import open_vendor
    from synqc.hardware.submission import hardware_work

    return hardware_work(open_vendor)


_WORKS: Mapping[str, Callable[[], Work]] = {
    "sweep": _sweep, "sweep_points": _sweep_points, "generation": _generation, "dataset": _dataset,
    "fir_stage": _fir_stage, "hardware": _hardware,
}  # fmt: skip


def _work(arguments: argparse.Namespace) -> bool:
    require_service_extra()
    from synqc.jobs import Ledger
    from synqc.jobs.celery_transport import CeleryBroker
    from synqc.jobs.tables.schema import COMPONENT
    from synqc.settings import Settings
    from synqc.storage.database import open_shared

    kinds = [kind.strip() for kind in arguments.kinds.split(",") if kind.strip()]
    for kind in kinds:
        if kind not in _WORKS:
            raise unknown_name("--kinds", kind, _WORKS)
    if not kinds:
        raise InputError("Argument `--kinds` must name at least one kind, but is empty.")
    if arguments.lease is not None and not arguments.lease > 0:
        raise InputError(f"Argument `--lease` must be more than 0, but is {arguments.lease:g}.")
    settings = Settings.from_environment()
    location = settings.location
    if location.url is None:
        raise InputError("Workers need SYNQC_DATABASE_URL: jobs of a SQLite database are done by its service.")
    works = {kind: _WORKS[kind]() for kind in kinds}
    with closing(open_shared(location, [COMPONENT])) as database, closing(Ledger(database)) as ledger:
        if settings.broker_url is None:
            _look_until_told(ledger, works, arguments.lease or 30.0, settings.keep_ended_s)
        else:
            broker = CeleryBroker(settings.broker_url)
            _consume_until_told(ledger, works, broker, arguments.lease or 5.0, settings.keep_ended_s)
    return False


def _look_until_told(ledger: Ledger, works: Mapping[str, Work], lease_s: float, keep_ended_s: float | None) -> None:
    from synqc.jobs import Worker

    ended = threading.Event()
    for wish in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wish, lambda *_: ended.set())
    with Worker(ledger, works, lease_s=lease_s, keep_ended_s=keep_ended_s, takes_over=True) as worker:
        _say(f"Worker {worker.name} does {', '.join(works)} of {ledger.database.place}.")
        ended.wait()


def _consume_until_told(
    ledger: Ledger, works: Mapping[str, Work], broker: CeleryBroker, lease_s: float, keep_ended_s: float | None
) -> None:
    from synqc.jobs.celery_transport import CeleryRelay, CeleryWorker

    consuming = CeleryWorker(ledger, works, broker, lease_s=lease_s, keep_ended_s=keep_ended_s)
    with CeleryRelay(ledger, broker, list(works)):
        _say(f"Worker {consuming.worker.name} does {', '.join(works)} of {ledger.database.place}, told by {broker}.")
        consuming.run()


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()
