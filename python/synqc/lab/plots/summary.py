"""A run at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synqc.errors import MissingExtra
from synqc.lab.cards import figure_in_words
from synqc.lab.plots import style
from synqc.lab.plots.history import add_history
from synqc.lab.plots.latency import add_latency

if TYPE_CHECKING:
    import plotly.graph_objects

    from synqc.lab.run import Run

__all__ = ["plot_summary"]


def plot_summary(run: Run) -> plotly.graph_objects.Figure:
    """Figures of merit, qubits, history and latency of a run in one picture.

    Args:
        run: The run to show.

    Raises:
        MissingExtra: Plotly is not installed.

    Examples:
        >>> import synqc
        >>> figure = plot_summary(synqc.Experiment().run(shots=100, iterations=3, seed=1))
        >>> figure.layout.xaxis.title.text
        'Qubit'
    """
    go = style.graph_objects()
    try:
        from plotly.subplots import make_subplots
    except ImportError as error:
        raise MissingExtra("Plots need Plotly: pip install 'synqc[plot]'.") from error
    batches = len(run.history)
    figure = make_subplots(
        2,
        2,
        specs=[[{"type": "table"}, {"type": "xy"}], [{"type": "xy", "colspan": 2}, None]]
        if batches == 1
        else [[{"type": "table"}, {"type": "xy"}], [{"type": "xy"}, {"type": "xy"}]],
        subplot_titles=["", "Each qubit at the end", "Where the time of a shot goes", "Batch by batch"][
            : 3 + (batches > 1)
        ],
        row_heights=[0.5, 0.5],
        vertical_spacing=0.17,
        horizontal_spacing=0.12,
    )
    style.blank(
        f"Drive, probe, drive: {style.describe_device(run.experiment, run)}",
        f"{style.describe_probe(run)} · {style.describe_shots(run)}",
        figure=figure,
        width=1200,
        height=800,
        above=16,
    )
    figures = {
        "Fidelity": figure_in_words(run.fidelity),
        "Success, as measured": figure_in_words(run.success),
        "Back-action": f"{float(run.backaction):.5f}",
        "Information": f"{figure_in_words(run.information_bits)} bit",
        "Latency of a shot": f"{float(run.latency_us):.4g} µs",
        f"Objective ({run.experiment.objective})": figure_in_words(run.objective_score),
    }
    figure.add_trace(
        go.Table(
            columnwidth=[1.25, 1],
            header={"values": ["", ""], "height": 0, "fill": {"color": "white"}, "line": {"width": 0}},
            cells={
                "values": [list(figures), list(figures.values())],
                "align": ["left", "right"],
                "height": 34,
                "fill": {"color": [["white", "#F5F7FA"] * 3] * 2},
                "line": {"width": 0},
                "font": {"size": 16, "color": style.INK},
            },
        ),
        row=1,
        col=1,
    )
    last = run.history[-1].qubits
    qubits = [str(qubit) for qubit in range(len(last))]
    for name, colour, shown in (("success", style.ORANGE, "measured success"), ("fidelity", style.BLUE, "fidelity")):
        estimates = [getattr(qubit, name) for qubit in last]
        figure.add_trace(
            go.Scatter(
                x=qubits,
                y=[estimate.value for estimate in estimates],
                error_y=style.error_bars(estimates),
                mode="markers",
                marker={"color": colour, "size": 10},
                name=shown,
                legendgroup=shown,
                text=[str(estimate) for estimate in estimates],
                hovertemplate=f"qubit %{{x}}, {shown}: %{{text}}<extra></extra>",
            ),
            row=1,
            col=2,
        )
    figure.update_xaxes(title_text="Qubit", type="category", row=1, col=2)
    figure.update_yaxes(title_text="Fidelity", row=1, col=2)
    add_latency(figure, run, row=2, col=1)
    if batches > 1:
        before = len(figure.data)
        add_history(figure, run, per_qubit=False, row=2, col=2)
        for trace in figure.data[before:]:
            trace.update(showlegend=False)
    figure.update_layout(legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.03, "yanchor": "bottom"})
    return figure
