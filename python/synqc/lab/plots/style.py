"""One look for all pictures: colours that colour-blind eyes can tell apart, readable type, a unit on every axis."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from synqc import _core
from synqc.errors import MissingExtra
from synqc.lab.device import Device
from synqc.lab.units import UNIT_SUFFIXES

if TYPE_CHECKING:
    import plotly.graph_objects

    from synqc.lab.estimate import Estimate
    from synqc.lab.experiment import Experiment
    from synqc.lab.run import Run

__all__ = [
    "CYCLE",
    "GREY",
    "INK",
    "AxisWords",
    "axis_title",
    "axis_unit",
    "blank",
    "describe_device",
    "describe_probe",
    "describe_shots",
    "error_bars",
    "graph_objects",
    "transparent",
]

# Okabe and Ito's palette, darkest first; yellow left out because it drowns on white.
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#AA5F94", "#E69F00", "#56B4E9"
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
INK = "#1F2933"
GREY = "#7B8794"
FAINT = "#E4E7EB"
_LONGEST_LINES = (33, 50)  # letters of title and subtitle that a cell of 390 px shows
_LINE_HEIGHTS = (26, 20)
_MARGIN_ABOVE = 104
FONT = "Inter, 'Segoe UI', 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif"

AxisWords = dict[str, str]

# What a figure or an argument is called on an axis, with its unit.
_AXIS_TITLES: AxisWords = {
    "fidelity": "Fidelity",
    "success": "Success fraction, corrected for readout",
    "backaction": "Back-action (trace distance)",
    "information_bits": "Information (bit per shot)",
    "latency_us": "Latency of a shot (µs)",
    "objective_score": "Objective score",
    "g": "Dephasing dose g",
    "s": "Information dose s",
    "eps_pulse": "Equivalent pulse strength ε",
    "shots_used": "Shots per qubit",
    "probe_strength": "Probe strength ε",
    "probe_duration_ns": "Probe duration (ns)",
    "efficiency": "Detection efficiency η",
    "first_angle": "First rotation (rad)",
    "second_angle": "Second rotation (rad)",
    "first_axis": "First rotation axis (rad)",
    "second_axis": "Second rotation axis (rad)",
    "drag_beta": "DRAG coefficient β",
    "amplitude_error": "Amplitude error (relative)",
    "spread": "Spread of T1 and T2 (relative)",
    "t1_us": "T1 (µs)",
    "t2_us": "T2 (µs)",
}


def axis_title(name: str) -> str:
    """What a figure or an argument is called on an axis, with its unit.

    Examples:
        >>> axis_title("probe_duration_ns")
        'Probe duration (ns)'
        >>> axis_title("decision_latency_ns")
        'Decision latency (ns)'
        >>> axis_title("qubits")
        'Qubits'
    """
    if name in _AXIS_TITLES:
        return _AXIS_TITLES[name]
    for suffix, unit in UNIT_SUFFIXES.items():
        if name.endswith(suffix):
            return f"{name.removesuffix(suffix).replace('_', ' ').capitalize()} ({unit})"
    return name.replace("_", " ").capitalize()


def graph_objects() -> Any:
    """`plotly.graph_objects`, imported when the first picture is drawn.

    Raises:
        MissingExtra: Plotly is not installed.

    Examples:
        >>> graph_objects().Figure().__class__.__name__
        'Figure'
    """
    try:
        import plotly.graph_objects
    except ImportError as error:
        raise MissingExtra("Plots need Plotly: pip install 'synqc[plot]'.") from error
    return plotly.graph_objects


def _template() -> dict[str, Any]:
    axis = {
        "showline": True,
        "linecolor": GREY,
        "linewidth": 1.2,
        "ticks": "outside",
        "tickcolor": GREY,
        "ticklen": 5,
        "gridcolor": FAINT,
        "zeroline": False,
        "title": {"font": {"size": 16}, "standoff": 12},
        "tickfont": {"size": 14},
        "automargin": True,
        "separatethousands": True,
        "exponentformat": "power",
    }
    return {
        "layout": {
            "font": {"family": FONT, "size": 15, "color": INK},
            "colorway": list(CYCLE),
            "paper_bgcolor": "white",
            "plot_bgcolor": "white",
            "title": {
                "x": 0.02,
                "xanchor": "left",
                "y": 0.965,
                "yanchor": "top",
                "font": {"size": 21, "weight": 600},
                "subtitle": {"font": {"size": 14, "color": "#52606D"}},
            },
            "margin": {"l": 84, "r": 36, "t": _MARGIN_ABOVE, "b": 72},
            "xaxis": axis,
            "yaxis": axis,
            "legend": {"bgcolor": "rgba(255,255,255,0.85)", "font": {"size": 14}},
            "hoverlabel": {"font": {"family": FONT, "size": 14}},
            "annotationdefaults": {"font": {"size": 14, "color": INK}, "showarrow": False},
            "bargap": 0.25,
            "colorscale": {"sequential": "Viridis"},
        },
        "data": {
            "scatter": [{"line": {"width": 2.5}, "marker": {"size": 8}, "error_y": {"thickness": 1.5, "width": 4}}],
            "bar": [{"marker": {"line": {"width": 0}}}],
        },
    }


def blank(
    title: str,
    subtitle: str = "",
    *,
    figure: plotly.graph_objects.Figure | None = None,
    width: int = 960,
    height: int = 600,
    above: int = 0,
) -> plotly.graph_objects.Figure:
    """A figure in the house style with nothing on it yet; or `figure`, put into that style.

    It is as wide as the cell or page that shows it; `width` is that of a file. `above` is room for more than the words
    at its top, such as a legend. Words are broken so that a narrow cell shows all of them, and make it higher.

    Examples:
        >>> blank("Fidelity", "50,000 shots").layout.title.subtitle.text
        '50,000 shots'
    """
    figure = graph_objects().Figure() if figure is None else figure
    titles, lines = _lines(title, " ", _LONGEST_LINES[0]), _lines(subtitle, " · ", _LONGEST_LINES[1])
    more = _LINE_HEIGHTS[0] * (len(titles) - 1) + _LINE_HEIGHTS[1] * (len(lines) - 1)
    figure.update_layout(
        template=_template(),
        title={
            "text": "<br>".join(titles),
            "subtitle": {"text": "<br>".join(lines)},
            "y": 1 - (22 + _LINE_HEIGHTS[0] / 2 * (len(titles) - 1)) / (height + more),  # lines are set about the first
        },
        margin={"t": _MARGIN_ABOVE + more + above},
        autosize=True,
        meta={"width": width},
        height=height + more,
    )
    return figure


def _lines(words: str, between: str, longest: int) -> list[str]:
    """Broken between its facts or words, so that a narrow cell shows all of it.

    >>> _lines("fez on sim-local · probe off · seed 7", " · ", 28)
    ['fez on sim-local · probe off', 'seed 7']
    """
    lines = [""]
    for part in words.split(between):
        if lines[-1] and len(lines[-1]) + len(between) + len(part) > longest:
            lines.append(part)
        else:
            lines[-1] += between + part if lines[-1] else part
    return lines


def transparent(colour: str, opacity: float) -> str:
    """A hexadecimal colour with an opacity.

    Examples:
        >>> transparent("#0072B2", 0.2)
        'rgba(0,114,178,0.2)'
    """
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def error_bars(estimates: list[Estimate]) -> dict[str, Any]:
    """Plotly's description of one standard error up and down.

    Examples:
        >>> from synqc.lab.estimate import Estimate
        >>> error_bars([Estimate(0.5, 0.01)])["array"]
        [0.01]
    """
    return {"type": "data", "array": [estimate.standard_error for estimate in estimates], "visible": True}


def describe_device(experiment: Experiment, run: Run | None = None) -> str:
    """Device and target, or the backend that played a run of it, in a few words, saying so if that is emulated.

    Examples:
        >>> import synqc
        >>> describe_device(synqc.Experiment("transmon-default", target="ibm-qpu"))
        'transmon-default on ibm-qpu (emulated)'
    """
    if run is not None and run.backend is not None:
        return f"{run.backend['name']}{' (emulated)' if run.emulated else ''}"
    name = experiment.preset.name if isinstance(experiment.preset, Device) else experiment.preset
    emulated = " (emulated)" if _core.target(experiment.target).emulated else ""
    return f"{name} on {experiment.target}{emulated}"


def describe_probe(run: Run) -> str:
    """What the probe was, in a few words.

    Examples:
        >>> import synqc
        >>> describe_probe(synqc.Experiment(probe_strength=0.0).run(shots=10, seed=1))
        'probe off'
    """
    experiment = run.experiment
    if run.probe.regime == "off":
        return "probe off"
    dose = "∞" if math.isinf(run.probe.g) else f"{run.probe.g:.2g}"
    length = f" for {experiment.probe_duration_ns:g} ns" if run.probe.mapping == "rate" else ""
    return f"ε = {experiment.probe_strength:g}{length} (g = {dose}, {run.probe.regime})"


def describe_shots(run: Run) -> str:
    """Shots and seed, and whether the run was cut short.

    Examples:
        >>> import synqc
        >>> describe_shots(synqc.Experiment().run(shots=1000, iterations=2, seed=7))
        '2 × 1,000 shots per qubit, seed 7'
    """
    batches = len(run.history)
    repeated = f"{batches} × " if batches > 1 else ""
    cut = ", stopped early" if run.partial else ""
    return f"{repeated}{run.history[0].shots:,} shots per qubit, seed {run.seed}{cut}"


def axis_unit(name: str) -> str:
    """Unit of an argument or figure, from its name; empty if it has none.

    Examples:
        >>> axis_unit("probe_duration_ns"), axis_unit("probe_strength")
        ('ns', '')
    """
    return next((unit for suffix, unit in UNIT_SUFFIXES.items() if name.endswith(suffix)), "")
