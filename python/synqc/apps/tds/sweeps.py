"""Grids over a session's configuration: started, watched, cancelled, and kept when they are done."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from synqc import json
from synqc.apps.tds import clock
from synqc.apps.tds.engine import SynQcEngine
from synqc.apps.tds.models import PROBE_DURATIONS_NS, PROBE_STRENGTHS, RunConfiguration, SweepRequest
from synqc.apps.tds.stopping import ServiceStopping
from synqc.apps.tds.storage import Change
from synqc.apps.tds.store import SessionStore
from synqc.cache import MemoryCache
from synqc.errors import InputError, SynqcError
from synqc.lab.experiment import StopFlag
from synqc.lab.sweep import Sweep, sweep

__all__ = ["Sweeps", "TooManySweeps", "UnknownSweep"]

_log = logging.getLogger("synqc.sweeps")

_MOST_POINTS = 2500
_MOST_WAITING = 16
_MOST_REMEMBERED = 64
_FIGURES = ("fidelity", "backaction", "information_bits", "latency_us", "objective_score")
_RANGES = {"probe_strength": PROBE_STRENGTHS, "probe_duration_ns": PROBE_DURATIONS_NS}


class UnknownSweep(SynqcError, LookupError):
    """No sweep has that id."""

    code = "unknown_sweep"


class TooManySweeps(SynqcError):
    """More sweeps are waiting than this service takes."""

    code = "too_many_sweeps"


@dataclass
class _Ongoing:
    """A sweep of this process."""

    sweep_id: str
    session_id: str | None
    config: RunConfiguration
    axes: dict[str, list[float]]
    shots: int
    seed: int
    total: int
    status: str = "running"
    done: int = 0
    cached: int = 0
    error: str | None = None
    results: dict[str, Any] | None = None
    epoch: int | None = None
    stop: StopFlag = field(default_factory=StopFlag)

    def cancel(self) -> None:
        """Have it end with what it has, unless it has ended."""
        if self.status == "running":
            self.status = "cancelled"
            self.stop.stop()

    def document(self) -> dict[str, Any]:
        """As clients see it."""
        return {
            "sweep_id": self.sweep_id, "session_id": self.session_id, "status": self.status, "done": self.done,
            "total": self.total, "cached": self.cached, "axes": self.axes, "shots": self.shots, "seed": self.seed,
            "config": self.config.model_dump(mode="json"), "error": self.error, "results": self.results,
        }  # fmt: skip


class Sweeps:
    """One sweep runs at a time; others wait. Points are cached by content, so a repeated one costs a lookup."""

    def __init__(self, store: SessionStore, engine: SynQcEngine) -> None:
        self._store = store
        self._engine = engine
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="synqc-sweep")
        self._points = MemoryCache(max_entries=20_000)
        self._known: dict[str, _Ongoing] = {}
        self._stopping = False
        self._lock = threading.Lock()

    def start(self, request: SweepRequest) -> dict[str, Any]:
        """Check a sweep and put it in the queue.

        Raises:
            InputError: A value is out of range, or there are too many points.
            UnknownSession: A session is named that there is not.
            TooManySweeps: The queue is full.
            ServiceStopping: Nothing is begun any more.
        """
        if request.session_id is not None:
            self._store.get(request.session_id)
        axes: dict[str, list[float]] = dict(request.axes.items())
        ongoing = _Ongoing(
            f"sweep-{secrets.token_hex(6)}", request.session_id, request.config, axes, request.shots,
            total=_points(axes),
            # A seed that is the same for the same grid lets cached points be found again.
            seed=0 if request.seed is None else request.seed,
            epoch=self._store.epoch,
        )  # fmt: skip
        with self._lock:
            if self._stopping:
                raise ServiceStopping
            if sum(one.status == "running" for one in self._known.values()) >= _MOST_WAITING:
                raise TooManySweeps(f"At most {_MOST_WAITING} sweeps may wait: cancel one, or come back later.")
            self._known[ongoing.sweep_id] = ongoing
            for sweep_id in [name for name, one in self._known.items() if one.status != "running"][:-_MOST_REMEMBERED]:
                del self._known[sweep_id]
            self._worker.submit(self._run, ongoing)
        return ongoing.document()

    def read(self, sweep_id: str) -> bytes:
        """A sweep as it is now; blocks on the database if it is an old one.

        Raises:
            UnknownSweep: There is none of that id.
        """
        ongoing = self._known.get(sweep_id)
        if ongoing is not None:
            return json.dumps(ongoing.document())
        stored = self._store.database.sweep_document(sweep_id)
        if stored is None:
            raise UnknownSweep(f"Sweep '{sweep_id}' not found")
        return stored

    def cancel(self, sweep_id: str) -> bytes:
        """Stop a sweep; what it has is kept.

        Raises:
            UnknownSweep: There is none of that id.
        """
        with self._lock:
            ongoing = self._known.get(sweep_id)
            if ongoing is not None:
                ongoing.cancel()
        return self.read(sweep_id)

    def stop_all(self, *, for_good: bool = False) -> None:
        """Stop everything without waiting for it; what they have is kept.

        Args:
            for_good: Begin no more: the service is shutting down.
        """
        with self._lock:
            self._stopping = self._stopping or for_good
            for ongoing in self._known.values():
                ongoing.cancel()

    def forget(self) -> None:
        """Know no more of them than the database does."""
        with self._lock:
            self._known.clear()

    def close(self) -> None:
        """Stop everything and wait for it."""
        self.stop_all(for_good=True)
        self._worker.shutdown(wait=True)

    def _run(self, ongoing: _Ongoing) -> None:
        """Do a sweep, unless it was cancelled while it waited, and keep it."""
        if ongoing.status == "running":
            self._measure(ongoing)
        row = {
            "sweep_id": ongoing.sweep_id, "created_at": clock.now(), "document": json.dumps(ongoing.document()),
        }  # fmt: skip
        self._store.writer.submit(Change(sweeps=[row], epoch=ongoing.epoch))

    def _measure(self, ongoing: _Ongoing) -> None:
        def progress(done: int, _: int) -> None:
            ongoing.done = done

        try:
            experiment = self._engine.experiment(ongoing.config, ongoing.session_id or "")
            found = sweep(
                experiment, ongoing.axes, shots=ongoing.shots, seed=ongoing.seed, cache=self._points,
                progress=progress, stop=ongoing.stop,
            )  # fmt: skip
            ongoing.cached = found.reused
            ongoing.results = _results(found)
            if not found.partial:
                ongoing.done = ongoing.total
            self._end(ongoing, "finished")
        except SynqcError as error:
            self._end(ongoing, "error", str(error))
        except Exception:
            _log.exception("Sweep %s failed.", ongoing.sweep_id)
            self._end(ongoing, "error", "The sweep failed inside the server.")

    def _end(self, ongoing: _Ongoing, status: str, error: str | None = None) -> None:
        """Of one that was cancelled meanwhile the client was told so."""
        with self._lock:
            if ongoing.status == "running":
                ongoing.status, ongoing.error = status, error


def _points(axes: Mapping[str, Sequence[float]]) -> int:
    """How many points a grid has.

    Raises:
        InputError: A value is out of range, or there are too many points.
    """
    for name, values in axes.items():
        least, most = _RANGES[name]
        if not values:
            raise InputError(f"Axis `{name}` must have at least one value, but is empty.")
        for value in values:
            if not least <= value <= most:
                raise InputError(f"Values of axis `{name}` must be between {least:g} and {most:g}, but one is {value}.")
    points = prod(len(values) for values in axes.values())
    if points > _MOST_POINTS:
        raise InputError(f"A sweep must have at most {_MOST_POINTS} points, but this one has {points}.")
    return points


def _results(found: Sweep) -> dict[str, Any]:
    return {name: {"values": _listed(found[name]), "standard_errors": _listed(found.error(name))} for name in _FIGURES}


def _listed(values: np.ndarray) -> Any:
    """Nested lists, with null where a stop came first."""
    return np.where(np.isfinite(values), values, None).tolist()  # type: ignore[call-overload]
