"""Pictures of runs and sweeps, drawn with Plotly, and the files they become.

One file per picture; `style` holds what they have in common. Plotly is imported when the first picture is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from synqc.errors import InputError
from synqc.lab._near_words import unknown_name
from synqc.lab.plots.bloch import plot_bloch
from synqc.lab.plots.curves import plot_curves
from synqc.lab.plots.files import PICTURE_FORMATS, find_browser, picture_bytes, write
from synqc.lab.plots.history import plot_history
from synqc.lab.plots.information_map import plot_information_map
from synqc.lab.plots.latency import plot_latency
from synqc.lab.plots.records import plot_records
from synqc.lab.plots.summary import plot_summary
from synqc.lab.plots.tracker import plot_tracker

if TYPE_CHECKING:
    from collections.abc import Callable

    import plotly.graph_objects

    from synqc.lab.run import Run
    from synqc.lab.sweep import Sweep

__all__ = [
    "PICTURE_FORMATS",
    "RUN_PICTURES",
    "find_browser",
    "picture_bytes",
    "plot_bloch",
    "plot_curves",
    "plot_history",
    "plot_information_map",
    "plot_latency",
    "plot_records",
    "plot_run",
    "plot_summary",
    "plot_sweep",
    "plot_tracker",
    "write",
]


RUN_PICTURES: dict[str, Callable[[Run], plotly.graph_objects.Figure]] = {
    "summary": plot_summary,
    "latency": plot_latency,
    "history": plot_history,
    "tracker": plot_tracker,
    "records": lambda run: plot_records(run.experiment, seed=run.seed),
    "bloch": lambda run: plot_bloch(run.experiment, seed=run.seed),
}
_SIMULATED_ANEW = ("records", "bloch")


def plot_run(run: Run, kind: str = "summary") -> plotly.graph_objects.Figure:
    """A picture of a run.

    Args:
        run: The run to show.
        kind: "summary", "latency", "history", "tracker" (detuning estimated and true), "records" (histogram by prepared
            state; runs the experiment twice more) or "bloch" (path of ensemble and single shots; computed anew).

    Raises:
        UnknownName: There is no such picture.
        InputError: It does not suit the run.
        MissingExtra: Plotly is not installed.

    Examples:
        >>> import synqc
        >>> figure = plot_run(synqc.Experiment().run(shots=10, seed=1), "latency")
        >>> figure.data[0].type
        'bar'
    """
    if kind not in RUN_PICTURES:
        raise unknown_name("kind", kind, RUN_PICTURES)
    if run.backend is not None and kind in _SIMULATED_ANEW:
        raise InputError(
            f"Argument `kind` must not be {kind!r}, which simulates anew, for a run that {run.backend['name']} played."
        )
    return RUN_PICTURES[kind](run)


def plot_sweep(sweep: Sweep, x: str, y: str) -> plotly.graph_objects.Figure:
    """One figure of a sweep against another or against an axis; information against back-action shows the bounds.

    Args:
        sweep: The sweep to show.
        x: A figure or an axis.
        y: A figure.

    Raises:
        UnknownName: `x` or `y` is not among the sweep's names.
        MissingExtra: Plotly is not installed.

    Examples:
        >>> import synqc
        >>> grid = synqc.sweep(synqc.Experiment(qubits=1), {"probe_strength": [0.5, 1.0]}, shots=50, seed=5)
        >>> plot_sweep(grid, "information_bits", "backaction").layout.xaxis.title.text
        'Information (bit per shot)'
    """
    if {x, y} == {"information_bits", "backaction"}:
        return plot_information_map(sweep, swapped=x == "information_bits")
    return plot_curves(sweep, x, y)
