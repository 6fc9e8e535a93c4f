"""Processes that submit jobs and do them until they are killed: `python job_victims.py STATE_DIR [URL]`.

The process that is started imports everything once, and forks a victim for each line it reads, having neither threads
nor connections. It writes the victim's pid; the victim writes what it was answered, a line each.
"""

import os
import sys
import threading
from pathlib import Path

from synqc.jobs import Amount, Budget, RetryPolicy, Work, Worker, open_ledger
from synqc.storage.database import DatabaseLocation

LEASE_S = 0.5
AT_ONCE = RetryPolicy(attempts=1_000_000, first_s=0.0)


def count(job):
    """Work that leaves a trace of each attempt, and costs a millionth of a dollar each time."""
    job.keep(f"attempt-{job.attempt}", job.attempt).result()
    job.reserve("call", Amount(usd_micros=1))
    job.progress(1, 2)
    job.settle("call", Amount(usd_micros=1))
    return job.payload["number"] * 2


def tell(*words):
    """One line, whole or not at all."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def submit_until_the_end(ledger, name):
    number = 0
    while True:
        number += 1
        payload = {"number": number, "by": name}
        if number % 7 == 0:
            batch = ledger.submit_batch("count", [payload, payload], retry=AT_ONCE, budget=Budget(usd_micros=10**6))
            tell("batch", batch)
        else:
            key = f"{name} {number}" if number % 3 == 0 else None
            job_id = ledger.submit("count", payload, idempotency_key=key, retry=AT_ONCE)
            tell("job", job_id, number, name)
            if number % 5 == 0:
                ledger.cancel(job_id)
                tell("cancelled", job_id)


def be_a_victim(location, round_name):
    with open_ledger(location) as ledger:
        tell("ready")
        if location.url is None:
            ledger.expire(owners_are_gone=True)
        works = {"count": Work(count, concurrency=3)}
        with Worker(ledger, works, lease_s=LEASE_S):
            for number in range(3):
                name = f"{round_name}-{number}"
                threading.Thread(target=submit_until_the_end, args=(ledger, name), daemon=True).start()
            threading.Event().wait()


def main():
    location = DatabaseLocation(Path(sys.argv[1]), *sys.argv[2:3])
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            be_a_victim(location, line.strip())
        tell("pid", pid)
        os.waitpid(pid, 0)
        tell("dead")


if __name__ == "__main__":
    main()
