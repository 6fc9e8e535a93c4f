"""A worker that is killed at any moment loses no row, doubles none, and charges no attempt twice."""

import json
import os
import random
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
import warm_python
from model_world import PRICES, InProcess, World, bill, cost, judge, prices_document, serve
from sqlalchemy import select

from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.causes import RowStatus, StopReason
from synqc.apps.prompts.settings import PromptsSettings
from synqc.jobs.tables.schema import charges

HERE = Path(__file__).parent
KILLS = int(os.environ.get("SYNQC_KILL_ROUNDS", "100"))
KILLS_OF_A_TEST = 100
"""At most; others are further tests, with draws of their own."""
PARTS = [
    pytest.param(
        min(KILLS_OF_A_TEST, KILLS - done),
        id=f"{done + 1}-to-{min(done + KILLS_OF_A_TEST, KILLS)}",
        marks=pytest.mark.deep,
    )
    for done in range(0, KILLS, KILLS_OF_A_TEST)
]
KILLS_OF_A_GENERATION = 25
"""At most; a further one begins then, so that no kill waits for thousands of rows to be read."""
ROWS_PER_KILL = 6
"""Three times as many as are made between two kills."""
WORKERS = 8
LOADED = ("synqc.apps.prompts.application", "synqc.llm._plain_http", "synqc.llm.providers.direct")
"""What every worker imports, for which a new interpreter takes seconds of a processor."""


class Killed:
    """Processes that work one state directory one after the other; all but the last are killed at moments of chance."""

    def __init__(self, arguments, chance, world):
        self.arguments, self.chance, self.world = arguments, chance, world
        paths = os.pathsep.join([str(HERE), str(HERE.parents[1] / "llm")])
        self.environment = {**os.environ, "PYTHONPATH": paths}
        self.worker = self.said = None

    def start(self):
        said, written = os.pipe()
        self.said = os.fdopen(said)
        with os.fdopen(written, "wb") as output:
            self.worker = warm_python.start(
                "generation_process", self.arguments, cwd=HERE, env=self.environment, output=output, loaded=LOADED
            )

    def end(self):
        if self.worker is not None:
            self.worker.kill()
            self.worker.wait(60)
            self.said.close()
            self.worker = None

    def start_and_kill(self, has_ended):
        """Killed while it opens its database, soon after, or when some more answers were given."""
        begun = len(self.world.log)
        self.start()
        kind = self.chance.choice(["opening", "beginning", "amid calls", "amid calls"])
        if kind != "opening":
            assert self.said.readline() == "working\n"
        if kind == "amid calls":
            # A busy machine keeps a worker from renewing its lease; its job is then queued again after up to a minute.
            more, deadline, looks = self.chance.randrange(1, 60), time.monotonic() + 300, 0
            while len(self.world.log) < begun + more and not (looks % 100 == 99 and has_ended()):
                assert time.monotonic() < deadline
                time.sleep(0.001)
                looks += 1
        else:
            time.sleep(self.chance.uniform(0.0, 0.4 if kind == "opening" else 0.1))
        self.end()


@pytest.mark.parametrize("kills", [4, *PARTS])
def test_kill_9_loses_and_doubles_nothing_and_the_books_agree(tmp_path, asked, kills, seed):
    chance, left, number = random.Random(seed), kills, 0
    while left:
        number += 1
        with killed_generation(tmp_path / str(number), asked, min(left, KILLS_OF_A_GENERATION), chance) as generation:
            killed, application, job_id = generation

            def has_ended(application=application, job_id=job_id):
                return application.ledger.job(job_id).has_ended

            for _ in range(min(left, KILLS_OF_A_GENERATION)):
                killed.start_and_kill(has_ended)
                left -= 1
                if has_ended():  # who has nothing to do is not killed at work
                    break
            killed.start()
            status = application.wait(job_id, 600)
            killed.end()
            assert (status.state, status.stop_reason) == ("succeeded", StopReason.ENOUGH), (seed, number)
            check_rows(application, job_id, status.rows_wanted, (seed, number))
            check_books(application, job_id, killed.world.log, (seed, number))


@contextmanager
def killed_generation(folder, asked, kills, chance):
    """A generation whose workers are about to be killed, on a database and a server of its own."""
    folder.mkdir()
    prices = folder / "prices.json"
    prices.write_text(json.dumps(prices_document()))
    world = World(failing=0.4, sound=0.9, after_s=0.005)
    server = serve(world)
    settings = PromptsSettings(state_dir=folder / "state", prices_path=prices)
    application = PromptsApplication(settings, providers={"world": InProcess(world)}, judge=judge)
    killed = Killed([str(folder / "state"), server.url, str(prices)], chance, world)
    try:
        yield killed, application, application.submit(asked(rows=ROWS_PER_KILL * kills, workers=WORKERS))
    finally:
        killed.end()
        application.close()
        server.stop()


def check_rows(application, job_id, wanted, seed):
    """As many as asked for, none twice, numbered without a gap, and every one follows from what the models said."""
    rows = list(application.export_rows(job_id, statuses=tuple(RowStatus)))
    accepted = [row for row in rows if row.status is RowStatus.ACCEPTED]
    assert len(accepted) == len({row.problem for row in accepted}) == wanted, seed
    assert len({row.attempt for row in rows}) == len(rows), seed
    assert sorted(row.finished for row in rows) == list(range(1, len(rows) + 1)), seed
    assert application.replay(job_id).rows == len(rows), seed


def check_books(application, job_id, log, seed):
    """Log of the server, ledger and report agree to the millionth of a dollar, each call on its own."""
    status, funnel = application.status(job_id), application.funnel(job_id)
    calls = application.calls(job_id)
    with application.ledger.database.reading() as connection:
        charged = connection.execute(select(charges).where(charges.c.job_id == job_id)).all()
    # What a killed worker was waiting for is charged at the most it may have cost; every other charge has its call.
    lost = Counter(one.name for one in charged if one.is_estimate)
    settled = Counter(one.name for one in charged if not one.is_estimate and (one.spent_usd_micros or one.spent_tokens))
    assert settled == Counter(f"{one.attempt}.{one.step}" for one in calls), seed
    # Half as many attempts more than workers are under way: of each, one call was being made or waited for a place,
    # and one was answered and not yet booked.
    assert sum(lost.values()) <= 2 * (WORKERS + WORKERS // 2) * (status.job_attempt - 1), seed
    # A worker that ends, or that a busy machine kept from renewing its lease, breaks off what is under way.
    broken_off = Counter((one.attempt, one.step) for one in calls if one.outcome == "cancelled")
    whole = [one for one in calls if one.outcome != "cancelled"]
    assert len({(one.attempt, one.step) for one in whole}) == len(whole), seed
    told = Counter((one["model"], one["said"]) for one in log)
    of_said = {(one["model"], one["said"]): one for one in log}
    assert len({(one.model.partition(":")[2], one.messages[-1][1]) for one in calls}) >= len(whole), seed
    for one in whole:
        asked = (one.model.partition(":")[2], one.messages[-1][1])
        usage = of_said[asked]["usage"]
        assert (one.prompt_tokens, one.completion_tokens) == (usage["prompt_tokens"], usage["completion_tokens"]), seed
        assert one.usd_micros == cost(usage, *PRICES[asked[0]]), seed
        assert told[asked] <= 1 + lost[f"{one.attempt}.{one.step}"] + broken_off[one.attempt, one.step], seed
    counted = sum(one.usd_micros for one in whole)
    rows = application.export_rows(job_id, statuses=tuple(RowStatus))
    assert funnel.usd_micros == counted == sum(row.usd_micros or 0 for row in rows), seed
    assert status.usd_micros == sum(one.spent_usd_micros for one in charged) == counted + funnel.uncounted_usd_micros
    assert status.reserved_usd_micros == 0, seed
    assert counted <= bill(log) <= status.usd_micros, seed
