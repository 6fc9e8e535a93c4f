"""Celery as a transport: messages carry ids of jobs alone, and the ledger stays the truth.

A message is a hint. One that is lost is sent again while its job is queued; one that comes twice, or after its job was
claimed, finds that the ledger refuses the claim. So nothing depends on what a broker promises, and a job whose worker
died is sent again when its lease has run out, whatever the broker does with the dead worker's messages.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from synqc import metrics
from synqc.errors import InputError, MissingExtra
from synqc.jobs.errors import UnknownJob
from synqc.jobs.identifiers import check_kind
from synqc.jobs.ledger import Ledger
from synqc.jobs.signals import Signal, SignalKind
from synqc.jobs.tables.reading import DueJob
from synqc.jobs.tables.session_lock import SessionLock
from synqc.jobs.work import Work
from synqc.jobs.worker import Worker
from synqc.storage.errors import StorageUnavailable

__all__ = ["CeleryBroker", "CeleryRelay", "CeleryWorker"]

_log = logging.getLogger("synqc.jobs")
_sent = metrics.counter("synqc_jobs_messages_total", "Messages with ids of jobs, handed to the broker.", ("kind",))

_TASK = "synqc.jobs.do"
_SCHEMES = ("amqp", "amqps", "redis", "rediss")
_RELAY_LOCK = 0x53796E51_4A6F6273
_LOOK_AROUND_S = 1.0
_SOON_S = 0.001
_BEFORE_GIVING_BACK_S = 0.1  # it may come here again, until this worker has stopped consuming


@dataclass(frozen=True)
class CeleryBroker:
    """Where messages are, and what their queues are called: one for each kind of job, so that workers get theirs alone.

    Args:
        url: Address of RabbitMQ (`amqp://`) or Redis (`redis://`).
        queue_prefix: What names of queues begin with; the kind follows.
        visibility_timeout_s: On Redis, after which a message that a worker has not finished is given to another one.

    Raises:
        InputError: It is a URL of neither.

    Examples:
        >>> from synqc.jobs.celery_transport import CeleryBroker
        >>> CeleryBroker("amqp://guest:guest@127.0.0.1//").queue_of("sweep")
        'synqc_jobs.sweep'
    """

    url: str = field(repr=False)  # it may hold a password
    queue_prefix: str = "synqc_jobs"
    visibility_timeout_s: float = 3600.0

    def __post_init__(self) -> None:
        scheme = self.url.partition("://")[0]
        if scheme not in _SCHEMES:
            raise InputError(
                f"SYNQC_BROKER_URL must begin with amqp:// (RabbitMQ) or redis://, but begins with {scheme[:20]!r}."
            )

    def __str__(self) -> str:
        """The URL without a password."""
        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}"

    def queue_of(self, kind: str) -> str:
        """Name of the queue with the ids of a kind of jobs."""
        return f"{self.queue_prefix}.{kind}"

    def application(self) -> Any:
        """A Celery application, connected to nothing yet.

        Raises:
            MissingExtra: Celery is not installed.
        """
        try:
            from celery import Celery
        except ImportError as error:
            raise MissingExtra("SYNQC_BROKER_URL needs Celery: pip install 'synqc[jobs-celery]'.") from error
        of_broker: dict[str, Any] = {"visibility_timeout": self.visibility_timeout_s}
        if self.url.startswith("amqp"):
            of_broker = {"confirm_publish": True}
        application = Celery("synqc", broker=self.url, set_as_current=False, fixups=[])
        application.conf.update(
            broker_transport_options=of_broker, broker_connection_retry_on_startup=True, task_ignore_result=True,
            # A worker holds as many messages as it does jobs: one that waited behind a long job would be nobody else's.
            task_acks_late=True, worker_prefetch_multiplier=1, worker_enable_remote_control=False,
            worker_hijack_root_logger=False, worker_redirect_stdouts=False,
            task_serializer="json", accept_content=["json"],
        )  # fmt: skip
        return application


class CeleryRelay:
    """Transactional outbox: a thread that sends the ids of queued jobs, in the order of claims.

    Jobs that are queued in the ledger are those to be sent, so a message that is lost is no job that is lost. It looks
    when it hears of jobs, and every second. Of several processes with a relay over one PostgreSQL, one sends.

    Args:
        ledger: The job ledger.
        broker: Where to.
        kinds: Kinds of jobs whose ids are sent.
        most_ahead: How many of a kind are sent before workers take them; others keep their place in the ledger, where
            a more urgent one may still overtake them.
        again_after_s: After which the id of a job that is still queued is sent again, if its queue is empty.
    """

    def __init__(
        self, ledger: Ledger, broker: CeleryBroker, kinds: list[str], *, most_ahead: int = 1000,
        again_after_s: float = 30.0,
    ) -> None:  # fmt: skip
        self._ledger = ledger
        self._broker = broker
        self._application = broker.application()
        self._most_ahead = most_ahead
        self._again_after_s = again_after_s
        self._sent_at: dict[str, dict[DueJob, float]] = {check_kind(kind): {} for kind in kinds}
        self._turn = SessionLock(ledger.database.engine, _RELAY_LOCK)
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._next_reaping = 0.0
        ledger.signals.subscribe(self._hear)
        ledger.listen()
        self._thread = threading.Thread(target=self._work, name="synqc-jobs-relay", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send no more; another process's relay takes over."""
        self._ledger.signals.unsubscribe(self._hear)
        self._ending.set()
        self._wake.set()
        self._thread.join(2 * _LOOK_AROUND_S)

    def __enter__(self) -> CeleryRelay:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _hear(self, signal: Signal) -> None:
        if signal.kind is SignalKind.QUEUED and signal.name in self._sent_at:
            self._wake.set()

    def _work(self) -> None:
        failures = self._failures()
        trouble: str | None = None
        while not self._ending.is_set():
            self._wake.clear()
            pause = _LOOK_AROUND_S
            try:
                if self._turn.is_held():
                    pause = self._look()
                trouble = None
            except failures as error:
                if trouble != str(error):
                    trouble = str(error)
                    _log.warning("Ids of jobs cannot be sent to workers, and are tried again: %s", trouble)
                self._ending.wait(_LOOK_AROUND_S)
                continue
            self._wake.wait(pause)
        self._turn.release()
        self._application.close()

    def _failures(self) -> tuple[type[Exception], ...]:
        """What a database or a broker raises that does not answer for now."""
        from kombu.exceptions import KombuError

        connection = self._application.connection_for_write()
        return (StorageUnavailable, KombuError, OSError, *connection.connection_errors, *connection.channel_errors)

    def _look(self) -> float:
        """Send what is to be sent; how long to wait before the next look, unless something happens."""
        now = time.monotonic()
        if now >= self._next_reaping:
            self._next_reaping = now + _LOOK_AROUND_S
            self._ledger.expire()
        for kind, sent_before in self._sent_at.items():
            due = self._ledger.due(kind, most=self._most_ahead)
            sent_at = {job: moment for job in due if (moment := sent_before.get(job)) is not None}
            self._sent_at[kind] = sent_at
            old = [job for job, moment in sent_at.items() if now - moment > self._again_after_s]
            if old and self._messages_waiting(kind):
                old = []
            for job in [*(job for job in due if job not in sent_at), *old]:
                self._send(job)
                sent_at[job] = now
        due_in = self._ledger.seconds_to_next()
        return _LOOK_AROUND_S if due_in is None else min(_LOOK_AROUND_S, max(due_in, _SOON_S))

    def _send(self, job: DueJob) -> None:
        self._application.send_task(_TASK, args=[job.job_id], queue=self._broker.queue_of(job.kind), retry=False)
        _sent.labels(kind=job.kind).add()

    def _messages_waiting(self, kind: str) -> int:
        with self._application.connection_for_write() as connection:
            declared = self._application.amqp.queues[self._broker.queue_of(kind)].bind(connection.default_channel)
            waiting: int = declared.queue_declare().message_count
        return waiting


class CeleryWorker:
    """Does the jobs whose ids Celery brings, on threads of this process.

    Args:
        ledger: The job ledger.
        works: By kind.
        broker: Where the ids come from.
        lease_s: How long the ledger waits for a word of this worker before it gives its jobs to another one.
        keep_ended_s: Jobs that ended so long ago are forgotten; None: never.
    """

    def __init__(
        self,
        ledger: Ledger,
        works: Mapping[str, Work],
        broker: CeleryBroker,
        *,
        lease_s: float = 5.0,
        keep_ended_s: float | None = None,
    ) -> None:
        self._application = broker.application()
        self._queues = [broker.queue_of(check_kind(kind)) for kind in works]
        self._places = {kind: threading.Semaphore(work.concurrency) for kind, work in works.items()}
        self._concurrency = sum(work.concurrency for work in works.values())
        self._ledger = ledger
        self.worker = Worker(ledger, works, lease_s=lease_s, keep_ended_s=keep_ended_s, claims=False)
        self._application.task(name=_TASK)(self._do)

    def run(self) -> None:
        """Consume until SIGTERM or SIGINT, in the main thread; jobs under way are given back then."""
        from celery.signals import worker_ready, worker_shutting_down

        def look_around(sender: Any, **_: Any) -> None:
            # Its loop sleeps until a message comes, also where a signal asked it to stop, unless a timer wakes it.
            sender.timer.call_repeatedly(_LOOK_AROUND_S / 4, lambda: None)

        def drain(**_: Any) -> None:
            self.worker.drain()

        worker_ready.connect(look_around, weak=False)
        worker_shutting_down.connect(drain, weak=False)
        try:
            consumer = self._application.Worker(
                pool="threads", concurrency=self._concurrency, queues=self._queues, without_gossip=True,
                without_mingle=True, without_heartbeat=True, task_events=False, quiet=True, loglevel="WARNING",
            )  # fmt: skip
            consumer.start()
        finally:
            worker_ready.disconnect(look_around)
            worker_shutting_down.disconnect(drain)
            self.worker.close()
            self._application.close()

    def _do(self, job_id: str) -> None:
        kind = job_id.rpartition("-")[0]
        places = self._places.get(kind)
        if places is None:
            raise InputError(f"This worker does {', '.join(sorted(self._places))}, but {job_id} is of kind {kind!r}.")
        with places:
            if self.worker.is_leaving:
                self._give_back()
            try:
                refusal: object = self.worker.do(job_id)
            except (UnknownJob, StorageUnavailable) as error:
                refusal = error
        if refusal is not None:  # usual: it came twice. While its job is queued, another message comes.
            _log.info("A message of job %s came to nothing: %s", job_id, refusal)

    @staticmethod
    def _give_back() -> None:
        """Give the present message back to the broker, for another worker; raises what Celery takes that for."""
        from celery.exceptions import Reject

        time.sleep(_BEFORE_GIVING_BACK_S)
        raise Reject("This worker leaves.", requeue=True)
