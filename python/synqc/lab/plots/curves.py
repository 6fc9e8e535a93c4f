"""One figure of a sweep against another, or against an axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from synqc.errors import InputError
from synqc.lab._near_words import unknown_name
from synqc.lab.plots import style

if TYPE_CHECKING:
    import plotly.graph_objects

    from synqc.lab.sweep import Sweep

__all__ = ["plot_curves"]

_MOST_CURVES = 24


def _words(name: str, value: Any) -> str:
    text = f"{value:g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
    unit = style.axis_unit(name)
    return f"{name.removesuffix('_' + unit.replace('/', '_')).replace('_', ' ')} {text} {unit}".strip()


def plot_curves(sweep: Sweep, x: str, y: str) -> plotly.graph_objects.Figure:
    """`y` against `x` with error bars, one curve for every combination of the remaining axes.

    Args:
        sweep: The sweep to show.
        x: An axis of the sweep, or a figure.
        y: A figure.

    Raises:
        InputError: `x` or `y` is not among the sweep's names, or there would be too many curves to tell apart.
        MissingExtra: Plotly is not installed.

    Examples:
        >>> import synqc
        >>> grid = synqc.sweep(synqc.Experiment(qubits=1), {"probe_duration_ns": [50, 100]}, shots=50, seed=5)
        >>> figure = plot_curves(grid, "probe_duration_ns", "fidelity")
        >>> figure.layout.xaxis.title.text, figure.layout.yaxis.title.text
        ('Probe duration (ns)', 'Fidelity')
    """
    if x not in sweep.dims and x not in sweep.names:
        raise unknown_name("x", x, sweep.dims + sweep.names)
    if y not in sweep.names:
        raise unknown_name("y", y, sweep.names)
    along = sweep.dims.index(x) if x in sweep.dims else 0
    others = [name for name in sweep.dims if name != sweep.dims[along]]
    heights, errors = np.moveaxis(sweep[y], along, 0), np.moveaxis(sweep.error(y), along, 0)
    rest_shape = heights.shape[1:]
    if int(np.prod(rest_shape)) > _MOST_CURVES:
        raise InputError(
            f"Argument `sweep` must have at most {_MOST_CURVES} curves to be told apart, but has "
            f"{int(np.prod(rest_shape))}: use to_xarray() and select, or choose another `x`."
        )
    go = style.graph_objects()
    figure = style.blank(
        f"{style.axis_title(y).split(' (')[0]} against {style.axis_title(x).split(' (')[0].lower()}",
        f"{style.describe_device(sweep.experiment)} · seed {sweep.seed}" + (", stopped early" if sweep.partial else ""),
    )
    for k, rest in enumerate(np.ndindex(*rest_shape)):
        here = (slice(None), *rest)
        if x in sweep.dims:
            across: Any = sweep.axes[x]
            across_errors = None
        else:
            across = np.moveaxis(sweep[x], along, 0)[here]
            across_errors = np.moveaxis(sweep.error(x), along, 0)[here]
        name = ", ".join(_words(other, sweep.axes[other][j]) for other, j in zip(others, rest, strict=True))
        colour = style.CYCLE[k % len(style.CYCLE)]
        named = isinstance(across[0], str)
        figure.add_trace(
            go.Scatter(
                x=across,
                y=heights[here],
                error_y={"type": "data", "array": errors[here]},
                error_x=None if across_errors is None else {"type": "data", "array": across_errors},
                mode="markers" if named else "lines+markers",
                line={"color": colour, "dash": ("solid", "dash", "dot", "dashdot")[k // len(style.CYCLE) % 4]},
                marker={"color": colour},
                name=name,
                showlegend=bool(name),
                hovertemplate="%{x}: %{y:.5g}<extra>" + name + "</extra>",
            )
        )
    figure.update_xaxes(title_text=style.axis_title(x))
    figure.update_yaxes(title_text=style.axis_title(y))
    return figure
