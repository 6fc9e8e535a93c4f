"""Error bars hold the truth as often as they say: one deviation in 68 % of all runs, two in 95 %."""

import math

import pytest

from synqc.benchmarks.laboratory.coverage import (
    BANDS,
    RULES,
    Cell,
    coverage_of_rule,
    coverage_of_trajectories,
    table_lines,
)
from synqc.lab.estimate import Estimate

NORMAL = {1: 0.6827, 2: 0.9545}


def assert_pooled_in_band(cells, share):
    """A pool of many independent runs; the bound is five deviations of their binomial share beside the band."""
    runs = sum(cell.runs for cell in cells)
    for deviations, (low, high) in BANDS.items():
        held = share(cells, deviations) / runs
        # Figures of one run go together: no more than a third of the cells' runs are independent.
        slack = 5 * math.sqrt(NORMAL[deviations] * (1 - NORMAL[deviations]) / (runs / 3))
        assert low - slack <= held <= high + slack, "\n".join(table_lines(cells))


def by_interval(cells, deviations):
    return sum(cell.held[deviations] for cell in cells)


def by_error(cells, deviations):
    return sum(cell.held_by_error[deviations] for cell in cells)


@pytest.mark.parametrize(("rule", "qubits", "shots"), [("none", 1, 50), ("none", 4, 200), ("kalman", 1, 200)])
def test_intervals_hold_what_long_runs_under_the_same_controls_show(rule, qubits, shots):
    cells = coverage_of_rule(rule, qubits, shots, range(100))
    assert {cell.runs for cell in cells} == {100}
    assert_pooled_in_band(cells, by_interval)
    assert_pooled_in_band(cells, by_error)


def test_the_mean_of_trajectories_holds_its_closed_form():
    assert_pooled_in_band([coverage_of_trajectories(50, range(150))], by_interval)


@pytest.mark.deep
@pytest.mark.parametrize("rule", RULES)
def test_every_figure_covers_under_every_rule(rule):
    # Learners compile every control they try, on every qubit: fewer seeds of their larger registers keep this short.
    learns = rule not in ("none", "kalman", "bayes")
    kinds = [(1, shots, 300) for shots in (50, 200, 1000)]
    kinds += [(4, 200, 60)] if learns else [(4, shots, 300) for shots in (50, 200, 1000)]
    cells = [cell for qubits, shots, seeds in kinds for cell in coverage_of_rule(rule, qubits, shots, range(seeds))]
    wrong = [cell for cell in cells if not cell.is_right]
    # Of some forty cells with two bands each one in a thousand strays by chance; none twice as far.
    assert len(wrong) <= 1, "\n".join(table_lines(cells))
    assert_pooled_in_band(cells, by_interval)
    assert_pooled_in_band(cells, by_error)


@pytest.mark.deep
@pytest.mark.parametrize("trajectories", [50, 200, 1000])
def test_every_mean_of_trajectories_covers(trajectories):
    cell = coverage_of_trajectories(trajectories, range(300))
    assert cell.is_right, table_lines([cell])


def test_a_bar_that_is_too_long_or_too_short_is_seen():
    """The table itself can fail: errors of a register that forgot the root of its qubits, or half of what they are."""
    for factor in (2.0, 0.5):
        cell = Cell("wrong", 4, 50)
        for k in range(300):
            # Normal deviates at evenly spaced chances.
            deviate = math.sqrt(2) * _inverse_erf(2 * (k + 0.5) / 300 - 1)
            cell.add(Estimate(deviate, factor), 0.0)
        assert not cell.is_right
        assert "OUTSIDE" in table_lines([cell])[0]


def _inverse_erf(x):
    low, high = -6.0, 6.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erf(middle) < x else (low, middle)
    return low
