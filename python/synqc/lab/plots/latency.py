"""Where the time of one shot goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from synqc.lab.plots import style
from synqc.lab.units import format_duration

if TYPE_CHECKING:
    import plotly.graph_objects

    from synqc.lab.run import Run

__all__ = ["add_latency", "plot_latency"]


def _on(colour: str) -> str:
    """What can be read on a bar of that colour."""
    return style.INK if colour in (style.ORANGE, style.SKY) else "white"


def add_latency(figure: plotly.graph_objects.Figure, run: Run, **place: Any) -> None:
    """Draw the terms one after the other, each starting where the one before ends.

    Args:
        figure: Where to draw.
        run: Whose `latency_terms` to draw.
        place: `row` and `col` of a subplot.

    Examples:
        >>> import synqc
        >>> from synqc.lab.plots import style
        >>> figure = style.blank("Latency")
        >>> add_latency(figure, synqc.Experiment().run(shots=10, seed=1))
        >>> len(figure.data)
        1
    """
    terms = run.latency_terms
    starts, total = [], 0.0
    for value in terms.values():
        starts.append(total)
        total += value
    colours = [style.CYCLE[k % len(style.CYCLE)] for k in range(len(terms))]
    words = [format_duration(value) if value > 0 else "none" for value in terms.values()]
    # A label outside its bar on the right would leave the picture for the last terms.
    positions = ["inside" if value > 0.25 * total else "outside" for value in terms.values()]
    figure.add_trace(
        style.graph_objects().Bar(
            orientation="h",
            y=[name.replace("_", " ") for name in terms],
            x=list(terms.values()),
            base=starts,
            text=words,
            textposition=positions,
            insidetextanchor="middle",
            insidetextfont={"color": [_on(colour) for colour in colours]},
            marker={"color": colours},
            textfont={"size": 14},
            cliponaxis=False,
            showlegend=False,
            hovertemplate="%{y}: %{x:.4g} µs<extra></extra>",
        ),
        **place,
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, **place)
    figure.update_xaxes(title_text="Time in the shot (µs)", range=[0, 1.12 * total or 1.0], **place)


def plot_latency(run: Run) -> plotly.graph_objects.Figure:
    """Latency of one shot, term by term.

    Args:
        run: Whose latency to show.

    Returns:
        A figure with one bar per term, from where it starts to where it ends.

    Raises:
        MissingExtra: Plotly is not installed.

    Examples:
        >>> import synqc
        >>> figure = plot_latency(synqc.Experiment().run(shots=10, seed=1))
        >>> figure.layout.xaxis.title.text
        'Time in the shot (µs)'
    """
    network = run.history[-1].network_latency_s
    beside = (
        f"; network and queue, outside the shot: {format_duration(network * 1e6)} per iteration" if network > 0 else ""
    )
    figure = style.blank(
        f"One shot takes {format_duration(float(run.latency_us))} from first drive to result",
        f"{style.describe_device(run.experiment, run)}{beside}",
        height=480,
    )
    add_latency(figure, run)
    return figure
