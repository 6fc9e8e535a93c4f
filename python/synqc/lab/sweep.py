"""Sweeps: the same experiment over a grid of arguments, remembered point by point, here or on any executor."""

from __future__ import annotations

import functools
import hashlib
import json
import math
import os
from array import array
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from synqc import _core
from synqc._version import __version__
from synqc.cache import Cache, DiskCache, content_key
from synqc.errors import Cancelled, InputError, MissingExtra, UnknownKey, UnknownName
from synqc.lab._executor_calls import Executor, calls_on, check_executor
from synqc.lab._near_words import naming_unknown_arguments, near_words, unknown_name
from synqc.lab._whole_number import MOST_THREADS, whole_number
from synqc.lab.device import Device
from synqc.lab.estimate import Estimate
from synqc.lab.experiment import Experiment, StopFlag
from synqc.lab.result_files import save_result
from synqc.lab.run_file import SWEEP_FORMAT, Saved
from synqc.lab.units import unit_of
from synqc.pipeline.progress import ProgressBar, ProgressOption, progress_callback

if TYPE_CHECKING:
    import pandas
    import plotly.graph_objects
    import xarray

__all__ = [
    "Executor", "Grid", "Order", "Rows", "Sweep", "run_point", "sweep", "sweep_from", "value_read", "value_written",
]  # fmt: skip

_ARGUMENTS = tuple(item.name for item in fields(Experiment) if item.init)
_ARGUMENTS_OF_RUN = ("shots", "iterations", "seed", "threads", "keep_bits", "keep_records")
_KPIS = ("fidelity", "success", "backaction", "information_bits", "latency_us", "objective_score")
_PLAIN = ("g", "s", "eps_pulse", "shots_used")
_FIRST_NUMBER = {name: 3 * k for k, name in enumerate(_KPIS)} | {
    name: 3 * len(_KPIS) + k for k, name in enumerate(_PLAIN)
}
_MOST_KEPT_ORDERS = 10_000
_WORDS_ELSEWHERE = {name: f'axes are given as {{"{name}": [...]}}' for name in _ARGUMENTS}


@dataclass(frozen=True)
class Order:
    """One point to run: what a worker needs, and the key of everything that decides the result."""

    index: tuple[int, ...]
    experiment: Experiment
    shots: int | None
    iterations: int
    seed: int
    threads: int = 0

    def __str__(self) -> str:
        return f"point {list(self.index)} of the grid"

    def key(self) -> str | None:
        """None where a function of the user's decides, whose content nobody can know."""
        if not isinstance(self.experiment.adaptive_rule, str):
            return None
        return content_key(
            "sweep-point-2",  # counts up when a row's figures change their meaning
            self.experiment.to_dict(),
            parameters={
                "device": self.experiment.device.to_json(),
                "shots": self.shots,
                "iterations": self.iterations,
                "seed": self.seed,
                "instructions": _core.build_info()["simd_level"],
            },
            version=__version__,
        )


def _seed_of_point(seed: int, point: Mapping[str, Any]) -> int:
    """Independent for every point, and unmoved when the grid around it grows."""
    text = json.dumps([seed, {name: _plain(value) for name, value in sorted(point.items())}])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def _plain(value: Any) -> Any:
    return (
        value.item()
        if isinstance(value, np.generic)
        else value
        if isinstance(value, (int, float, str))
        else repr(value)
    )


def run_point(
    order: Order, stop: StopFlag | None = None, progress: Callable[[int, int], object] | None = None
) -> dict[str, Any] | None:
    """Figures of one point, or nothing if it was stopped before the end."""
    try:
        run = order.experiment.run(
            order.shots, iterations=order.iterations, seed=order.seed, keep_bits=False,
            progress=False if progress is None else progress, stop=stop, threads=order.threads,
        )  # fmt: skip
    except Cancelled:  # the stop came between two points
        return None
    if run.partial:
        return None
    row: dict[str, Any] = {}
    for name in _KPIS:
        estimate = getattr(run, name)
        row[name] = [estimate.value, estimate.standard_error, estimate.skewness]
    for name in _PLAIN:
        row[name] = run.shots_used if name == "shots_used" else getattr(run.probe, name)
    return row


class Rows:
    """Rows of a grid's points as they come, by index: 22 numbers and a byte for each point of the grid."""

    def __init__(self, shape: Sequence[int], rows: Mapping[tuple[int, ...], Mapping[str, Any]] | None = None) -> None:
        self._shape = tuple(shape)
        points = math.prod(self._shape)
        self._numbers = np.empty((points, 3 * len(_KPIS) + len(_PLAIN)))
        self._is_there = np.zeros(points, bool)
        self._count = 0
        for index, row in (rows or {}).items():
            self.add(index, row)

    def __len__(self) -> int:
        return self._count

    def __contains__(self, index: tuple[int, ...]) -> bool:
        return bool(self._is_there[self._place(index)])

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        """Indices of the rows in the order of the grid."""
        for place in np.flatnonzero(self._is_there):
            yield tuple(int(k) for k in np.unravel_index(place, self._shape))

    def __getitem__(self, index: tuple[int, ...]) -> dict[str, Any]:
        numbers = self._numbers[self._place(index)].tolist()
        row: dict[str, Any] = {name: numbers[_FIRST_NUMBER[name] : _FIRST_NUMBER[name] + 3] for name in _KPIS}
        row |= {name: numbers[_FIRST_NUMBER[name]] for name in _PLAIN}
        row["shots_used"] = int(row["shots_used"])
        return row

    def add(self, index: tuple[int, ...], row: Mapping[str, Any]) -> None:
        """Put a row in its place."""
        place = self._place(index)
        self._count += not self._is_there[place]
        self._is_there[place] = True
        self._numbers[place] = [number for name in _KPIS for number in row[name]] + [row[name] for name in _PLAIN]

    def packed(self) -> bytes:
        """Numbers of all rows, float64 in the order of the grid."""
        return self._numbers[self._is_there].astype("<f8").tobytes()

    def add_packed(self, first: int, numbers: bytes) -> None:
        """Put rows in the places that begin with one."""
        block = np.frombuffer(numbers, "<f8").reshape(-1, self._numbers.shape[1])
        self._numbers[first : first + len(block)] = block
        self._is_there[first : first + len(block)] = True
        self._count = int(self._is_there.sum())

    def grid(self, name: str, position: int) -> np.ndarray:
        """A figure (0) or its standard error (1) over the grid; NaN where there is no row, 0 for a count."""
        if name == "shots_used" and position == 0:
            found = np.where(self._is_there, self._numbers[:, _FIRST_NUMBER[name]], 0).astype(np.int64)
        elif name in _PLAIN and position == 1:
            found = np.where(self._is_there, 0.0, np.nan)
        else:
            found = np.where(self._is_there, self._numbers[:, _FIRST_NUMBER[name] + position], np.nan)
        return found.reshape(self._shape)

    def _place(self, index: tuple[int, ...]) -> int:
        return int(np.ravel_multi_index(index, self._shape))


class Sweep:
    """Figures of a grid of experiments.

    `sweep["fidelity"]` is a float64 array over the grid, `sweep.error("fidelity")` its standard errors; points that a
    stop prevented are NaN and `sweep.partial` is True.

    Examples:
        >>> import synqc
        >>> grid = synqc.sweep(synqc.Experiment(qubits=1), {"probe_strength": [0.1, 0.9]}, shots=100, seed=2)
        >>> grid.dims, grid.shape, grid.partial
        (('probe_strength',), (2,), False)
        >>> grid.at(probe_strength=0.9)["information_bits"].value > 0.1
        True
    """

    def __init__(
        self, experiment: Experiment, axes: dict[str, list[Any]],
        rows: Rows | Mapping[tuple[int, ...], Mapping[str, Any]], *, seed: int, reused: int,
    ) -> None:  # fmt: skip
        self.experiment = experiment
        self.axes = axes
        self.seed = seed
        self.reused = reused
        """Points that the cache held and that were not run."""
        self._rows = rows if isinstance(rows, Rows) else Rows(self.shape, rows)

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the axes in order."""
        return tuple(self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values on each axis."""
        return tuple(len(values) for values in self.axes.values())

    @property
    def partial(self) -> bool:
        """True if a stop came before the end."""
        return len(self._rows) < int(np.prod(self.shape))

    @property
    def names(self) -> tuple[str, ...]:
        """Figures that may be asked for."""
        return _KPIS + _PLAIN

    def __getitem__(self, name: str) -> np.ndarray:
        return self._grid(name, 0)

    def __len__(self) -> int:
        """Number of points that were run."""
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The points that were run, as `at` takes them, in the order of the grid.

        Examples:
            >>> import synqc
            >>> grid = synqc.sweep(synqc.Experiment(qubits=1), {"probe_strength": [0.1, 0.9]}, shots=100, seed=2)
            >>> [(point, grid.at(**point)["backaction"].value < 0.05) for point in grid]
            [({'probe_strength': 0.1}, True), ({'probe_strength': 0.9}, False)]
        """
        for index in self._rows:
            yield {name: values[k] for (name, values), k in zip(self.axes.items(), index, strict=True)}

    def __eq__(self, other: object) -> bool:
        """Whether experiment, axes, seed and figures are the same, wherever they were computed."""
        if not isinstance(other, Sweep):
            return NotImplemented
        return self is other or self._text() == other._text()

    def __hash__(self) -> int:
        return hash(self._text())

    def _text(self) -> str:
        """Everything, as a text in which NaN is equal to NaN."""
        return json.dumps(self._saved().document)

    def __copy__(self) -> Sweep:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Sweep:
        return self

    def error(self, name: str) -> np.ndarray:
        """Standard errors of a figure over the grid; 0 where it is exact, NaN where one shot shows no spread."""
        return self._grid(name, 1)

    def at(self, **point: Any) -> dict[str, Estimate]:
        """Figures at one point of the grid, given by the values of all axes.

        Raises:
            InputError: The values are not a point of the grid, or it was not run.
        """
        index = []
        for name in point:
            if name not in self.axes:
                raise unknown_name("point", name, self.dims)
        for axis, values in self.axes.items():
            if axis not in point:
                raise InputError(f"Argument `{axis}` must be given, one of {values}, but is not.")
            if point[axis] not in values:
                raise InputError(f"Argument `{axis}` must be one of {values}, but is {point[axis]!r}.")
            index.append(values.index(point[axis]))
        if tuple(index) not in self._rows:
            raise InputError(f"The point {point} was not run: the sweep was stopped.")
        return {name: Estimate(*self._rows[tuple(index)][name]) for name in _KPIS}

    def _grid(self, name: str, position: int) -> np.ndarray:
        if name in self.axes:
            raise UnknownKey(f"Argument `name` must be a figure, but {name!r} is an axis: its values are in `axes`.")
        if name not in self.names:
            raise unknown_name("name", name, self.names, kind=UnknownKey)
        return self._rows.grid(name, position)

    def to_xarray(self) -> xarray.Dataset:
        """The grid as a labelled dataset; errors stand beside their values with the suffix `_error`.

        Raises:
            MissingExtra: xarray is not installed.
        """
        try:
            import xarray
        except ImportError as error:
            raise MissingExtra("to_xarray() needs xarray: pip install 'synqc[xarray]'.") from error
        variables: dict[str, Any] = {name: (self.dims, grid) for name, grid in self._grids().items()}
        coordinates = {name: _labels(values) for name, values in self.axes.items()}
        dataset = xarray.Dataset(variables, coordinates, {"seed": self.seed, "partial": int(self.partial)})
        for label, variable in dataset.variables.items():
            if variable.dtype.kind in "biuf":
                variable.attrs["units"] = unit_of(str(label))
        return dataset

    def to_pandas(self) -> pandas.DataFrame:
        """The grid as a table with a row per point: its axes, then figures, errors beside them, suffixed `_error`.

        Returns:
            DataFrame; `frame.attrs["units"]` has the unit of each column of numbers. Points that a stop prevented are
            NaN.

        Raises:
            MissingExtra: pandas is not installed.

        Examples:
            >>> import synqc
            >>> grid = synqc.sweep(synqc.Experiment(qubits=1), {"probe_strength": [0.1, 0.9]}, shots=100, seed=2)
            >>> frame = grid.to_pandas()
            >>> frame["probe_strength"].tolist(), frame.attrs["units"]["latency_us"]
            ([0.1, 0.9], 'µs')
        """
        try:
            import pandas
        except ImportError as error:
            raise MissingExtra("to_pandas() needs pandas: pip install 'synqc[pandas]'.") from error
        columns = self._columns()
        frame = pandas.DataFrame(columns)
        numbers = [name for name, values in columns.items() if values.dtype.kind in "biuf"]
        frame.attrs = {"units": {name: unit_of(name) for name in numbers}, "seed": self.seed}
        return frame

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write everything to one file that `synqc.load` reads back equal; its form is that of the suffix.

        Args:
            path: Where to: `.npz` (also if the name has no suffix), `.nc`, `.h5`, `.hdf5`, `.zarr` or `.parquet`, as
                for `Run.save`.

        Returns:
            The path written.

        Raises:
            InputError: The name has another suffix.
            FileNotFoundError: The folder is not there.
            MissingExtra: The form needs the extra `records` (netCDF, HDF5, Zarr) or `pandas` (Parquet).
        """
        return save_result(self, path)

    def _grids(self) -> dict[str, np.ndarray]:
        grids: dict[str, np.ndarray] = {}
        for name in _KPIS:
            grids |= {name: self[name], f"{name}_error": self.error(name)}
        return grids | {name: self[name] for name in _PLAIN}

    def _columns(self) -> dict[str, np.ndarray]:
        points = np.meshgrid(*(np.arange(length) for length in self.shape), indexing="ij")
        columns = {
            name: _labels(values)[index.ravel()]
            for (name, values), index in zip(self.axes.items(), points, strict=True)
        }
        return columns | {name: grid.ravel() for name, grid in self._grids().items()}

    def _saved(self) -> Saved:
        document = {
            "format": SWEEP_FORMAT,
            "experiment": self.experiment.to_dict(),
            "axes": {name: [value_written(value) for value in values] for name, values in self.axes.items()},
            "rows": [[list(index), self._rows[index]] for index in self._rows],
            "seed": self.seed,
        }
        return Saved(document, {})

    def plot(self, x: str | None = None, y: str | None = None) -> plotly.graph_objects.Figure:
        """One figure against another, or against an axis, with error bars; "information_bits" against "backaction" also
        shows the bounds no probe can beat.

        Args:
            x: A figure or an axis; None: the first axis.
            y: A figure; None: "fidelity".

        Raises:
            MissingExtra: Plotly is not installed.
        """
        from synqc.lab import plots

        return plots.plot_sweep(self, x or self.dims[0], y or "fidelity")

    def _repr_html_(self) -> str:
        from synqc.lab.cards import sweep_html_card

        return sweep_html_card(self)

    def __repr__(self) -> str:
        grid = " x ".join(f"{name}[{len(values)}]" for name, values in self.axes.items())
        state = f", {len(self._rows)} of {int(np.prod(self.shape))} points (stopped)" if self.partial else ""
        state += f", {self.reused} from the cache" if self.reused else ""
        best = np.nanargmax(self["objective_score"]) if self._rows else 0
        where = {
            name: values[k]
            for (name, values), k in zip(self.axes.items(), np.unravel_index(best, self.shape), strict=True)
        }
        return f"Sweep({grid}, seed={self.seed}{state}; best {self.experiment.objective} at {where})"


def sweep_from(document: Mapping[str, Any]) -> Sweep:
    """The sweep that a file's document holds.

    Raises:
        InputError, KeyError, TypeError, ValueError: It holds none.
    """
    axes = {str(name): [value_read(value) for value in values] for name, values in document["axes"].items()}
    lengths = [len(values) for values in axes.values()]
    rows = {}
    for index, row in document["rows"]:
        if len(index) != len(lengths) or not all(0 <= k < most for k, most in zip(index, lengths, strict=True)):
            raise InputError(f"Field `rows` must have indices within the axes, but has {index}.")
        figures = {name: list(map(float, row[name])) for name in _KPIS}
        rows[tuple(map(int, index))] = {**figures, **{name: row[name] for name in _PLAIN}}
    return Sweep(Experiment.from_dict(document["experiment"]), axes, rows, seed=int(document["seed"]), reused=0)


def value_written(value: Any) -> Any:
    """A value of an axis in a document."""
    if isinstance(value, Device):
        return {"device": value.to_json()}
    if callable(value) or hasattr(value, "second_angle_corrections"):
        return {"function": getattr(value, "__qualname__", type(value).__qualname__)}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [value_written(entry) for entry in value]
    return {"complex": [value.real, value.imag]} if isinstance(value, complex) else value


def value_read(value: Any) -> Any:
    if isinstance(value, list):
        return [value_read(entry) for entry in value]
    if isinstance(value, dict) and set(value) == {"device"}:
        return Device.from_json(value["device"])
    if isinstance(value, dict) and set(value) == {"complex"}:
        return complex(*value["complex"])
    return value


def _labels(values: Sequence[Any]) -> np.ndarray:
    """Values of an axis as an array of numbers, NaN where the preset decides, or else of texts."""
    plain = [value if value is None else _plain(value) for value in values]
    if all(value is None or isinstance(value, (int, float)) for value in plain):
        return np.array([math.nan if value is None else value for value in plain])
    return np.array([str(value) for value in plain])


class _Memory:
    """Finished points, as far as the caller wants them remembered."""

    def __init__(self, cache: Cache | str | os.PathLike[str] | None) -> None:
        self._owned = DiskCache(cache) if isinstance(cache, (str, os.PathLike)) else None
        self._cache: Cache | None = self._owned if self._owned is not None else cache  # type: ignore[assignment]
        if self._cache is not None and not isinstance(self._cache, Cache):
            raise InputError(f"Argument `cache` must be a cache of synqc.cache or a file's path, but is {cache!r}.")

    def find(self, order: Order) -> dict[str, Any] | None:
        key = None if self._cache is None else order.key()
        return None if key is None or self._cache is None else self._cache.get(key)

    def add(self, order: Order, row: dict[str, Any]) -> None:
        key = None if self._cache is None else order.key()
        if key is not None and self._cache is not None:
            self._cache.set(key, row, kind="sweep-point")
        if self._owned is not None:
            self._owned.flush()  # a point that was shown as done survives whatever happens to this process

    def close(self) -> None:
        if self._owned is not None:
            self._owned.close()


@functools.partial(naming_unknown_arguments, elsewhere=_WORDS_ELSEWHERE)
def sweep(
    experiment: Experiment,
    axes: Mapping[str, Sequence[Any]],
    *,
    shots: float | None = None,
    iterations: int = 1,
    seed: int | None = None,
    executor: Executor | Callable[[], Executor] | None = None,
    threads: int | None = None,
    max_in_flight: int | None = None,
    cache: Cache | str | os.PathLike[str] | None = None,
    progress: ProgressOption = "auto",
    stop: StopFlag | None = None,
) -> Sweep:
    """Run an experiment over a grid of its arguments.

    Every point has its own seed, drawn from `seed` and the point's values alone: adding values to an axis, another
    order, other workers or a cache do not change the others.

    Args:
        experiment: What all points have in common.
        axes: Argument names of `Experiment` and their values; the grid is their product, the last axis fastest.
        shots: Shots per iteration; None: the budget's cost law.
        iterations: Batches per point.
        seed: Randomness; None draws one, which the result records, or takes 0 if there is a cache.
        executor: Pool for the points; None: here. Anything with the method `submit` of `concurrent.futures.Executor`
            (its pools, loky's, mpi4py's), a Dask `Client` as it is, or a function that makes an executor, which is
            then closed at the end. `synqc.cluster.open_executor` makes one from an address. See docs/scale.md.
        threads: Threads per point, 0 for all of its machine; None: all here, one on an executor. The figures do not
            depend on it.
        max_in_flight: Points handed to the executor at a time; None: four tasks per worker. A task is a point, or as
            many short ones as take some 50 ms.
        cache: Remembers finished points by content: experiment, device, shots, iterations, seed, version and
            instruction set. A point it holds costs a lookup, and `Sweep.reused` counts it. A cache of `synqc.cache`, or
            the path of a file, which survives interruptions. Points whose `adaptive_rule` is a function are always run.
        progress: As in `Experiment.run`.
        stop: Another thread may call `stop.stop()`. It reaches workers of threads, of processes that see the folder
            of temporary files, and of Dask; others finish the points that they have begun.

    Returns:
        The figures. After Ctrl-C or a stop, those of the finished points, with `partial` True; a stop may come before
        there are any. Where a worker dies, its executor is replaced by one like it, if that can be (pools of processes,
        loky's, and functions that make one), and its points are tried again; a point that ends its worker each time is
        left out with a warning.

    Raises:
        InputError: An axis is unknown or empty, or a value out of range, checked before anything runs; or
            `cache` is none, or is a file of something else.
        KeyboardInterrupt: Ctrl-C came before any point was finished.
        BrokenExecutor: The executor broke before any point was finished, and cannot be replaced.

    Examples:
        >>> import synqc
        >>> grid = synqc.sweep(synqc.Experiment(qubits=1), {"probe_strength": [0.0, 0.5, 1.0]}, shots=200, seed=5)
        >>> grid["information_bits"].round(3)[0]
        np.float64(0.0)
        >>> bool((grid["backaction"][1:] > grid["backaction"][:-1]).all())
        True
        >>> from synqc.cache import MemoryCache
        >>> cache = MemoryCache(max_entries=10_000)
        >>> for strengths in ([0.1, 0.2], [0.1, 0.2, 0.3]):
        ...     grid = synqc.sweep(
        ...         synqc.Experiment(qubits=1), {"probe_strength": strengths}, shots=100, cache=cache
        ...     )
        >>> grid.reused
        2
    """
    check_executor(executor)
    if seed is None:
        seed = int.from_bytes(os.urandom(8), "little") >> 1 if cache is None else 0
    if threads is None:
        threads = 0 if executor is None else 1
    if max_in_flight is not None:
        max_in_flight = whole_number("max_in_flight", max_in_flight, least=1)
    grid = Grid(experiment, axes, shots=shots, iterations=iterations, seed=seed, threads=threads)
    memory = _Memory(cache)
    rows = Rows(grid.shape)
    missing = array("q")
    for place, order in enumerate(grid.orders()):  # every point is checked before any is run
        row = memory.find(order)
        if row is None:
            missing.append(place)
        else:
            rows.add(order.index, row)
    reused = len(rows)
    show = progress_callback(progress, "points")
    orders = map(grid.order, missing)
    found = (
        _here(orders, stop)
        if executor is None
        else calls_on(executor, run_point, orders, stop=stop, max_in_flight=max_in_flight)
    )
    try:
        with closing(found):
            for order, row in found:
                rows.add(order.index, row)
                memory.add(order, row)
                if show is not None:
                    show(len(rows), grid.points)
    except KeyboardInterrupt:
        if not len(rows):
            raise
    finally:
        memory.close()
        if isinstance(show, ProgressBar):
            show.close()
    return Sweep(experiment, grid.axes, rows, seed=grid.seed, reused=reused)


def _check_arguments(experiment: Any, axes: Any) -> None:
    if not isinstance(experiment, Experiment):
        found = "the class itself" if experiment is Experiment else f"{type(experiment).__name__}"
        raise InputError(f"Argument `experiment` must be an Experiment, such as synqc.Experiment(), but is {found}.")
    if not isinstance(axes, Mapping):
        raise InputError(
            f"Argument `axes` must be a dict of argument names and their values, but is {type(axes).__name__}."
        )
    if not axes:
        raise InputError("Argument `axes` must name at least one argument of Experiment, but is empty.")


def _values(name: Any, values: Any) -> list[Any]:
    """One axis."""
    if name in _ARGUMENTS_OF_RUN:
        raise UnknownName(
            f"Argument `axes` must name arguments of Experiment, but `{name}` is one of its method run(); "
            f"sweep() takes {', '.join(_ARGUMENTS_OF_RUN[:4])} once, for all points."
        )
    if name not in _ARGUMENTS:
        near = near_words(name, _ARGUMENTS)
        told = f"; near it: {', '.join(near)}" if near else ""
        raise UnknownName(f"Argument `axes` must name arguments of Experiment, but `{name}` is not one{told}.")
    if isinstance(values, str) or not hasattr(values, "__len__") or len(values) == 0:
        raise InputError(f"Argument `axes` must give a sequence of values for `{name}`, but gives {values!r}.")
    return [_plain(value) if isinstance(value, np.generic) else value for value in values]


class Grid:
    """Points of a sweep as orders, made when they are asked for; those of a small one are kept.

    Args as of `sweep`.

    Raises:
        InputError: An axis is unknown or empty; a value out of range is met where its order is made.
    """

    def __init__(
        self, experiment: Experiment, axes: Mapping[str, Sequence[Any]], *, shots: float | None = None,
        iterations: int = 1, seed: int, threads: int = 0,
    ) -> None:  # fmt: skip
        _check_arguments(experiment, axes)
        self.experiment = experiment
        self.axes = {name: _values(name, values) for name, values in axes.items()}
        self.seed = whole_number("seed", seed, least=0, most=2**64 - 1)
        self.shots = None if shots is None else whole_number("shots", shots, least=1)
        self.iterations = whole_number("iterations", iterations, least=1)
        self.threads = whole_number("threads", threads, least=0, most=MOST_THREADS)
        self.shape = tuple(len(values) for values in self.axes.values())
        self.points = math.prod(self.shape)
        self._kept: list[Order] = []

    def orders(self) -> Iterator[Order]:
        """All of them, in order."""
        for place in range(self.points):
            order = self._made(place)
            if self.points <= _MOST_KEPT_ORDERS:
                self._kept.append(order)
            yield order

    def order(self, place: int) -> Order:
        """That of one point, by its place in the order of the grid."""
        return self._kept[place] if self._kept else self._made(place)

    def _made(self, place: int) -> Order:
        index = self.index(place)
        point = self.point(place)
        here = self.experiment.replace(**point)
        return Order(index, here, self.shots, self.iterations, _seed_of_point(self.seed, point), self.threads)

    def index(self, place: int) -> tuple[int, ...]:
        """Values of a point on each axis, by its place in the order of the grid."""
        return tuple(int(k) for k in np.unravel_index(place, self.shape))

    def point(self, place: int) -> dict[str, Any]:
        """Values of a point by axis."""
        return {name: values[k] for (name, values), k in zip(self.axes.items(), self.index(place), strict=True)}


def _here(orders: Iterable[Order], stop: StopFlag | None) -> Generator[tuple[Order, dict[str, Any]], None, None]:
    """One point after the other, until a stop."""
    for order in orders:
        if stop is not None and stop.requested:
            return
        row = run_point(order, stop)
        if row is None:
            return
        yield order, row
