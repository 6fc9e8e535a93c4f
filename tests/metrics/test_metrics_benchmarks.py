"""Every figure of the section is measured, and its answer is right; speed itself is not a test."""

import math

import pytest

from synqc.benchmarks.goals import read_goals
from synqc.benchmarks.measurement import Setting, Unavailable
from synqc.benchmarks.registry import measures_for

GOALS = [goal for goal in read_goals().values() if goal.section == "metrics"]


@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: goal.key)
def test_a_quick_figure_has_a_right_answer(goal):
    pytest.importorskip("prometheus_client")
    ((_, measure),) = measures_for([goal])
    if goal.key == "metrics-record-kernel":
        with pytest.raises(Unavailable, match="--kernels"):
            measure(Setting())
    else:
        measurement = measure(Setting(repetitions=1, quick=True))[goal.key]
        # With the loop taken off, a single turn on a busy machine can come out below nothing: that is noise, no answer.
        assert math.isfinite(measurement.value)
        assert measurement.proof
