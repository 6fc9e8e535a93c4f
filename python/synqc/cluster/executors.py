"""Executors by address: processes here, the cluster of a Dask scheduler, Ray's, or ranks of MPI."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from synqc.errors import InputError, MissingExtra
from synqc.jobs.executors import process_pool
from synqc.lab._near_words import near_words
from synqc.lab.sweep import Executor

__all__ = ["RayExecutor", "open_executor"]

_FORMS = '"processes", "processes:4", "dask://host:port", "ray", "ray://host:port" or "mpi"'
_SCHEMES = ("processes", "dask://", "ray", "mpi")


class RayExecutor:
    """Executor of the Ray cluster that this process is connected to; Ray has none itself.

    Calls are not retried by Ray where they raise, and three times where their worker dies.
    """

    def __init__(self) -> None:
        self._ray = importlib.import_module("ray")
        self.num_workers = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        self._remote: dict[Any, Any] = {}

    def submit(self, function: Any, /, *arguments: Any, **keywords: Any) -> Future[Any]:
        """Begin a call as a task of one processor."""
        remote = self._remote.get(function)
        if remote is None:
            remote = self._remote[function] = self._ray.remote(num_cpus=1)(function)
        future: Future[Any] = remote.remote(*arguments, **keywords).future()
        return future


@contextmanager
def open_executor(address: str) -> Iterator[Executor]:
    """Executor for `synqc.sweep(executor=)` at an address, for as long as the block lasts.

    Args:
        address: "processes" for one per processor of this machine, "processes:4" for four; "dask://host:port" for the
            workers of a Dask scheduler; "ray" for a Ray cluster of this machine, or the one that RAY_ADDRESS names,
            "ray://host:port" for another one's client server; "mpi" for the other ranks of a program that was started
            by `mpiexec -n 8 python -m mpi4py.futures`. Their Python must have the same version of synqc.

    Raises:
        InputError: It is none of these, or no scheduler answers there.
        MissingExtra: Dask, Ray or mpi4py is not installed.

    Examples:
        >>> import synqc
        >>> with open_executor("processes:2") as executor:
        ...     grid = synqc.sweep(
        ...         synqc.Experiment(qubits=1), {"probe_strength": [0.1, 0.9]}, shots=100, seed=2, executor=executor
        ...     )
        >>> grid == synqc.sweep(synqc.Experiment(qubits=1), {"probe_strength": [0.1, 0.9]}, shots=100, seed=2)
        True
    """
    if not isinstance(address, str):
        raise InputError(f"Argument `address` must be a text, {_FORMS}, but is {type(address).__name__}.")
    scheme, _, rest = address.partition(":")
    if scheme == "processes":
        with process_pool(_processes(address, rest)) as pool:
            yield pool
    elif scheme == "dask" and rest.startswith("//") and len(rest) > 2:
        with _dask_executor(rest[2:]) as executor:
            yield executor
    elif address == "ray" or (scheme == "ray" and rest.startswith("//") and len(rest) > 2):
        with _ray_executor(None if address == "ray" else address) as executor:
            yield executor
    elif address == "mpi":
        with _required("mpi4py.futures", "Ranks of MPI need mpi4py").MPIPoolExecutor() as executor:
            yield executor
    else:
        near = near_words(scheme, _SCHEMES)
        told = f"; near it: {', '.join(near)}" if near else ""
        raise InputError(f"Argument `address` must be {_FORMS}, but is {address[:200]!r}{told}.")


def _processes(address: str, count: str) -> int:
    if not address.partition(":")[1]:
        return len(os.sched_getaffinity(0))
    if not (count.isascii() and count.isdecimal() and len(count) <= 4 and 1 <= int(count) <= 1024):
        raise InputError(
            f"Argument `address` must name 1 to 1024 processes, such as processes:4, but is {address[:200]!r}."
        )
    return int(count)


@contextmanager
def _dask_executor(place: str) -> Iterator[Executor]:
    distributed = _required("distributed", "Dask's clusters need distributed")
    try:
        client = distributed.Client(f"tcp://{place}", timeout="10s")
    except (OSError, ValueError) as error:
        raise InputError(
            f"Argument `address` must be that of a Dask scheduler, but dask://{place}: {error}."
        ) from error
    with client:
        yield client.get_executor(pure=False)


@contextmanager
def _ray_executor(address: str | None) -> Iterator[Executor]:
    ray = _required("ray", "Ray's clusters need ray")
    is_ours = not ray.is_initialized()
    if is_ours:
        try:
            ray.init(address=address, include_dashboard=None if address else False, log_to_driver=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise InputError(f"Argument `address` must be that of a Ray cluster, but {address}: {error}.") from error
    try:
        yield RayExecutor()
    finally:
        if is_ours:
            ray.shutdown()


def _required(module: str, words: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise MissingExtra(f"{words}: pip install {package}.") from error
