"""The rules of arithmetic write problems that they can read again, and a generation needs nothing but a target."""

import asyncio
import itertools
import json

import pytest

from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.arithmetic import ARITHMETIC, ArithmeticRules, computed, demonstration
from synqc.apps.prompts.draws import Draws
from synqc.apps.prompts.request import ModelName
from synqc.apps.prompts.roles import Roles
from synqc.apps.prompts.settings import PromptsSettings
from synqc.llm import Completion, Spent

TARGET = ModelName("mine", "m")


class Wrong:
    """A target that is off by one, every other time."""

    name, is_local, most_at_once = "mine", True, 4

    def __init__(self):
        self.count = itertools.count()

    async def acomplete(self, request, read=str, **_):
        right = computed(request.messages[-1].content)
        text = f"It is {right + next(self.count) % 2}."
        return Completion(read(text), text, request.model, "stop", Spent(1, 10, 5))


def test_what_they_write_they_compute_from_its_words():
    request = demonstration(TARGET, rows=1, deadline_s=1)
    roles, draws = Roles(request), Draws(request)
    for attempt in range(200):
        asked = roles.engineer(attempt, draws.of(attempt))
        problem = asyncio.run(ArithmeticRules().acomplete(asked.request, roles.problem_in)).value
        assert int(problem.answer) == computed(problem.problem)
        checked = asyncio.run(
            ArithmeticRules().acomplete(roles.checker(attempt, problem).request, roles.check_in)
        ).value
        assert checked.valid
        assert {problem.topic} < {"Sums of three numbers", "Products of two numbers", "Remainders", "Percentages"}


@pytest.mark.parametrize(
    ("problem", "answer"),
    [
        ("Ada counts 1 bead, then 2 and 3 more. How many?", 6), ("Ada fills 3 boxes with 4 beads each.", 12),
        ("Ada packs 17 beads in bags of 5.", 2), ("Ada sells 25 percent of 400 beads.", 100), ("Find x.", None),
    ],
)  # fmt: skip
def test_words_are_computed(problem, answer):
    assert computed(problem) == answer


def test_a_demonstration_ends_with_rows_that_the_target_fails(tmp_path):
    providers = {"arithmetic": ArithmeticRules(), "mine": Wrong()}

    def judge(reference, answer, problem):
        from synqc.apps.prompts.equivalence import Verdict

        return Verdict.unknown("The rules shall be asked.")

    application = PromptsApplication(PromptsSettings(state_dir=tmp_path), providers=providers, judge=judge)
    try:
        application.start()
        status = application.wait(application.submit(demonstration(TARGET, rows=5, deadline_s=60)), 60)
        rows = list(application.export_rows(status.job_id))
        assert (status.accepted, len(rows), status.usd_micros) == (5, 5, None)  # nobody knows the price of `mine`
        assert all(int(row.target_answers[0].split()[-1].strip(".")) == int(row.answer) + 1 for row in rows)
        assert {call.model for call in application.calls(status.job_id)} == {str(ARITHMETIC), str(TARGET)}
        assert json.dumps([row.to_dict() for row in rows])
    finally:
        application.close()
