"""How a run went, batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from synqc.lab.plots import style

if TYPE_CHECKING:
    import plotly.graph_objects

    from synqc.lab.run import Run

__all__ = ["add_history", "plot_history"]


def add_history(figure: plotly.graph_objects.Figure, run: Run, *, per_qubit: bool = True, **place: Any) -> None:
    """Draw fidelity and measured success over the iterations, the qubits faintly behind.

    Args:
        figure: Where to draw.
        run: Whose `history` to draw.
        per_qubit: Draw the fidelity of each qubit as well.
        place: `row` and `col` of a subplot.

    Examples:
        >>> import synqc
        >>> from synqc.lab.plots import style
        >>> figure = style.blank("History")
        >>> add_history(figure, synqc.Experiment(qubits=2).run(shots=10, iterations=3, seed=1))
        >>> [trace.name for trace in figure.data]
        ['each qubit', 'each qubit', 'measured success', 'fidelity']
    """
    go = style.graph_objects()
    iterations = list(range(1, len(run.history) + 1))
    qubits = len(run.history[0].qubits)
    if per_qubit and qubits > 1:
        for qubit in range(qubits):
            figure.add_trace(
                go.Scatter(
                    x=iterations,
                    y=[entry.qubits[qubit].fidelity.value for entry in run.history],
                    name="each qubit",
                    legendgroup="each qubit",
                    showlegend=qubit == 0,
                    mode="lines" if len(iterations) > 1 else "markers",
                    line={"color": style.transparent(style.BLUE, 0.3), "width": 1.2},
                    hovertemplate=f"qubit {qubit}, iteration %{{x}}: %{{y:.5f}}<extra></extra>",
                ),
                **place,
            )
    mode = "lines+markers" if len(iterations) <= 60 else "lines"
    for name, colour, shown in (("success", style.ORANGE, "measured success"), ("fidelity", style.BLUE, "fidelity")):
        estimates = [getattr(entry, name) for entry in run.history]
        figure.add_trace(
            go.Scatter(
                x=iterations,
                y=[estimate.value for estimate in estimates],
                error_y=style.error_bars(estimates),
                name=shown,
                mode=mode,
                line={"color": colour},
                marker={"color": colour, "size": 7},
                text=[str(estimate) for estimate in estimates],
                hovertemplate=f"{shown}, iteration %{{x}}: %{{text}}<extra></extra>",
            ),
            **place,
        )
    whole = {"dtick": 1} if len(iterations) <= 12 else {}
    figure.update_xaxes(title_text="Iteration (batch)", range=[0.5, len(iterations) + 0.5], **whole, **place)
    figure.update_yaxes(title_text="Fidelity", **place)


def plot_history(run: Run) -> plotly.graph_objects.Figure:
    """Fidelity over the iterations of a run, with what the readout shows of it.

    The fidelity is the simulator's and knows every shot's state; the success fraction is what a laboratory would
    measure, corrected for assignment errors. They agree within their errors.

    Args:
        run: The run to show.

    Returns:
        A figure with error bars of one standard error.

    Raises:
        MissingExtra: Plotly is not installed.

    Examples:
        >>> import synqc
        >>> figure = plot_history(synqc.Experiment().run(shots=100, iterations=4, seed=1))
        >>> figure.layout.xaxis.title.text
        'Iteration (batch)'
    """
    rule = run.experiment.adaptive_rule
    name = rule if isinstance(rule, str) else "a rule of your own"
    figure = style.blank(
        f"Fidelity over the run, rule: {name}",
        f"{style.describe_device(run.experiment, run)} · {style.describe_probe(run)} · {style.describe_shots(run)}",
        above=26,
    )
    add_history(figure, run)
    figure.update_layout(legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.01, "yanchor": "bottom"})
    return figure
