"""Search within a session: Optuna's tree of Parzen estimators, which begins with what other sessions found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from synqc.errors import InputError, MissingExtra
from synqc.recommender.history import ENVELOPES, RULES, PastRun, Setting

__all__ = ["SeededSearch"]

_MOST_SEEDS = 500
_SHORTEST_NS: Final = 5


class SeededSearch:
    """Asks for settings one by one and is told their scores.

    Args:
        history: Past runs; the best of the goal's and the newest come first, 500 at most.
        goal: The objective.
        preset: Whose runs are preferred; those of others count where it has none.
        max_probe_strength, max_probe_duration_ns: The operator's limits.
        seed: Seed of the sampler.

    Raises:
        MissingExtra: Optuna is not installed.

    Examples:
        >>> search = SeededSearch([], "maximize-fidelity", "transmon-default", seed=3)
        >>> for _ in range(4):
        ...     search.tell(search.ask(), score=0.9)
        >>> search.told
        4
    """

    def __init__(
        self, history: Sequence[PastRun], goal: str, preset: str, *, max_probe_strength: float = 0.5,
        max_probe_duration_ns: float = 5000, seed: int = 0,
    ) -> None:  # fmt: skip
        try:
            import optuna
        except ImportError as error:
            raise MissingExtra("The search needs Optuna: pip install 'synqc[recommend]'.") from error
        if not 0 < max_probe_strength <= 1:
            raise InputError(
                f"Argument `max_probe_strength` must be above 0 and at most 1, but is {max_probe_strength}."
            )
        if not max_probe_duration_ns > _SHORTEST_NS:
            raise InputError(
                f"Argument `max_probe_duration_ns` must be more than {_SHORTEST_NS}, but is {max_probe_duration_ns}."
            )
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        uniform, choice = optuna.distributions.FloatDistribution, optuna.distributions.CategoricalDistribution
        self._space: dict[str, Any] = {
            "probe_strength": uniform(0.0, max_probe_strength),
            "probe_duration_ns": uniform(_SHORTEST_NS, max_probe_duration_ns, log=True),
            "envelope": choice(ENVELOPES), "adaptive_rule": choice(RULES[:3]),
        }  # fmt: skip
        self._study = optuna.create_study(
            direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=5)
        )
        self._asked: dict[Setting, list[Any]] = {}
        self.told = 0
        """Scores that it was told."""
        self.seeds = self._seed(optuna, history, goal, preset)
        """Past runs that it began with."""

    def ask(self) -> Setting:
        """The next setting to try."""
        trial = self._study.ask(self._space)
        setting = Setting(**trial.params)
        self._asked.setdefault(setting, []).append(trial)
        return setting

    def tell(self, setting: Setting, score: float) -> None:
        """What came of a setting that was asked for.

        Raises:
            InputError: It was not asked for, or the score is not a number.
        """
        if not self._asked.get(setting):
            raise InputError("Argument `setting` must be one that was asked for and not told yet, but is not.")
        if not math.isfinite(score):
            raise InputError(f"Argument `score` must be a finite number, but is {score}.")
        self._study.tell(self._asked[setting].pop(), _compressed(score))
        self.told += 1

    def _seed(self, optuna: Any, history: Sequence[PastRun], goal: str, preset: str) -> int:
        of_goal = [run for run in history if run.goal == goal and math.isfinite(run.score)]
        chosen = [run for run in of_goal if run.preset == preset] or of_goal
        best = sorted(chosen, key=lambda run: -run.score)[: _MOST_SEEDS // 2]
        ids = {id(run) for run in best}
        newest = [run for run in reversed(chosen) if id(run) not in ids][: _MOST_SEEDS - len(best)]
        trials = []
        for run in (*best, *newest):
            if self._holds(run.setting):
                values = {name: getattr(run.setting, name) for name in self._space}
                trials.append(
                    optuna.trial.create_trial(params=values, distributions=self._space, value=_compressed(run.score))
                )
        self._study.add_trials(trials)
        return len(trials)

    def _holds(self, setting: Setting) -> bool:
        strengths, durations = self._space["probe_strength"], self._space["probe_duration_ns"]
        return (
            strengths.low <= setting.probe_strength <= strengths.high
            and durations.low <= setting.probe_duration_ns <= durations.high
            and setting.envelope in ENVELOPES
            and setting.adaptive_rule in RULES[:3]
        )


def _compressed(score: float) -> float:
    return math.copysign(math.log1p(abs(score)), score)
