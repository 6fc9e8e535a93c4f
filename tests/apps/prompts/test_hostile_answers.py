"""What models say is material: it is read as it was meant, or refused; it stops nothing, and nothing of it is run."""

import itertools
import json
import random

import pytest
from chat_completions_double import Say

from synqc import json as synqc_json
from synqc.apps.prompts.asking import key_of, question_of, value_of
from synqc.apps.prompts.attempt import CallFailed
from synqc.apps.prompts.causes import DiscardCause, RowStatus
from synqc.apps.prompts.draws import Draws
from synqc.apps.prompts.request import Limits
from synqc.apps.prompts.roles import Roles, final_answer_in
from synqc.apps.prompts.row import RowFilter
from synqc.apps.prompts.tables.call_records import Call

GOOD = {"subject": "A", "topic": "b", "problem": "Find x.", "answer": "7", "hints": {"0": "a", "1": "b", "2": "c"}}
COMMANDS = [
    r"\frac{1}{2}", r"\times", r"\beta", r"\neq", r"\rho", r"\theta", r"\tan(x)", r"\nabla", r"\text{if }",
    r"\tau", r"\pi", r"\right)", r"\begin{cases}", r"\end{cases}", r"\sqrt{2}", r"\alpha", r"\int_0^1",
    r"\sum_{k=1}^n", r"\infty", r"\bmod", r"\leq", r"\geq", r"\cdot", r"\left(", r"\bar{x}", r"\forall",
    r"\notin", r"\nu", r"\rangle", r"\binom{n}{k}", r"a \\ b", r"1 \\\frac{1}{3}",
]  # fmt: skip
WAIT_S = 60


def expressions(number):
    """Expressions of mathematics, each of several commands, some over two lines."""
    chance = random.Random(number)
    parts = [chance.choice(COMMANDS) for _ in range(chance.randrange(1, 5))]
    return chance.choice([" ", " + ", "^2 x", "$ $"]).join(parts)


ESCAPINGS = {
    "as JSON wants it": json.dumps,
    "one backslash": lambda document: json.dumps(document).replace("\\\\", "\\"),
    "between fences": lambda document: f"It is:\n```json\n{json.dumps(document, indent=1)}\n```",
    "twice escaped": lambda document: json.dumps(document).replace("\\\\", "\\\\\\\\"),
}


def recorded(asked, text):
    return Call(
        job_id="j", attempt=0, step=asked.step, job_attempt=1, key=key_of(asked), role=asked.role, model="m",
        question=question_of(asked), answer=text.encode(errors="surrogatepass"), outcome="ok", error="", requests=1,
        prompt_tokens=1, completion_tokens=1, cached_prompt_tokens=None, reasoning_tokens=None, picodollars=0,
        usd_micros=0, reserved_usd_micros=0, reserved_tokens=0, latency_s=0.0, ended_at=0.0, reused_from=None,
    )  # fmt: skip


@pytest.fixture
def engineer(asked):
    """Reads an engineer's answer, as a generation does."""
    request = asked()
    roles = Roles(request)
    question = roles.engineer(0, Draws(request).of(0))
    return lambda text: value_of(recorded(question, text), question, roles.problem_in)


@pytest.mark.parametrize("escaping", ESCAPINGS)
def test_mathematics_arrives_unchanged_or_is_refused(engineer, escaping):
    read = refused = 0
    for number in range(500):
        expression = expressions(number)
        text = ESCAPINGS[escaping]({**GOOD, "problem": f"Compute {expression}.", "answer": expression})
        try:
            found = engineer(text)
        except CallFailed:
            refused += 1
            continue
        assert (found.problem, found.answer) == (f"Compute {expression}.", expression), number
        read += 1
    assert read == 500 or escaping in ("one backslash", "twice escaped")
    assert read + refused == 500


def test_mathematics_reaches_the_target_as_the_engineer_wrote_it(worlds, asked):
    application = worlds(by_http=True, sound=1.0, failing=1.0)
    written = [f"What is {k} + {k + 1}? Note {expressions(k)} and nothing of {expressions(k + 500)}." for k in range(9)]
    count = itertools.count()
    application.world.engineer = lambda said, body: json.dumps(
        {**GOOD, "problem": (problem := written[next(count) % 9]), "answer": str(2 * written.index(problem) + 1)}
    )
    job_id = application.submit(asked(rows=5, workers=2))
    assert application.wait(job_id, WAIT_S).accepted == 5
    seen = {body["messages"][-1]["content"] for body in application.server.bodies if body["model"] == "target-1"}
    stored = {row.problem for row in application.rows(RowFilter(job_id=job_id, statuses=(RowStatus.ACCEPTED,)))}
    assert stored <= seen <= set(written)


HOSTILE = {
    "10,000 braces": "{" * 10_000,
    "10,000 closed braces": "{" * 10_000 + "}" * 10_000,
    "10,000 lists": json.dumps(GOOD)[:-1] + ', "x": ' + "[" * 10_000 + "]" * 10_000 + "}",
    "1 MB": json.dumps({**GOOD, "problem": "x" * 1_000_000}),
    "no text": "",
    "spaces": "   \n",
    "NUL": json.dumps({**GOOD, "problem": "a\0b"}),
    "lone surrogate": json.dumps({**GOOD, "problem": "a\ud800b"}),
    "ANSI escapes": json.dumps({**GOOD, "problem": "\x1b[31mred\x1b[0m"}),
    "two hints": json.dumps({**GOOD, "hints": {"0": "a", "1": "b"}}),
    "hints that are a list": json.dumps({**GOOD, "hints": ["a", "b", "c"]}),
    "number for a text": json.dumps({**GOOD, "answer": 7}),
    "blank": json.dumps({**GOOD, "answer": "  "}),
    "null": "null",
    "NaN": json.dumps(GOOD)[:-1] + ', "x": NaN}',
    "name twice": json.dumps(GOOD)[:-1] + ', "answer": "8"}',
    "half": json.dumps(GOOD)[:-9],
    "a think block alone": "<think>" + json.dumps(GOOD),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_answers_of_the_engineer_are_refused(engineer, text):
    with pytest.raises(CallFailed) as failure:
        engineer(text)
    assert failure.value.cause is DiscardCause.MALFORMED


@pytest.mark.parametrize("valid", ['"false"', '"true"', "0", "1", "null", '"no"', "[]"])
def test_a_verdict_that_is_no_boolean_is_none(asked, valid):
    request = asked()
    roles = Roles(request)
    question = roles.checker(0, roles.problem_in(json.dumps(GOOD)))
    with pytest.raises(CallFailed):
        value_of(recorded(question, f'{{"valid": {valid}, "reason": "so"}}'), question, roles.check_in)


def test_thoughts_are_no_part_of_a_plain_answer():
    assert final_answer_in("<think>6? 7?</think>\n7") == "7"
    assert final_answer_in("maybe 6</think>7") == "7"
    for text in ("<think>7", "", " \n", "a\0", "\ud800", "7" * 200_000):
        with pytest.raises(ValueError, match="`answer`"):
            final_answer_in(text)


def test_code_html_and_towers_are_texts_and_a_generation_goes_on(worlds, asked):
    application = worlds(by_http=True, sound=1.0, failing=1.0)
    evil = [
        "__import__('os').abort()",
        "<script>alert(1)</script>",
        "10^10^10",
        "\x1b[2J",
        "{" * 10_000,
        "x" * 1_000_000,
    ]
    count = itertools.count()

    def target(said, body):
        return evil[next(count) % len(evil)]

    application.world.target = target
    application.world.judge = lambda said, body: (
        '{"valid": false, "reason": "No.", "equivalence_confidence": 0.9}' if said.startswith("{") else str(3)
    )
    application.world.engineer = lambda said, body: json.dumps({
        **GOOD, "answer": "3", "problem": f"What is 1 + 2? {said[-40:]} {random.random()} {random.random()}"
    })  # fmt: skip
    job_id = application.submit(asked(rows=3, limits=Limits(error_rate=None, attempts=200)))
    assert application.wait(job_id, WAIT_S).accepted == 3
    answers = {
        row.target_answers[0] for row in application.rows(RowFilter(job_id=job_id, statuses=(RowStatus.ACCEPTED,)))
    }
    assert answers <= set(evil[:3]) | {"{" * 10_000}
    assert synqc_json.dumps([row.to_dict() for row in application.rows(RowFilter(job_id=job_id))])
    assert application.replay(job_id).rows


def test_an_answer_that_was_cut_is_told_as_cut_and_not_asked_for_again(worlds, asked):
    application = worlds(by_http=True)
    application.server.otherwise = lambda body: Say("{" + "x" * 20, finish_reason="length")
    job_id = application.submit(asked(rows=1, workers=1))
    application.wait(job_id, WAIT_S)
    assert application.funnel(job_id).by_cause == {DiscardCause.CUT: 10}
    assert len(application.server.bodies) == 10
