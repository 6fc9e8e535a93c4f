"""What a probe learns against what it breaks, and the line that no probe can cross."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synqc import _core
from synqc.errors import InputError
from synqc.lab.plots import style
from synqc.lab.probe import assignment_error, dichotomic_information, gaussian_information

if TYPE_CHECKING:
    import plotly.graph_objects

    from synqc.lab.experiment import Experiment
    from synqc.lab.sweep import Sweep

__all__ = ["most_information", "operation_fidelity_bound", "plot_information_map"]

_SYMBOLS = ("circle", "diamond", "square", "triangle-up", "x", "star")


def most_information(visibility: np.ndarray | float) -> np.ndarray:
    """Most bits any probe can learn about |0> or |1>, equal priors, if it leaves this much of the coherence.

    A probe that leaves visibility V has distinguishability D <= sqrt(1 - V^2), and records that pure states of
    overlap V could have made: I <= 1 - h((1 + D)/2), reached by the two-outcome instrument.

    Args:
        visibility: Factor on the 0-1 coherence, 0 to 1.

    Examples:
        >>> most_information([0.0, 1.0]).tolist()
        [1.0, 0.0]

    Source: Englert, PRL 77, 2154 (1996); accessible information of two pure states: Levitin, in Quantum Communications
        and Measurement (1995), p. 439.
    """
    distinguishability = np.sqrt(np.clip(1 - np.square(np.asarray(visibility, dtype=float)), 0, 1))
    return np.asarray(dichotomic_information(distinguishability))


def operation_fidelity_bound(estimation: np.ndarray | float) -> np.ndarray:
    """Highest mean fidelity F with which a qubit survives a measurement whose outcome guesses it with mean fidelity G.

    sqrt(F - 1/3) <= sqrt(G - 1/3) + sqrt(2/3 - G).

    Args:
        estimation: G, 1/2 (a blind guess) to 2/3 (the best measurement).

    Examples:
        >>> operation_fidelity_bound([1 / 2, 2 / 3]).round(6).tolist()
        [1.0, 0.666667]

    Source: Banaszek, PRL 86, 1366 (2001), eq. (13), d = 2.
    """
    g = np.clip(np.asarray(estimation, dtype=float), 1 / 2, 2 / 3)
    return np.asarray(1 / 3 + np.square(np.sqrt(g - 1 / 3) + np.sqrt(2 / 3 - g)))


def _mapping(experiment: Experiment) -> str:
    wished = experiment.probe_mapping
    return str(_core.target(experiment.target).mapping) if wished == "auto" else wished


def _distinguishability(sweep: Sweep) -> np.ndarray:
    """1 - 2 * error of the best guess from one record, without decay or noise of an ancilla."""
    if _mapping(sweep.experiment) == "pulse":
        return sweep["eps_pulse"]
    return np.asarray(1 - 2 * assignment_error(sweep["s"]))


def plot_information_map(sweep: Sweep, *, swapped: bool = False) -> plotly.graph_objects.Figure:
    """Information against back-action for every point of a sweep, and the same probes against Banaszek's bound.

    Left: bits per record against the trace distance the probe puts between the ensemble states, with the largest
    information that Englert's relation leaves for each back-action. Right: how well the outcome guesses the state (G)
    against how well the state survives (F), averaged over all pure states, with Banaszek's bound. G and F are those of
    the probe alone, without decay.

    Args:
        sweep: A sweep over the probe's strength, duration or whatever else changes it.
        swapped: Put information on the horizontal axis instead of back-action.

    Returns:
        A figure with two panels.

    Raises:
        InputError: No point of the sweep probes, or target or mapping are among its axes.
        MissingExtra: Plotly is not installed.

    Examples:
        >>> import synqc
        >>> grid = synqc.sweep(synqc.Experiment(qubits=1), {"probe_strength": [0.2, 0.6, 1.0]}, shots=50, seed=5)
        >>> figure = plot_information_map(grid)
        >>> figure.layout.yaxis.title.text
        'Information (bit per shot)'
    """
    for name in ("target", "probe_mapping"):
        if name in sweep.axes:
            raise InputError(f"Argument `sweep` must keep its `{name}` for this map, but sweeps over it.")
    go = style.graph_objects()
    from plotly.subplots import make_subplots

    g, backaction, information = sweep["g"], sweep["backaction"], sweep["information_bits"]
    probed = g > 0
    if not probed.any():
        raise InputError("Argument `sweep` must have points whose probe is on, but has none.")
    # The coherence there was to lose: 1/2 on the equator, less after decay or for another first rotation.
    coherence = min(0.5, float(np.min(backaction[probed] / -np.expm1(-g[probed]))))

    figure = make_subplots(1, 2, column_widths=[0.6, 0.4], horizontal_spacing=0.12)
    style.blank(
        "What a probe learns, and what it breaks",
        f"{style.describe_device(sweep.experiment)} · {int(np.isfinite(backaction).sum())} probes"
        + (", stopped early" if sweep.partial else ""),
        figure=figure,
        width=1240,
        height=640,
    )

    turn = np.linspace(0, np.pi / 2, 361)
    visibility = np.cos(turn)
    bound_x, bound_y = coherence * (1 - visibility), most_information(visibility)
    forbidden = (np.append(bound_x, [0.0]), np.append(bound_y, [1.0]))
    estimation = (3 + np.sin(turn)) / 6
    survival = operation_fidelity_bound(estimation)
    panels = (
        (1, bound_x, bound_y, *forbidden),
        (2, estimation, survival, np.append(estimation, 2 / 3), np.append(survival, 1.0)),
    )
    for column, line_x, line_y, area_x, area_y in panels:
        turned = swapped and column == 1
        figure.add_trace(
            go.Scatter(
                x=area_y if turned else area_x,
                y=area_x if turned else area_y,
                fill="toself",
                fillcolor=style.transparent(style.GREY, 0.14),
                line={"width": 0},
                mode="lines",
                hoverinfo="skip",
                showlegend=False,
            ),
            row=1,
            col=column,
        )
        figure.add_trace(
            go.Scatter(
                x=line_y if turned else line_x,
                y=line_x if turned else line_y,
                mode="lines",
                line={"color": style.INK, "width": 2, "simplify": False},
                name="Englert's bound" if column == 1 else "Banaszek's bound",
                hoverinfo="skip",
                showlegend=False,
            ),
            row=1,
            col=column,
        )

    distinguishability = _distinguishability(sweep)
    guessing, surviving = (3 + distinguishability) / 6, (2 + np.exp(-g)) / 3
    first, *others = sweep.dims
    values = sweep.axes[first]
    numeric = all(isinstance(value, (int, float)) for value in values)
    other_points = list(np.ndindex(*sweep.shape[1:]))
    for k, rest in enumerate(other_points):
        here = (slice(None), *rest)
        label = ", ".join(
            f"{sweep.axes[name][j]:g} {style.axis_unit(name)}".strip()
            if isinstance(sweep.axes[name][j], (int, float))
            else str(sweep.axes[name][j])
            for name, j in zip(others, rest, strict=True)
        )
        marker = {
            "size": 10,
            "symbol": _SYMBOLS[k % len(_SYMBOLS)],
            "line": {"width": 1, "color": "white"},
            "color": values if numeric else style.CYCLE[k % len(style.CYCLE)],
            **({"coloraxis": "coloraxis"} if numeric else {}),
        }
        hover = np.array(
            [[str(value), f"{g[(n, *rest)]:.3g}", f"{information[(n, *rest)]:.4g}"] for n, value in enumerate(values)]
        )
        for column, x, y in ((1, backaction[here], information[here]), (2, guessing[here], surviving[here])):
            turned = swapped and column == 1
            error = {}
            if column == 1:
                bars = {"type": "data", "array": sweep.error("information_bits")[here], "color": style.GREY}
                error = {"error_x" if swapped else "error_y": bars}
            figure.add_trace(
                go.Scatter(
                    x=y if turned else x,
                    y=x if turned else y,
                    mode="markers",
                    marker=marker,
                    name=label,
                    legendgroup=label,
                    showlegend=column == 1 and bool(label),
                    customdata=hover,
                    hovertemplate=f"{first} = %{{customdata[0]}}<br>{label}<br>g = %{{customdata[1]}}"
                    "<br>I = %{customdata[2]} bit<br>(%{x:.4f}, %{y:.4f})<extra></extra>",
                    **error,
                ),
                row=1,
                col=column,
            )

    axes = (style.axis_title("backaction"), style.axis_title("information_bits"))
    ranges = ([0, 1.06 * coherence], [0, 1.03])
    across, up = (1, 0) if swapped else (0, 1)
    figure.update_xaxes(title_text=axes[across], range=ranges[across], row=1, col=1)
    figure.update_yaxes(title_text=axes[up], range=ranges[up], row=1, col=1)
    quiet = ",<br>quiet ancilla" if _mapping(sweep.experiment) == "pulse" else ""
    figure.update_xaxes(
        title_text=f"Guess from<br>the outcome, G<br>(mean fidelity{quiet})", range=[0.498, 0.67], row=1, col=2
    )
    figure.update_yaxes(title_text="Survival of the state, F (mean fidelity)", range=[0.655, 1.01], row=1, col=2)
    noted = (0.30 * coherence, 0.83)
    figure.add_annotation(
        x=noted[across], y=noted[up], text="no probe reaches here<br>(Englert)", font={"color": "#52606D"}, row=1, col=1
    )
    figure.add_annotation(
        x=0.63, y=0.975, text="no probe reaches here<br>(Banaszek)", font={"color": "#52606D"}, row=1, col=2
    )
    experiment = sweep.experiment
    if _mapping(experiment) == "rate" and "efficiency" not in sweep.axes:
        efficiency = experiment.device.efficiency
        ideal = (coherence * (1 - visibility[:-1]), gaussian_information(2 * efficiency * -np.log(visibility[:-1])))
        figure.add_trace(
            go.Scatter(
                x=ideal[across],
                y=ideal[up],
                mode="lines",
                line={"color": style.GREY, "width": 1.6, "dash": "dash"},
                name=f"continuous probe, η = {efficiency:g}, no decay",
                hoverinfo="skip",
            ),
            row=1,
            col=1,
        )
    figure.update_layout(
        legend={
            "title": {"text": ", ".join(style.axis_title(name) for name in others)},
            "x": 0.53,
            "xanchor": "right",
            "y": 0.03,
            "yanchor": "bottom",
        }
    )
    if numeric:
        figure.update_layout(
            coloraxis={
                "colorscale": "Viridis",
                "colorbar": {"title": {"text": style.axis_title(first), "side": "right"}, "thickness": 14, "len": 0.9},
            }
        )
    return figure
