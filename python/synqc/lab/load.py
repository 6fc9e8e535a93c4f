"""Reading a run that was saved."""

from __future__ import annotations

import os
from types import SimpleNamespace

from synqc.errors import DocumentError
from synqc.lab.experiment import Experiment
from synqc.lab.run import Run, StoredResult
from synqc.lab.run_file import read_saved_run

__all__ = ["load"]


def load(path: str | os.PathLike[str]) -> Run:
    """Read a run that `Run.save` wrote.

    Args:
        path: The file.

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
    try:
        document, arrays = read_saved_run(path)
        experiment = Experiment.from_dict(document["experiment"])
        figures = dict(document["run"])
        figures["checkpoint"] = SimpleNamespace(**figures.pop("carry"))
        run = Run(experiment, StoredResult(figures, arrays))
        run.to_dict()
        _ = (run.history, run.kpis, run.checkpoint, run.settings, run.probe, run.success)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise DocumentError(
            f"Argument `path` must be a run saved by Run.save(), but {path} is not readable as one: {error}"
        ) from error
    return run
