"""Recommendations: what wins is used and named, what is not known is said, regret is as arithmetic has it."""

import json
import math
import random

import pytest

import synqc
from synqc.errors import InputError, UnknownName
from synqc.recommender import Evaluation, PastRun, Setting, device_figures, evaluate, recommend, usual_settings
from synqc.recommender.evaluation import SEEN, UNSEEN
from synqc.recommender.history import DEFAULT, FIGURES
from synqc.recommender.methods import best_past_runs
from synqc.recommender.quantile_model import QuantileModel

GOAL = "maximize-fidelity"
PRESETS = ("transmon-default", "fluxonium-pilot", "ion-chain", "neutral-atom")
OF_PRESET = {name: device_figures(name) for name in PRESETS}


def run_of(session, setting, score, *, preset=PRESETS[0], goal=GOAL, error=0.0):
    return PastRun(session, preset, goal, OF_PRESET[preset], setting, score, error)


def weak_is_best(run, setting):
    """Truth without noise, whose optimum is the weakest and shortest probe on every device."""
    return 1.0 - setting.probe_strength**2 - 1e-4 * setting.probe_duration_ns - 0.1 * (setting.adaptive_rule == "none")


def depends_on_the_device(run, setting):
    """Best where the probe's strength is a quarter of log10(T1/µs): other devices, other optima."""
    best = 0.1 * math.log10(run.figures["t1_us"])
    return 1.0 - (setting.probe_strength - best) ** 2


def history_by(truth, chance, *, sessions, runs, presets=PRESETS):
    settings = usual_settings()
    found = []
    for number in range(sessions):
        preset = presets[number % len(presets)]
        for _ in range(runs):
            here = run_of(f"s{number}", chance.choice(settings), 0.0, preset=preset)
            found.append(run_of(here.session, here.setting, truth(here, here.setting), preset=preset))
    return found


def test_figures_are_numbers_and_no_names():
    figures = device_figures("ion-chain", "ionq")
    assert tuple(figures) == FIGURES
    assert all(isinstance(value, float) for value in figures.values())
    assert figures["t1_us"] == synqc.device("ion-chain").t1_us
    assert figures["path_latency_ns"] == synqc.targets()["ionq"].path_latency_ns
    with pytest.raises(UnknownName, match="device"):
        device_figures("ion-chian")


def test_without_history_the_default_is_recommended_and_that_is_said():
    found = recommend([], GOAL, device="ion-chain")
    assert (found.method, found.setting, found.runs) == ("default", DEFAULT, 0)
    assert found.why.startswith("Too little history")
    assert set(found.baselines) == {"default", "random"}


def test_before_an_evaluation_the_best_past_run_is_recommended_and_no_model():
    gentle, strong = Setting(0.05, 25, "drag", "none"), Setting(0.5, 25, "drag", "none")
    history = [run_of("a", gentle, 0.97), run_of("a", strong, 0.4), run_of("b", strong, 0.99, preset=PRESETS[1])]
    found = recommend(history, GOAL, device=PRESETS[0])
    assert (found.method, found.setting, found.past_score) == ("best past run", gentle, (0.97, 0.0))
    assert "Nothing was evaluated" in found.why
    unseen = recommend(history, GOAL, device=PRESETS[2])
    assert (unseen.method, unseen.setting) == ("default", DEFAULT)
    assert "none of ion-chain" in unseen.why
    assert unseen.baselines["best past run"] == strong


def test_runs_of_another_goal_are_not_looked_at():
    history = [run_of("a", Setting(0.05, 25, "drag", "none"), 0.97, goal="info-vs-damage")]
    assert recommend(history, GOAL, device=PRESETS[0]).runs == 0


def test_a_lucky_run_is_not_the_best_one():
    lucky, sure = Setting(0.1, 25, "drag", "none"), Setting(0.2, 25, "drag", "none")
    history = [run_of("a", lucky, 0.99, error=0.1), run_of("a", sure, 0.97, error=0.001)]
    assert [run.setting for run in best_past_runs(history, GOAL, PRESETS[0])] == [sure, lucky]


def test_regret_is_the_distance_to_the_best_in_units_of_the_average_ones():
    settings = [Setting(strength, 25, "drag", "kalman") for strength in (0.1, 0.3, 0.5, 0.7)]
    history = [run_of(f"s{k}", settings[1], 0.5) for k in range(3)]
    found = evaluate(history, GOAL, lambda run, setting: -setting.probe_strength, candidates=settings)
    # Scores -0.1, -0.3, -0.5, -0.7 and the default's -0.2: the best is -0.1 and the median -0.3.
    at_once = found.regrets[SEEN][1]
    assert at_once["best past run"].mean == pytest.approx(1.0)
    assert at_once["best past run"].standard_error == 0
    assert at_once["default"].mean == pytest.approx(0.5)
    assert found.regrets[SEEN][10]["random"].mean == pytest.approx(0.0)
    assert at_once["random"].sessions == 3
    assert found.winner(SEEN) == "default"


def test_each_session_is_judged_by_what_others_have_seen():
    mine, theirs = Setting(0.1, 25, "drag", "kalman"), Setting(0.5, 25, "drag", "kalman")
    history = [run_of("mine", mine, 0.99)] + [run_of(f"s{k}", theirs, 0.5) for k in range(3)]
    judged = []

    def judge(run, setting):
        judged.append((run.session, setting))
        return 0.0 if setting == theirs else 1.0

    found = evaluate(history, GOAL, judge, candidates=[mine, theirs])
    # Session "mine" is told of `theirs` alone, the three others of `mine` first.
    assert found.regrets[SEEN][1]["best past run"].sessions == 4
    assert found.regrets[SEEN][1]["best past run"].mean == pytest.approx(0.0)  # the median is the best here
    assert len(judged) == len(set(judged))


def test_one_preset_and_few_sessions_are_said():
    history = [run_of(f"s{k}", DEFAULT, 0.5) for k in range(3)]
    found = evaluate(history, GOAL, weak_is_best)
    assert UNSEEN not in found.regrets
    assert any("there is one preset" in note for note in found.notes)
    assert any("a model needs 200" in note for note in found.notes)
    with pytest.raises(InputError, match="at least 3 sessions"):
        evaluate(history[:2], GOAL, weak_is_best)


def test_an_evaluation_survives_its_file():
    found = evaluate([run_of(f"s{k}", DEFAULT, 0.5) for k in range(3)], GOAL, weak_is_best)
    assert Evaluation.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_the_winner_is_used_and_named(seed):
    pytest.importorskip("lightgbm", reason="needs the extra recommend")
    chance = random.Random(seed)
    history = history_by(depends_on_the_device, chance, sessions=24, runs=25)
    evaluation = evaluate(history, GOAL, depends_on_the_device, most_sessions=8, seed=seed)
    for protocol in (SEEN, UNSEEN):
        regrets = evaluation.regrets[protocol][1]
        assert evaluation.winner(protocol) == min(
            (name for name in regrets if name != "random"), key=lambda name: regrets[name].mean
        ), f"seed {seed}"
    found = recommend(history, GOAL, device=PRESETS[1], evaluation=evaluation)
    assert found.method == evaluation.winner(SEEN)
    assert found.regrets == evaluation.regrets[SEEN][1]
    assert found.method in found.why
    assert found.protocol == SEEN
    with pytest.raises(InputError, match="`evaluation`"):
        recommend(history, "info-vs-damage", device=PRESETS[1], evaluation=evaluation)


def test_a_model_finds_what_depends_on_the_device_and_its_quantiles_are_in_order(seed):
    pytest.importorskip("lightgbm", reason="needs the extra recommend")
    chance = random.Random(seed)
    history = history_by(depends_on_the_device, chance, sessions=16, runs=60)
    model, settings = QuantileModel.fitted(history, GOAL), usual_settings()
    for preset in PRESETS:
        here = run_of("new", DEFAULT, 0.0, preset=preset)
        scores = sorted((depends_on_the_device(here, setting) for setting in settings), reverse=True)
        first = model.ranked(OF_PRESET[preset], settings)[0]
        assert depends_on_the_device(here, first) >= scores[len(scores) // 3], f"seed {seed}, {preset}"
        low, middle, high = model.quantiles(OF_PRESET[preset], settings)
        assert (low <= middle).all()
        assert (middle <= high).all()


def test_the_order_of_good_settings_is_learnt_beside_devices_that_differ_more(seed):
    pytest.importorskip("lightgbm", reason="needs the extra recommend")
    chance = random.Random(seed)

    def truth(run, setting):
        """Devices lie far apart, half of all settings fail, no two alike, and of others weaker ones are better."""
        failure = 50.0 * chance.random() if setting.envelope in ("gaussian", "square") else 0.0
        return -10.0 * PRESETS.index(run.preset) - failure - 0.01 * setting.probe_strength

    model = QuantileModel.fitted(history_by(truth, chance, sessions=16, runs=60), GOAL)
    for preset in PRESETS:
        first = model.ranked(OF_PRESET[preset], usual_settings())[:20]
        assert not {setting.envelope for setting in first} & {"gaussian", "square"}, f"seed {seed}, {preset}"
        assert sum(setting.probe_strength for setting in first) / 20 < 0.1, f"seed {seed}, {preset}"


def test_a_model_of_too_few_runs_is_refused():
    with pytest.raises(InputError, match="at least 200 runs"):
        QuantileModel.fitted([run_of("a", DEFAULT, 0.5)] * 199, GOAL)


def test_scores_far_below_zero_come_back_through_the_model(seed):
    pytest.importorskip("lightgbm", reason="needs the extra recommend")
    chance = random.Random(seed)
    history = [
        run_of(
            "a",
            setting,
            (-180.0 if setting.adaptive_rule == "bayes" else -2.0) * chance.uniform(0.99, 1.01),
            goal="minimize-latency",
        )
        for setting in chance.choices(usual_settings(), k=400)
    ]
    model = QuantileModel.fitted(history, "minimize-latency")
    slow, fast = Setting(0.1, 50, "drag", "bayes"), Setting(0.1, 50, "drag", "none")
    medians = model.quantiles(OF_PRESET[PRESETS[0]], [slow, fast])[1]
    assert medians == pytest.approx([-180.0, -2.0], rel=0.03), f"seed {seed}"


def test_settings_stay_within_the_operators_limits():
    found = usual_settings(max_probe_strength=0.2, max_probe_duration_ns=200)
    assert max(setting.probe_strength for setting in found) == 0.2
    assert max(setting.probe_duration_ns for setting in found) == 200
    assert {setting.adaptive_rule for setting in found} == {"none", "kalman", "bayes"}
