"""Every figure of the section is measured, and its answer is right; speed itself is not a test."""

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
        assert measure(Setting(repetitions=1, quick=True))[goal.key].value >= 0
