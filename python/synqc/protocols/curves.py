"""Excited shares of protocols that `synqc.infer` has no curve for, and readout errors from reference points."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from synqc.infer import Curve

__all__ = [
    "AllXYStaircase",
    "AmplifiedTurn",
    "Chevron",
    "CliffordDecay",
    "DragFringe",
    "LeakageRise",
    "RabiDecay",
    "RabiFringe",
    "Referenced",
    "RingDownFringe",
    "ToneFringe",
]

_DIFFERENCE = 1e-5


class ExcitedShare(Protocol):
    """What turns settings into the excited share of a qubit: also `Decay`, `Ramsey`, `Echo` of `synqc.infer`."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the parameters."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Of the settings."""

    def excited(self, settings: Any, values: Mapping[str, float]) -> tuple[Any, dict[str, Any]]:
        """Share (points,) and its derivatives."""

    def scan_points(self, settings: Any, name: str, width: float) -> int:
        """How finely a range must be looked through."""


class Referenced(Curve):
    """An excited share seen by a readout with errors, which points of known level determine.

    P(1) = p1_given_0 + (1 - p0_given_1 - p1_given_0) q. Settings: "reference", 0 or 1 where q is that, -1 where q is
    the curve's; then the curve's own.

    Args:
        share: The curve.

    Examples:
        >>> from synqc.infer import Decay
        >>> settings = np.array([[0, 0.0], [1, 0.0], [-1, 50.0]])
        >>> values = {"t1_us": 50.0, "p0_given_1": 0.1, "p1_given_0": 0.02}
        >>> Referenced(Decay()).probabilities(settings, values)[0][:, 1].round(6).tolist()
        [0.02, 0.9, 0.343734]
    """

    def __init__(self, share: ExcitedShare) -> None:
        self._share = share
        own = tuple(name for name in share.names if not name.startswith(("p0_", "p1_")))
        self.names = (*own, "p0_given_1", "p1_given_0")
        self.columns = ("reference", *share.columns)

    def probabilities(self, settings: Any, values: Mapping[str, float]) -> tuple[Any, dict[str, Any]]:
        """P(0) and P(1) (points, 2), and their derivatives."""
        is_point = settings[:, 0] < 0
        q, slopes_of_q = self._share.excited(settings[:, 1:], values)
        q = np.where(is_point, q, settings[:, 0])
        contrast = 1 - values["p0_given_1"] - values["p1_given_0"]
        one = values["p1_given_0"] + contrast * q
        slopes = {name: np.where(is_point, contrast * slope, 0.0) for name, slope in slopes_of_q.items()}
        slopes |= {"p1_given_0": 1 - q, "p0_given_1": -q}
        both = {name: np.stack([-slope, slope], axis=1) for name, slope in slopes.items()}
        return np.stack([1 - one, one], axis=1), both

    def scan_points(self, settings: Any, name: str, width: float) -> int:
        """The curve's."""
        return self._share.scan_points(settings[:, 1:], name, width)


class _Share:
    names: tuple[str, ...]
    columns: tuple[str, ...]

    def scan_points(self, settings: Any, name: str, width: float) -> int:
        """Few: there is one maximum."""
        return 9


@dataclass(frozen=True)
class RabiFringe(_Share):
    """One pulse of a relative amplitude a: (1 - cos(pi rabi_scale a)) / 2. Settings: a."""

    names = ("rabi_scale",)
    columns = ("amplitude",)

    def excited(self, settings: Any, values: Mapping[str, float]) -> tuple[Any, dict[str, Any]]:
        """(1 - cos(pi s a)) / 2."""
        angle = math.pi * settings[:, 0]
        turned = angle * values["rabi_scale"]
        return (1 - np.cos(turned)) / 2, {"rabi_scale": angle * np.sin(turned) / 2}

    def scan_points(self, settings: Any, name: str, width: float) -> int:
        """Eighths of a cycle at the largest amplitude."""
        return max(9, math.ceil(4 * width * float(np.abs(settings[:, 0]).max())))


@dataclass(frozen=True)
class RabiDecay(_Share):
    """A square pulse on resonance, from |0>: (1 - exp(-t / decay) (cos(w t) + sin(w t) / (w decay))) / 2.

    w = 2 pi `rabi_khz`, 1 / decay = (1 / T1 + 1 / T2) / 2. Settings: duration in us.

    Source: Bloch's equations; Torrey, Phys. Rev. 76, 1059 (1949).
    """

    names = ("rabi_khz", "decay_us")
    columns = ("duration_us",)

    def excited(self, settings: Any, values: Mapping[str, float]) -> tuple[Any, dict[str, Any]]:
        """Share after the pulse."""
        t = settings[:, 0]
        turn, rate = 2e-3 * math.pi * values["rabi_khz"], 1 / values["decay_us"]
        moved, by_turn, by_rate = _damped(t, turn, rate)
        return moved / 2, {"rabi_khz": 1e-3 * math.pi * by_turn, "decay_us": -(rate**2) * by_rate / 2}

    def scan_points(self, settings: Any, name: str, width: float) -> int:
        """Quarters of a cycle over the longest duration."""
        return max(9, math.ceil(4e-3 * width * float(settings[:, 0].max()))) if name == "rabi_khz" else 9


def _damped(t: Any, turn: Any, rate: float) -> tuple[Any, Any, Any]:
    """1 - exp(-rate t) (cos(turn t) + rate sin(turn t) / turn), and its derivatives by turn and rate."""
    kept, cosine = np.exp(-t * rate), np.cos(turn * t)
    sine = np.sin(turn * t) / turn
    moved = 1 - kept * (cosine + rate * sine)
    by_turn = kept * (t * turn * sine - rate * (t * cosine - sine) / turn)
    return moved, by_turn, t * (1 - moved) - kept * sine


@dataclass(frozen=True)
class Chevron(_Share):
    """A square pulse off resonance: f^2 (1 - exp(-t damping) (cos(2 pi F t) + ...)) / (2 F^2), as `RabiDecay`.

    F^2 = f^2 + (shift - detuning)^2, f = `rabi_khz`; `damping` in 1/us. Settings: duration in us, frequency of the
    pulse in kHz.
    """

    names = ("rabi_khz", "detuning_khz", "damping")
    columns = ("duration_us", "drive_shift_khz")

    def excited(self, settings: Any, values: Mapping[str, float]) -> tuple[Any, dict[str, Any]]:
        """Share after the pulse."""
        off = settings[:, 1] - values["detuning_khz"]
        rabi = values["rabi_khz"]
        square = rabi**2 + off**2
        whole = np.sqrt(square)
        moved, by_turn, by_rate = _damped(settings[:, 0], 2e-3 * math.pi * whole, values["damping"])
        weight = rabi**2 / (2 * square)
        by_square = -weight / square * moved + weight * 2e-3 * math.pi * by_turn / (2 * whole)
        return weight * moved, {
            "rabi_khz": rabi / square * moved + 2 * rabi * by_square,
            "detuning_khz": -2 * off * by_square,
            "damping": weight * by_rate,
        }

    def scan_points(self, settings: Any, name: str, width: float) -> int:
        """Quarters of a cycle over the longest duration."""
        cycles = 1e-3 * width * float(settings[:, 0].max())
        return max(9, math.ceil(4 * cycles)) if name.endswith("_khz") else 9


@dataclass(frozen=True)
class ToneFringe(_Share):
    """Ramsey through a tone of amplitude a: (1 + c exp(-b a^2) cos(s a^2 + o + phase)) / 2. Settings: a, phase.

    b is `dephasing`, s `stark_rad`, c `contrast`, o `offset_rad`.
    """

    names = ("dephasing", "stark_rad", "contrast", "offset_rad")
    columns = ("tone_amplitude", "phase_rad")

    def excited(self, settings: Any, values: Mapping[str, float]) -> tuple[Any, dict[str, Any]]:
        """Share after the second pulse."""
        square = settings[:, 0] ** 2
        fall = np.exp(-values["dephasing"] * square)
        angle = values["stark_rad"] * square + values["offset_rad"] + settings[:, 1]
        along, across = fall * np.cos(angle) / 2, fall * np.sin(angle) / 2
        contrast = values["contrast"]
        return 0.5 + contrast * along, {
            "dephasing": -contrast * along * square,
            "stark_rad": -contrast * across * square,
            "contrast": along,
            "offset_rad": -contrast * across,
        }

    def scan_points(self, settings: Any, name: str, width: float) -> int:
        """Eighths of a turn at the largest amplitude."""
        turns = width / (2 * math.pi) * float((settings[:, 0] ** 2).max())
        return max(9, math.ceil(8 * turns)) if name == "stark_rad" else 9


@dataclass(frozen=True)
class RingDownFringe(_Share):
    """Ramsey while photons leave: (1 + c Re(f exp(i (o + phase)))) / 2.

    ln f = -i d n exp(-k t) (g - exp(-(k + i d) T) / (k + i d)): k = 2 pi `kappa_mhz`, d = 2 pi `shift_mhz`, the
    frequency of the resonator with |0> minus that with |1>; n = `photons` exp(-k t) are left when the first pulse
    begins. g is 1 / (k + i d) for a pulse of no length. For a raised cosine it follows from the pulse, exactly for few
    photons: their number times the qubit's state obeys the qubit's equation with a detuning of d and the loss k, and
    turns the coherence at every moment. Settings: t in us, T in us, phase, length of the pulse in us.

    Source: Gambetta et al., PRA 77, 012112 (2008), for the resonator.
    """

    names = ("kappa_mhz", "shift_mhz", "photons", "contrast", "offset_rad")
    columns = ("delay_us", "ramsey_us", "phase_rad", "gate_us")

    def excited(self, settings: Any, values: Mapping[str, float]) -> tuple[Any, dict[str, Any]]:
        """Share after the second pulse."""
        t, length, gate = settings[:, 0], settings[:, 1], float(settings[:, 3].max())
        kappa, shift = (2 * math.pi * values[name] for name in ("kappa_mhz", "shift_mhz"))
        left = values["photons"] * np.exp(-kappa * t)
        rate = kappa + 1j * shift
        late = np.exp(-kappa * gate - rate * length)
        turned, by_kappa, by_shift = (
            turn + late_part
            for turn, late_part in zip(
                _turned_by_photons(kappa, shift, gate),
                (-late / rate, late * (gate + length + 1 / rate) / rate, 1j * late * (length + 1 / rate) / rate),
                strict=True,
            )
        )
        whole = -1j * shift * turned
        logarithm = left * whole
        factor = np.exp(logarithm + 1j * (values["offset_rad"] + settings[:, 2])) / 2
        contrast = values["contrast"]

        def slope(of_logarithm: Any) -> Any:
            return contrast * (factor * of_logarithm).real

        return 0.5 + contrast * factor.real, {
            "kappa_mhz": 2 * math.pi * slope(-t * logarithm - 1j * left * shift * by_kappa),
            "shift_mhz": 2 * math.pi * slope(-1j * left * (turned + shift * by_shift)),
            "photons": slope(np.exp(-kappa * t) * whole),
            "contrast": factor.real,
            "offset_rad": slope(1j),
        }

    def scan_points(self, settings: Any, name: str, width: float) -> int:
        """Linewidth and shift bend each other's curve."""
        return 41 if name in ("kappa_mhz", "shift_mhz") else 9


_SAMPLES_OF_PULSE = 12
_SMALL_RATE = 1e-4  # 1/us


def _turned_by_photons(kappa: float, shift: float, gate: float) -> tuple[complex, complex, complex]:
    """g of `RingDownFringe`, and its derivatives by kappa and shift, from differences."""
    small = _SMALL_RATE * np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    loss, turn = kappa + small[:, 0], shift + small[:, 1]
    rest = loss + 1j * turn
    step = gate / _SAMPLES_OF_PULSE
    fading = np.exp(-loss * step / 2)[:, None, None] * np.ones((2, 2), complex)
    fading[:, 0, 1] = np.exp(-rest * step / 2)
    fading[:, 1, 0] = fading[:, 0, 1].conj()
    photons = np.zeros((5, 2, 2), complex)  # their number times the state
    photons[:, 0, 0] = 1
    turned = np.zeros((5, 2, 2), complex)  # what they change in the state, over -i shift
    state = np.diag([1.0 + 0j, 0.0])
    for sample in range(_SAMPLES_OF_PULSE):
        middle = 2 * math.pi * (sample + 0.5) / _SAMPLES_OF_PULSE
        quarter = math.pi / 8 / _SAMPLES_OF_PULSE * (1 - math.cos(middle))  # half of the turn of half a sample
        drive = np.array([[math.cos(quarter), -1j * math.sin(quarter)], [-1j * math.sin(quarter), math.cos(quarter)]])
        back = drive.conj().T
        photons = drive @ photons @ back * fading
        turned = drive @ turned @ back
        turned[:, 0, 1] += step * photons[:, 0, 1]
        turned[:, 1, 0] -= step * photons[:, 1, 0]
        photons = drive @ (photons * fading) @ back
        turned = drive @ turned @ back
        state = drive @ drive @ state @ back @ back
    found = (turned[:, 0, 1] + photons[:, 0, 1] / rest) / state[0, 1]
    by_loss, by_turn = found[1] - found[2], found[3] - found[4]
    return complex(found[0]), complex(by_loss) / (2 * _SMALL_RATE), complex(by_turn) / (2 * _SMALL_RATE)


@dataclass(frozen=True)
class AmplifiedTurn(_Share):
    """A pi/2 pulse and n pi pulses about one axis, all too long by a share e: (1 - cos((n + 1/2) pi (1 + e))) / 2."""

    names = ("amplitude_error",)
    columns = ("pulses",)

    def excited(self, settings: Any, values: Mapping[str, float]) -> tuple[Any, dict[str, Any]]:
        """(1 - cos((n + 1/2) pi (1 + e))) / 2."""
        angle = math.pi * (settings[:, 0] + 0.5)
        turned = angle * (1 + values["amplitude_error"])
        return (1 - np.cos(turned)) / 2, {"amplitude_error": angle * np.sin(turned) / 2}

    def scan_points(self, settings: Any, name: str, width: float) -> int:
        """Eighths of a cycle over all pulses."""
        return max(9, math.ceil(4 * width * float(settings[:, 0].max() + 0.5)))


@dataclass(frozen=True)
class DragFringe(_Share):
    """n pairs of a pi pulse and its opposite with one DRAG coefficient: (1 - cos(n k (coefficient - drag))) / 2.

    A pair does nothing but add up twice the phase error of a pulse, which is linear in the coefficient.
    """

    names = ("drag", "turn_per_pair")
    columns = ("coefficient", "pairs")

    def excited(self, settings: Any, values: Mapping[str, float]) -> tuple[Any, dict[str, Any]]:
        """(1 - cos(n k (b - b0))) / 2."""
        distance = settings[:, 0] - values["drag"]
        turned = settings[:, 1] * values["turn_per_pair"] * distance
        sine = np.sin(turned) / 2 * settings[:, 1]
        return (1 - np.cos(turned)) / 2, {"drag": -sine * values["turn_per_pair"], "turn_per_pair": sine * distance}

    def scan_points(self, settings: Any, name: str, width: float) -> int:
        """A quarter of the fringe's width and finer."""
        return 25


ALL_XY_PAIRS: tuple[tuple[tuple[float, float], tuple[float, float]], ...]
_I, _X, _Y, _x, _y = (0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.5, 0.0), (0.5, 0.5)
ALL_XY_PAIRS = (
    (_I, _I), (_X, _X), (_Y, _Y), (_X, _Y), (_Y, _X),
    (_x, _I), (_y, _I), (_x, _y), (_y, _x), (_x, _Y), (_y, _X), (_X, _y), (_Y, _x),
    (_x, _X), (_X, _x), (_y, _Y), (_Y, _y),
    (_X, _I), (_Y, _I), (_x, _x), (_y, _y),
)  # fmt: skip
"""Angle and phase, in units of pi, of both pulses of each pair."""


@dataclass(frozen=True)
class AllXYStaircase(_Share):
    """Pairs of raised-cosine pulses, too strong by a share, off resonance. Settings: number of the pair, gate in ns."""

    names = ("amplitude_error", "detuning_khz")
    columns = ("pair", "gate_ns")

    def excited(self, settings: Any, values: Mapping[str, float]) -> tuple[Any, dict[str, Any]]:
        """Share after both, and differences in place of derivatives."""
        steps = np.array([_DIFFERENCE, 1e3 * _DIFFERENCE])
        moves = np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
        places = np.array([values["amplitude_error"], values["detuning_khz"]]) + moves * steps
        gate_us = 1e-3 * float(settings[:, 1].max())
        pulses = _raised_cosines(1 + places[:, 0], 2e-3 * math.pi * places[:, 1] * gate_us)
        pairs = np.array(ALL_XY_PAIRS)[settings[:, 0].astype(int)]
        first, second = (_about(pulses[:, (2 * pairs[:, k, 0]).astype(int)], pairs[:, k, 1]) for k in range(2))
        shares = np.abs((second[..., 1, :] * first[..., :, 0]).sum(axis=-1)) ** 2
        slopes = (shares[1::2] - shares[2::2]) / (2 * steps[:, None])
        return shares[0], dict(zip(self.names, slopes, strict=True))


def _raised_cosines(scales: Any, drifts: Any) -> Any:
    """Pulses about x of 0, a quarter and half a turn times a scale, while the qubit precesses by an angle.

    Args:
        scales (float64, (n,)): Of the turn.
        drifts (float64, (n,)): Over the pulse, in rad.

    Returns:
        Unitaries (complex128, (n, 3, 2, 2)).
    """
    turns = math.pi / 2 * np.arange(3) * np.asarray(scales)[:, None]
    precession = np.asarray(drifts)[:, None] / _SAMPLES_OF_PULSE
    total = np.eye(2, dtype=complex)
    for sample in range(_SAMPLES_OF_PULSE):
        angle = turns * (1 - math.cos(2 * math.pi * (sample + 0.5) / _SAMPLES_OF_PULSE)) / _SAMPLES_OF_PULSE
        whole = np.hypot(angle, precession)
        cosine, sine = np.cos(whole / 2), np.sinc(whole / 2 / math.pi) / 2
        off = -1j * sine * angle
        part = np.stack([cosine + 1j * sine * precession, off, off, cosine - 1j * sine * precession], axis=-1)
        total = part.reshape(*angle.shape, 2, 2) @ total
    return total


def _about(pulses: Any, phases: Any) -> Any:
    """Pulses (..., pairs, 2, 2) about x, about axes at phases (pairs,) in units of pi instead."""
    turned = pulses.copy()
    turned[..., 0, 1] *= np.exp(-1j * math.pi * phases)
    turned[..., 1, 0] *= np.exp(1j * math.pi * phases)
    return turned


@dataclass(frozen=True)
class CliffordDecay(_Share):
    """Not surviving m Clifford gates and their inverse: (1 - (1 - 2 r)^m) / 2, r the error of a gate."""

    names = ("error_per_clifford",)
    columns = ("cliffords",)

    def excited(self, settings: Any, values: Mapping[str, float]) -> tuple[Any, dict[str, Any]]:
        """(1 - (1 - 2 r)^m) / 2."""
        m, kept = settings[:, 0], 1 - 2 * values["error_per_clifford"]
        return (1 - kept**m) / 2, {"error_per_clifford": m * kept ** (m - 1)}


class LeakageRise(Curve):
    """Outside of the computational space after m gates: L1 / (L1 + L2) (1 - (1 - L1 - L2)^m), and taken for it.

    Source: Wood and Gambetta, PRA 97, 032306 (2018).
    """

    names = ("leakage", "seepage", "taken_for_leaked")
    columns = ("cliffords",)

    def probabilities(self, settings: Any, values: Mapping[str, float]) -> tuple[Any, dict[str, Any]]:
        """Inside and outside (points, 2), and their derivatives."""
        m, up, down = settings[:, 0], values["leakage"], values["seepage"]
        total = up + down
        kept = (1 - total) ** m
        share, fall = up / total, m * (1 - total) ** (m - 1)
        background = values["taken_for_leaked"]
        outside = share * (1 - kept)
        slopes = {
            "leakage": (1 - background) * (down / total**2 * (1 - kept) + share * fall),
            "seepage": (1 - background) * (-up / total**2 * (1 - kept) + share * fall),
            "taken_for_leaked": 1 - outside,
        }
        seen = background + (1 - background) * outside
        return np.stack([1 - seen, seen], axis=1), {
            name: np.stack([-slope, slope], axis=1) for name, slope in slopes.items()
        }
