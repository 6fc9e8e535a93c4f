"""A setting for the next run, by whichever method won on runs that it had not seen."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from synqc.errors import InputError
from synqc.lab.device import Device, Target
from synqc.recommender.evaluation import SEEN, UNSEEN, Evaluation, Regret
from synqc.recommender.history import DEFAULT, PastRun, Setting, device_figures, usual_settings
from synqc.recommender.past_runs import PastRuns
from synqc.recommender.quantile_model import QuantileModel

__all__ = ["Recommendation", "recommend"]


@dataclass(frozen=True)
class Recommendation:
    """Advice; nothing has been applied.

    Args:
        setting: To consider.
        method: That chose it: "default", "best past run" or "model".
        why: In words: why this method, and what is not known.
        score_quantiles: Quantiles of the score that the model expects of it (10 %, 50 %, 90 %); None where there is no
            model.
        past_score: Score of the past run that it was, with its standard error; None if it was none.
        baselines: Choice of each method, as far as it can.
        regrets: By method, at one try, of the protocol that `method` won; empty before an evaluation.
        protocol: On what it won: new sessions of known presets, or new presets; None before an evaluation.
        runs: Number of runs of the goal in the history.
    """

    setting: Setting
    method: str
    why: str
    score_quantiles: tuple[float, float, float] | None
    past_score: tuple[float, float] | None
    baselines: Mapping[str, Setting]
    regrets: Mapping[str, Regret]
    protocol: str | None
    runs: int


def recommend(
    history: Sequence[PastRun], goal: str, *, device: Device | str, target: Target | str = "sim-local",
    evaluation: Evaluation | None = None, candidates: Sequence[Setting] | None = None,
    model: QuantileModel | None = None, seed: int = 0,
) -> Recommendation:  # fmt: skip
    """Recommend a setting for a goal on a device, from past runs.

    The method is the one that won the evaluation: on new sessions if the history has runs of this preset and goal, else
    on new presets. Without an evaluation no model is believed: the best past run of the preset and goal is taken if
    there is one, else the default.

    Args:
        history: Past runs, of any goal, preset and session; `PastRuns` that are kept are gone through once.
        goal: The objective to score by.
        device, target: Device and target of the next run.
        evaluation: Evaluation of this goal, as `evaluate` found it.
        candidates: Settings to choose from; None: `usual_settings()`.
        model: Fitted to the history; None fits one if it is to be used.
        seed: Seed of the random baseline.

    Raises:
        InputError: The evaluation is of another goal.
        UnknownName: No device or target has this name.
        MissingExtra: The model won, but LightGBM is not installed.

    Examples:
        >>> import synqc
        >>> found = synqc.recommend([], "maximize-fidelity", device="transmon-default")
        >>> found.method, found.setting.probe_strength
        ('default', 0.2)
        >>> figures = device_figures("transmon-default")
        >>> gentle = PastRun("x1", "transmon-default", "maximize-fidelity", figures,
        ...                  Setting(0.05, 25, "gaussian", "kalman"), 0.99, 0.002)
        >>> found = synqc.recommend([gentle], "maximize-fidelity", device="transmon-default")
        >>> found.method, found.setting.probe_strength
        ('best past run', 0.05)
    """
    if evaluation is not None and evaluation.goal != goal:
        raise InputError(f"Argument `evaluation` must be of {goal}, but is of {evaluation.goal}.")
    figures = device_figures(device, target)
    preset = device if isinstance(device, str) else device.name
    settings = list(usual_settings() if candidates is None else candidates)
    runs = history if isinstance(history, PastRuns) else PastRuns(history)
    of_goal, is_seen = runs.count(goal), runs.has(goal, preset)
    past = runs.best(goal, preset)
    baselines = {"default": DEFAULT, "random": random.Random(seed).choice(settings)}
    if past:
        baselines["best past run"] = past[0].setting
    protocol = None if evaluation is None else (SEEN if is_seen else UNSEEN)
    method = None if evaluation is None or protocol is None else evaluation.winner(protocol)
    why = _why(method, protocol, evaluation, of_goal, preset, is_seen)
    if method is None or (method == "best past run" and not past):
        method, protocol = ("best past run" if past and is_seen else "default"), None
    quantiles = None
    if method == "model":
        fitted = QuantileModel.fitted(runs, goal) if model is None else model
        baselines["model"] = fitted.ranked(figures, settings)[0]
        low, middle, high = fitted.quantiles(figures, [baselines["model"]])[:, 0].tolist()
        quantiles = (low, middle, high)
    chosen = baselines[method]
    known = next((run for run in past if run.setting == chosen and run.preset == preset), None)
    regrets = {} if evaluation is None or protocol is None else evaluation.regrets[protocol][1]
    return Recommendation(
        setting=chosen, method=method, why=why, score_quantiles=quantiles,
        past_score=None if known is None else (known.score, known.standard_error), baselines=baselines,
        regrets=regrets, protocol=protocol, runs=of_goal,
    )  # fmt: skip


def _why(
    method: str | None, protocol: str | None, evaluation: Evaluation | None, runs: int, preset: str, is_seen: bool
) -> str:
    if runs == 0:
        return "Too little history: there is no run for this goal."
    if evaluation is None:
        of_what = f"{runs} runs for this goal" if is_seen else f"{runs} runs for this goal, none of {preset}"
        return f"Nothing was evaluated: there are {of_what}, and no model is believed before it has won."
    if method is None or protocol is None:
        return f"Too little history: {'; '.join(evaluation.notes) or 'nothing could be judged'}"
    regret = evaluation.regrets[protocol][1][method]
    return (
        f"{method} had the least regret, {regret.mean:.3f}, by '{protocol}' on {regret.sessions} sessions; the history "
        f"has {runs} runs for this goal{'' if is_seen else f', none of {preset}'}."
    )
