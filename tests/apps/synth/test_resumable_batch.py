"""Batches in the ledger: what was made before a crash is not made again, and another batch is not gone on with."""

import asyncio
import subprocess
import sys
import threading

import pytest
from model_rows import SCHEMA
from scripted_server import answer, refusal

from synqc.apps.synth.errors import BatchFailed, ValidationError
from synqc.apps.synth.settings import SynthSettings
from synqc.jobs import IdempotencyConflict, open_ledger


@pytest.fixture
def ledger(tmp_path):
    with open_ledger(tmp_path / "state") as opened:
        yield opened


def test_a_batch_that_was_left_goes_on_where_it_was_g3(synths, server, ledger):
    """accrue#58: a partial checkpoint must not count as the whole."""
    prompts = [f"P{number}" for number in range(20)]
    stuck = threading.Event()

    def model(body):
        if body["messages"][-1]["content"] == "P10":
            stuck.set()
            return [60.0]
        return answer(f"About {body['messages'][-1]['content']}")

    server.otherwise = model

    async def left():
        batch = asyncio.ensure_future(
            synths(ledger=ledger, enableCache=False).generate_batch(prompts, resume="nightly", concurrency=1)
        )
        await asyncio.to_thread(stuck.wait, 30)
        batch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await batch

    asyncio.run(left())
    before = server.requests
    server.otherwise = lambda body: answer(f"About {body['messages'][-1]['content']}")
    again = synths(ledger=ledger, enableCache=False)
    result = again.generate_batch_sync(prompts, resume="nightly", concurrency=1)
    assert [one.data for one in result.results] == [f"About {one}" for one in prompts]
    assert (result.resumed, server.requests - before) == (10, 10)
    read = again.generate_batch_sync(prompts, resume="nightly", concurrency=1)
    assert (read.resumed, server.requests - before) == (20, 10)
    assert read.results[3] == result.results[3]


def test_what_failed_is_tried_again_and_nothing_else(synths, server, ledger):
    synth = synths(ledger=ledger, enableCache=False, maxRetries=0)
    server.script.extend([answer("one"), refusal(400), answer("three")])
    first = synth.generate_batch_sync(["a", "b", "c"], resume="some", concurrency=1)
    assert [one.ok for one in first.results] == [True, False, True]
    server.script.append(answer("two"))
    second = synth.generate_batch_sync(["a", "b", "c"], resume="some", concurrency=1)
    assert [one.data for one in second.results] == ["one", "two", "three"]
    assert server.requests == 4
    server.script.extend([answer("one"), refusal(400)])
    with pytest.raises(BatchFailed) as failed:
        synth.generate_batch_sync(["a", "b", "c"], resume="strict", concurrency=1, onError="fail_fast")
    assert failed.value.results[0].data == "one"
    assert failed.value.results[1:] == [None, None]


def test_another_batch_of_the_same_name_is_refused_g4(synths, models, server, second_server, ledger):
    """rocky#1549: a resume must not take another configuration's checkpoint."""
    synths(ledger=ledger).generate_batch_sync(["a"], resume="nightly")
    for other in (
        lambda: synths(ledger=ledger).generate_batch_sync(["b"], resume="nightly"),
        lambda: synths(ledger=ledger).generate_batch_sync(["a"], resume="nightly", maxTokens=5),
        lambda: synths(ledger=ledger, providers={"one": models(second_server)}, model="one:m-1").generate_batch_sync(
            ["a"], resume="nightly"
        ),
    ):
        with pytest.raises(IdempotencyConflict):
            other()
    assert (server.requests, second_server.requests) == (1, 0)
    with pytest.raises(ValidationError, match="ledger"):
        synths().generate_batch_sync(["a"], resume="nightly")


def test_batches_of_data_sets_are_resumed_too(synths, ledger, server):
    asked = [{"count": 2, "schema": SCHEMA, "seed": seed} for seed in (1, 2)]
    synth = synths(ledger=ledger, enableCache=False)
    first = synth.generate_batch_sync("structured", asked, resume="sets")
    second = synth.generate_batch_sync("structured", asked, resume="sets")
    assert second.resumed == 2
    assert [one.data for one in second.results] == [one.data for one in first.results]
    assert second.results[0].card.to_dict() == first.results[0].card.to_dict()
    assert server.requests == 2


PROGRAM = """
import sys
from pathlib import Path
from synqc.apps.synth.agentic_synth import AgenticSynth
from synqc.apps.synth.settings import SynthSettings
from synqc.jobs import open_ledger

settings = SynthSettings(openai_base_url=sys.argv[1], openai_api_key="k", local_model="none")
with open_ledger(Path(sys.argv[2])) as ledger, AgenticSynth(
    model="openai:m-1", settings=settings, ledger=ledger, enable_cache=False
) as synth:
    synth.generate_batch_sync([f"P{number}" for number in range(20)], resume="nightly", concurrency=1)
"""


@pytest.mark.deep
def test_a_batch_whose_process_was_killed_goes_on_where_it_was(synths, server, tmp_path):
    """The lease of the dead process has to run out first, which is why this is no test of every day."""
    stuck = threading.Event()

    def model(body):
        if body["messages"][-1]["content"] == "P12":
            stuck.set()
            return [60.0]
        return answer(f"About {body['messages'][-1]['content']}")

    server.otherwise = model
    victim = subprocess.Popen([sys.executable, "-c", PROGRAM, server.url, str(tmp_path / "state")])
    assert stuck.wait(60)
    victim.kill()
    victim.wait()
    before = server.requests
    server.otherwise = lambda body: answer(f"About {body['messages'][-1]['content']}")
    settings = SynthSettings(openai_base_url=server.url, openai_api_key="k", local_model="none")
    prompts = [f"P{number}" for number in range(20)]
    with open_ledger(tmp_path / "state") as ledger:
        synth = synths(providers={}, settings=settings, model="openai:m-1", ledger=ledger, enable_cache=False)
        result = synth.generate_batch_sync(prompts, resume="nightly", concurrency=1)
    assert [one.data for one in result.results] == [f"About {one}" for one in prompts]
    assert (result.resumed, server.requests - before) == (12, 8)
