"""Reading a run or a sweep that was saved."""

from __future__ import annotations

import os
from typing import Any

from synqc.errors import DocumentError
from synqc.lab.experiment import Experiment
from synqc.lab.result_files import read_result
from synqc.lab.run import run_from
from synqc.lab.run_file import RUN_FORMAT
from synqc.lab.sweep import sweep_from

__all__ = ["load"]


def load(path: str | os.PathLike[str]) -> Any:
    """Read a run that `Run.save` wrote, or a sweep that `Sweep.save` wrote.

    Args:
        path: The file; `.npz` may be left out, as for `save`.

    Returns:
        A `Run` or a `Sweep` that equals what was saved.

    Raises:
        FileNotFoundError: There is no such file.
        DocumentError: It is neither, or is damaged.
        MissingExtra: The form needs the extra `records` (netCDF, HDF5, Zarr) or `pandas` (Parquet).

    Examples:
        >>> import synqc, tempfile, pathlib
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> run = synqc.Experiment(qubits=1).run(shots=100, seed=1)
        >>> synqc.load(run.save(folder / "run")) == run
        True
        >>> grid = synqc.sweep(run.experiment, {"probe_strength": [0.1, 0.2]}, shots=50, seed=1)
        >>> synqc.load(grid.save(folder / "grid.npz")) == grid
        True
    """
    saved = read_result(path)
    try:
        if saved.document["format"] == RUN_FORMAT:
            return run_from(Experiment, saved)
        return sweep_from(saved.document)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise DocumentError(
            f"Argument `path` must be a run or a sweep that save() wrote, but {path} is not readable as one: {error}"
        ) from error
