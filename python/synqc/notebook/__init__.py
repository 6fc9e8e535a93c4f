"""Widgets for Jupyter: an experiment with sliders, run live while they move.

In a notebook, `synqc.notebook.explore(synqc.Experiment("ibm_fez"))` shows one; it needs the extra `notebook`.

>>> from synqc.notebook import Control
>>> Control("probe_strength", low=0.0, high=0.5).words()["step"]
0.005
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from synqc.errors import MissingExtra
from synqc.lab.experiment import Experiment
from synqc.notebook.controls import Control, controls_of

if TYPE_CHECKING:
    from synqc.notebook.explorer import Explorer

__all__ = ["Control", "explore"]

_FIRST = ("probe_strength", "probe_duration_ns", "adaptive_rule")


def explore(
    experiment: Experiment,
    controls: Sequence[str] | Mapping[str, Any] = _FIRST,
    *,
    shots: int = 500,
    iterations: int = 20,
    seed: int = 1,
) -> Explorer:
    """A widget with a control for each named argument, and a run that follows them.

    Whenever a control moves, the run before ends and a new one begins: batch by batch, each going on where the last
    left device and rule, drawn as it comes. `widget.experiment` and `widget.run` are what it shows.

    Args:
        experiment: Values of the controls at first; what has no control stays as it is.
        controls: Names of arguments, or a mapping of names to a range `(low, high)` of a number or a list of choices.
        shots: Shots of each batch on every qubit.
        iterations: Batches until a run is complete.
        seed: Seed of the first batch; batch k takes `seed + k`.

    Returns:
        The widget; showing it starts nothing, its button or its first control does.

    Raises:
        InputError: An argument has no natural range and none was given, or a range does not hold the present value.
        UnknownName: There is no argument of that name.
        MissingExtra: anywidget is not installed.

    Examples:
        >>> import synqc
        >>> widget = explore(synqc.Experiment("ibm_fez"), {"probe_strength": (0, 0.5)}, iterations=2)  # doctest: +SKIP
        >>> widget.start()  # doctest: +SKIP
    """
    found = controls_of(experiment, controls)
    try:
        from synqc.notebook.explorer import Explorer
    except ImportError as error:
        raise MissingExtra("explore() needs anywidget: pip install 'synqc[notebook]'.") from error
    return Explorer(experiment, found, shots=shots, iterations=iterations, seed=seed)
