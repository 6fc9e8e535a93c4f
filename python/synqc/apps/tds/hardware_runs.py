"""Hardware runs of sessions: planned, sent as jobs when they are confirmed, and kept as runs when they are done."""

from __future__ import annotations

import dataclasses
import logging
import random
import threading
from collections.abc import Callable
from typing import Any, Final

from synqc import json
from synqc._version import __version__
from synqc.apps.tds import clock
from synqc.apps.tds.engine import SynQcEngine, figures_of
from synqc.apps.tds.identifiers import hardware_run_id
from synqc.apps.tds.models import (
    HardwareRunRequest,
    KpiBundle,
    Measurement,
    RunConfiguration,
    RunMode,
    RunRecord,
    finite_or_none,
)
from synqc.apps.tds.session import Session
from synqc.apps.tds.storage import Change
from synqc.apps.tds.store import SessionStore, UnknownSession
from synqc.apps.tds.target_backends import TargetBackends
from synqc.apps.tds.telemetry import row_of_run
from synqc.cache import content_key
from synqc.errors import InputError, ServiceStopping
from synqc.hardware.open_vendor import open_vendor
from synqc.hardware.plan import Plan, dry_run
from synqc.hardware.submission import KIND, RecordedBackend, check_submission, hardware_work, submit_run
from synqc.hardware.vendor import Vendor
from synqc.jobs import Job, JobFilter, JobState, Ledger, RunningJob, Worker
from synqc.lab.experiment import Experiment
from synqc.lab.run import Run

__all__ = ["HardwareRuns"]

_log = logging.getLogger("synqc.hardware_runs")

_MOST_LISTED: Final = 100
_LEASE_S = 10.0
_PATIENCE_S = 30.0


class HardwareRuns:
    """Runs that backends of qubits play, beside those that are simulated.

    A job of the ledger sends one, once at most, and waits for it; what it brought is kept as a run of its session when
    the job ends, or, where that was on another machine or the service was down, when the session's are next listed.

    Args:
        store: The session store.
        engine: Makes experiments of configurations.
        ledger: The job ledger.
        backends: Backends of targets; without any, no worker is begun.
        open_service: Given a backend's name, the service that has it; None: `open_vendor`.
        poll_s: Between two questions how a job stands, s.
        keep_ended_s: Jobs that ended so long ago are forgotten; None: never.
    """

    def __init__(
        self, store: SessionStore, engine: SynQcEngine, ledger: Ledger, backends: TargetBackends, *,
        open_service: Callable[[str], Vendor] | None = None, poll_s: float = 5.0, keep_ended_s: float | None = None,
    ) -> None:  # fmt: skip
        self.backends = backends
        self._store = store
        self._engine = engine
        self._ledger = ledger
        self._stopping = False
        self._keeping = threading.Lock()
        self._kept: set[str] = set()
        following = hardware_work(open_vendor if open_service is None else open_service, poll_s=poll_s)

        def follow(job: RunningJob) -> dict[str, Any]:
            result: dict[str, Any] = following.function(job)
            self._keep(job.id, job.payload, result)
            return result

        self._worker = None
        if backends:
            work = dataclasses.replace(following, function=follow)
            self._worker = Worker(ledger, {KIND: work}, lease_s=_LEASE_S, keep_ended_s=keep_ended_s)

    def start(self, session_id: str, request: HardwareRunRequest) -> dict[str, Any]:
        """Plan a session's experiment on the backend of its target, and have it sent where that is confirmed.

        Blocks on the vendor, which is asked what its backend has, and on the ledger.

        Returns:
            Plan, and the job's id when it is stored for good; None where nothing was confirmed.

        Raises:
            UnknownSession: There is none of that id.
            BackendAbsent: The target has no backend, or its account is not there.
            InputError: The backend cannot play it, it costs too much, or more shots than the session has left.
            VendorUnreachable: The vendor did not say what its backend has.
            ServiceStopping: Nothing is begun any more.
        """
        session = self._store.get(session_id)
        config = session.config
        found = self.backends.of(config.hardware_target)
        backend = found.open()
        seed = random.getrandbits(31) if request.seed is None else request.seed
        experiment = self._experiment(config, session_id, backend.capabilities.qubits // 2)
        plan = dry_run(experiment, backend, shots=request.shots, seed=seed)
        job_id = None
        if request.confirm:
            if self._stopping:
                raise ServiceStopping
            self._check(session, plan, request)
            about = {
                "session_id": session_id, "config": config.model_dump(mode="json"), "qubits": experiment.qubits,
                "seed": seed,
            }  # fmt: skip
            key = None if request.idempotency_key is None else content_key(KIND, [session_id, request.idempotency_key])
            # Whoever does not own the session any more learns it here, before anything is sent.
            self._note(session, f"Hardware run of {plan.shots} shots is handed over to {found.name}.")
            job_id = submit_run(
                self._ledger, plan, budget_usd=request.budget_usd, confirm=True, seed=seed, idempotency_key=key,
                about=about,
            )  # fmt: skip
        return {"job_id": job_id, "session_id": session_id, **_planned(plan, experiment)}

    def listed(self, session_id: str) -> list[dict[str, Any]]:
        """A session's hardware runs, newest first; what jobs brought that is not kept yet is kept now.

        Raises:
            UnknownSession: There is none of that id.
        """
        self._store.get(session_id)
        jobs = [self._ledger.job(one.id) for one in self._ledger.jobs(JobFilter(kind=KIND, limit=_MOST_LISTED))]
        return [self._shown(job) for job in jobs if _about(job.payload).get("session_id") == session_id]

    def stop(self) -> None:
        """Begin no more, and leave those under way to the next service: nothing is cancelled."""
        self._stopping = True
        if self._worker is not None:
            self._worker.drain()

    def close(self) -> None:
        """Stop, and wait for it."""
        self.stop()
        if self._worker is not None:
            self._worker.close()

    def _experiment(self, config: RunConfiguration, session_id: str, most_qubits: int) -> Experiment:
        """Of as many of the session's qubits as a backend has pairs for."""
        experiment = self._engine.experiment(config, session_id)
        return experiment.replace(qubits=max(1, min(experiment.qubits, most_qubits)))

    def _note(self, session: Session, words: str) -> None:
        """Log it, and wait until that is on disk."""
        with self._store.lock:
            stored = self._store.save(session, Change(log_lines=[session.log(words)]))
        stored.result(_PATIENCE_S)

    def _check(self, session: Session, plan: Plan, request: HardwareRunRequest) -> None:
        settings = self._store.settings
        if request.budget_usd > settings.hardware_budget_usd:
            raise InputError(
                f"Argument `budget_usd` must be at most {settings.hardware_budget_usd:g}, which the operator allows by "
                f"SYNQC_HARDWARE_BUDGET_USD, but is {request.budget_usd:g}."
            )
        left = min(session.shot_limit, settings.max_shots_per_run) - session.shots_used
        if plan.shots > left:
            raise InputError(
                f"Argument `shots` must be at most {max(0, left)}, which the session has left, but is {plan.shots}."
            )
        config = session.config
        if config.probe_strength > settings.max_probe_strength:
            raise InputError(
                f"Argument `probe_strength` must be at most {settings.max_probe_strength:g}, the safety limit, but is "
                f"{config.probe_strength:g}."
            )
        check_submission(plan, budget_usd=request.budget_usd, confirm=True)

    def _shown(self, job: Job) -> dict[str, Any]:
        about, run_id = _about(job.payload), None
        if job.state is JobState.SUCCEEDED and job.result is not None:
            run_id = self._keep(job.id, job.payload, job.result)
        document = job.to_dict()
        spent = job.spending.usd_micros
        return {
            **{name: document[name] for name in ("job_id", "state", "submitted_at", "ended_at", "cause")},
            "session_id": about["session_id"], "backend": job.payload["backend"], "emulated": job.payload["emulated"],
            "shots": job.payload["shots"], "estimated_usd": job.payload["usd_micros"] * 1e-6,
            "budget_usd": None if spent.limit is None else spent.limit * 1e-6, "spent_usd": spent.spent * 1e-6,
            "vendor_id": (job.result or {}).get("vendor_id"), "run_id": run_id,
        }  # fmt: skip

    def _keep(self, job_id: str, payload: dict[str, Any], result: dict[str, Any]) -> str | None:
        """Keep what a job brought as a run of its session, once; the run's id, or None where the session is not here.

        Raises:
            StorageUnavailable: It could not be stored.
        """
        about = _about(payload)
        try:
            session = self._store.get(about.get("session_id", ""))
        except UnknownSession:
            return None
        run_id = hardware_run_id(session.session_id, job_id)
        with self._keeping:
            if run_id in self._kept or self._store.database.run_document(run_id) is not None:
                self._kept.add(run_id)
                return run_id
            config = RunConfiguration.model_validate(about["config"])
            experiment = self._experiment(config, session.session_id, about["qubits"])
            run = experiment.run(payload["shots"], seed=about["seed"], on=RecordedBackend(result), progress=False)
            self._store_run(session, run_id, job_id, config, run, result)
            self._kept.add(run_id)
        return run_id

    def _store_run(
        self, session: Session, run_id: str, job_id: str, config: RunConfiguration, run: Run, result: dict[str, Any]
    ) -> None:
        with self._store.lock:
            used, last_id, last_kpis = session.shots_used, session.last_run_id, session.last_kpis

            def restore() -> None:
                session.shots_used, session.last_run_id, session.last_kpis = used, last_id, last_kpis
                session.touch()

            session.shots_used = min(session.shot_limit, used + run.shots_used)
            kpis = KpiBundle.from_raw(
                run.fidelity.value, run.latency_us.value, run.backaction.value, session.shots_used, session.shot_limit
            )
            record = RunRecord(
                run_id=run_id, session_id=session.session_id, mode=RunMode.RUN, config_snapshot=config,
                created_at=clock.naive_microseconds(clock.now()), kpis=kpis, measurements=_measurements(run),
                events=_events(config, run, job_id, result), estimates=_estimates(run), seed=run.seed,
                emulated=run.emulated,
            )  # fmt: skip
            session.last_kpis, session.last_run_id = kpis, run_id
            line = session.log(f"Hardware run {job_id} came back from {result['backend']} as run {run_id}.")
            session.touch()
            self._store.add_row(session, row_of_run(session, run))
            details = json.dumps(
                {
                    "version": __version__,
                    "shots_simulated": 0,
                    "best": 0,
                    "backend": run.backend,
                    "hardware_job": job_id,
                    "vendor_id": result["vendor_id"],
                }
            )
            details = details[:-1] + b',"runs":[' + run.to_json() + b"]}"
            document = record.model_dump_json().encode()
            row = {"run_id": run_id, "session_id": session.session_id, "document": document, "details": details}
            stored = self._store.save(session, Change(log_lines=[line], runs=[row]), restore)
        stored.result(_PATIENCE_S)
        if session.events.watched:
            session.events.publish("kpis", document)
        _log.info("Hardware run kept.", extra={"fields": {"session_id": session.session_id, "run_id": run_id}})


def _about(payload: Any) -> dict[str, Any]:
    """Notes of a job that a session handed over; empty for those of others."""
    found = payload.get("about") if isinstance(payload, dict) else None
    return found if isinstance(found, dict) else {}


def _planned(plan: Plan, experiment: Experiment) -> dict[str, Any]:
    return {
        "backend": plan.capabilities.name, "emulated": plan.capabilities.emulated, "qubits": experiment.qubits,
        "shots": plan.shots, "circuits": plan.capabilities.circuits,
        "layout": [list(pair) for pair in plan.compiled.layout], "entangling_gates": plan.compiled.entangling_gates,
        "shot_us": plan.compiled.duration_us, "estimated_s": plan.seconds, "estimated_usd": plan.usd,
        "circuit": plan.compiled.text,
    }  # fmt: skip


def _measurements(run: Run) -> list[Measurement]:
    found = []
    for qubit, ones in enumerate(run.one_fraction_series[0][-1].tolist()):
        one = min(1.0, max(0.0, ones))
        found.append(Measurement(qubit=qubit, p0=1.0 - one, p1=one, last=int(run.bits[-1, qubit, -1])))
    return found


def _estimates(run: Run) -> dict[str, Any]:
    """Figures that were measured or follow from the circuit. The score is left out: histories compare scores of one
    preset's devices, and a backend's qubits are none of them."""
    known = {**run.kpis(), "success": run.success}
    return {
        name: figure
        for name, figure in figures_of(run).items()
        if name != "objective_score" and finite_or_none(known[name].value) is not None
    }


def _events(config: RunConfiguration, run: Run, job_id: str, result: dict[str, Any]) -> list[str]:
    """The run in sentences."""
    fidelity = finite_or_none(run.fidelity.value)
    known = f"fidelity {run.fidelity}" if fidelity is not None else "a fidelity that its readout does not show"
    kind = "an emulated backend; no hardware was involved" if run.emulated else "a machine"
    return [
        f"[RUN] objective={config.objective.value} adaptive={config.adaptive_rule.value}",
        f"[TARGET] {config.hardware_target.value} was played by {result['backend']}, {kind}.",
        f"[HARDWARE] job {job_id}, at the vendor's {result['vendor_id']}: {run.shots_used} shots on "
        f"{run.experiment.qubits} qubits and their ancillas, with {known}.",
        "[KPIs] back-action and information are those of an ideal probe; a backend shows neither.",
    ]
