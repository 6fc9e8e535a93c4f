"""Processor time of fitting and of answering."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping

from synqc.benchmarks.measurement import Measurement, Setting, import_peer, refuse_unless
from synqc.recommender import Evaluation, PastRun, PastRuns, Regret, device_figures, recommend, usual_settings
from synqc.recommender.evaluation import SEEN, UNSEEN
from synqc.recommender.quantile_model import QuantileModel

__all__ = ["measure_costs"]

_GOAL = "maximize-fidelity"
_PRESETS = ("transmon-default", "fluxonium-pilot", "ion-chain", "neutral-atom")


def measure_costs(setting: Setting) -> Mapping[str, Measurement]:
    """The recommendation must be the setting that the model itself puts first."""
    import_peer("lightgbm")
    count = 5_000 if setting.quick else 100_000
    history = PastRuns(_run(number, random.Random(number)) for number in range(count))
    fits = [_spent(lambda: QuantileModel.fitted(history, _GOAL)) for _ in range(1 if setting.quick else 3)]
    model, settings, evaluation = QuantileModel.fitted(history, _GOAL), usual_settings(), _won_by_the_model(count)
    figures = device_figures(_PRESETS[0])
    chance = random.Random(1)

    def answer() -> object:
        history.add(_run(0, chance))
        return recommend(
            history, _GOAL, device=_PRESETS[0], evaluation=evaluation, candidates=settings, model=model
        ).setting

    first = model.ranked(figures, settings)[0]
    refuse_unless(answer() == first, "the recommendation is not what the model puts first.")
    answers = sorted(_spent(answer) for _ in range(5 if setting.quick else 50))
    proof = "the recommendation is what the model puts first of all settings"
    return {
        "recommend-fit": Measurement(sorted(fits)[len(fits) // 2], min(fits), proof),
        "recommend-answer": Measurement(1e3 * answers[len(answers) // 2], 1e3 * answers[0], proof),
    }


def _spent(call: Callable[[], object]) -> float:
    """Processor time of this process, s."""
    before = time.process_time()
    call()
    return time.process_time() - before


def _run(number: int, chance: random.Random) -> PastRun:
    preset = _PRESETS[number % len(_PRESETS)]
    chosen = chance.choice(_SETTINGS)
    score = 1 - chosen.probe_strength**2 - 1e-4 * chosen.probe_duration_ns + chance.gauss(0, 0.01)
    return PastRun(f"s{number // 20}", preset, _GOAL, _FIGURES[preset], chosen, score, 0.01)


_SETTINGS = usual_settings()
_FIGURES = {preset: device_figures(preset) for preset in _PRESETS}


def _won_by_the_model(runs: int) -> Evaluation:
    regrets = {name: Regret(0.1 * place, 0.01, 10) for place, name in enumerate(("model", "best past run", "default"))}
    return Evaluation(_GOAL, runs, runs // 20, {SEEN: {1: regrets}, UNSEEN: {1: regrets}}, ())
