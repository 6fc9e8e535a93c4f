"""The guard of reference answers is tried on problems whose answers are known, and what it says of a job is true."""

import json

import pytest
from model_world import World, letters, numbers_in, share

from synqc.apps.prompts.causes import RowStatus
from synqc.apps.prompts.request import AcceptanceRule, ModelName, PromptTexts, RoleModels
from synqc.errors import InputError

WAIT_S = 60
RULE = AcceptanceRule(reference_solves=3, reference_agreements=2)


class Fallible(World):
    """A fifth of what the engineer solves or writes is wrong, and its solvers err, too, sometimes as it does."""

    salt = 0

    def engineer(self, said, body):
        if not said.startswith("What is"):
            return super().engineer(said, body)
        wrong = share(said, "author", self.salt) < self.wrong_references
        return str(sum(numbers_in(said)) + wrong)

    def judge(self, said, body):
        if said.startswith("{"):
            return super().judge(said, body)
        drawn = share(said, body["seed"], self.salt)
        return str(sum(numbers_in(said)) + (1 if drawn < 0.05 else 2 if drawn < 0.15 else 0))


def known(count, salt):
    """Problems with their answers."""
    seeds = []
    for number in range(count):
        first, second = int(share(salt, number) * 10**6), int(share(salt, number, 2) * 10**6)
        words = " ".join(letters(int(share(salt, number, k) * 26**5)) for k in range(24))
        seeds.append({"problem": f"What is {first} + {second}? {words}", "answer": str(first + second)})
    return seeds


@pytest.fixture
def fallible(worlds, seed):
    def make(**options):
        application = worlds(sound=1.0, failing=0.9, **options)
        world = Fallible(sound=1.0, failing=0.9, wrong_references=0.2)
        world.salt = seed
        application.models.world = application.world = world
        return application

    return make


def test_a_trial_counts_what_the_guard_refused_and_trusted(fallible, asked, seed):
    application = fallible()
    seeds = known(40, seed)
    application.world.judge = lambda said, body: str(sum(numbers_in(said)))
    trial = application.try_guard(asked(rows=3, taxonomy=None, seeds=seeds, acceptance=RULE))
    status = application.wait(trial, WAIT_S)
    rows = list(application.export_rows(trial, statuses=tuple(RowStatus)))
    assert len(rows) == 40
    answers = {one["problem"]: one["answer"] for one in seeds}
    wrong = [row for row in rows if row.answer != answers[row.problem]]
    report = application.guard_report(trial)
    assert (report.power.count, report.power.of) == (len(wrong), len(wrong)), seed
    assert (report.right_kept.count, report.right_kept.of) == (40 - len(wrong), 40 - len(wrong)), seed
    assert {row.status for row in wrong} <= {RowStatus.DISCARDED}
    assert {call.role for call in application.calls(trial)} == {"engineer", "judge"}
    assert status.usd_micros == sum(row.usd_micros for row in rows) > 0
    assert application.batches() == []
    assert application.replay(trial).rows == 40
    assert "Wrong references refused: 100.0%" in str(report) or not wrong
    assert json.loads(json.dumps(report.to_dict()))["power"]["of"] == len(wrong)


@pytest.mark.parametrize(("trials", "rows"), [(120, 60), pytest.param(600, 1000, marks=pytest.mark.deep)])
def test_of_a_fifth_of_wrong_references_two_percent_are_accepted_at_most_and_the_report_says_so(
    fallible, asked, seed, trials, rows
):
    application = fallible()
    request = asked(rows=rows, acceptance=RULE, workers=8)
    job_id = application.submit(request)
    assert application.wait(job_id, 600).accepted == rows
    trial = application.try_guard(asked(rows=1, taxonomy=None, seeds=known(trials, seed), acceptance=RULE, workers=8))
    application.wait(trial, 600)
    report = application.guard_report(trial, of=job_id)
    accepted = list(application.export_rows(job_id))
    wrong = sum(int(row.answer) != sum(numbers_in(row.problem)) for row in accepted)
    print(report)
    assert wrong / len(accepted) <= 0.02 + 1 / len(accepted), (seed, wrong)
    mean, low, high = report.wrong_among_trusted
    # Of how often such an interval holds the truth test_reference_guard.py tells; this is far beyond it.
    assert low - 0.02 <= wrong / len(accepted) <= high + 0.02, (seed, wrong, str(report))
    assert mean < 0.05, (seed, str(report))


def test_what_cannot_be_tried_is_refused_by_name(worlds, asked):
    application = worlds(start=False)
    seeds = [{"problem": "What is 1 + 1?", "answer": "2"}]
    for request, words in (
        (asked(), "`seeds` must hold problems with their answers"),
        (asked(seeds=[{"problem": "1 + 1?"}]), "`seeds` must hold answers where the guard is tried, but number 0"),
        (asked(seeds=seeds, acceptance=AcceptanceRule(reference_solves=0)), "`reference_solves` must be at least 1"),
    ):
        with pytest.raises(InputError, match=words):
            application.try_guard(request)
    trial = application.try_guard(asked(seeds=seeds, acceptance=RULE))
    plain = application.submit(asked())
    with pytest.raises(InputError, match="`trial` must be a trial of a guard"):
        application.guard_report(plain)
    others = RoleModels(*(ModelName("world", f"{role}-2") for role in ("engineer", "checker", "target", "judge")))
    for request, words in (
        (asked(acceptance=RULE, models=others), "its engineer is world:engineer-2"),
        (asked(), "its rule of independent solutions is"),
        (asked(acceptance=RULE, prompts=PromptTexts(solver="Solve it.")), "its words of solver and judge"),
    ):
        with pytest.raises(InputError, match=words):
            application.guard_report(trial, of=application.submit(request))
    report = application.guard_report(trial, of=application.submit(asked(acceptance=RULE, rows=9)))
    assert report.power.value is None
    assert report.wrong_among_trusted is None
