"""A sweep as a batch of jobs, each some of its points, for as many workers as there are."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from synqc._version import __version__
from synqc.cache import content_key
from synqc.errors import InputError
from synqc.jobs import Job, JobFilter, JobState, Ledger, RetryPolicy, RunningJob, StopReason, Work
from synqc.lab._whole_number import whole_number
from synqc.lab.experiment import Experiment, StopFlag
from synqc.lab.sweep import Grid, Order, Rows, Sweep, run_point, value_read, value_written
from synqc.pipeline.progress import ProgressBar, ProgressOption, progress_callback

__all__ = ["KIND", "points_work", "submit_sweep", "sweep_by_jobs", "sweep_of_job"]

KIND = "sweep_points"

_JOBS_AIMED_AT = 64
_MOST_POINTS_OF_A_JOB = 1000
_PAGE = 500
_LOOK_S = 0.2
_RESTARTS = RetryPolicy(attempts=5, first_s=1.0, most_s=60.0)


def submit_sweep(
    ledger: Ledger, experiment: Experiment, axes: Mapping[str, Sequence[Any]], *, shots: float | None = None,
    iterations: int = 1, seed: int = 0, threads: int = 0, points_per_job: int | None = None,
) -> str:  # fmt: skip
    """Have a sweep done by workers of a ledger; returns the id of its batch when all of it is stored for good.

    The same sweep, submitted again, is the same batch, also after years; what of it failed or was cancelled is queued
    again. Memory: some 100 bytes per point while it is submitted.

    Args:
        ledger: The ledger; `synqc worker --kinds sweep_points` does its jobs.
        experiment, axes, shots, iterations, seed: As of `synqc.sweep`.
        threads: Threads per point, 0 for all of a worker's machine.
        points_per_job: None: so many that there are 64 jobs, 1000 at most.

    Raises:
        InputError: An axis is unknown or empty, a value is out of range, or the adaptive rule is a function, which no
            ledger can keep.
    """
    grid = Grid(experiment, axes, shots=shots, iterations=iterations, seed=seed, threads=threads)
    share = min(_MOST_POINTS_OF_A_JOB, max(1, grid.points // _JOBS_AIMED_AT))
    some = share if points_per_job is None else whole_number("points_per_job", points_per_job, least=1, most=100_000)
    described = {
        "experiment": _described(experiment), "shots": shots, "iterations": iterations, "threads": grid.threads,
    }  # fmt: skip
    key = content_key(
        KIND, described,
        parameters={
            "axes": [[name, [value_written(value) for value in values]] for name, values in grid.axes.items()],
            "seed": grid.seed, "points_per_job": some,
        },
        version=__version__,
    )  # fmt: skip
    payloads = (_payload(grid, described, first, some) for first in range(0, grid.points, some))
    batch_id = ledger.submit_batch(KIND, payloads, idempotency_key=key, retry=_RESTARTS)
    if ledger.job(batch_id).state in (JobState.FAILED, JobState.CANCELLED, JobState.DEAD):
        ledger.retry(batch_id)
    return batch_id


def sweep_by_jobs(
    ledger: Ledger, experiment: Experiment, axes: Mapping[str, Sequence[Any]], *, shots: float | None = None,
    iterations: int = 1, seed: int = 0, threads: int = 0, points_per_job: int | None = None,
    progress: ProgressOption = "auto", stop: StopFlag | None = None,
) -> Sweep:  # fmt: skip
    """Have a sweep done by workers of a ledger, and wait for it.

    It goes on where it was when this is called again after whatever ended the process. A stop, or Ctrl-C, cancels it.

    Args:
        ledger, experiment, axes, shots, iterations, seed, threads, points_per_job: As of `submit_sweep`.
        progress: As of `Experiment.run`.
        stop: Another thread may call `stop.stop()`.

    Returns:
        The figures, byte for byte those of `synqc.sweep` on processors of one instruction set. Of jobs that failed or
        were cancelled, those of the points that were finished; then `partial` is True.

    Raises:
        InputError: As of `submit_sweep`.

    Examples:
        >>> import pathlib, tempfile
        >>> import synqc
        >>> from synqc.jobs import Worker, open_ledger
        >>> axes = {"probe_strength": [0.1, 0.5, 0.9]}
        >>> with tempfile.TemporaryDirectory() as folder, open_ledger(pathlib.Path(folder)) as ledger:
        ...     with Worker(ledger, {KIND: points_work()}):
        ...         grid = sweep_by_jobs(ledger, synqc.Experiment(qubits=1), axes, shots=100, seed=2)
        >>> grid == synqc.sweep(synqc.Experiment(qubits=1), axes, shots=100, seed=2)
        True
    """
    batch_id = submit_sweep(
        ledger, experiment, axes, shots=shots, iterations=iterations, seed=seed, threads=threads,
        points_per_job=points_per_job,
    )  # fmt: skip
    grid = Grid(experiment, axes, shots=shots, iterations=iterations, seed=seed, threads=threads)
    show = progress_callback(progress, "points")
    try:
        _wait(ledger, batch_id, grid.points, show, stop)
    except KeyboardInterrupt:
        ledger.cancel(batch_id)
        _wait(ledger, batch_id, grid.points, None, None)
    finally:
        if isinstance(show, ProgressBar):
            show.close()
    return sweep_of_job(ledger, batch_id, grid)


def sweep_of_job(ledger: Ledger, batch_id: str, grid: Grid) -> Sweep:
    """Points of a grid that jobs of a batch have found; warns of those that failed."""
    rows = Rows(grid.shape)
    failed = []
    for listed in _items(ledger, batch_id):
        if listed.state in (JobState.FAILED, JobState.DEAD):
            failed.append(listed)
        elif listed.state in (JobState.SUCCEEDED, JobState.CANCELLED):
            result = ledger.job(listed.id).result
            if result is not None:
                rows.add_packed(result["first"], base64.b64decode(result["rows"]))
    if failed:
        warnings.warn(
            f"{len(failed)} jobs of sweep {batch_id} failed, so their points are missing. One of them: "
            f"{failed[0].id}: {failed[0].cause}", RuntimeWarning, stacklevel=2,
        )  # fmt: skip
    return Sweep(grid.experiment, grid.axes, rows, seed=grid.seed, reused=0)


def points_work() -> Work:
    """Work on jobs of `submit_sweep`, one at a time: each point takes the threads that were asked for."""
    return Work(_measure)


def _measure(job: RunningJob) -> dict[str, Any]:
    asked, stop = job.payload, StopFlag()
    job.on_stop(stop.stop)
    experiment = Experiment.from_dict(asked["experiment"])
    rows = Rows((len(asked["points"]),))
    for number, (values, seed) in enumerate(zip(asked["points"], asked["seeds"], strict=True)):
        point = dict(zip(asked["names"], map(value_read, values), strict=True))
        order = Order(
            (number,), experiment.replace(**point), asked["shots"], asked["iterations"], seed, asked["threads"]
        )
        row = None if stop.requested else run_point(order, stop)
        if row is None:
            break
        rows.add((number,), row)
        job.progress(number + 1, len(asked["points"]))
    if job.stop_reason is not StopReason.CANCELLED:
        job.check()
    return {"first": asked["first"], "rows": base64.b64encode(rows.packed()).decode()}


def _described(experiment: Experiment) -> dict[str, Any]:
    """An experiment as JSON can say it."""
    if not isinstance(experiment.adaptive_rule, str):
        raise InputError(
            "Argument `adaptive_rule` must be the name of a rule for a sweep by jobs, but is a function, which no "
            "ledger can keep."
        )
    return experiment.to_dict()


def _payload(grid: Grid, described: dict[str, Any], first: int, some: int) -> dict[str, Any]:
    places = range(first, min(first + some, grid.points))
    orders = [grid.order(place) for place in places]  # a value out of range is refused before anything is stored
    for order in orders:
        _described(order.experiment)
    return {
        **described, "first": first, "names": list(grid.axes),
        "points": [[value_written(value) for value in grid.point(place).values()] for place in places],
        "seeds": [order.seed for order in orders],
    }  # fmt: skip


def _wait(ledger: Ledger, batch_id: str, points: int, show: Any, stop: StopFlag | None) -> None:
    """Until the batch has ended, and none of its jobs is under way."""
    is_cancelled = False
    with ledger.changes_of(batch_id) as changed:
        while True:
            found = ledger.job(batch_id)
            items = found.items or {}
            if show is not None:
                ended = sum(count for state, count in items.items() if state is JobState.SUCCEEDED)
                show(points * ended // max(1, sum(items.values())), points)
            if found.has_ended and not items.get(JobState.RUNNING):
                return
            if stop is not None and stop.requested and not is_cancelled:
                is_cancelled = True
                ledger.cancel(batch_id)
            changed.wait(_LOOK_S)
            changed.clear()


def _items(ledger: Ledger, batch_id: str) -> Iterator[Job]:
    """Jobs of a batch, by pages."""
    before: tuple[float, str] | None = None
    while True:
        page = ledger.jobs(JobFilter(parent_id=batch_id, before=before, limit=_PAGE))
        yield from page
        if len(page) < _PAGE:
            return
        before = (page[-1].submitted_at, page[-1].id)
