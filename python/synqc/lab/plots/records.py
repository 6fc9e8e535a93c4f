"""What the record looks like for each prepared state, and how far it tells them apart."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from synqc.errors import InputError
from synqc.lab.estimate import Estimate
from synqc.lab.plots import style

if TYPE_CHECKING:
    import plotly.graph_objects

    from synqc.lab.experiment import Experiment
    from synqc.lab.run import Run

__all__ = ["plot_records", "records_by_prepared_state"]

_COLOURS = (style.BLUE, style.VERMILION)
_NAMES = ("prepared |0⟩", "prepared |1⟩")


def records_by_prepared_state(
    experiment: Experiment, *, shots: int = 20_000, seed: int | None = None
) -> tuple[np.ndarray, np.ndarray, Run]:
    """Integrated records with the first drive left out and made a full turn to |1>.

    Nothing feeds back: the rule is "none" for both.

    Args:
        experiment: Gives device, target and probe.
        shots: Shots per qubit and prepared state.
        seed: Randomness, as in `Experiment.run`.

    Returns:
        Records after |0> and after |1>, each float64 (qubits * shots,), |0> at +1 and |1> at -1; and the run that
        prepared |0>, for its figures.

    Raises:
        InputError: The probe is off, so that there is no record.

    Examples:
        >>> import synqc
        >>> exp = synqc.Experiment(probe_strength=1.0, probe_duration_ns=1000.0, qubits=1)
        >>> ground, excited, run = records_by_prepared_state(exp, shots=500, seed=3)
        >>> bool(ground.mean() > 0.8 and excited.mean() < -0.8)
        True
    """
    integrated, first = [], None
    for angle in (0.0, math.pi):
        prepared = experiment.replace(first_angle=angle, adaptive_rule="none")
        run = prepared.run(shots, seed=seed, keep_records=True, keep_bits=False, progress=False)
        if run.probe.regime == "off":
            raise InputError(
                "Argument `experiment` must probe to have records, but its probe has no strength or no duration."
            )
        seed = run.seed
        first = run if first is None else first
        values = run.records.mean(axis=-1).ravel()
        integrated.append(values[np.isfinite(values)])
    assert first is not None
    return integrated[0], integrated[1], first


def _error_of_threshold(ground: np.ndarray, excited: np.ndarray) -> Estimate:
    """Share of wrong guesses for equal priors, guessing |0> from a positive record."""
    wrong = [float(np.mean(ground < 0)), float(np.mean(excited > 0))]
    variance = sum(p * (1 - p) / n for p, n in zip(wrong, (ground.size, excited.size), strict=True))
    return Estimate(sum(wrong) / 2, math.sqrt(variance) / 2)


def plot_records(
    experiment: Experiment, *, shots: int = 20_000, seed: int | None = None
) -> plotly.graph_objects.Figure:
    """Histogram of the integrated record by prepared state, with the law it would follow without decay.

    Runs the experiment twice, with the qubits left in |0> and turned to |1>.

    Args:
        experiment: Gives device, target and probe.
        shots: Shots per qubit and prepared state.
        seed: Randomness, as in `Experiment.run`.

    Returns:
        Two histograms and, for a continuous probe, two normal laws of mean +1 and -1 and variance 1/s.

    Raises:
        InputError: The probe is off.
        MissingExtra: Plotly is not installed.

    Examples:
        >>> import synqc
        >>> exp = synqc.Experiment(probe_strength=1.0, probe_duration_ns=200.0, qubits=1)
        >>> [trace.name for trace in plot_records(exp, shots=500, seed=3).data][:2]
        ['prepared |0⟩', 'prepared |1⟩']
    """
    go = style.graph_objects()
    ground, excited, run = records_by_prepared_state(experiment, shots=shots, seed=seed)
    error = _error_of_threshold(ground, excited)
    figure = style.blank(
        f"One record guesses the state wrongly {100 * float(error):.3g} % of the time",
        f"{style.describe_device(experiment)} · {style.describe_probe(run)} · "
        f"2 × {ground.size:,} records, seed {run.seed}; wrong guesses {error}",
    )
    if np.isin(np.concatenate([ground, excited]), (-1.0, 1.0)).all():
        for values, name, colour in zip((ground, excited), _NAMES, _COLOURS, strict=True):
            plus = float(np.mean(values > 0))
            deviation = math.sqrt(plus * (1 - plus) / values.size)
            figure.add_trace(
                go.Bar(
                    x=["plus (+1)", "minus (−1)"],
                    y=[plus, 1 - plus],
                    error_y={"type": "data", "array": [deviation, deviation]},
                    name=name,
                    marker={"color": colour},
                    hovertemplate=f"{name}: %{{y:.4f}}<extra></extra>",
                )
            )
        figure.update_xaxes(title_text="Outcome of the ancilla (no unit)")
        figure.update_yaxes(title_text="Probability", range=[0, 1])
    else:
        deviation = 1 / math.sqrt(run.probe.s)
        reach = 1 + 4 * deviation
        edges = np.linspace(-reach, reach, 121)
        centres = (edges[1:] + edges[:-1]) / 2
        for values, name, colour in zip((ground, excited), _NAMES, _COLOURS, strict=True):
            density, _ = np.histogram(values, bins=edges)
            figure.add_trace(
                go.Scatter(
                    x=centres,
                    y=density / (values.size * (edges[1] - edges[0])),
                    name=name,
                    mode="lines",
                    line={"shape": "hvh", "color": colour, "width": 1.2},
                    fill="tozeroy",
                    fillcolor=style.transparent(colour, 0.25),
                    hovertemplate=f"{name}: %{{y:.4g}} at %{{x:.3f}}<extra></extra>",
                )
            )
        for mean in (1.0, -1.0):
            figure.add_trace(
                go.Scatter(
                    x=centres,
                    y=np.exp(-((centres - mean) ** 2) / (2 * deviation**2)) / (deviation * math.sqrt(2 * math.pi)),
                    name="without decay",
                    legendgroup="law",
                    showlegend=mean > 0,
                    mode="lines",
                    line={"color": style.INK, "width": 1.8, "dash": "dash"},
                    hoverinfo="skip",
                )
            )
        figure.add_vline(x=0, line={"color": style.GREY, "width": 1.2, "dash": "dot"})
        figure.update_xaxes(title_text="Integrated record (units of ⟨σ<sub>z</sub>⟩)", range=[-reach, reach])
        figure.update_yaxes(title_text="Probability density (per unit of record)", rangemode="tozero")
    figure.update_layout(legend={"x": 0.99, "xanchor": "right", "y": 0.99, "yanchor": "top"}, barmode="group")
    return figure
