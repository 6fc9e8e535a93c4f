"""Baselines: several runs of one machine, outliers refused, and no verdict from too few."""

import dataclasses
import math
import random

import pytest
from drawn_seed import drawn_seed
from simulated_work import NoisyMachine

from synqc.errors import DocumentError, InputError
from synqc.measure import BaselineRefused, BaselineRun, Baselines, fingerprint, measure_run
from synqc.measure.student import student_quantile

SEED = drawn_seed(__name__)


def run_of(relative, **changes):
    run = BaselineRun(relative, 0.01, relative * 0.01, 0.01, 15, 0.0, fingerprint())
    return dataclasses.replace(run, **changes)


@pytest.fixture
def baselines(tmp_path):
    return Baselines(tmp_path / "baselines.json")


@pytest.fixture
def draw():
    return random.Random(SEED)


def recorded(baselines, draw, count=6, noise=0.01):
    for _ in range(count):
        # A run in 500 looks like an outlier although it is none, and none of these is.
        baselines.record("thing", run_of(3.0 * math.exp(draw.gauss(0, noise))), even_if_outlier=True)
    return baselines


def test_a_run_is_judged_by_several_of_the_same_machine(baselines, draw):
    recorded(baselines, draw)
    assert Baselines(baselines.path).judge("thing", run_of(4.5)).verdict == "slower", f"seed {SEED}"
    assert baselines.judge("thing", run_of(2.0)).verdict == "faster", f"seed {SEED}"
    found = baselines.judge("thing", run_of(3.0), least_effect=0.2)
    assert found.verdict == "same", f"seed {SEED}: {found}"
    assert (found.runs, found.refused) == (6, 0), f"seed {SEED}"
    assert baselines.names() == ["thing"]


def test_nothing_is_said_from_too_few_runs_or_other_machines(baselines, draw):
    found = baselines.judge("thing", run_of(3.0))
    assert (found.verdict, found.ratio) == ("inconclusive", None)
    assert "There is no baseline of 'thing'." in found.reasons
    recorded(baselines, draw, 4)
    found = baselines.judge("thing", run_of(9.0))
    assert found.verdict == "inconclusive"
    assert found.ratio == pytest.approx(3, rel=0.1)
    assert "5 runs of this machine are needed, there are 4 that agree." in str(found)
    elsewhere = run_of(9.0, machine=dataclasses.replace(fingerprint(), processor="another"))
    found = baselines.judge("thing", elsewhere)
    assert found.verdict == "inconclusive"
    assert "processor is another, was" in found.reasons[0]


def test_an_outlier_is_refused_and_kept_only_when_asked(baselines, draw):
    recorded(baselines, draw)
    with pytest.raises(BaselineRefused, match=r"took 2\.\d\d times as long as the median of 6 stored ones"):
        baselines.record("thing", run_of(6.5))
    assert len(baselines.runs("thing")) == 6
    baselines.record("thing", run_of(6.5), even_if_outlier=True)
    assert len(baselines.runs("thing")) == 7


def test_a_stored_outlier_does_not_poison_the_verdict(baselines, draw):
    baselines.record("thing", run_of(9.0))  # the first could not be told to be one
    recorded(baselines, draw)
    found = baselines.judge("thing", run_of(4.5))
    assert (found.verdict, found.refused) == ("slower", 1), f"seed {SEED}: {found}"


def test_a_noisy_baseline_is_inconclusive(baselines, draw):
    for number in range(6):
        baselines.record("thing", run_of(3.0 * math.exp((-1) ** number * 0.15)), even_if_outlier=True)
    found = baselines.judge("thing", run_of(3.4))
    assert found.verdict == "inconclusive"
    assert "differ too much" in str(found)


def test_false_alarms_are_as_rare_as_promised(tmp_path, draw):
    alarms = 0
    for number in range(100):
        baselines = recorded(Baselines(tmp_path / f"{number}.json"), draw, 5, noise=0.1)
        found = baselines.judge("thing", run_of(3.0 * math.exp(draw.gauss(0, 0.1))), error_rate=0.02)
        alarms += found.verdict in ("slower", "faster")
    assert alarms <= 10, f"seed {SEED}: {alarms} of 100 at 2 %"


def test_a_run_is_measured_beside_the_speed_of_the_machine():
    machine = NoisyMachine(SEED, noise=0.02)
    slowed = NoisyMachine(SEED + 1, noise=0.02)
    runs = [
        measure_run(one.work(0.03 * factor), reference=one.work(0.01 * factor), clock=one.clock, turns=25)
        for one, factor in ((machine, 1.0), (slowed, 4.0))
    ]
    assert runs[1].median_s > 2 * runs[0].median_s, f"seed {SEED}"
    assert runs[0].relative == pytest.approx(3, rel=0.1), f"seed {SEED}"
    assert runs[1].relative == pytest.approx(3, rel=0.1), f"seed {SEED}"


def test_runs_are_forgotten_by_name(baselines, draw):
    recorded(baselines, draw, 3)
    assert baselines.forget("thing") == 3
    assert baselines.forget("thing") == 0
    assert baselines.names() == []


def test_a_file_that_is_none_is_refused(baselines):
    baselines.path.write_text("[1]")
    with pytest.raises(DocumentError, match="is no file of baselines"):
        baselines.names()
    baselines.path.write_text('{"format": 7}')
    with pytest.raises(DocumentError, match="must have format 1, but has 7"):
        baselines.names()


def test_arguments_out_of_range_are_named(baselines):
    with pytest.raises(InputError, match="`turns` must be at least 9, but is 3"):
        measure_run(list, turns=3)
    with pytest.raises(InputError, match="`name` must be a text"):
        baselines.record("", run_of(1.0))
    for options, words in (
        ({"least_effect": 2}, "`least_effect` must be between 0 and 1"),
        ({"error_rate": 1}, "`error_rate` must be between 0 and 0.5"),
        ({"least_runs": 2}, "`least_runs` must be at least 3"),
    ):
        with pytest.raises(InputError, match=words):
            baselines.judge("thing", run_of(1.0), **options)


@pytest.mark.parametrize(
    ("probability", "freedom", "expected"),
    [(0.975, 1, 12.7062047), (0.995, 4, 4.6040949), (0.9995, 10, 4.5868939), (0.95, 200, 1.6525081), (0.5, 3, 0.0)],
)
def test_quantiles_of_student_are_those_of_tables(probability, freedom, expected):
    assert student_quantile(probability, freedom) == pytest.approx(expected, rel=2e-5, abs=1e-9)


def test_quantiles_of_student_need_a_probability_and_a_degree():
    with pytest.raises(InputError, match=r"`probability` must be at least 0\.5"):
        student_quantile(0.2, 3)
    with pytest.raises(InputError, match="`freedom` must be at least 1"):
        student_quantile(0.9, 0)
