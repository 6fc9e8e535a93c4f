"""Where the qubit goes during a shot: the ensemble, and single shots that know their record."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from synqc import _core
from synqc.errors import InputError
from synqc.lab.mesolve import mesolve
from synqc.lab.plots import style
from synqc.lab.smesolve import smesolve

if TYPE_CHECKING:
    import plotly.graph_objects

    from synqc.lab.experiment import Experiment

__all__ = ["BlochPath", "bloch_path", "plot_bloch"]

_LOWER = np.array([[0, 1], [0, 0]], dtype=complex)
_SIGMA_X = np.array([[0, 1], [1, 0]], dtype=complex)
_SIGMA_Y = np.array([[0, -1j], [1j, 0]], dtype=complex)
_SIGMA_Z = np.array([[1, 0], [0, -1]], dtype=complex)
_EXCITED = np.array([[0, 0], [0, 1]], dtype=complex)
_PAULI = (_SIGMA_X, _SIGMA_Y, _SIGMA_Z)
_RADIANS_PER_US_PER_MHZ = 2 * np.pi
_DRIVE_POINTS = 49
_PROBE_POINTS = 241


@dataclass(frozen=True)
class BlochPath:
    """Bloch vectors (<sigma_x>, <sigma_y>, <sigma_z>) in the drive's frame; |0> is at the north pole.

    Args:
        times_ns (float64, (t,)): Moments from the start of the first drive.
        ensemble (float64, (t, 3)): Mean over all records.
        shots (float64, (n, t, 3)): Single shots, each conditioned on its own record.
        segments: Start and end of "first drive", "probe" and "second drive", ns.
    """

    times_ns: np.ndarray
    ensemble: np.ndarray
    shots: np.ndarray
    segments: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class _RegisterQubit:
    """One qubit as the simulator has it: two levels, times in µs, angular frequencies in rad/µs."""

    detuning: float
    amplitude_error: float
    jumps: list[np.ndarray]
    start: np.ndarray


def _register_qubit(experiment: Experiment, qubit: int) -> _RegisterQubit:
    figures = experiment.device._handle.register(qubit + 1, experiment.device_seed)[qubit]
    median_t1, t2, excited = figures["t1_us"], figures["t2_us"], figures["thermal_population"]
    pure_dephasing = max(0.0, 1 / t2 - 1 / (2 * median_t1))
    t1 = median_t1 * math.exp(figures["drift"].log_t1)
    jumps = [
        np.sqrt((1 - excited) / t1) * _LOWER,
        np.sqrt(excited / t1) * _LOWER.T,
        np.sqrt(pure_dephasing / 2) * _SIGMA_Z,
    ]
    prepared = figures["prepared_population"]
    detuning = (figures["detuning_khz"] + figures["drift"].detuning_khz) * 1e-3 * _RADIANS_PER_US_PER_MHZ
    return _RegisterQubit(
        detuning,
        figures["amplitude_error"],
        [jump for jump in jumps if jump.any()],
        np.diag([1 - prepared, prepared]).astype(complex),
    )


def _vectors(states: np.ndarray) -> np.ndarray:
    """Bloch vectors (..., 3) of density matrices (..., 2, 2)."""
    return np.real(np.stack([np.einsum("ij,...ji->...", pauli, states) for pauli in _PAULI], axis=-1))


def _drive(
    experiment: Experiment, member: _RegisterQubit, angle: float, axis: float, starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Times (ns) and states (..., t, 2, 2) of one drive from each of `starts` (..., 2, 2).

    The master equation is linear: where matrices with a single 1 go says where every state goes.
    """
    length = experiment.device.gate_ns
    samples = () if experiment.samples is None else list(np.asarray(experiment.samples, dtype=complex))
    pulse = _core.Pulse(
        experiment.envelope,
        length,
        angle * (1 + member.amplitude_error),
        edge_fraction=experiment.edge_fraction,
        samples=samples,
        interpolate_samples=experiment.interpolate_samples,
    )

    def amplitude(component: int) -> Any:
        return lambda t: float(pulse.at([t * 1e3])[0, component]) * _RADIANS_PER_US_PER_MHZ

    along = (np.cos(axis) * _SIGMA_X + np.sin(axis) * _SIGMA_Y) / 2
    across = (-np.sin(axis) * _SIGMA_X + np.cos(axis) * _SIGMA_Y) / 2
    hamiltonian: list[Any] = [member.detuning * _EXCITED, [along, amplitude(0)]]
    if samples:  # no other shape has a second quadrature in two levels
        hamiltonian.append([across, amplitude(1)])
    times = np.linspace(0, length * 1e-3, _DRIVE_POINTS)
    stops = np.asarray(pulse.breakpoints_ns) * 1e-3
    singles = np.eye(4, dtype=complex).reshape(4, 2, 2)
    paths = np.array(
        [
            mesolve(hamiltonian, single, times, member.jumps, breakpoints=stops, store_states=True).states
            for single in singles
        ]
    )
    return times * 1e3, np.einsum("...ij,ijtkl->...tkl", starts, paths.reshape(2, 2, *paths.shape[1:]))


def _continuous_probe(
    experiment: Experiment, member: _RegisterQubit, start: np.ndarray, shots: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times (ns), states of the ensemble (t, 2, 2) and of shots (n, t, 2, 2)."""
    device = experiment.device
    rate = experiment.probe_strength**2 * device.gamma_max_per_us
    monitored = np.sqrt(rate / 2) * _SIGMA_Z
    times = np.linspace(0, experiment.probe_duration_ns * 1e-3, _PROBE_POINTS)
    free = member.detuning * _EXCITED
    ensemble = np.asarray(mesolve(free, start, times, [*member.jumps, monitored], store_states=True).states)
    if rate == 0 or shots == 0:
        return times * 1e3, ensemble, np.repeat(ensemble[None], shots, axis=0)
    followed = smesolve(
        free,
        start,
        times,
        member.jumps,
        [monitored],
        eta=device.efficiency,
        ntraj=shots,
        seeds=seed,
        store_states=True,
        store_measurement=False,
        error_estimate=False,
        progress=False,
    )
    return times * 1e3, ensemble, np.asarray(followed.runs_states)


def _pulsed_probe(
    experiment: Experiment, member: _RegisterQubit, start: np.ndarray, shots: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `_continuous_probe`, for a noiseless ancilla that looks once, after its gate."""
    strength = experiment.probe_strength
    up, down = np.sqrt((1 + strength) / 2), np.sqrt((1 - strength) / 2)
    outcomes = (np.diag([up, down]), np.diag([down, up]))
    gate = experiment.device.two_qubit_gate_ns * 1e-3 * experiment._core.entangling_gates
    rest = experiment.probe_duration_ns * 1e-3
    free = member.detuning * _EXCITED

    def idle(state: np.ndarray, duration: float) -> tuple[np.ndarray, np.ndarray]:
        if duration <= 0:
            return np.zeros(1), state[None]
        times = np.linspace(0, duration, _DRIVE_POINTS)
        return times, np.asarray(mesolve(free, state, times, member.jumps, store_states=True).states)

    before_times, before = idle(start, gate)
    reached = before[-1]
    random = np.random.default_rng(seed)
    plus = np.real(np.trace(outcomes[0] @ reached @ outcomes[0]))
    after_times, ensemble = idle(sum(kraus @ reached @ kraus for kraus in outcomes), rest)
    followed = []
    for draw in random.random(shots):
        kraus = outcomes[0] if draw < plus else outcomes[1]
        conditioned = kraus @ reached @ kraus
        followed.append(np.concatenate([before, idle(conditioned / np.trace(conditioned), rest)[1]]))
    times = np.concatenate([before_times, gate + after_times])
    return times * 1e3, np.concatenate([before, ensemble]), np.array(followed)


def bloch_path(experiment: Experiment, *, qubit: int = 0, shots: int = 4, seed: int = 0) -> BlochPath:
    """Path of one qubit through drive, probe and drive, as ensemble and as single shots.

    Solved in two levels with its true parameters and hidden calibration, without waiting for a decision and
    without any adaptive rule's corrections; "drag" is played as its plain cosine, as it is for two levels. An
    ancilla probe is drawn noiseless.

    Args:
        experiment: Gives device, drives and probe.
        qubit: Which qubit of the register.
        shots: Single shots to follow.
        seed: Draws their records.

    Raises:
        InputError: The probe goes through a resonator.

    Examples:
        >>> import synqc
        >>> exp = synqc.Experiment(detuning_khz=0.0, amplitude_error=0.0, probe_strength=0.0)
        >>> path = bloch_path(exp, shots=1)
        >>> bool(path.ensemble[0, 2] > 0.97 and path.ensemble[-1, 2] < -0.97)
        True
    """
    member = _register_qubit(experiment, qubit)
    if _mapping(experiment) == "resonator":
        raise InputError(
            'Argument `experiment` must have another `probe_mapping` for this path than "resonator", whose state is '
            "more than the qubit's: smesolve draws it."
        )
    times, states = _drive(experiment, member, experiment.first_angle, experiment.first_axis, member.start)
    end_of_first = float(times[-1])
    parts_of_time, of_ensemble, of_shots = (
        [times],
        [_vectors(states)],
        [np.repeat(_vectors(states)[None], shots, axis=0)],
    )

    ensemble, followed = states[-1], np.repeat(states[-1][None], shots, axis=0)
    end_of_probe = end_of_first
    if experiment.probe_strength > 0 or experiment.probe_duration_ns > 0:
        pulsed = _mapping(experiment) == "pulse"
        if pulsed or experiment.probe_duration_ns > 0:
            probe = _pulsed_probe if pulsed else _continuous_probe
            times, ensemble_states, shot_states = probe(experiment, member, ensemble, shots, seed)
            parts_of_time.append(end_of_first + times)
            of_ensemble.append(_vectors(ensemble_states))
            of_shots.append(_vectors(shot_states))
            ensemble, followed = ensemble_states[-1], shot_states[:, -1]
            end_of_probe = end_of_first + float(times[-1])

    angle, axis = experiment.second_angle, experiment.second_axis
    times, states = _drive(experiment, member, angle, axis, np.concatenate([ensemble[None], followed]))
    parts_of_time.append(end_of_probe + times)
    of_ensemble.append(_vectors(states[0]))
    of_shots.append(_vectors(states[1:]))
    segments = {
        "first drive": (0.0, end_of_first),
        "probe": (end_of_first, end_of_probe),
        "second drive": (end_of_probe, end_of_probe + float(times[-1])),
    }
    return BlochPath(
        np.concatenate(parts_of_time), np.concatenate(of_ensemble), np.concatenate(of_shots, axis=1), segments
    )


def _mapping(experiment: Experiment) -> str:
    wished = experiment.probe_mapping
    return str(_core.target(experiment.target).mapping) if wished == "auto" else wished


def _circle(axis: int) -> list[np.ndarray]:
    angle = np.linspace(0, 2 * np.pi, 121)
    return [np.roll([np.zeros_like(angle), np.cos(angle), np.sin(angle)], axis, axis=0)[k] for k in range(3)]


def _add_sphere(figure: plotly.graph_objects.Figure, **place: Any) -> None:
    go = style.graph_objects()
    polar, around = np.meshgrid(np.linspace(0, np.pi, 37), np.linspace(0, 2 * np.pi, 73))
    figure.add_trace(
        go.Surface(
            x=np.sin(polar) * np.cos(around),
            y=np.sin(polar) * np.sin(around),
            z=np.cos(polar),
            opacity=0.10,
            showscale=False,
            hoverinfo="skip",
            colorscale=[[0, style.SKY], [1, style.SKY]],
            lighting={"ambient": 1, "diffuse": 0, "specular": 0},
        ),
        **place,
    )
    lines = [_circle(axis) for axis in range(3)]
    lines += [[np.array([-1.0, 1.0]) * (k == axis) for k in range(3)] for axis in range(3)]
    for x, y, z in lines:
        figure.add_trace(
            go.Scatter3d(
                x=x, y=y, z=z, mode="lines", line={"color": "#B8C2CC", "width": 2}, hoverinfo="skip", showlegend=False
            ),
            **place,
        )
    names = ["|0⟩", "|1⟩", "x", "y"]
    ends = np.array([[0, 0, 1.08], [0, 0, -1.08], [1.2, 0, 0], [0, 1.2, 0]])
    figure.add_trace(
        go.Scatter3d(
            x=ends[:, 0],
            y=ends[:, 1],
            z=ends[:, 2],
            mode="text",
            text=names,
            textposition=["top center", "bottom center", "middle right", "middle right"],
            textfont={"size": 17, "color": style.INK},
            hoverinfo="skip",
            showlegend=False,
        ),
        **place,
    )


def plot_bloch(experiment: Experiment, *, qubit: int = 0, shots: int = 4, seed: int = 0) -> plotly.graph_objects.Figure:
    """Path of the ensemble and of single shots, on the Bloch sphere and over time.

    Args:
        experiment: Gives device, drives and probe; see `bloch_path` for what is left out.
        qubit: Which qubit of the register.
        shots: Single shots to follow.
        seed: Draws their records.

    Raises:
        MissingExtra: Plotly is not installed.

    Examples:
        >>> import synqc
        >>> figure = plot_bloch(synqc.Experiment(probe_strength=0.8, probe_duration_ns=1000), shots=2)
        >>> figure.layout.xaxis3.title.text
        'Time in the shot (ns)'
    """
    go = style.graph_objects()
    from plotly.subplots import make_subplots

    path = bloch_path(experiment, qubit=qubit, shots=shots, seed=seed)
    figure = make_subplots(
        3,
        2,
        specs=[[{"type": "scene", "rowspan": 3}, {}], [None, {}], [None, {}]],
        column_widths=[0.56, 0.44],
        shared_xaxes=True,
        vertical_spacing=0.05,
        horizontal_spacing=0.1,
    )
    probed = (
        f"ε = {experiment.probe_strength:g} for {experiment.probe_duration_ns:g} ns"
        if experiment.probe_strength > 0
        else "probe off"
    )
    style.blank(
        "One qubit through drive, probe and drive",
        f"{style.describe_device(experiment)} · qubit {qubit} · {probed} · {shots} single shots, seed {seed}",
        figure=figure,
        width=1240,
        height=700,
        above=6,
    )
    _add_sphere(figure, row=1, col=1)
    curves = [(path.shots[k], style.CYCLE[k % len(style.CYCLE)], f"shot {k + 1}", 3.0, 1.6) for k in range(shots)]
    curves.append((path.ensemble, style.INK, "mean of all shots", 7.0, 3.2))
    for vectors, colour, name, thick, thin in curves:
        figure.add_trace(
            go.Scatter3d(
                x=vectors[:, 0],
                y=vectors[:, 1],
                z=vectors[:, 2],
                mode="lines",
                line={"color": colour, "width": thick},
                name=name,
                legendgroup=name,
                text=[f"{t:.1f} ns" for t in path.times_ns],
                hovertemplate=f"{name}, %{{text}}<br>(%{{x:.3f}}, %{{y:.3f}}, %{{z:.3f}})<extra></extra>",
            ),
            row=1,
            col=1,
        )
        for component in range(3):
            figure.add_trace(
                go.Scatter(
                    x=path.times_ns,
                    y=vectors[:, component],
                    mode="lines",
                    line={"color": colour, "width": thin},
                    legendgroup=name,
                    showlegend=False,
                    name=name,
                    hovertemplate=f"{name}, %{{x:.1f}} ns: %{{y:.3f}}<extra></extra>",
                ),
                row=component + 1,
                col=2,
            )
    end = path.ensemble[-1]
    figure.add_trace(
        go.Scatter3d(
            x=[end[0]],
            y=[end[1]],
            z=[end[2]],
            mode="markers",
            marker={"size": 6, "color": style.INK},
            showlegend=False,
            hoverinfo="skip",
        ),
        row=1,
        col=1,
    )
    begin, finish = path.segments["probe"]
    for component, letter in enumerate("xyz"):
        number = component + 1 if component else ""
        figure.add_shape(
            type="rect",
            x0=begin,
            x1=finish,
            y0=0,
            y1=1,
            xref=f"x{number}",
            yref=f"y{number} domain",
            fillcolor=style.GREY,
            opacity=0.10,
            line_width=0,
            layer="below",
        )
        figure.update_yaxes(
            title_text=f"⟨σ<sub>{letter}</sub>⟩", range=[-1.08, 1.08], tickvals=[-1, 0, 1], row=component + 1, col=2
        )
        figure.update_xaxes(range=[0, float(path.times_ns[-1])], row=component + 1, col=2)
    figure.update_xaxes(title_text="Time in the shot (ns)", row=3, col=2)
    if finish > begin:
        figure.add_annotation(x=(begin + finish) / 2, y=1.0, yref="y domain", yanchor="bottom", text="probe", xref="x")
    hidden = {"visible": False, "range": [-1.3, 1.3]}
    figure.update_layout(
        scene={
            "xaxis": hidden,
            "yaxis": hidden,
            "zaxis": hidden,
            "aspectmode": "cube",
            "camera": {"eye": {"x": 1.1, "y": -1.01, "z": 0.42}, "center": {"x": 0, "y": 0, "z": 0.0}},
            "domain": {"x": [0, 0.54], "y": [0, 1]},
        },
        legend={"orientation": "h", "x": 0.0, "y": -0.02, "yanchor": "top"},
        margin={"l": 24},
    )
    return figure
