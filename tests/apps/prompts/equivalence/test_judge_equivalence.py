"""Judging in a process of its own: same verdicts, and nothing a model writes stops, slows or reaches the caller."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from answer_pairs import EQUAL, MATH_VERIFY_EQUAL, MATH_VERIFY_UNEQUAL, UNEQUAL, UNKNOWN
from waiting import wait_until

from synqc.apps.prompts.equivalence import JudgingPool, Verdict, judge_equivalence
from synqc.errors import InputError

ROOTS = (r"\sqrt{8}", r"2\sqrt{2}")  # needs the process; plain numbers do not

HOSTILE = [
    "10^10^10", "9^9^9^9^9^9", "(10^{10})!", "((((10!)!)!)!)!", "__import__('os').system('touch /tmp/judged')",
    "{" * 10_000, "(" * 10_000,
    "\\frac{" * 3_000, "x" * 1_000_000, "\\boxed{" * 5_000, "\x1b[2J\x1b[31m1", "1\x00", "\ud800", "^" * 3000,
    "|" * 3000, "-" * 3000,
    "x^{99999999}", r"\sum_{k=1}^{10^{9}} \frac{\sin(k^3)}{k}", r"\prod_{k=1}^{10^{12}} k", r"\int_0^1 \sin(1/x) dx",
    "e^{e^{e^{e^{e^{e}}}}}",
    "(x+y+z+w+1)^{12}(x-y)^{12}", r"\binom{10^{12}}{10^{11}}", "<script>alert(1)</script>",
    "\\begin{pmatrix}" + "1&" * 500, "1," * 700,
    r"\sqrt[1000]{2}+\sqrt[999]{3}", "\\lim_{x\\to\\infty} (1+1/x)^{x^{x}}", "0." + "1" * 3000,
    "sin(" * 400, "1e999999999",
]  # fmt: skip


@pytest.fixture(scope="module")
def pool():
    pool = JudgingPool(1, memory_mb=256)
    pool.start()
    yield pool
    pool.close()


def test_the_process_says_what_the_voters_say(pool):
    for pairs, wanted in ((MATH_VERIFY_EQUAL, "equal"), (MATH_VERIFY_UNEQUAL, "unequal")):
        for reference, answer in pairs:
            verdict = judge_equivalence(reference, answer, pool=pool, deadline_s=20)
            assert verdict.kind == wanted, (reference, answer, verdict)
            assert verdict.votes


@pytest.mark.deep
def test_all_pairs_have_their_verdict_through_a_process_within_a_second(pool):
    for pairs, wanted in ((EQUAL, "equal"), (UNEQUAL, "unequal"), (UNKNOWN, "unknown")):
        for pair in pairs:
            for reference, answer in (pair[:2], pair[1::-1]):
                asked = pair[2] if len(pair) > 2 else None
                verdict = judge_equivalence(reference, answer, question=asked, pool=pool)
                assert verdict.kind == wanted, (reference, answer, verdict)


def test_a_constant_of_integration_is_not_outvoted(pool):
    question = "Find the antiderivative of 2x."
    assert judge_equivalence("x^2 + C", "C + x^2 + 5", question=question, pool=pool, deadline_s=20).kind == "equal"
    assert judge_equivalence("x^2 + C", "C + x^3", question=question, pool=pool, deadline_s=20).kind == "unequal"


def test_series_and_limits_are_the_symbolic_voters(pool):
    basel = r"\sum_{k=1}^{\infty} \frac{1}{k^2}"
    assert judge_equivalence(r"\frac{\pi^2}{6}", basel, pool=pool, deadline_s=20).method == "symbolic"
    assert judge_equivalence("1", r"\int_{-1}^{1} |x| dx", pool=pool, deadline_s=20).method == "symbolic"
    assert judge_equivalence(r"\frac{\pi^2}{7}", basel, pool=pool, deadline_s=20).kind == "unequal"
    assert judge_equivalence("1", r"\lim_{x \to 0} \frac{\sin x}{x}", pool=pool, deadline_s=20).kind == "equal"
    assert (
        judge_equivalence(r"\frac{\sqrt{\pi}}{2}", r"\int_0^{\infty} e^{-x^2} dx", pool=pool, deadline_s=20).kind
        == "equal"
    )


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_answers_end_in_a_verdict(pool, number):
    started, before = time.monotonic(), pool.restarts
    verdict = judge_equivalence("7", HOSTILE[number], pool=pool, deadline_s=0.4)
    assert verdict.kind in ("unknown", "unequal")
    # 0.4 s to judge, a second for the template to say so: what a busy machine adds is left open.
    assert time.monotonic() - started < 30
    assert pool.restarts == before
    assert judge_equivalence(*ROOTS, pool=pool, deadline_s=20).kind == "equal"
    assert not os.path.exists("/tmp/judged")


def test_a_verdict_before_the_proof_stands_when_the_proof_takes_too_long(pool):
    slow = r"\sin(x)^{8}\cos(y)^{7}e^{x y} + \ln(x^2+1)\arctan(y)^5"
    verdict = judge_equivalence(slow, f"0 + {slow}", pool=pool, deadline_s=0.6)
    assert verdict.kind in ("equal", "unknown")


def test_a_killed_process_is_replaced():
    pool = JudgingPool(1)
    try:
        assert judge_equivalence(*ROOTS, pool=pool).kind == "equal"
        (process,) = pool._idle
        os.kill(process._process.pid, 9)
        assert judge_equivalence(*ROOTS, pool=pool).kind == "unknown"
        assert pool.restarts == 1
        assert judge_equivalence(*ROOTS, pool=pool).kind == "equal"
    finally:
        pool.close()


def _children_of(process):
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


def _wait_until_gone(process):
    for _ in range(200):
        if not os.path.exists(f"/proc/{process}") or Path(f"/proc/{process}/stat").read_text().split()[2] == "Z":
            return
        time.sleep(0.05)
    raise AssertionError(f"Process {process} is still there.")


def test_a_child_judges_many_questions_and_ends_with_its_time_or_its_template():
    pool = JudgingPool(1)
    try:
        seen = []
        for question in range(203):
            assert judge_equivalence(*ROOTS, pool=pool, deadline_s=20).kind == "equal"
            if question in (0, 198, 202):
                seen += _children_of(pool._idle[0]._process.pid)
        assert seen[0] == seen[1] != seen[2]
        slow = r"\sum_{k=1}^{\infty} \frac{\sin(k^3)}{k^5+e^k}"
        judge_equivalence(slow, "1/2", pool=pool, deadline_s=0.1)
        assert judge_equivalence(*ROOTS, pool=pool, deadline_s=20).kind == "equal"
        template = pool._idle[0]._process.pid
        (child,) = _children_of(template)
        assert child != seen[2]
        os.kill(template, 9)
        _wait_until_gone(child)
    finally:
        pool.close()


def test_many_threads_share_few_processes(pool):
    verdicts = []
    threads = [
        threading.Thread(
            target=lambda k=k: verdicts.append(
                (k, judge_equivalence(f"ln({k + 1})", f"2 ln({k + 1})/2", pool=pool, deadline_s=20))
            )
        )
        for k in range(1, 13)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(k for k, _ in verdicts) == list(range(1, 13))
    assert {verdict.kind for _, verdict in verdicts} == {"equal"}


def test_a_process_is_started_in_the_background_once():
    pool = JudgingPool(2)
    try:
        for _ in range(2):
            pool.start_in_background()
            wait_until(lambda: len(pool._idle) == 1)
        process = pool._idle[0]
        assert pool.judge("sqrt(8)", "2*sqrt(2)", "", 5.0).kind == "equal"
        assert pool._idle == [process]
    finally:
        pool.close()
    pool.start_in_background()
    assert pool._idle == []


def test_the_process_sees_no_key_and_ends_with_its_parent():
    program = """
import os
os.environ["OPENAI_KEY"] = "secret-of-the-service"
from synqc.apps.prompts.equivalence import JudgingPool
pool = JudgingPool(1)
pool.start()
child = pool._idle[0]._process.pid
print(child, b"secret-of-the-service" in open(f"/proc/{child}/environ", "rb").read(), flush=True)
os.kill(os.getpid(), 9)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False)
    child, leaked = said.stdout.split()
    assert leaked == "False", said.stderr
    _wait_until_gone(child)


def test_a_verdict_survives_json():
    verdict = judge_equivalence("5", "5")
    assert Verdict.from_document(json.loads(json.dumps(verdict.to_document()))) == verdict


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"reference": 5, "answer": "5"}, "`reference` must be a text, but is int"),
        ({"reference": "5", "answer": None}, "`answer` must be a text, but is NoneType"),
        ({"reference": "5", "answer": "6", "question": b"?"}, "`question` must be a text, but is bytes"),
        ({"reference": "5", "answer": "6", "deadline_s": 0}, "`deadline_s` must be from 0.05 to 60 s, but is 0.0"),
        ({"reference": "5", "answer": "6", "deadline_s": "1"}, "`deadline_s` must be a number of seconds, but is '1'"),
    ],
)
def test_a_refusal_names_the_argument(arguments, words):
    with pytest.raises(InputError, match=words):
        judge_equivalence(**arguments)


def test_a_pool_refuses_numbers_out_of_range():
    with pytest.raises(InputError, match="`processes` must be a whole number from 1 to 64, but is 0"):
        JudgingPool(0)
    with pytest.raises(InputError, match="`memory_mb` must be a whole number from 16 to 65536, but is 1"):
        JudgingPool(1, memory_mb=1)
