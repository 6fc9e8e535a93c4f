"""Celery on RabbitMQ and on Redis: messages carry ids alone, and whatever becomes of them, the ledger is right."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from scratch_postgresql import scratch_postgresql
from waiting import wait_until

from synqc.errors import InputError, MissingExtra
from synqc.jobs import JobState, open_ledger
from synqc.jobs.celery_transport import CeleryBroker, CeleryRelay
from synqc.storage.database import DatabaseLocation

BROKERS = {"rabbitmq": "amqp://guest:guest@127.0.0.1:5672//", "redis": "redis://127.0.0.1:6379/0"}
UNREACHABLE = {"rabbitmq": "amqp://guest:guest@127.0.0.1:1//", "redis": "redis://127.0.0.1:1/0"}
VICTIM = Path(__file__).with_name("celery_workers.py")


@pytest.fixture(scope="module")
def database_url():
    with scratch_postgresql() as url:
        yield url


@pytest.fixture(scope="module")
def ledger(database_url):
    with open_ledger(DatabaseLocation(Path("unused"), database_url)) as found:
        yield found


@pytest.fixture(params=BROKERS)
def queue(request):
    """With a name of its own; skips where Celery or its broker is missing, but fails in CI."""
    if not os.environ.get("CI"):
        pytest.importorskip("celery")
    found = Queue(CeleryBroker(BROKERS[request.param], queue_prefix=f"synqc_test_{secrets.token_hex(6)}"))
    try:
        found.connection.ensure_connection(max_retries=1, timeout=3)
    except Exception as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no broker answers at {found.broker}: {error}")
    with found.connection:
        yield found
        found.delete()


class Queue:
    """That of jobs of the kind `sleep`, as anybody sees it who may ask the broker."""

    def __init__(self, broker):
        self.broker = broker
        application = broker.application()
        self.connection = application.connection_for_write()
        self._unbound = application.amqp.queues[broker.queue_of("sleep")]

    @property
    def queue(self):
        return self._unbound.bind(self.connection.default_channel)

    def delete(self):
        """With the exchange that Celery made for it, and what is kept of both on Redis."""
        bound, channel = self.queue, self.connection.default_channel
        bound.declare()
        bound.delete()
        bound.exchange(channel).delete()
        if self.broker.url.startswith("redis"):
            bindings = (f"{kind}.{bound.name}" for kind in ("_kombu.binding", "_kombu.binding_permanent"))
            channel.client.delete(bound.name, *bindings)

    def count(self):
        return self.queue.queue_declare().message_count

    def take(self):
        """Messages that wait, which then are gone."""
        bound = self.queue
        bound.declare()
        return list(iter(lambda: bound.get(no_ack=True), None))


@contextmanager
def working(database_url, broker):
    """A process that does jobs, and sends ids of those that are queued."""
    command = [sys.executable, "-W", "ignore", str(VICTIM), database_url, broker.url, broker.queue_prefix]
    process = subprocess.Popen(command)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def owner_of(ledger, job_id):
    return int(ledger.job(job_id).owner.split(":")[1])


def events_of(ledger, job_id):
    return [event.kind for event in ledger.events(job_id)]


def test_messages_carry_ids_alone_and_as_many_as_there_are_jobs(ledger, queue):
    with CeleryRelay(ledger, queue.broker, ["sleep"]), CeleryRelay(ledger, queue.broker, ["sleep"]):
        ids = [ledger.submit("sleep", {"seconds": 0, "secret": "not in a message"}) for _ in range(5)]
        wait_until(lambda: queue.count() >= 5)
    bodies = [message.payload for message in queue.take()]
    assert [body[0] for body in bodies] == [[job_id] for job_id in ids]
    assert "secret" not in json.dumps(bodies)
    for job_id in ids:
        ledger.cancel(job_id)


def test_no_more_are_sent_than_workers_take_soon_and_the_most_urgent_first(ledger, queue):
    late = [ledger.submit("sleep", {"seconds": 0}) for _ in range(4)]
    urgent = ledger.submit("sleep", {"seconds": 0}, priority=1)
    with CeleryRelay(ledger, queue.broker, ["sleep"], most_ahead=2):
        wait_until(lambda: queue.count() >= 2)
        sent = [message.payload[0][0] for message in queue.take()]
        assert sent == [urgent, late[0]]
        ledger.cancel(urgent)  # and there is room for one more
        wait_until(lambda: queue.count() >= 1)
        assert [message.payload[0][0] for message in queue.take()] == [late[1]]
    for job_id in late:
        ledger.cancel(job_id)


def test_a_message_that_was_lost_is_sent_again(ledger, queue):
    with CeleryRelay(ledger, queue.broker, ["sleep"], again_after_s=0.1):
        job_id = ledger.submit("sleep", {"seconds": 0})
        wait_until(queue.count)
        assert len(queue.take()) == 1
        wait_until(queue.count)
        assert {message.payload[0][0] for message in queue.take()} == {job_id}
    ledger.cancel(job_id)


def test_a_message_that_waits_is_not_sent_again(ledger, queue):
    with CeleryRelay(ledger, queue.broker, ["sleep"], again_after_s=0.05):
        ids = []
        for _ in range(4):
            ids.append(ledger.submit("sleep", {"seconds": 0}))
            wait_until(lambda: queue.count() >= len(ids))
            time.sleep(0.1)  # those before it are old by the next look
    assert [message.payload[0][0] for message in queue.take()] == ids
    for job_id in ids:
        ledger.cancel(job_id)


def test_another_relay_takes_over_when_the_first_one_ends(ledger, queue):
    first = CeleryRelay(ledger, queue.broker, ["sleep"])
    one = ledger.submit("sleep", {"seconds": 0})
    wait_until(queue.count)
    with CeleryRelay(ledger, queue.broker, ["sleep"]):
        first.close()
        queue.take()
        another = ledger.submit("sleep", {"seconds": 0})
        wait_until(lambda: another in [message.payload[0][0] for message in queue.take()])
    for job_id in (one, another):
        ledger.cancel(job_id)


def test_messages_that_come_twice_or_too_late_do_nothing(ledger, database_url, queue):
    with working(database_url, queue.broker):
        job_id = ledger.submit("sleep", {"seconds": 1})
        wait_until(lambda: ledger.parts(job_id))
        application = queue.broker.application()

        def send(of):
            application.send_task("synqc.jobs.do", args=[of], queue=queue.broker.queue_of("sleep"))

        for _ in range(3):
            send(job_id)  # while it runs
        assert ledger.wait(job_id, timeout_s=60).result == ["attempt-1"]
        for of in (job_id, job_id, "sleep-0123456789abcdef01234567", "snooze-1", "nonsense"):
            send(of)  # after its end; of none; of a kind it does not do; of no kind
        after = ledger.submit("sleep", {"seconds": 0})
        ledger.wait(after, timeout_s=60)
        wait_until(lambda: queue.count() == 0)
        assert events_of(ledger, job_id) == ["submitted", "claimed", "succeeded"]


def test_what_a_killed_worker_did_is_done_by_another_and_counted_once(ledger, database_url, queue, tmp_path):
    killing_is_over = tmp_path / "killing is over"
    with ExitStack() as stack:
        processes = {process.pid: process for process in (
            stack.enter_context(working(database_url, queue.broker)) for _ in range(2)
        )}  # fmt: skip
        ids = [ledger.submit("sleep", {"until": str(killing_is_over)}) for _ in range(4)]
        wait_until(lambda: all(ledger.parts(job_id) for job_id in ids))
        killed = owner_of(ledger, ids[0])
        lost = [job_id for job_id in ids if owner_of(ledger, job_id) == killed]
        processes[killed].send_signal(signal.SIGKILL)
        killing_is_over.touch()
        for job_id in ids:
            found = ledger.wait(job_id, timeout_s=60)
            wanted = ["attempt-1", "attempt-2"] if job_id in lost else ["attempt-1"]
            assert (found.state, found.result) == (JobState.SUCCEEDED, wanted)


def test_a_worker_that_is_told_to_leave_gives_its_jobs_to_another(ledger, database_url, queue):
    with working(database_url, queue.broker) as leaving:
        job_id = ledger.submit("sleep", {"seconds": 20})
        wait_until(lambda: ledger.parts(job_id))
        with working(database_url, queue.broker):
            leaving.send_signal(signal.SIGTERM)
            assert leaving.wait(60) == 0
            wait_until(lambda: len(ledger.parts(job_id)) == 2)
            assert events_of(ledger, job_id) == ["submitted", "claimed", "released", "claimed"]
            ledger.cancel(job_id)
            assert ledger.wait(job_id, timeout_s=60).state == JobState.CANCELLED


@pytest.mark.parametrize("name", BROKERS)
def test_jobs_wait_in_the_ledger_while_the_broker_is_away(ledger, name, caplog):
    if not os.environ.get("CI"):
        pytest.importorskip("celery")
    with CeleryRelay(ledger, CeleryBroker(UNREACHABLE[name]), ["sleep"]):
        job_id = ledger.submit("sleep", {"seconds": 0})
        wait_until(lambda: "Ids of jobs cannot be sent to workers" in caplog.text)
    assert ledger.job(job_id).state == JobState.QUEUED
    ledger.cancel(job_id)


@pytest.mark.parametrize("url", ["sqs://", "memory://", "127.0.0.1:5672", ""])
def test_other_brokers_are_refused(url):
    with pytest.raises(InputError, match=r"SYNQC_BROKER_URL must begin with amqp:// \(RabbitMQ\) or redis://"):
        CeleryBroker(url)


def test_a_password_is_not_shown():
    broker = CeleryBroker("amqp://me:secret@broker.example//")
    assert str(broker) == "amqp://broker.example//"
    assert "secret" not in repr(broker)


def test_without_celery_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "celery", None)
    with pytest.raises(MissingExtra, match=r"pip install 'synqc\[jobs-celery\]'"):
        CeleryBroker(BROKERS["redis"]).application()
