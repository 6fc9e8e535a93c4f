"""What a search found: the pulse, how good it is, and what two levels more make of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synqc.errors import DocumentError, MissingExtra
from synqc.lab.html_cards import CardLine, html_card_of

__all__ = ["LargerSystem", "OptimisedPulse"]

_KIND = "synqc.optimised_pulse"
_FLATTERED = 2.0  # times: beyond it the answer belongs to the number of levels, not to the transmon


@dataclass(frozen=True)
class LargerSystem:
    """The same pulse on a system with more levels.

    Attributes:
        levels: How many.
        error: Its error there.
        leakage: Its leakage there.
    """

    levels: int
    error: float
    leakage: float


@dataclass(frozen=True, eq=False)
class OptimisedPulse:
    """A pulse and its error.

    Attributes:
        samples_mhz (float64, (c, k)): The program of each control, piecewise constant.
        sample_ns: Length of a sample.
        error: 1 - fidelity, the weighted mean over the ensemble.
        leakage: Mean population that ends outside the goal's subspace.
        member_errors (float64, (m,)): Error of each member of the ensemble.
        levels: Levels of the system.
        larger: The same pulse with two levels more; None where they are unknown.
        parameters (float64, (p,)): Parameters of the shape, MHz.
        worst_limit: Largest value over its limit, at most 1.
        evaluations: Calls of the error or its gradient.
        converged: Whether the search ended by itself.
    """

    samples_mhz: NDArray[np.float64]
    sample_ns: float
    error: float
    leakage: float
    member_errors: NDArray[np.float64]
    levels: int
    larger: LargerSystem | None
    parameters: NDArray[np.float64] = field(repr=False)
    worst_limit: float
    evaluations: int
    converged: bool

    @property
    def duration_ns(self) -> float:
        """Length of the program."""
        return float(self.samples_mhz.shape[1] * self.sample_ns)

    @property
    def is_flattered(self) -> bool | None:
        """Whether two levels more at least double the error; None where they are unknown.

        Differences below 1e-12 are rounding.
        """
        return None if self.larger is None else self.larger.error > _FLATTERED * max(self.error, 1e-12)

    def as_hamiltonian(self, system: Any) -> tuple[list[Any], NDArray[np.float64]]:
        """(H, tlist) for `synqc.mesolve(H, rho0, tlist, samples="steps")`, tlist in us.

        Args:
            system: A `Transmon` or `ControlSystem`, with any number of levels.

        Examples:
            >>> import synqc
            >>> from synqc.optimise import Gate, Limits, Transmon, optimise_pulse
            >>> qubit = Transmon(anharmonicity_mhz=-300.0)
            >>> pulse = optimise_pulse(qubit, Gate([[0, 1], [1, 0]]), Limits(300.0), duration_ns=5, sample_ns=0.5)
            >>> H, tlist = pulse.as_hamiltonian(qubit)
            >>> end = synqc.mesolve(H, np.array([1, 0, 0], complex), tlist, samples="steps").final_state
            >>> bool(abs(end[1]) ** 2 > 1 - 1e-8)
            True
        """
        control_system = system.control_system()
        held = 2 * np.pi * np.append(self.samples_mhz, self.samples_mhz[:, -1:], axis=1)
        pairs = [[np.asarray(control), held[j]] for j, control in enumerate(control_system.controls)]
        tlist = np.arange(self.samples_mhz.shape[1] + 1) * self.sample_ns * 1e-3
        return [np.asarray(control_system.drift), *pairs], tlist

    def to_json(self) -> str:
        """Everything as a JSON document.

        Examples:
            >>> from synqc.optimise import Gate, Limits, Transmon, optimise_pulse
            >>> qubit = Transmon(anharmonicity_mhz=-300.0)
            >>> pulse = optimise_pulse(qubit, Gate([[0, 1], [1, 0]]), Limits(300.0), duration_ns=5, sample_ns=0.5)
            >>> bool((OptimisedPulse.from_json(pulse.to_json()).samples_mhz == pulse.samples_mhz).all())
            True
        """
        plain = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in asdict(self).items()}
        return json.dumps({"kind": _KIND, "version": 1, **plain})

    @classmethod
    def from_json(cls, text: str) -> OptimisedPulse:
        """What `to_json` wrote.

        Raises:
            DocumentError: It did not write that.
        """
        try:
            plain = json.loads(text)
            kind, version = plain.pop("kind"), plain.pop("version")
            larger = plain.pop("larger")
            arrays: dict[str, Any] = {
                key: np.array(plain.pop(key)) for key in ("samples_mhz", "member_errors", "parameters")
            }
            if (kind, version) != (_KIND, 1):
                raise DocumentError(f"Argument `text` must be a {_KIND} of version 1, but is {kind} of {version}.")
            return cls(**plain, **arrays, larger=None if larger is None else LargerSystem(**larger))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, DocumentError):
                raise
            raise DocumentError(f"Argument `text` must be an optimised pulse, but is not: {error!r} (at $).") from error

    def _lines(self) -> list[tuple[str, str]]:
        lines = [
            (
                "pulse",
                f"{self.samples_mhz.shape[0]} controls, {self.duration_ns:g} ns in steps of {self.sample_ns:g} ns",
            ),
            ("error", f"{self.error:.3g} on {self.levels} levels"),
            ("leakage", f"{self.leakage:.3g}"),
        ]
        if self.larger is not None:
            warning = ": fewer levels flatter it" if self.is_flattered else ""
            lines.append(("two levels more", f"{self.larger.error:.3g}, leakage {self.larger.leakage:.3g}{warning}"))
        if len(self.member_errors) > 1:
            lines.append(("worst member", f"{self.member_errors.max():.3g}"))
        lines.append(("nearest limit", f"{100 * self.worst_limit:.3g} % of it"))
        if not self.converged:
            lines.append(("search", "ended before it converged"))
        return lines

    def __str__(self) -> str:
        """A card of lines."""
        return "\n".join(f"{name:<16}{value}" for name, value in self._lines())

    def _repr_html_(self) -> str:
        return html_card_of("Optimised pulse", (), [[CardLine(name, value) for name, value in self._lines()]])

    def plot(self, names: tuple[str, ...] = ("x", "y")) -> Any:
        """Plotly figure of the controls, as they are held.

        Args:
            names: One for each control; numbers stand for those that are missing.

        Raises:
            MissingExtra: Plotly is not installed.
        """
        try:
            import plotly.graph_objects as graphs
        except ImportError as error:
            raise MissingExtra("plot() needs the package `plotly`: pip install 'synqc[plot]'.") from error
        edges = np.arange(self.samples_mhz.shape[1] + 1) * self.sample_ns
        figure = graphs.Figure()
        for number, samples in enumerate(self.samples_mhz):
            name = names[number] if number < len(names) else str(number)
            figure.add_scatter(x=edges, y=[*samples, samples[-1]], line={"shape": "hv"}, name=name)
        figure.update_layout(xaxis_title="time (ns)", yaxis_title="amplitude / 2π (MHz)")
        return figure
