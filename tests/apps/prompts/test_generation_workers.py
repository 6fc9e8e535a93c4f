"""Workers of other processes make rows, too: who leaves gives generations back, and Celery may bring the ids."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from model_world import World, serve
from scratch_postgresql import scratch_postgresql
from scratch_redis import REDIS, answering_redis

from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.generation_work import KIND
from synqc.apps.prompts.request import ModelName, RoleModels
from synqc.apps.prompts.settings import PromptsSettings

WAIT_S = 60
_QUEUE = "synqc_jobs.generation"


@pytest.fixture
def server():
    world = World(sound=1.0, failing=1.0, after_s=0.02)
    started = serve(world)
    yield started
    started.stop()


def begun(command, environment):
    worker = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert worker.stdout.readline().startswith("Worker ")
    return worker


def test_what_a_worker_that_died_had_is_gone_on_with_at_once(worlds, asked):
    application = worlds(start=False, failing=1.0, sound=1.0)
    job_id = application.submit(asked())
    assert application.ledger.claim("somebody who died", {KIND: 1}, lease_s=3600.0)
    application.start()
    status = application.wait(job_id, WAIT_S)
    assert (status.state, status.accepted, status.job_attempt) == ("succeeded", 3, 2)


def test_a_generation_is_begun_by_one_worker_and_ended_by_another_whom_celery_told(tmp_path, asked, server):
    pytest.importorskip("celery")
    models = RoleModels(*(ModelName("openai", f"{role}-1") for role in ("engineer", "checker", "target", "judge")))
    database = random.randrange(1, 16)
    with scratch_postgresql() as url, answering_redis(database) as redis:
        settings = PromptsSettings(state_dir=tmp_path, database_url=url, openai_base_url=server.url)
        application = PromptsApplication(settings)
        environment = {
            **os.environ, "SYNQC_STATE_DIR": str(tmp_path), "SYNQC_DATABASE_URL": url, "OPENAI_BASE_URL": server.url,
            "OPENAI_API_KEY": "k",
        }  # fmt: skip
        command = [sys.executable, "-m", "synqc", "worker", "--kinds", "generation"]
        started = []
        try:
            started.append(begun(command, environment))
            job_id = application.submit(asked(models=models, rows=30, workers=4))
            deadline = time.monotonic() + WAIT_S
            while not 0 < application.status(job_id).accepted < 30:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            started[0].send_signal(signal.SIGTERM)
            assert started[0].wait(WAIT_S) == 0
            left = application.status(job_id)
            assert (left.state, left.stop_reason) == ("queued", None)
            assert 0 < left.accepted < 30
            started.append(begun(command, {**environment, "SYNQC_BROKER_URL": f"{REDIS}/{database}"}))
            status = application.wait(job_id, WAIT_S)
            assert (status.state, status.accepted, status.job_attempt) == ("succeeded", 30, 2)
            # No answer was asked for twice: the first worker ended the calls that it had under way, at most 4, and
            # the second one had the answers to all others.
            answered = [(call.attempt, call.step) for call in application.calls(job_id) if call.outcome != "cancelled"]
            assert len(answered) == len(set(answered))
            assert 0 <= len(server.bodies) - len(answered) <= 4
            assert application.replay(job_id).rows > 30 - 1
        finally:
            for worker in started:
                worker.kill()
                worker.wait()
            application.close()
            bindings = (f"{kind}.{_QUEUE}" for kind in ("_kombu.binding", "_kombu.binding_permanent"))
            redis.delete(_QUEUE, *bindings)
