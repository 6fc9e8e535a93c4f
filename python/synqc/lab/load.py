"""Reading a run that was saved."""

from __future__ import annotations

import os
from pathlib import Path

from synqc.errors import DocumentError
from synqc.lab.experiment import Experiment
from synqc.lab.run import Run, read_run

__all__ = ["load"]


def load(path: str | os.PathLike[str]) -> Run:
    """Read a run that `Run.save` wrote.

    Args:
        path: The file; `.npz` may be left out, as for `Run.save`.

    Raises:
        FileNotFoundError: There is no such file.
        DocumentError: It is not a saved run, or is damaged.

    Examples:
        >>> import synqc, tempfile, pathlib
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> run = synqc.Experiment(qubits=1).run(shots=100, seed=1)
        >>> again = synqc.load(run.save(folder / "run"))
        >>> again.fidelity == run.fidelity and bool((again.bits == run.bits).all())
        True
    """
    file = Path(path)
    if not file.suffix and not file.exists():
        file = file.with_suffix(".npz")
    with file.open("rb") as opened:
        try:
            return read_run(Experiment, opened, interrupted=False)
        except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
            raise DocumentError(
                f"Argument `path` must be a run saved by Run.save(), but {path} is not readable as one: {error}"
            ) from error
