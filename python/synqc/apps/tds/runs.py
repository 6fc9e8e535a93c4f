"""Starting, watching, killing and finishing the runs of sessions."""

from __future__ import annotations

import contextvars
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from synqc import metrics
from synqc.apps.tds import clock
from synqc.apps.tds.details import details_to_store
from synqc.apps.tds.engine import EngineResult, SynQcEngine, batches_for, figures_of, is_emulated, takes_long
from synqc.apps.tds.goals import BACKACTION, BUDGET, LATENCY_US
from synqc.apps.tds.models import (
    USUAL_ITERATIONS,
    KpiBundle,
    Measurement,
    RunConfiguration,
    RunMode,
    RunRecord,
    RunRequest,
    SessionStatus,
    used_fraction,
)
from synqc.apps.tds.session import Session, maker_of_carry
from synqc.apps.tds.storage import Change
from synqc.apps.tds.store import SessionBusy, SessionStore
from synqc.apps.tds.target_backends import TargetBackends
from synqc.apps.tds.telemetry import row_of_run
from synqc.errors import InputError, ServiceStopping, SynqcError
from synqc.lab.experiment import StopFlag
from synqc.lab.run import Run

__all__ = ["FinishedRun", "RunKilled", "Runs", "StartedRun", "UnsafeProbe"]

_log = logging.getLogger("synqc.runs")
_finished = metrics.counter("synqc_tds_runs_total", "Runs of sessions, by how they ended.", labels=("outcome",))
_PROGRESS_EVERY_S = 0.1


class UnsafeProbe(InputError):
    """The probe is stronger or longer than this service allows."""

    code = "unsafe_probe"

    def __init__(self, message: str, stored: Future[None] | None) -> None:
        super().__init__(message)
        self.stored = stored
        """When what is kept all the same is on disk, or None if nothing is."""


class RunKilled(SynqcError):
    """The run was killed before it had measured anything."""

    code = "run_killed"


@dataclass
class StartedRun:
    """A run between its start and its end."""

    session: Session
    config: RunConfiguration
    mode: RunMode
    iterations: int
    seed: int | None
    stop: StopFlag = field(default_factory=StopFlag)
    killed: bool = False
    last_progress: float = 0.0
    lines: list[dict[str, Any]] = field(default_factory=list)
    """Rows of the log of its start: told then, stored with its end."""


@dataclass
class FinishedRun:
    """A run's record, and when it is on disk."""

    record: RunRecord
    body: bytes
    stored: Future[None]


Submit = Callable[..., object]
"""Calls its first argument with the others on another thread."""


class Runs:
    """Runs of all sessions.

    Args:
        store: Of the sessions.
        engine: What simulates.
        backends: Backends of targets, which play hardware runs.
    """

    def __init__(self, store: SessionStore, engine: SynQcEngine, backends: TargetBackends | None = None) -> None:
        self.backends = TargetBackends(()) if backends is None else backends
        self.store = store
        self.engine = engine
        self._running: dict[str, StartedRun] = {}
        self._stopping = False
        self._storing: dict[str, Future[None]] = {}
        store.let_go_of = self._stop_run_of

    def submit(self, session_id: str, request: RunRequest, *, short: Submit, long: Submit) -> Future[bytes]:
        """Start a run and execute it on another thread.

        Args:
            session_id: Of the session.
            request: What the client asked for.
            short, long: Where runs are executed that are soon over, and where others.

        Returns:
            The answer `{"run", "session"}` when it is on disk. Fails as `execute` does, or with StorageUnavailable.

        Raises:
            UnknownSession, SessionBusy, UnsafeProbe, ServiceStopping: As `start` does.
            RunKilled: The other thread takes nothing more, because the service is shutting down.
        """
        started = self.start(session_id, request)
        answer: Future[bytes] = Future()
        submit = long if takes_long(started.config, started.iterations) else short
        context = contextvars.copy_context()  # log lines of the other thread carry the request's id
        try:
            submit(context.run, self._execute_to_disk, started, answer)
        except RuntimeError as error:
            refusal = RunKilled(f"The run of session '{session_id}' did not begin: the service is shutting down.")
            self._abort(started, refusal)
            self._forget(started)
            raise refusal from error
        return answer

    def start(self, session_id: str, request: RunRequest) -> StartedRun:
        """Mark a session running; nobody else can from then on.

        Raises:
            UnknownSession: There is none of that id.
            SessionBusy: It is running already.
            UnsafeProbe: Its configuration exceeds a limit; a new shot limit is kept all the same.
            ServiceStopping: Nothing is begun any more.
        """
        settings = self.store.settings
        with self.store.lock:
            if self._stopping:
                raise ServiceStopping
            session = self.store.get(session_id)
            if session.status is SessionStatus.RUNNING:
                raise SessionBusy(f"Session '{session_id}' is already running")
            change = Change()
            if request.shot_limit is not None:
                change.log_lines.append(self._limit_shots(session, request.shot_limit))
            config = session.config
            refusal = _unsafe(config, settings.max_probe_strength, settings.max_probe_duration_ns)
            if refusal is not None:
                stored = None
                if change.log_lines:
                    session.touch()
                    stored = self.store.save(session, change)
                raise UnsafeProbe(refusal, stored)
            mode = _words(request.mode).capitalize()
            session.set_status(SessionStatus.RUNNING, f"Running · {mode.lower()} in progress")
            change.log_lines.append(session.log(f"{mode} started."))
            # Stored with the end of the run: a session found running on disk would only have to be mended.
            started = StartedRun(
                session, config, request.mode, request.num_iterations or USUAL_ITERATIONS, request.seed
            )
            started.lines = change.log_lines
            self._running[session_id] = started
            self.store.announce_in_turn(session, started.lines)
        return started

    def execute(self, started: StartedRun) -> FinishedRun:
        """Simulate a started run and finish it; blocks, so it belongs on a worker thread.

        Raises:
            RunKilled: It was killed before there was a result.
            InputError: The configuration cannot be simulated.
        """
        try:
            return self._execute(started)
        except BaseException as error:
            self._abort(started, error)
            raise
        finally:
            self._forget(started)

    def kill(self, session_id: str) -> tuple[dict[str, Any], Future[None]]:
        """Stop a session's run within 50 ms; what it has is kept, marked as partial.

        Raises:
            UnknownSession: There is none of that id.
        """
        with self.store.lock:
            session = self.store.get(session_id)
            running = self._running.get(session_id)
            if session.status is not SessionStatus.RUNNING or running is None:
                line = session.log("Kill requested, but no run is active.")
                message = f"Session '{session_id}' has no active run."
                answer = {"status": "no-active-run", "message": message, "session_id": session_id}
                return answer, self.store.save(session, Change(log_lines=[line]))
            running.killed = True
            running.stop.stop()
            session.set_status(SessionStatus.TERMINATED, "Idle · terminated via kill switch")
            line = session.log("Run terminated via kill switch.")
            answer = {
                "status": "terminated", "message": f"The run of session '{session_id}' was stopped.",
                "session_id": session_id,
            }  # fmt: skip
            return answer, self.store.save(session, Change(log_lines=[line]))

    def storing(self, run_id: str) -> Future[None] | None:
        """When a run that its session shows already is on disk; None if it is, or if there is none of that id."""
        with self.store.lock:  # held while a run finishes
            return self._storing.get(run_id)

    @property
    def under_way(self) -> bool:
        """Whether there are runs that are not finished and stored."""
        return bool(self._running or self._storing)

    def stop_all(self, *, for_good: bool = False) -> None:
        """Stop every run within 50 ms; what they have is kept and answered, marked as partial.

        Args:
            for_good: Begin no more: the service is shutting down.
        """
        with self.store.lock:
            self._stopping = self._stopping or for_good
            for running in self._running.values():
                running.killed = True
                running.stop.stop()

    def _stop_run_of(self, session: Session) -> None:
        """Stop the run of a session that belongs to another node by now; called under the store's lock."""
        running = self._running.get(session.session_id)
        if running is not None and running.session is session:
            running.killed = True
            running.stop.stop()

    def _execute_to_disk(self, started: StartedRun, answer: Future[bytes]) -> None:
        try:
            finished = self.execute(started)
        except BaseException as error:
            answer.set_exception(error)
            return

        def settle(stored: Future[None]) -> None:
            error = stored.exception()
            if error is None:
                answer.set_result(finished.body)
            else:
                answer.set_exception(error)

        finished.stored.add_done_callback(settle)

    def _limit_shots(self, session: Session, wanted: int) -> dict[str, Any]:
        limit = min(max(1, wanted), self.store.settings.max_shots_per_run)
        session.shot_limit = limit
        asked = wanted if abs(wanted) < 10**12 else "far more" if wanted > 0 else "far less"
        clamped = "" if limit == wanted else f" (asked for {asked})"
        return session.log(f"Shot limit set to {limit}{clamped}.")

    def _execute(self, started: StartedRun) -> FinishedRun:
        session, config = started.session, started.config
        limit = min(session.shot_limit, self.store.settings.max_shots_per_run)
        budget = None if started.mode is RunMode.DRYRUN else limit - session.shots_used
        batches = batches_for(config, started.iterations, budget)
        exhausted = budget is not None and budget <= 0
        carry = session.carry_for(config)
        try:
            result = self.engine.run(
                config, session_id=session.session_id, batches=batches, seed=started.seed, carry=carry,
                stop=started.stop, progress=partial(self._progress, started),
                after_batches=partial(self._running_estimate, started) if len(batches) > 1 else None,
            )  # fmt: skip
        except InputError:
            raise
        except SynqcError as error:
            raise RunKilled(f"The run of session '{session.session_id}' was killed before it had a result.") from error
        # The event loop takes the store's lock too: only what needs it is done under it.
        run_id = self.store.new_run_id(session)
        figures = figures_of(result.run)
        details = details_to_store(figures, result)
        with self.store.lock:
            finished = self._finish(
                started, result, run_id=run_id, figures=figures, details=details, limit=limit,
                charges=budget is not None and not exhausted,
            )  # fmt: skip
        outcome = "killed" if started.killed else started.mode.value
        _finished.labels(outcome=outcome).add()
        fields = {"session_id": session.session_id, "run_id": run_id, "outcome": outcome, "shots": result.shots}
        _log.info("Run finished.", extra={"fields": {**fields, "milliseconds": round(result.wall_seconds * 1e3, 3)}})
        return finished

    def _finish(
        self,
        started: StartedRun,
        result: EngineResult,
        *,
        run_id: str,
        figures: dict[str, Any],
        details: bytes,
        limit: int,
        charges: bool,
    ) -> FinishedRun:
        session, config, run = started.session, started.config, result.run
        before = _Before(session)
        if charges:
            session.shots_used = min(limit, session.shots_used + result.shots)
        kpis = KpiBundle.from_raw(
            run.fidelity.value, run.latency_us.value, run.backaction.value, session.shots_used, session.shot_limit
        )
        session.last_kpis = kpis
        session.last_run_id = run_id
        session.carry = (maker_of_carry(config), result.carry_out)
        session.deployed = result.runs[-1].settings
        record = RunRecord(
            run_id=run_id, session_id=session.session_id, mode=started.mode, config_snapshot=config,
            created_at=clock.naive_microseconds(clock.now()), kpis=kpis,
            measurements=[Measurement(**entry) for entry in result.measurements],
            events=_events(started, result, kpis, self.backends, charges=charges), estimates=figures,
            partial=result.partial, seed=result.seed, emulated=is_emulated(config.hardware_target),
        )  # fmt: skip
        if started.killed:
            _end_killed(session)
        else:
            session.set_status(SessionStatus.IDLE, f"Idle · last {_words(started.mode)} completed")
        last_line = session.log(_finish_line(record, kpis))
        self.store.add_row(session, row_of_run(session, run))
        document = record.model_dump_json().encode()
        body = b'{"run":' + document + b',"session":' + session.summary_bytes() + b"}"
        change = Change(
            log_lines=[*started.lines, last_line],
            runs=[{"run_id": run_id, "session_id": session.session_id, "document": document, "details": details}],
        )
        stored = self.store.save(session, change, before.restore, told=started.lines)
        self._storing[run_id] = stored
        stored.add_done_callback(lambda _: self._storing.pop(run_id, None))
        if session.events.watched:
            stored.add_done_callback(
                lambda done: None if done.exception() else session.events.publish("kpis", document)
            )
        return FinishedRun(record, body, stored)

    def _forget(self, started: StartedRun) -> None:
        with self.store.lock:
            if self._running.get(started.session.session_id) is started:
                del self._running[started.session.session_id]

    def _abort(self, started: StartedRun, error: BaseException) -> None:
        """A run without a result: the session says why, and may run again."""
        session = started.session
        with self.store.lock:
            if isinstance(error, RunKilled) or started.killed:
                words = "Run stopped before it had a result."
                _end_killed(session)
            elif isinstance(error, InputError):
                words = f"Run aborted: {error}"
                session.set_status(SessionStatus.ERROR, f"Run aborted · {error}")
            else:
                words = "Run failed inside the server."
                session.set_status(SessionStatus.ERROR, "Error · the run failed inside the server")
            self.store.save(session, Change(log_lines=[*started.lines, session.log(words)]), told=started.lines)
        outcome = "killed" if started.killed else "error"
        _finished.labels(outcome=outcome).add()
        _log.info("Run without a result: %s", error, extra={"fields": {"session_id": session.session_id}})

    def _progress(self, started: StartedRun, done: int, total: int) -> None:
        if not started.session.events.watched:
            return
        moment = time.monotonic()
        if done < total and moment - started.last_progress < _PROGRESS_EVERY_S:
            return
        started.last_progress = moment
        started.session.events.publish("progress", b'{"done":%d,"total":%d}' % (done, total))

    def _running_estimate(self, started: StartedRun, run: Run) -> None:
        """A row of telemetry while the run goes on."""
        self.store.add_row(started.session, row_of_run(started.session, run))


class _Before:
    """What a finished run changes, to go back to if it cannot be stored."""

    _NAMES = ("shots_used", "last_kpis", "last_run_id", "carry", "deployed")

    def __init__(self, session: Session) -> None:
        self._session = session
        self._values = {name: getattr(session, name) for name in self._NAMES}

    def restore(self) -> None:
        for name, value in self._values.items():
            setattr(self._session, name, value)
        self._session.set_status(SessionStatus.ERROR, "Error · the run could not be stored")
        self._session.log("The run could not be stored and does not count.")


def _unsafe(config: RunConfiguration, max_strength: float, max_duration_ns: int) -> str | None:
    if config.probe_strength > max_strength:
        return f"probe_strength {config.probe_strength} exceeds the safety limit of {max_strength}."
    if config.probe_duration_ns > max_duration_ns:
        return f"probe_duration_ns {config.probe_duration_ns} exceeds the safety limit of {max_duration_ns} ns."
    return None


def _end_killed(session: Session) -> None:
    """The kill switch has set the status already; a service that stops has not."""
    if session.status is SessionStatus.RUNNING:
        session.set_status(SessionStatus.IDLE, "Idle · the service stopped during a run")
    else:
        session.touch()


def _words(mode: RunMode) -> str:
    return "dry-run" if mode is RunMode.DRYRUN else "run"


def _finish_line(record: RunRecord, kpis: KpiBundle) -> str:
    """A run's end, for the log."""
    return (
        f"{_words(record.mode).capitalize()} {record.run_id} "
        f"{'stopped with partial results' if record.partial else 'completed'}: "
        f"fidelity={kpis.fidelity:.3f} latency={kpis.latency_us:.1f} µs back-action={kpis.backaction:.3f} "
        f"shots_used={kpis.shots_used}/{kpis.shot_limit}"
    )


def _events(
    started: StartedRun, result: EngineResult, kpis: KpiBundle, backends: TargetBackends, *, charges: bool
) -> list[str]:
    """The run in sentences."""
    config = started.config
    fidelity, latency, damage = kpis.fidelity, kpis.latency_us, kpis.backaction
    tag = "[DRY-RUN]" if started.mode is RunMode.DRYRUN else "[RUN]"
    on_target = _band(fidelity, (0.98, 0.97), ("on target", "near target", "below target"))
    speed = _band(-latency, (-LATENCY_US.value, -60), ("low", "moderate", "high"))
    gentleness = _band(-damage, (-BACKACTION.value, -0.30), ("gentle", "moderate", "strong"))
    events = [
        f"{tag} objective={config.objective.value} adaptive={config.adaptive_rule.value} "
        f"envelope={config.drive_envelope.value}",
        f"[KPIs] fidelity {result.run.fidelity} is {on_target}.",
        f"[KPIs] latency {latency:.3g} µs is {speed}.",
        f"[KPIs] back-action {damage:.3g} is {gentleness}.",
    ]
    fraction = used_fraction(kpis.shots_used, kpis.shot_limit)
    if charges:
        events.append(f"[BUDGET] {kpis.shots_used} of {kpis.shot_limit} shots used ({fraction:.0%}).")
    elif started.mode is RunMode.DRYRUN:
        events.append(
            f"[BUDGET] {result.shots} shots simulated without charge; {kpis.shots_used} of {kpis.shot_limit} used."
        )
    else:
        events.append(
            f"[BUDGET] exhausted at {kpis.shots_used} of {kpis.shot_limit}: these figures come from {result.shots} "
            "simulated shots that were not charged."
        )
    if fraction >= BUDGET.warning:
        events.append(f"[BUDGET] WARNING: at least {100 * BUDGET.warning:.0f} % of the shots are used.")
    elif fraction >= BUDGET.caution:
        events.append(f"[BUDGET] CAUTION: at least {100 * BUDGET.caution:.0f} % of the shots are used.")
    if result.partial:
        events.append(f"[KILL] stopped after {result.shots} shots; figures are of what was complete.")
    if is_emulated(config.hardware_target):
        events.append(f"[TARGET] {config.hardware_target.value} is emulated here; no hardware was involved.")
        if backends.name_of(config.hardware_target) is not None:
            events.append(f"[TARGET] {backends.state(config.hardware_target)}")
    return events


def _band(value: float, edges: tuple[float, float], words: tuple[str, str, str]) -> str:
    return words[0] if value >= edges[0] else words[1] if value >= edges[1] else words[2]
