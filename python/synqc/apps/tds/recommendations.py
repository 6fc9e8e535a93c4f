"""Recommendations for a session's next run, from the runs of all sessions; nothing here changes a session."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from synqc import json
from synqc.apps.tds.agent.limits import Limits
from synqc.apps.tds.agent.patch import changes_between
from synqc.apps.tds.agent.prediction import Predictor, predict_both
from synqc.apps.tds.engine import SynQcEngine
from synqc.apps.tds.models import RunConfiguration
from synqc.apps.tds.session import Session
from synqc.apps.tds.settings import TdsSettings
from synqc.apps.tds.storage.run_history import run_documents_after
from synqc.errors import InputError, MissingExtra
from synqc.jobs.executors import thread_pool
from synqc.recommender import (
    Evaluation,
    PastRun,
    PastRuns,
    Recommendation,
    Setting,
    device_figures,
    evaluate,
    recommend,
)
from synqc.recommender.history import usual_settings
from synqc.recommender.quantile_model import QuantileModel
from synqc.storage.database import Database

__all__ = ["EVALUATIONS", "RecommendationOfSession", "Recommendations", "RunHistory", "evaluate_goals"]

_log = logging.getLogger("synqc.recommendations")

EVALUATIONS: Final = "recommendations.json"
"""File of evaluations in the folder of the service's state."""
_MOST_KEPT = 1000
_GROWTH = 1.1
_JUDGED_SHOTS = 1000
_OUT_OF_ORDER = 100
"""By how many numbers runs of several nodes may be stored out of their order."""


@cache
def _figures(preset: str, target: str) -> dict[str, float]:
    return device_figures(preset, target)


class RunHistory:
    """Past runs of a database; each is read once.

    Args:
        database: With the tables of TDS.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._runs = PastRuns()
        self._newest = 0
        self._near: set[int] = set()
        """Numbers of the newest runs, which were read."""

    def read(self) -> PastRuns:
        """All that there are by now; those that were killed, and those without a score, are left out.

        Raises:
            StorageUnavailable: The database does not answer.
        """
        with self._lock:
            for number, document in run_documents_after(self._database, self._newest - _OUT_OF_ORDER):
                if number in self._near:
                    continue
                self._near.add(number)
                self._newest = max(self._newest, number)
                found = past_run(json.loads(document))
                if found is not None:
                    self._runs.add(found)
            self._near = {number for number in self._near if number > self._newest - _OUT_OF_ORDER}
            return self._runs


def past_run(record: dict[str, Any]) -> PastRun | None:
    """A stored run as history has it; None if it has no score, or names what is not known any more."""
    score = record.get("estimates", {}).get("objective_score")
    if record.get("partial") or not score:
        return None
    config = record["config_snapshot"]
    try:
        figures = _figures(config["hardware_preset"], config["hardware_target"])
    except (InputError, KeyError):
        return None
    setting = Setting(
        config["probe_strength"], config["probe_duration_ns"], config["drive_envelope"], config["adaptive_rule"]
    )
    return PastRun(
        record["session_id"], config["hardware_preset"], config["objective"], figures, setting, score["value"],
        score["standard_error"] or 0.0, config["hardware_target"],
    )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class RecommendationOfSession:
    """Recommendation to a session.

    Args:
        config: The whole configuration to consider.
        changes: `{field: {"old", "new"}}` of what differs.
        found: The recommendation.
        predicted: Figures of both configurations, as the engine expects them.
        evaluated_at: When methods were judged; None if never.
    """

    config: RunConfiguration
    changes: dict[str, dict[str, Any]]
    found: Recommendation
    predicted: dict[str, Any]
    evaluated_at: str | None

    def to_dict(self) -> dict[str, Any]:
        """As it is answered."""
        found = self.found
        return {
            "recommended_config": self.config.model_dump(mode="json"), "changes": self.changes, "method": found.method,
            "why": found.why, "score_quantiles": found.score_quantiles,
            "past_score": None if found.past_score is None
            else {"value": found.past_score[0], "standard_error": found.past_score[1]},
            "baselines": {name: dataclasses.asdict(setting) for name, setting in found.baselines.items()},
            "regrets": {name: dataclasses.asdict(regret) for name, regret in found.regrets.items()},
            "protocol": found.protocol, "runs": found.runs, "evaluated_at": self.evaluated_at,
            "predicted": self.predicted,
        }  # fmt: skip

    def fact(self) -> dict[str, Any]:
        """In few words, as the agent is told."""
        return {
            "changes": {name: change["new"] for name, change in self.changes.items()}, "method": self.found.method,
            "why": self.found.why,
        }  # fmt: skip


class Recommendations:
    """Recommends from the runs of a database.

    Args:
        database: Database of the service.
        engine: Simulates what is recommended, with a small budget.
        settings: Limits, and where evaluations lie.
    """

    def __init__(self, database: Database, engine: Predictor, settings: TdsSettings) -> None:
        self._history = RunHistory(database)
        self._engine = engine
        self._limits = Limits.of(settings)
        self._candidates = usual_settings(
            max_probe_strength=settings.max_probe_strength, max_probe_duration_ns=settings.max_probe_duration_ns
        )
        self._evaluations = _ReadEvaluations(settings.location.state_dir / EVALUATIONS)
        self._models: dict[str, QuantileModel] = {}
        self._fitting: set[str] = set()
        self._fitter = thread_pool("recommender", 1)
        self._latest: dict[str, RecommendationOfSession] = {}
        self._lock = threading.Lock()

    def answer(self, session: Session) -> RecommendationOfSession:
        """Configuration to consider for the session's next run; reads, may fit a model, and simulates, so it blocks.

        Raises:
            StorageUnavailable: The database does not answer.
            SuggestionInvalid: The engine cannot run it.
        """
        current = session.config
        goal, preset = current.objective.value, current.hardware_preset.value
        history = self._history.read()
        evaluations, made_at = self._evaluations.read()
        asked: dict[str, Any] = {
            "device": preset, "target": current.hardware_target.value, "candidates": self._candidates,
        }  # fmt: skip
        try:
            found = recommend(
                history, goal, evaluation=evaluations.get(goal), model=self._model(history, goal, evaluations), **asked
            )
        except MissingExtra as error:  # evaluated elsewhere
            found = recommend(history, goal, **asked)
            found = dataclasses.replace(found, why=f"{error} {found.why}")
        chosen = found.setting
        recommended = current.model_copy(
            update={
                "probe_strength": min(chosen.probe_strength, self._limits.ranges["probe_strength"][1]),
                "probe_duration_ns": round(min(chosen.probe_duration_ns, self._limits.ranges["probe_duration_ns"][1])),
                "drive_envelope": type(current.drive_envelope)(chosen.envelope),
                "adaptive_rule": type(current.adaptive_rule)(chosen.adaptive_rule),
            }
        )
        predicted = predict_both(self._engine, session.session_id, current, recommended, seed=len(history))
        answered = RecommendationOfSession(
            recommended, changes_between(current, recommended), found, predicted,
            made_at if goal in evaluations else None,
        )  # fmt: skip
        with self._lock:
            self._latest.pop(session.session_id, None)
            self._latest[session.session_id] = answered
            if len(self._latest) > _MOST_KEPT:
                del self._latest[next(iter(self._latest))]
        return answered

    def latest(self, session: Session) -> RecommendationOfSession | None:
        """Last recommendation of this process to a session for the device and goal that it still has; asks nobody."""
        found = self._latest.get(session.session_id)
        if found is None:
            return None
        is_for = (found.config.hardware_preset, found.config.hardware_target, found.config.objective)
        now = (session.config.hardware_preset, session.config.hardware_target, session.config.objective)
        return found if is_for == now else None

    def close(self) -> None:
        """Fit nothing more; what is being fitted is waited for."""
        self._fitter.shutdown(cancel_futures=True)

    def _model(self, history: PastRuns, goal: str, evaluations: dict[str, Evaluation]) -> QuantileModel | None:
        """None unless it is to be used.

        The first one is waited for. When the history has grown by a tenth, it answers on while another is fitted.
        """
        found = evaluations.get(goal)
        if found is None or "model" not in {found.winner(protocol) for protocol in found.regrets}:
            return None
        known = self._models.get(goal)
        if known is None:
            known = self._models[goal] = QuantileModel.fitted(history, goal)
        elif history.count(goal) >= _GROWTH * known.runs:
            with self._lock, contextlib.suppress(RuntimeError):  # closed
                if goal not in self._fitting:
                    self._fitter.submit(self._fit_anew, history, goal)
                    self._fitting.add(goal)
        return known

    def _fit_anew(self, history: PastRuns, goal: str) -> None:
        try:
            self._models[goal] = QuantileModel.fitted(history, goal)
        except Exception:
            _log.exception("The model of %s could not be fitted again; the former one is used.", goal)
        finally:
            with self._lock:
                self._fitting.discard(goal)


class _ReadEvaluations:
    """Evaluations of a file, read again when it is another one.

    Args:
        file: As `evaluate_goals` writes it, beside and then in place of the former one.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: tuple[object, tuple[dict[str, Evaluation], str | None]] | None = None

    def read(self) -> tuple[dict[str, Evaluation], str | None]:
        """As `read_evaluations`."""
        try:
            found = self._file.stat()
        except OSError:
            return {}, None
        version = (found.st_mtime_ns, found.st_size, found.st_ino)
        known = self._known
        if known is None or known[0] != version:
            known = self._known = (version, read_evaluations(self._file))
        return known[1]


def read_evaluations(file: Path) -> tuple[dict[str, Evaluation], str | None]:
    """Evaluations by goal, and when they were made; none where the file is not there, or cannot be read."""
    if not file.is_file():
        return {}, None
    try:
        stored = json.loads(file.read_bytes())
        return {goal: Evaluation.from_dict(plain) for goal, plain in stored["goals"].items()}, stored["made_at"]
    except (InputError, ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        _log.warning("Evaluations in %s cannot be read and are left out: %s", file, error)
        return {}, None


def evaluate_goals(
    history: Sequence[PastRun], goals: Sequence[str], settings: TdsSettings, *, most_sessions: int = 10, seed: int = 0
) -> dict[str, Evaluation]:
    """Judge all methods for some goals by the simulator, and store what came of it for the service.

    Args:
        history: Past runs.
        goals: Objectives.
        settings: Limits, and where evaluations lie; those of other goals stay.
        most_sessions: Sessions to judge on, per goal.
        seed: Seed of all that is drawn.

    Raises:
        InputError: There are runs of less than 3 sessions for one.
    """
    engine = SynQcEngine()
    candidates = usual_settings(
        max_probe_strength=settings.max_probe_strength, max_probe_duration_ns=settings.max_probe_duration_ns
    )

    def judge(run: PastRun, setting: Setting) -> float:
        config = RunConfiguration.model_validate({
            "hardware_preset": run.preset, "hardware_target": run.target, "objective": run.goal,
            "probe_strength": setting.probe_strength, "probe_duration_ns": round(setting.probe_duration_ns),
            "drive_envelope": setting.envelope, "adaptive_rule": setting.adaptive_rule,
        })  # fmt: skip
        figures = engine.predict(config, session_id=run.session, shots=_JUDGED_SHOTS, seed=seed)
        return float(figures["objective_score"]["value"])

    made = {
        goal: evaluate(history, goal, judge, candidates=candidates, most_sessions=most_sessions, seed=seed)
        for goal in goals
    }
    file = settings.location.state_dir / EVALUATIONS
    kept, _ = read_evaluations(file)
    stored = {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "goals": {goal: found.to_dict() for goal, found in (kept | made).items()},
    }  # fmt: skip
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".new")
    beside.write_bytes(json.dumps(stored))
    os.replace(beside, file)
    return made
