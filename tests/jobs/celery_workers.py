"""A process that does jobs whose ids Celery brings: `python celery_workers.py DATABASE_URL BROKER_URL QUEUE_PREFIX`.

Jobs of kind `sleep` last as long as they are told, or until a file is there, keep a trace of each attempt, and answer
with that.
"""

import sys
import time
from pathlib import Path

from synqc.jobs import Work, open_ledger
from synqc.jobs.celery_transport import CeleryBroker, CeleryRelay, CeleryWorker
from synqc.storage.database import DatabaseLocation

LEASE_S = 2.0


def sleep(job):
    job.keep(f"attempt-{job.attempt}", job.attempt).result()
    until = time.monotonic() + job.payload.get("seconds", 0)
    file = Path(job.payload.get("until", "/"))
    while time.monotonic() < until or not file.exists():
        job.check()
        time.sleep(0.01)
    return sorted(job.kept())


def main():
    database_url, broker_url, queue_prefix = sys.argv[1:]
    broker = CeleryBroker(broker_url, queue_prefix=queue_prefix)
    with open_ledger(DatabaseLocation(Path("unused"), database_url)) as ledger:
        worker = CeleryWorker(ledger, {"sleep": Work(sleep, concurrency=2)}, broker, lease_s=LEASE_S)
        with CeleryRelay(ledger, broker, ["sleep"]):
            worker.run()


if __name__ == "__main__":
    main()
