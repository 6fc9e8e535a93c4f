"""Rows of telemetry: each is a measurement, of a run or of a small monitor batch on the session's drifting device."""

from __future__ import annotations

import math
import random
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from synqc.apps.tds import clock
from synqc.apps.tds.details import settings_of_last_iteration
from synqc.apps.tds.engine import SynQcEngine, filters
from synqc.apps.tds.models import AdaptiveRule, RunConfiguration, SessionStatus, finite_or_zero
from synqc.apps.tds.session import Session
from synqc.apps.tds.store import SessionStore
from synqc.lab.checkpoint import Checkpoint
from synqc.lab.rules import Batch
from synqc.lab.run import Run

__all__ = ["ROWS_BY_DEFAULT", "TelemetrySampler", "newest_row_and_rows_body", "row_of_run", "rows_body"]

Submit = Callable[[Callable[[Session], None], Session], object]

ROWS_BY_DEFAULT = 64
"""Rows that are shown to whoever does not say how many."""

_SHOTS_OF_A_ROW = 32
_ROWS_AT_ONCE = 128
_FEW_ROWS = 96  # ten thousand polls a second use them up while the next are measured
_ROWS_AT_ONCE_IN_SHOT = 40  # in-shot feed-forward compiles more for each drift of the device
_SHOTS_OF_A_ROW_IN_SHOT = 200


def rows_body(session: Session, limit: int) -> bytes:
    """`{"session_id", "rows"}` with the newest rows, oldest first."""
    return b'{"session_id":%b,"rows":[%b]}' % (session.quoted_id, b",".join(session.rows.newest(limit)))


def newest_row_and_rows_body(session: Session, limit: int) -> bytes:
    """The newest row's members, then `session_id` and `rows`."""
    rows = session.rows.newest(limit)
    flat = rows[-1][1:-1] + b"," if rows else b""
    return b'{%b"session_id":%b,"rows":[%b]}' % (flat, session.quoted_id, b",".join(rows))


def row_of_run(session: Session, run: Run) -> bytes:
    """The newest batch of a run."""
    return _stamped(_unstamped_rows(session, run, first=-1)[0])


def _stamped(row: bytes) -> bytes:
    """A row, stamped with this moment."""
    return b'{"timestamp":"%b",%b' % (clock.milliseconds(clock.now()).encode(), row)


def _unstamped_rows(session: Session, run: Run, first: int = 0) -> list[bytes]:
    """One row per batch from `first` on, without its time: means over the register. Six decimals are far below the
    standard error."""
    fidelities, deviations = (series[first:].tolist() for series in run.fidelity_series)
    fractions = run.one_fraction_series[0][first:].tolist()
    head = f'"provider":"{session.config.hardware_target.value}","fidelity":'
    middle = (
        f',"latency_us":{finite_or_zero(run.latency_us.value):.6f},"backaction":{finite_or_zero(run.backaction.value):.6f},'
        f'"shots_used":{session.shots_used},"shot_rate":{1e6 / run.cycle_time_us:.1f},"fidelity_standard_error":'
    )
    rows = []
    for values, errors, ones in zip(fidelities, deviations, fractions, strict=True):
        fidelity = finite_or_zero(sum(values) / len(values))
        deviation = math.hypot(*errors) / len(errors)
        error = f"{deviation:.6f}" if math.isfinite(deviation) else "null"  # of one shot, which shows no spread
        qubits = ",".join([f"{one:.4f}" for one in ones])
        rows.append(f'{head}{fidelity:.6f}{middle}{error},"qubits":[{qubits}]}}'.encode())
    return rows


class TelemetrySampler:
    """Watches an idle session's device with small batches, simulated a block at a time and handed out one per poll.

    The sampler goes on from where the last run left the device and drives it with what that run's rule had deployed.
    It charges nothing, and the next run does not go on from it: a run depends on runs alone.
    """

    def __init__(self, store: SessionStore, engine: SynQcEngine) -> None:
        self._store = store
        self._engine = engine
        self._watched: dict[str, _Watched] = {}
        self._lock = threading.Lock()

    def poll(self, session: Session, submit: Submit | None = None) -> bool:
        """Add the next row to an idle session's telemetry; a session that never ran, or is running, gets none.

        Args:
            session: Whose device is watched.
            submit: Called with `measure` and the session when few rows are left, to measure ahead.

        Returns:
            False if no row was ready: `measure` must be called first, on a worker thread, and then this again.
        """
        if session.last_run_id is None or session.status is SessionStatus.RUNNING:
            return True
        watched = self._watched.get(session.session_id)
        if watched is None or not watched.fits(session):
            return False
        try:
            row = watched.ready.popleft()
        except IndexError:
            return False
        self._store.add_row(session, _stamped(row))
        if submit is not None and len(watched.ready) < _FEW_ROWS and not watched.measuring:
            watched.measuring = True
            submit(self.measure, session)
        return True

    def measure(self, session: Session) -> None:
        """Simulate the next rows; blocks for some milliseconds."""
        with self._lock:
            watched = self._watched.get(session.session_id)
            if watched is None or not watched.fits(session):
                watched = self._watched[session.session_id] = _Watched(session, self._settings_of_last_run(session))
                for name in [name for name in self._watched if name not in self._store.sessions]:
                    del self._watched[name]
        with watched.lock:
            try:
                if len(watched.ready) < _FEW_ROWS:
                    watched.measure(self._engine, session)
            finally:
                watched.measuring = False

    def _settings_of_last_run(self, session: Session) -> Sequence[Mapping[str, float]] | None:
        """What the last run's rule had set each qubit's controls to."""
        if session.deployed is not None:
            return session.deployed
        details = self._store.database.run_details(session.last_run_id or "")
        return None if details is None else settings_of_last_iteration(details)


class _Watched:
    """A session's device under watch."""

    def __init__(self, session: Session, settings: Sequence[Mapping[str, float]] | None) -> None:
        self.lock = threading.Lock()
        self.ready: deque[bytes] = deque()
        """Rows without their time."""
        self.measuring = False
        self._session_id = session.session_id
        self._run_id = session.last_run_id
        self._config: RunConfiguration = session.config
        self._carry: Checkpoint | None = session.carry_for(session.config)
        self._settings = settings

    def fits(self, session: Session) -> bool:
        """Whether the session still is as it was when the watch began."""
        return self._run_id == session.last_run_id and self._config is session.config

    def measure(self, engine: SynQcEngine, session: Session) -> None:
        """Simulate the next rows."""
        in_shot = filters(self._config)
        carry = self._carry
        if in_shot or self._config.adaptive_rule is AdaptiveRule.NONE:
            experiment = engine.experiment(self._config, self._session_id)
        else:
            experiment = engine.experiment(self._config, self._session_id, adaptive_rule=self._deploy)
            carry = None if carry is None else carry.without_rule()
        run = experiment.run(
            _SHOTS_OF_A_ROW_IN_SHOT if in_shot else _SHOTS_OF_A_ROW,
            iterations=_ROWS_AT_ONCE_IN_SHOT if in_shot else _ROWS_AT_ONCE,
            seed=random.getrandbits(63), resume_from=carry, progress=False, keep_bits=False, threads=1,
        )  # fmt: skip
        self._carry = run.checkpoint
        self.ready.extend(_unstamped_rows(session, run))

    def _deploy(self, batch: Batch) -> Mapping[str, float] | None:
        return None if self._settings is None else self._settings[batch.qubit]
