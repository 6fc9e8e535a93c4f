"""What a tracker believes about the detuning, and what it was."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from synqc.errors import InputError, MissingExtra
from synqc.lab.plots import style

if TYPE_CHECKING:
    import plotly.graph_objects

    from synqc.lab.run import Run

__all__ = ["plot_tracker"]

_MOST_PANELS = 6


def plot_tracker(run: Run) -> plotly.graph_objects.Figure:
    """Estimated detuning, one deviation up and down, against the hidden true one, per qubit.

    Args:
        run: A run of several iterations under a rule that tracks: "kalman" or "bayes".

    Returns:
        A figure with one panel per qubit, at most six.

    Raises:
        InputError: The run's rule does not track.
        MissingExtra: Plotly is not installed.

    Examples:
        >>> import synqc
        >>> exp = synqc.Experiment(adaptive_rule="kalman", detuning_khz=250.0, qubits=1)
        >>> figure = plot_tracker(exp.run(shots=500, iterations=5, seed=1))
        >>> figure.layout.yaxis.title.text
        'Detuning (kHz)'
    """
    if not any(qubit.detuning_deviation_khz > 0 for entry in run.history for qubit in entry.qubits):
        raise InputError(
            'Argument `kind` must suit the run, but "tracker" needs a rule that tracks the detuning: '
            'adaptive_rule="kalman" or "bayes".'
        )
    go = style.graph_objects()
    try:
        from plotly.subplots import make_subplots
    except ImportError as error:
        raise MissingExtra("Plots need Plotly: pip install 'synqc[plot]'.") from error
    qubits = len(run.history[0].qubits)
    panels = min(qubits, _MOST_PANELS)
    columns = 1 if panels == 1 else 2
    rows = math.ceil(panels / columns)
    titles = [f"Qubit {qubit}" for qubit in range(panels)] if panels > 1 else None
    figure = make_subplots(
        rows,
        columns,
        shared_xaxes=True,
        subplot_titles=titles,
        vertical_spacing=0.14 / rows + 0.03,
        horizontal_spacing=0.1,
    )
    style.blank(
        "Tracked detuning against the true one",
        f"{style.describe_device(run.experiment, run)} · rule: {run.experiment.adaptive_rule}"
        f" · {style.describe_shots(run)}" + (f" · first {panels} of {qubits} qubits" if panels < qubits else ""),
        figure=figure,
        height=520 if rows == 1 else 240 + 230 * rows,
        above=20,
    )
    iterations = list(range(1, len(run.history) + 1))
    for qubit in range(panels):
        place = {"row": qubit // columns + 1, "col": qubit % columns + 1}
        entries = [entry.qubits[qubit] for entry in run.history]
        # A tracker that has seen nothing yet is so unsure that its band would flatten the rest.
        known = [(k, entry) for k, entry in zip(iterations, entries, strict=True) if entry.detuning_deviation_khz > 0]
        x = [k for k, _ in known]
        upper = [entry.detuning_khz + entry.detuning_deviation_khz for _, entry in known]
        lower = [entry.detuning_khz - entry.detuning_deviation_khz for _, entry in known]
        shared = {"showlegend": qubit == 0, "hoverinfo": "skip"}
        figure.add_trace(
            go.Scatter(
                x=x + x[::-1],
                y=upper + lower[::-1],
                fill="toself",
                fillcolor=style.transparent(style.BLUE, 0.2),
                line={"width": 0},
                mode="lines",
                name="± 1 deviation",
                legendgroup="band",
                **shared,
            ),
            **place,
        )
        figure.add_trace(
            go.Scatter(
                x=x,
                y=[entry.detuning_khz for _, entry in known],
                mode="lines+markers" if len(x) <= 60 else "lines",
                marker={"size": 5, "color": style.BLUE},
                line={"color": style.BLUE, "width": 2},
                name="estimate",
                legendgroup="estimate",
                showlegend=qubit == 0,
                customdata=[entry.detuning_deviation_khz for _, entry in known],
                hovertemplate="iteration %{x}: %{y:.3f} ± %{customdata:.3f} kHz<extra></extra>",
            ),
            **place,
        )
        figure.add_trace(
            go.Scatter(
                x=iterations,
                y=[entry.true_detuning_khz for entry in entries],
                mode="lines" if len(iterations) > 1 else "markers",
                line={"color": style.VERMILION, "width": 2, "dash": "dot"},
                name="true value (no rule sees it)",
                legendgroup="truth",
                showlegend=qubit == 0,
                hovertemplate="iteration %{x}: truly %{y:.3f} kHz<extra></extra>",
            ),
            **place,
        )
        if place["col"] == 1:
            figure.update_yaxes(title_text="Detuning (kHz)", **place)
        if qubit + columns >= panels:
            figure.update_xaxes(title_text="Iteration (batch)", showticklabels=True, **place)
    figure.update_layout(
        legend={"orientation": "h", "x": 0.5, "xanchor": "center", "y": -0.05 - 0.15 / rows, "yanchor": "top"},
        margin={"b": 110},
    )
    return figure
