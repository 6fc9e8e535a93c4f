"""Generations whose rows must not say the same in other words: found, told with their rate, replayed byte for byte."""

import re

import numpy as np
import pytest
from waiting import wait_until

from synqc.apps.prompts.causes import DiscardCause, RowStatus, StopReason
from synqc.apps.prompts.request import DuplicateRule, Limits, SeedProblem, SemanticRule
from synqc.apps.prompts.row import RowFilter
from synqc.errors import InputError
from synqc.llm.languages import Languages

WAIT_S = 60
KINDS = 5


class Kinds:
    """An embedder for which a problem says the remainder of its first number by 5, and nothing else."""

    name, languages, most_tokens = "kinds", Languages(able=("en",), unable=("hi",)), None

    def __init__(self):
        self.texts = 0

    def vectors(self, texts, *, is_query):
        self.texts += len(texts)
        return np.eye(KINDS, dtype=np.float32)[[kind_of(text) for text in texts]]


def kind_of(problem):
    return int(re.search(r"\d+", problem)[0]) % KINDS


def rule(**options):
    return DuplicateRule(semantic=SemanticRule(embedder="kinds", threshold=0.9), **options)


@pytest.fixture
def semantic(worlds):
    def make(**options):
        return worlds(failing=1.0, sound=1.0, embedders={"kinds": Kinds()}, **options)

    return make


def rows_of(application, job_id):
    return application.rows(RowFilter(job_id=job_id, limit=10_000))


def test_rows_that_say_the_same_are_discarded_and_replayed_without_the_embedder(semantic, asked):
    application = semantic(pauses=lambda _: 0.001)
    limits = Limits(attempts=60, duplicate_rate=None)
    job_id = application.submit(asked(rows=KINDS + 3, workers=8, duplicates=rule(), limits=limits))
    status = application.wait(job_id, WAIT_S)
    assert (status.stop_reason, status.accepted) == (StopReason.ATTEMPTS, KINDS)
    rows = rows_of(application, job_id)
    assert sorted(kind_of(row.problem) for row in rows if row.status is RowStatus.ACCEPTED) == list(range(KINDS))
    repeated = [row for row in rows if row.cause is DiscardCause.DUPLICATE]
    assert len(repeated) == 60 - KINDS
    for row in repeated:
        (found,) = row.duplicates
        other = application.row(found.row)
        assert (found.by, found.source, found.text, found.spans) == ("meaning", "batch", other.problem, ())
        assert (other.status, kind_of(other.problem)) == (RowStatus.ACCEPTED, kind_of(row.problem))
        assert found.score == pytest.approx(1.0)
        assert row.reason == f"Repeats row {found.row} in other words, with cosine 1.000."
    before, asked_so_far = application.embedders.find("kinds").texts, len(application.world.log)
    replayed = application.replay(job_id)
    assert (replayed.rows, replayed.document) == (60, application.replay(job_id).document)
    assert (application.embedders.find("kinds").texts, len(application.world.log)) == (before, asked_so_far)


def test_rows_of_the_store_and_seeds_count_and_the_rate_of_false_alarms_is_that_of_seeds(semantic, asked):
    application = semantic()
    first = application.submit(asked(rows=1, workers=1, duplicates=rule()))
    application.wait(first, WAIT_S)
    (kept,) = [row for row in rows_of(application, first) if row.status is RowStatus.ACCEPTED]
    assert application.funnel(first).semantic.false_alarms.value is None
    assert "unknown" in str(application.funnel(first).semantic)
    taken = (kind_of(kept.problem) + 1) % KINDS
    other = (taken + 1) % KINDS
    seeds = tuple(
        SeedProblem(problem=f"What is {one}? {'ab'[k % 2] * 40}") for k, one in enumerate([taken, taken, other])
    )
    again = application.submit(
        asked(
            rows=KINDS, taxonomy=None, seeds=seeds, duplicates=rule(), limits=Limits(attempts=40, duplicate_rate=None)
        )
    )
    status = application.wait(again, WAIT_S)
    assert status.accepted == KINDS - 3
    found = {one.source for row in rows_of(application, again) for one in row.duplicates}
    assert found == {"store", "seeds", "batch"}
    alarms = application.funnel(again).semantic.false_alarms
    assert (alarms.count, alarms.of) == (2, 3)
    assert "66.7% (2 of 3;" in str(application.funnel(again).semantic)
    assert application.replay(again).rows == 40


def test_a_generation_that_goes_on_knows_its_own_rows(semantic, asked):
    def pauses(_):
        return 30.0 if len(first.world.log) > 12 else 0.0

    first = semantic(start=False, pauses=pauses)
    job_id = first.submit(asked(rows=KINDS, workers=3, duplicates=rule(), limits=Limits(duplicate_rate=None)))
    first.start()
    wait_until(lambda: first.status(job_id).accepted > 0 and len(first.world.log) > 12, WAIT_S)
    first.drain()
    wait_until(lambda: first.status(job_id).state == "queued", WAIT_S)
    early = first.status(job_id).accepted
    second = semantic()
    status = second.wait(job_id, WAIT_S)
    assert (status.accepted, status.job_attempt) == (KINDS, 2)
    assert 0 < early < KINDS
    kinds = [kind_of(row.problem) for row in rows_of(second, job_id) if row.status is RowStatus.ACCEPTED]
    assert sorted(kinds) == list(range(KINDS))
    assert second.replay(job_id).rows == len(rows_of(second, job_id))


def test_what_cannot_be_asked_is_refused_before_it_is_a_job(semantic, asked):
    application = semantic(start=False)
    with pytest.raises(
        InputError, match=r"no embedder 'minilm2': did you mean 'minilm'\? There are kinds, minilm, nano-e5"
    ):
        application.submit(asked(duplicates=DuplicateRule(semantic={"embedder": "minilm2", "threshold": 0.9})))
    with pytest.raises(InputError, match="hi"):
        application.submit(
            asked(duplicates=DuplicateRule(semantic={"embedder": "kinds", "threshold": 0.9, "language": "hi"}))
        )
    with pytest.raises(InputError, match=r"`threshold` must be a number from 0.001 to 1, but is 1.5"):
        SemanticRule(embedder="kinds", threshold=1.5)
    with pytest.raises(InputError, match="`semantic` must be a SemanticRule"):
        DuplicateRule(semantic="minilm")
