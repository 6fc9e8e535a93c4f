"""Regret of the recommended setting on sessions and presets that the history does not have, judged by the simulator."""

from __future__ import annotations

import random
from collections.abc import Mapping

import synqc
from synqc.benchmarks.measurement import Measurement, Setting, import_peer, refuse_unless
from synqc.recommender import Evaluation, PastRun, device_figures, evaluate, usual_settings
from synqc.recommender import Setting as Chosen
from synqc.recommender.evaluation import SEEN, TRIES, UNSEEN

__all__ = ["measure_regrets"]

_GOAL = "maximize-fidelity"
_PRESETS = ("transmon-default", "fluxonium-pilot", "ion-chain", "neutral-atom")
_METHODS = ("default", "random", "best past run", "model")


def measure_regrets(setting: Setting) -> Mapping[str, Measurement]:
    """History and judge are simulated runs; each session has an individual device of its own."""
    import_peer("lightgbm")
    sessions, runs, judged = (16, 20, 6) if setting.quick else (60, 15, 30)
    chance, settings = random.Random(3), usual_settings()
    history = []
    for number in range(sessions):
        preset = _PRESETS[number % len(_PRESETS)]
        for chosen in chance.choices(settings, k=runs):
            score, error = _score(preset, number, chosen, 500, seed=chance.getrandbits(32))
            history.append(PastRun(f"{number}", preset, _GOAL, device_figures(preset), chosen, score, error))
    found = evaluate(
        history, _GOAL, lambda run, chosen: _score(run.preset, int(run.session), chosen, 2000, seed=1)[0],
        most_sessions=judged, most_candidates=10 if setting.quick else 100, seed=5,
    )  # fmt: skip
    for protocol in (SEEN, UNSEEN):
        refuse_unless(
            all(set(found.regrets[protocol][tries]) == set(_METHODS) for tries in TRIES),
            f"not every method was judged by '{protocol}': {'; '.join(found.notes)}",
        )
    return {
        "recommend-regret-sessions": _of_winner(found, SEEN), "recommend-regret-presets": _of_winner(found, UNSEEN)
    }  # fmt: skip


def _score(preset: str, session: int, chosen: Chosen, shots: int, *, seed: int) -> tuple[float, float]:
    experiment = synqc.Experiment(
        preset, probe_strength=chosen.probe_strength, probe_duration_ns=chosen.probe_duration_ns,
        envelope=chosen.envelope, adaptive_rule=chosen.adaptive_rule, objective=_GOAL, device_seed=session, qubits=1,
    )  # fmt: skip
    found = experiment.run(shots, seed=seed, threads=1, progress=False).objective_score
    return found.value, found.standard_error


def _of_winner(found: Evaluation, protocol: str) -> Measurement:
    winner = found.winner(protocol)
    assert winner is not None
    of_tries = found.regrets[protocol]
    lines = [
        f"{tries} tries: " + ", ".join(
            f"{name} {of_tries[tries][name].mean:.3f} ± {of_tries[tries][name].standard_error or 0:.3f}"
            for name in _METHODS
        )
        for tries in TRIES
    ]  # fmt: skip
    best, default = of_tries[1][winner], of_tries[1]["default"]
    return Measurement(
        best.mean / default.mean, proof=f"judged by 2000 shots on {best.sessions} sessions",
        details=(f"{winner} won, and is recommended", *lines),
    )  # fmt: skip
