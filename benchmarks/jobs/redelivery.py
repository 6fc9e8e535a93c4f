"""How soon the job of a killed worker is done by another one, on RabbitMQ.

`python -m synqc.benchmarks.jobs.redelivery DATABASE_URL BROKER_URL QUEUE_PREFIX` is one of the workers.
"""

from __future__ import annotations

import os
import secrets
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from synqc.benchmarks.jobs.starting import scratch_database
from synqc.benchmarks.measurement import Measurement, Setting, Unavailable, WrongAnswer, import_peer, refuse_unless
from synqc.jobs import JobState, Ledger, Work, open_ledger
from synqc.jobs.celery_transport import CeleryBroker, CeleryRelay, CeleryWorker
from synqc.storage.database import DatabaseLocation

__all__ = ["measure_redelivery"]

_BROKER = "amqp://guest:guest@127.0.0.1:5672//"
_PATIENCE_S = 60.0


def measure_redelivery(setting: Setting) -> Mapping[str, Measurement]:
    """Seconds from the kill to the first line of the next attempt."""
    import_peer("celery")
    taken = []
    broker = CeleryBroker(_BROKER, queue_prefix=f"synqc_bench_{secrets.token_hex(6)}")
    with broker.application().connection_for_write() as connection:
        try:
            connection.ensure_connection(max_retries=1, timeout=3)
        except Exception as error:  # whatever its transport raises
            raise Unavailable(f"No RabbitMQ answers at {broker}: {error}") from error
        with scratch_database() as location, open_ledger(location) as ledger, ExitStack() as stack:
            processes = [stack.enter_context(_worker(location, broker)) for _ in range(2)]
            for _ in range(1 if setting.quick else 5):
                job_id = ledger.submit("bench", None)
                _wait(lambda of=job_id: len(ledger.parts(of)) == 1)  # type: ignore[misc]
                victim = next(one for one in processes if one.pid == _owner(ledger, job_id))
                victim.send_signal(signal.SIGKILL)
                killed = time.perf_counter()
                _wait(lambda of=job_id: len(ledger.parts(of)) == 2)  # type: ignore[misc]
                taken.append(time.perf_counter() - killed)
                ledger.cancel(job_id)
                refuse_unless(
                    ledger.wait(job_id, _PATIENCE_S).state == JobState.CANCELLED and _owner_was_another(ledger, job_id),
                    "The second attempt is not another worker's.",
                )
                processes = [stack.enter_context(_worker(location, broker)), *(p for p in processes if p is not victim)]
        connection.default_channel.queue_delete(broker.queue_of("bench"))
        connection.default_channel.exchange_delete(broker.queue_of("bench"))
    return {
        "jobs-redelivery": Measurement(
            statistics.median(taken), min(taken), proof="the second attempt is another worker's",
            details=(f"Worst {max(taken):.3g} s",),
        )
    }  # fmt: skip


def _owner(ledger: Ledger, job_id: str) -> int:
    return int((ledger.job(job_id).owner or "::").split(":")[1])


def _owner_was_another(ledger: Ledger, job_id: str) -> bool:
    return len({event.owner for event in ledger.events(job_id) if event.kind == "claimed"}) == 2


def _wait(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise WrongAnswer(f"Nothing happened within {_PATIENCE_S:g} s.")
        time.sleep(0.005)


@contextmanager
def _worker(location: DatabaseLocation, broker: CeleryBroker) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-W", "ignore", "-m", __name__, str(location.url), broker.url, broker.queue_prefix]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ))
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _hold(job: Any) -> None:
    job.keep(f"attempt-{job.attempt}", None).result()
    while True:
        job.check()
        time.sleep(0.01)


def _main() -> None:
    database_url, broker_url, queue_prefix = sys.argv[1:]
    broker = CeleryBroker(broker_url, queue_prefix=queue_prefix)
    with open_ledger(DatabaseLocation(Path("unused"), database_url)) as ledger:
        worker = CeleryWorker(ledger, {"bench": Work(_hold)}, broker)
        with CeleryRelay(ledger, broker, ["bench"]):
            worker.run()


if __name__ == "__main__":
    _main()
