"""The search within a session begins with what others found."""

import pytest

from synqc.errors import InputError
from synqc.recommender import PastRun, Setting, device_figures

pytest.importorskip("optuna", reason="needs the extra recommend")

from synqc.recommender import SeededSearch

GOAL = "maximize-fidelity"
FIGURES = device_figures("transmon-default")


def run_of(setting, score, preset="transmon-default", goal=GOAL):
    return PastRun("a", preset, goal, FIGURES, setting, score)


def history(preset="transmon-default"):
    """The weaker and shorter the probe, the better."""
    return [
        run_of(Setting(k / 50, 10 + 15 * k, "drag", "kalman" if k % 2 else "none"), 1.0 - k / 50, preset)
        for k in range(25)
    ]


def test_it_looks_where_past_runs_were_best():
    search = SeededSearch(history(), GOAL, "transmon-default", seed=3)
    assert search.seeds == 25
    asked = []
    for _ in range(8):
        asked.append(search.ask())
        search.tell(asked[-1], 1.0 - asked[-1].probe_strength)
    assert sum(setting.probe_strength < 0.25 for setting in asked) >= 6
    assert search.told == 8


def test_runs_of_the_preset_count_before_those_of_others():
    other = [run_of(Setting(0.4, 100, "drag", "none"), 0.5, "ion-chain")] * 3
    assert SeededSearch(history() + other, GOAL, "transmon-default").seeds == 25
    assert SeededSearch(history() + other, GOAL, "ion-chain").seeds == 3
    assert SeededSearch(history() + other, GOAL, "neutral-atom").seeds == 28
    assert SeededSearch(history(), "info-vs-damage", "transmon-default").seeds == 0


def test_what_lies_beyond_the_limits_is_no_seed_and_is_not_asked_for():
    search = SeededSearch(history(), GOAL, "transmon-default", max_probe_strength=0.1, max_probe_duration_ns=50)
    assert search.seeds == 3
    asked = [search.ask() for _ in range(20)]
    assert max(setting.probe_strength for setting in asked) <= 0.1
    assert min(setting.probe_duration_ns for setting in asked) >= 5
    assert max(setting.probe_duration_ns for setting in asked) <= 50


def test_what_was_not_asked_for_cannot_be_told():
    search = SeededSearch([], GOAL, "transmon-default")
    with pytest.raises(InputError, match="`setting`"):
        search.tell(Setting(0.1, 50, "drag", "none"), 0.5)
    setting = search.ask()
    with pytest.raises(InputError, match="`score`"):
        search.tell(setting, float("nan"))
    search.tell(setting, 0.5)
    with pytest.raises(InputError, match="`setting`"):
        search.tell(setting, 0.5)
