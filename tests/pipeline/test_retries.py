"""A retry policy may fail like anything else: its item ends, and the run with it."""

import decimal
import math

import pytest

from synqc.errors import InputError
from synqc.pipeline import Pipeline, Retry, Stage


class Refused(Exception):
    pass


def refuses(x):
    raise Refused(x)


async def refuses_later(x):
    raise Refused(x)


STAGES = {
    "caller": {"function": refuses},
    "threads": {"function": refuses, "concurrency": 3},
    "timed": {"function": refuses, "timeout": 60},
    "loop": {"function": refuses_later, "concurrency": 3},
}


def raises(error):
    def policy(failed):
        raise error

    return policy


class Unreadable:
    def __float__(self):
        raise Refused("no number")


BAD_POLICIES = {
    "raises": (raises(RuntimeError("no policy")), RuntimeError, "no policy"),
    "raises what is no Exception": (raises(GeneratorExit()), GeneratorExit, ""),
    "gives nothing": (lambda failed: None, InputError, "must give at least 0 s and finite, but gave None"),
    "gives a text": (lambda failed: "1", InputError, "but gave '1'"),
    "gives nan": (lambda failed: math.nan, InputError, "but gave nan"),
    "gives infinity": (lambda failed: math.inf, InputError, "but gave inf"),
    "gives less than nothing": (lambda failed: -1, InputError, "but gave -1"),
    "gives more than a float": (lambda failed: 10**400, InputError, "but gave 1000"),
    "gives what fails as a number": (lambda failed: Unreadable(), Refused, "no number"),
    "divides by zero": (lambda failed: 1 / (failed - failed), ZeroDivisionError, ""),
}


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES.keys())
@pytest.mark.parametrize(("policy", "kind", "words"), BAD_POLICIES.values(), ids=BAD_POLICIES.keys())
def test_what_a_policy_raises_is_the_outcome_of_its_item(stage, policy, kind, words):
    pipeline = Pipeline([Stage(**stage, retry=Retry(3, backoff=policy))], on_error="collect")
    results = pipeline.run(range(5))
    assert [type(error) for error in results.errors.values()] == [kind] * 5
    for k, error in results.errors.items():
        assert words in str(error)
        assert isinstance(error.__context__, Refused) or kind is Refused, "what the policy was asked about is lost"
        assert results.outcomes[k].status == "error"
    assert [outcome.status for outcome in pipeline.stream(range(5))] == ["error"] * 5
    assert pipeline.progress.in_flight == 0


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_a_policy_raises_for_the_program_ends_the_run(kind):
    pipeline = Pipeline([Stage(refuses, retry=Retry(3, backoff=raises(kind)))], on_error="collect")
    with pytest.raises(kind) as caught:
        pipeline.run(range(1000))
    assert caught.value.results.stopped == "interrupt"


def test_a_policy_that_raises_the_same_exception_again_makes_no_circle():
    class Raising:
        def __init__(self):
            self.error = None

    held = Raising()

    def step(x):
        held.error = Refused(x)
        raise held.error

    def policy(failed):
        raise held.error

    results = Pipeline([Stage(step, retry=Retry(3, backoff=policy))], on_error="collect").run([1])
    error = results.errors[0]
    assert error is held.error
    assert error.__context__ is not error


@pytest.mark.parametrize(
    "on", [[ValueError], "ValueError", (ValueError, "x"), ValueError(), None, (int,), ((OSError,),)]
)
def test_classes_to_retry_on_are_checked_when_the_policy_is_made(on):
    with pytest.raises(InputError, match="Argument `on` must be a class of exceptions or a tuple of them, but is "):
        Retry(2, on=on)


def test_one_class_stands_for_itself():
    assert Retry(2, on=ValueError).delay(ValueError(), 1) == 0.0
    assert Retry(2, on=ValueError).delay(TypeError(), 1) is None


@pytest.mark.parametrize("backoff", [-1, math.inf, math.nan, "1", None, [1], 10**400, b"1"])
def test_a_wait_is_checked_when_the_policy_is_made(backoff):
    with pytest.raises(InputError, match="Argument `backoff` must be at least 0 s and finite, but is "):
        Retry(2, backoff=backoff)


@pytest.mark.parametrize("attempts", [0, -1, 2.5, "3", None, 10**30])
def test_attempts_are_a_whole_number(attempts):
    with pytest.raises(InputError, match="Argument `attempts` must be a whole number of at least 1, but is "):
        Retry(attempts)


def test_each_wait_is_twice_the_one_before_and_never_beyond_all_arithmetic():
    for backoff in (0.5, 3, decimal.Decimal("0.25"), 1e308, 10**300):
        policy = Retry(10**6, backoff=backoff)
        waits = [policy.delay(ValueError(), failed) for failed in (1, 2, 3, 4)]
        assert waits == [min(float(backoff) * 2**k, 1e9) for k in range(4)]
        assert policy.delay(ValueError(), 999_999) == 1e9
        assert policy.delay(ValueError(), 10**6) is None
    assert Retry(10**6, backoff=0).delay(ValueError(), 5000) == 0.0
    assert Retry(9, backoff=lambda failed: 1e300).delay(ValueError(), 1) == 1e9
