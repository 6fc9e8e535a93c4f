"""Picture of an analysis: what was measured, and the curve that was fitted to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from synqc.lab.plots import style

if TYPE_CHECKING:
    import plotly.graph_objects

__all__ = ["picture_of"]

_FINE = 400
_MOST_LINES = 4
_MOST_POINTS = 2000


def picture_of(measured: Any, analysis: Any) -> plotly.graph_objects.Figure:
    """Draw the records of a protocol with what was found in them.

    Args:
        measured: A `MeasuredProtocol`.
        analysis: Analysis of its `analyse`.

    Returns:
        Shares of outcome 1 with the fitted curve; clouds with their centres; or a series with its errors.
    """
    name = type(measured.protocol).__name__
    title = ", ".join(f"{key} = {value:.4g}" for key, value in list(getattr(analysis, "fitted", {}).items())[:3])
    figure = style.blank(name, f"{title} · {analysis.verdict}" if title else str(analysis.verdict))
    if hasattr(analysis, "errors"):
        _draw_series(figure, analysis)
    elif analysis.fitted:
        _draw_curve(figure, measured, analysis)
    elif hasattr(measured.protocol, "scanned"):
        _draw_scan(figure, measured)
    else:
        _draw_clouds(figure, measured.records, analysis)
    return figure


def _draw_curve(figure: Any, measured: Any, analysis: Any) -> None:
    """Shares against the first setting, one line for each combination of the others."""
    go = style.graph_objects()
    records, curve = measured.records, measured.protocol.curve
    settings, totals = np.asarray(records.settings), records.totals
    used = settings[:, 0] < 0
    settings, totals = settings[used], totals[used]
    shots = np.maximum(totals.sum(axis=1), 1)
    shares = totals[:, 1] / shots
    errors = np.sqrt((totals[:, 1] + 1) * (totals[:, 0] + 1) / (shots + 2) ** 2 / (shots + 3))
    figure.update_xaxes(title=_titled(records.columns[1]))
    others = np.unique(settings[:, 2:], axis=0)
    varied = [column for column in range(2, settings.shape[1]) if np.ptp(settings[:, column]) > 0]
    if len(others) > _MOST_LINES:
        _draw_map(figure, records.columns[varied[0]], settings[:, [1, varied[0]]], shares)
        return
    figure.update_yaxes(title="Share of outcome 1")
    for number, other in enumerate(others):
        here = (settings[:, 2:] == other).all(axis=1)
        colour = style.CYCLE[number % len(style.CYCLE)]
        words = ", ".join(f"{_titled(records.columns[column])}: {other[column - 2]:.3g}" for column in varied)
        bars = {"type": "data", "array": errors[here]}
        figure.add_trace(
            go.Scatter(x=settings[here, 1], y=shares[here], error_y=bars, mode="markers", marker={"color": colour},
                       name=words or "measured")
        )  # fmt: skip
        fine = _fine(settings[here, 1])
        rows = np.column_stack([np.full(len(fine), -1.0), fine, np.tile(other, (len(fine), 1))])
        line = curve.probabilities(rows, analysis.fitted)[0][:, 1]
        figure.add_trace(
            go.Scatter(
                x=fine,
                y=line,
                mode="lines",
                line={"color": colour},
                name="fitted",
                showlegend=number == 0,
                legendrank=2000,
            )
        )


def _titled(column: str) -> str:
    """Of an axis or a line, with its unit."""
    return (
        f"{style.axis_title(column.removesuffix('_rad'))} (rad)"
        if column.endswith("_rad")
        else style.axis_title(column)
    )


def _fine(values: Any) -> Any:
    """Between settings too, unless they are whole numbers."""
    if (values == np.round(values)).all() and len(values) < _FINE and np.ptp(values) < 2 * len(values):
        return np.unique(values)
    return np.linspace(values.min(), values.max(), _FINE)


def _draw_map(figure: Any, column: str, settings: Any, shares: Any) -> None:
    figure.update_yaxes(title=_titled(column))
    figure.add_trace(
        style.graph_objects().Heatmap(
            x=settings[:, 0], y=settings[:, 1], z=shares, colorbar={"title": {"text": "Share of outcome 1"}}
        )
    )


def _draw_scan(figure: Any, measured: Any) -> None:
    """Error of assignment at each setting."""
    worth = measured.protocol.at_settings(measured.records)
    figure.update_xaxes(title=style.axis_title(measured.records.column))
    figure.update_yaxes(title="Assignment error")
    bars = {"type": "data", "array": [one.deviation for one in worth]}
    figure.add_trace(
        style.graph_objects().Scatter(
            x=[one.setting for one in worth], y=[one.assignment_error for one in worth], error_y=bars,
            mode="lines+markers", name="measured",
        )
    )  # fmt: skip


def _draw_clouds(figure: Any, records: Any, analysis: Any) -> None:
    go = style.graph_objects()
    for level, row in enumerate(np.asarray(records.points)):
        some = row[~np.isnan(row)][:_MOST_POINTS]
        figure.add_trace(
            go.Scatter(x=some.real, y=some.imag, mode="markers", marker={"size": 4, "opacity": 0.35},
                       name=f"|{level}⟩ prepared")
        )  # fmt: skip
    centres = [(analysis.values[f"centre_{k}_i"], analysis.values[f"centre_{k}_q"]) for k in range(2)]
    figure.add_trace(
        go.Scatter(x=[one[0] for one in centres], y=[one[1] for one in centres], mode="markers", name="centres",
                   marker={"symbol": "x", "size": 12, "color": style.INK})
    )  # fmt: skip
    figure.update_xaxes(title="I (unit of the records)")
    figure.update_yaxes(title="Q (unit of the records)", scaleanchor="x")


def _draw_series(figure: Any, series: Any) -> None:
    go = style.graph_objects()
    figure.update_xaxes(title="Window")
    figure.update_yaxes(title=style.axis_title(series.name))
    figure.add_trace(
        go.Scatter(y=series.values, error_y={"type": "data", "array": series.errors}, mode="markers", name="measured")
    )
