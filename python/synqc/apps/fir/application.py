"""Application service: First Information Reports on one database, their models, and what time does to them."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import Any, Final

from synqc import json, metrics
from synqc.apps.fir.breaker import CircuitBreaker
from synqc.apps.fir.input.media_models import MediaModels, choose_media_models
from synqc.apps.fir.input.media_stages import MediaStages
from synqc.apps.fir.input.upload import Media, Upload
from synqc.apps.fir.input.upload_folder import UploadFolder
from synqc.apps.fir.knowledge.knowledge_base import KnowledgeBase
from synqc.apps.fir.knowledge.record_files import load_records
from synqc.apps.fir.knowledge.statute import Statute
from synqc.apps.fir.numbers.scheme import NumberScheme
from synqc.apps.fir.report_models import NoModel, ReportModels
from synqc.apps.fir.settings import FirSettings
from synqc.apps.fir.violations.checks import ViolationChecks
from synqc.apps.fir.violations.question import FORM_SHA256
from synqc.apps.fir.violations.stage import violations_stage
from synqc.apps.fir.violations.unchecked import unchecked_provisions
from synqc.apps.fir.workflow.model_stages import ModelStages, TextLimits, transcript_stage
from synqc.apps.fir.workflow.recent_counts import RecentCount, count_reports_since, count_sessions_since
from synqc.apps.fir.workflow.session import Session
from synqc.apps.fir.workflow.session_changes import STAGE_KIND
from synqc.apps.fir.workflow.stages import StageFunction, StageResult, Stages, StageStop
from synqc.apps.fir.workflow.steps import Step
from synqc.apps.fir.workflow.workflow import COMPONENTS, Officer, Workflow
from synqc.errors import InputError, SynqcError, UnknownName
from synqc.jobs import Ledger, RunningJob, Work, Worker
from synqc.jobs.ledgers import Ledgers
from synqc.llm.calibration import Calibration
from synqc.llm.errors import LanguageModelError
from synqc.llm.outcome import Outcome
from synqc.llm.provider import Provider
from synqc.storage.errors import StorageUnavailable

__all__ = ["FirApplication", "Look", "Tidied", "work_of"]

_log = logging.getLogger("synqc.fir")
_LEASE_S: Final = 5.0
_MOST_LOOKS: Final = 100
_MOST_COUNTED: Final = 1000
_UPLOAD_OPENS_S: Final = 600.0
"""A file that is younger may belong to a session that is being opened."""

_stages = metrics.histogram(
    "synqc_fir_stage_seconds", "Time of a stage of a report, by its step and how it ended.", ["step", "outcome"],
    unit="seconds",
)  # fmt: skip
_reports = metrics.histogram(
    "synqc_fir_report_seconds", "Time of all models' work on a report, when its last gate is first shown.",
    unit="seconds",
)  # fmt: skip
_due = metrics.gauge("synqc_fir_gates_due", "Gates that have waited for longer than the time of a reminder.")


@dataclass(frozen=True)
class Look:
    """At something that the service depends on: when, and whether it was well."""

    at: float
    is_well: bool


@dataclass(frozen=True)
class Tidied:
    """What time has done.

    Args:
        expired: Sessions whose gates nobody has answered for too long.
        due: Sessions somebody should be reminded of, that were not due at the last look.
        forgotten: How many were deleted.
        working: How many have a stage under way.
    """

    expired: tuple[str, ...]
    due: tuple[str, ...]
    forgotten: int
    working: int


def work_of(settings: FirSettings) -> Work:
    """What does stages in a process without the service, such as `synqc worker`: the application is made for the first.

    Recordings and pictures lie in the state directory of the service, which such a process must share to read them.
    """
    made: list[FirApplication] = []
    lock = threading.Lock()

    def work(job: RunningJob) -> Any:
        with lock:
            if not made:
                made.append(FirApplication(settings))
        return made[0].workflow.works[STAGE_KIND].function(job)

    return Work(work, concurrency=settings.stages_at_once)


class FirApplication:
    """Everything that a service of First Information Reports is asked. Methods block; any thread may call.

    Args:
        settings: Settings of the service.
        ledgers: Ledgers of this process, where other applications share them.
        provider: Language model that writes and answers, instead of the one that the settings choose.
        media: Models of speech and pictures, instead of those that the settings choose.
        stages: Further ones, which win over those that follow from the settings.
        now: This moment; None: the station's clock.

    Examples:
        >>> import pathlib, tempfile
        >>> from synqc.apps.fir.workflow.workflow import Officer
        >>> folder = tempfile.TemporaryDirectory()
        >>> settings = FirSettings(state_dir=pathlib.Path(folder.name), local_model="none")
        >>> fir = FirApplication(settings)
        >>> session_id = fir.workflow.open(Officer("SI Meera Rao"), text="My cycle was stolen from the market.")
        >>> fir.workflow.gate(session_id).step.value, fir.models.state().is_ready
        ('transcript_review', False)
        >>> fir.close(); folder.cleanup()
    """

    def __init__(
        self, settings: FirSettings, ledgers: Ledgers | None = None, *, provider: Provider | None = None,
        media: MediaModels | None = None, stages: Stages | None = None, now: Callable[[], datetime] | None = None,
    ) -> None:  # fmt: skip
        self.settings = settings
        self.started_at = time.time()
        station_clock = timezone(timedelta(minutes=settings.utc_offset_min))
        self._now = now or (lambda: datetime.now(station_clock))
        self.breakers: Mapping[str, CircuitBreaker] = {
            name: CircuitBreaker(name) for name in ("model_server", "asr_ocr_server")
        }
        """Of the servers that this service asks, by the names that its clients know."""
        self.models = ReportModels(settings, self.breakers["model_server"], provider)
        """Who writes texts and answers checks."""
        self.media = choose_media_models(settings) if media is None else media
        """What hears recordings and reads pictures."""
        self.uploads = UploadFolder(settings.state_dir / "fir_uploads")
        """Recordings and pictures whose text nobody has approved yet."""
        self._statute = Statute.load(settings.statutes_path)
        self._records = () if settings.records_path is None else load_records(settings.records_path)
        self._calibration = _calibration_of(settings)
        self._checks: tuple[Any, ViolationChecks] | None = None
        self._lock = threading.Lock()
        self._counted: deque[str] = deque(maxlen=_MOST_COUNTED)
        self._looks: dict[str, deque[Look]] = {}
        self._told_due: frozenset[str] = frozenset()
        self._worker: Worker | None = None
        self.scheme = NumberScheme(settings.number_pattern, settings.station_code)
        """Of numbers."""
        self._owned = Ledgers() if ledgers is None else None
        self.ledger: Ledger = (self._owned or ledgers).at(settings.location, COMPONENTS)  # type: ignore[union-attr]
        stated = {name: getattr(settings, name).strip() for name in ("police_station", "district", "state")}
        self.workflow = Workflow(
            self.ledger, self._timed(self._stages() | dict(stages or {})), scheme=self.scheme, now=self._now,
            expires_after_s=settings.expires_after_s or None, remind_after_s=settings.remind_after_s,
            station={name: value for name, value in stated.items() if value},
            computes_ahead=settings.computes_ahead, concurrency=settings.stages_at_once,
        )  # fmt: skip
        """Sessions and their gates."""

    def start(self, *, lease_s: float = _LEASE_S) -> None:
        """Do stages in this process, until `close`, and go on with those that a process before this one had.

        Where storage is in trouble meanwhile, they go on by the first `tidy` after it.
        """
        if self._worker is None:
            self._worker = Worker(
                self.ledger, self.workflow.works, lease_s=lease_s, keep_ended_s=self.settings.keep_ended_s,
                takes_over=True,
            )  # fmt: skip
            try:
                self.workflow.recover()
            except StorageUnavailable as error:
                _log.warning("Stages that were under way go on when storage is well again: %s", error)

    def drain(self) -> None:
        """Begin no more, and give back what is under way; returns at once."""
        if self._worker is not None:
            self._worker.drain()

    def close(self) -> None:
        """Drain, wait, and let go of models, and of the database if this application opened it."""
        if self._worker is not None:
            self._worker.close()
        with self._lock:
            checks, self._checks = self._checks, None
        if checks is not None:
            checks[1].close()
        self.models.close()
        if "knowledge" in vars(self):
            self.knowledge.close()
        if self._owned is not None:
            self._owned.close()

    @cached_property
    def knowledge(self) -> KnowledgeBase:
        """Provisions of law; read when somebody first asks."""
        return KnowledgeBase.standard(statute=self._statute, more=self._records)

    # Recordings and pictures

    def open_upload(
        self, officer: Officer, upload: Upload, *, spoken: str = "en", language: str = "en",
        session_id: str | None = None,
    ) -> str:  # fmt: skip
        """Begin a session with a recording or picture, which is kept until its text is approved.

        Args:
            officer: The person who begins it.
            upload: That was checked.
            spoken: Language of the recording or picture, by its code.
            language: Language of the report's own words.
            session_id: New; None: one is made.

        Raises:
            SessionExists: The id is taken.
        """
        place = self.uploads.keep(upload, language=spoken)
        given = {"audio" if upload.media is Media.AUDIO else "image": place}
        try:
            return self.workflow.open(officer, language=language, session_id=session_id, **given)
        except BaseException:
            self.uploads.remove(place)
            raise

    def remove_approved_upload(self, session_id: str) -> None:
        """Delete the recording or picture of a session that has gone on from its text."""
        session = self.workflow.session(session_id)
        if session.media and session.step is not Step.TRANSCRIPT:
            self.uploads.remove(session.media)

    # What time does

    def tidy(self) -> Tidied:
        """Let expire, remind, delete and begin again what time has come for; call it now and then.

        Provisions are read, too, so that no request waits for that.
        """
        len(self.knowledge)
        expired = tuple(self.workflow.expire())
        due = frozenset(one.session_id for one in self.workflow.waiting(limit=1000) if one.is_due)
        new, self._told_due = due - self._told_due, due
        _due.set(len(due))
        for session_id in sorted(new):
            _log.warning("A gate waits for an officer.", extra={"fields": {"session_id": session_id}})
        for session_id in expired:
            _log.warning("A session expired.", extra={"fields": {"session_id": session_id}})
        self.uploads.remove_others(self.workflow.unread_media(), older_than_s=_UPLOAD_OPENS_S)
        return Tidied(expired, tuple(sorted(new)), self._forgotten(), self.workflow.recover())

    def _forgotten(self) -> int:
        days = self.settings.keep_unfiled_days
        if not days:
            return 0
        return len(self.workflow.forget(before=self._now().timestamp() - 86_400.0 * days))

    # Whoever watches

    def count_report(self, session: Session) -> None:
        """The last gate of a session is shown: note how long models took until there, once."""
        with self._lock:
            if session.session_id in self._counted:
                return
            self._counted.append(session.session_id)
        _reports.record(sum(one.latency_s or 0.0 for one in session.results.values()))

    def recent_sessions(self, *, seconds: float = 3600.0) -> list[RecentCount]:
        """Sessions that were begun within that time, by state."""
        with self.ledger.database.reading() as connection:
            return count_sessions_since(connection, self._now().timestamp() - seconds)

    def recent_reports(self, *, seconds: float = 3600.0) -> list[RecentCount]:
        """Reports that were given a number within that time, by state."""
        with self.ledger.database.reading() as connection:
            return count_reports_since(connection, self._now().timestamp() - seconds)

    @property
    def running(self) -> int:
        """How many stages this process is at."""
        return 0 if self._worker is None else len(self._worker.running)

    def breaker_states(self) -> dict[str, dict[str, Any]]:
        """Of the breakers, and of storage as if it had one: it is tried once a second while it is in trouble."""
        trouble = self.ledger.trouble
        database = {
            "name": "database", "state": "closed" if trouble is None else "open",
            "failure_count": 0 if trouble is None else 1, "last_failure_time": None, "threshold": 1,
            "recovery_timeout": 1.0,
        }  # fmt: skip
        return {name: one.to_plain() for name, one in self.breakers.items()} | {"database": database}

    def looks(self) -> dict[str, tuple[Look, ...]]:
        """What was seen of each thing that the service depends on, the last look last; blocks for 5 s at most."""
        seen = {
            "model_server": self.models.state().is_ready, "asr_ocr_server": self.media_is_ready,
            "database": self.ledger.trouble is None,
        }  # fmt: skip
        now = self._now().timestamp()
        with self._lock:
            for name, is_well in seen.items():
                self._looks.setdefault(name, deque(maxlen=_MOST_LOOKS)).append(Look(now, is_well))
            return {name: tuple(one) for name, one in self._looks.items()}

    def reset(self, name: str) -> None:
        """Let calls through again; storage has nothing to reset.

        Raises:
            UnknownName: There is no breaker of that name.
        """
        self._check_breaker(name)
        if name in self.breakers:
            self.breakers[name].reset()

    def recover(self, name: str) -> bool:
        """Look whether something is back, and let calls through if so; blocks for some seconds at most.

        Raises:
            UnknownName: There is no breaker of that name.
        """
        self._check_breaker(name)
        if name == "database":
            self.ledger.writer.barrier().result()
            return self.ledger.trouble is None
        is_back = self.models.state(anew=True).is_ready if name == "model_server" else self.media_is_ready
        if is_back:
            self.breakers[name].reset()
        return is_back

    @property
    def media_is_ready(self) -> bool:
        """Whether recordings and pictures are taken, both."""
        return not self.media.speech_missing and not self.media.pictures_missing

    def _check_breaker(self, name: str) -> None:
        names = (*self.breakers, "database")
        if name not in names:
            raise UnknownName(f"There is no breaker {name[:60]!r}: there are {', '.join(names)}.")

    # Stages

    def _stages(self) -> dict[Step, StageFunction]:
        def written(step: Step) -> StageFunction:
            return lambda given, stop: self._by_models().functions[step](given, stop)

        return {
            Step.TRANSCRIPT: self._transcript,
            Step.SUMMARY: written(Step.SUMMARY),
            Step.VIOLATIONS: self._violations,
            Step.NARRATIVE: written(Step.NARRATIVE),
        }

    def _by_models(self) -> ModelStages:
        provider, model = self.models.provider()
        settings = self.settings
        return ModelStages(
            provider, model, self._violations,
            summary=TextLimits(settings.summary_tokens, 0.1, settings.text_timeout_s),
            narrative=TextLimits(settings.narrative_tokens, 0.2, settings.text_timeout_s),
        )  # fmt: skip

    def _transcript(self, given: Mapping[str, Any], stop: StageStop) -> StageResult:
        media, breaker = MediaStages(self.uploads, self.media), self.breakers["asr_ocr_server"]
        if not breaker.lets_through():
            raise SynqcError("What hears and reads failed again and again: type the complaint, or try again later.")
        try:
            result = transcript_stage(media.transcribe, media.read_image)(given, stop)
        except LanguageModelError as error:
            if error.outcome is not Outcome.CANCELLED:
                breaker.failed()
            raise
        breaker.succeeded()
        return result

    def _violations(self, given: Mapping[str, Any], stop: StageStop) -> StageResult:
        try:
            checks = self._checks_of_model()
        except NoModel:
            return unchecked_provisions(self.knowledge, given, cause="no language model is set up to check it")
        return violations_stage(checks)(given, stop)

    def _checks_of_model(self) -> ViolationChecks:
        provider, model = self.models.provider()
        asked = (provider.name, model)
        with self._lock:
            if self._checks is None or self._checks[0] != asked:
                if self._checks is not None:
                    self._checks[1].close()
                fits = (
                    self._calibration is not None
                    and self._calibration.model == model
                    and self._calibration.question == FORM_SHA256
                )
                made = ViolationChecks(
                    self.knowledge, provider=provider, model=model, calibration=self._calibration if fits else None,
                    error_rate=self.settings.error_rate, seconds=self.settings.check_timeout_s,
                    most_tokens=self.settings.check_tokens,
                    most_at_once=self._checks_at_once(provider),
                )  # fmt: skip
                if self._calibration is not None and not fits:
                    _log.warning(
                        "SYNQC_FIR_CALIBRATION is of another model than %s or of another question, and is not used: "
                        "`synqc fir evaluate --calibrate-on` fits one.", model,
                    )  # fmt: skip
                self._checks = asked, made
            return self._checks[1]

    def _checks_at_once(self, provider: Provider) -> int:
        if self.models.choice.kind == "file":
            # Two would share the processor, each with half of the time that it has, and read the complaint twice.
            return 1
        return min(self.settings.checks_at_once, provider.most_at_once)  # its queue is no check

    @staticmethod
    def _timed(stages: Stages) -> Stages:
        def timed(step: Step, function: StageFunction) -> StageFunction:
            def stage(given: Mapping[str, Any], stop: StageStop) -> StageResult:
                began, outcome = time.perf_counter(), "failed"
                try:
                    result = function(given, stop)
                    outcome = "done"
                    return result
                finally:
                    _stages.labels(step=step.value, outcome=outcome).record(time.perf_counter() - began)

            return stage

        return {step: timed(step, function) for step, function in stages.items()}


def _calibration_of(settings: FirSettings) -> Calibration | None:
    path = settings.calibration_path
    if path is None:
        return None
    try:
        return Calibration.from_plain(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        words = f"SYNQC_FIR_CALIBRATION must be a file of a calibration, but {path} is none: {error}."
        raise InputError(words) from None
