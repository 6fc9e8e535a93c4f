"""What a probe learns and what it breaks: doses, information, back-action, bounds and assignment."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from synqc import _core
from synqc.errors import InputError, ShapeError
from synqc.lab.estimate import Estimate

__all__ = [
    "ProbeDoses",
    "assignment_error",
    "assignment_errors",
    "backaction",
    "banaszek_slack",
    "dichotomic_fidelities",
    "dichotomic_information",
    "dispersive_dephasing_rate",
    "efficiency_from_snr",
    "gaussian_information",
    "information_with_decay",
    "instrument_kraus",
    "probe_doses",
    "pulse_doses",
    "qnd_backaction",
    "shot_backaction",
    "signal_to_noise",
]


@dataclass(frozen=True)
class ProbeDoses:
    """Doses of a probe.

    Args:
        g: Dephasing dose; the ensemble's coherence shrinks by exp(-g). Infinite for a projective instrument.
        s: Information dose 2 * eta * g; the record separates the levels by 2 * sqrt(s) standard deviations.
        eps_pulse: Strength of the two-outcome instrument with the same back-action.
        regime: "diagnostic" (g < 0.05), "characterisation" (up to 2) or "readout".
    """

    g: float
    s: float
    eps_pulse: float
    regime: str


def probe_doses(strength: float, duration_ns: float, *, gamma_max_per_us: float, efficiency: float = 1.0) -> ProbeDoses:
    """Doses of a continuous probe: g = strength**2 * gamma_max * duration.

    Args:
        strength: Probe amplitude as a fraction of the strongest, 0 to 1.
        duration_ns: Length of the probe.
        gamma_max_per_us: Dephasing rate at strength 1.
        efficiency: Quantum efficiency of the measurement chain, greater than 0 and at most 1.

    Returns:
        The doses and the regime.

    Raises:
        InputError: An argument is out of its range.

    Examples:
        >>> doses = probe_doses(0.5, 200.0, gamma_max_per_us=10.0, efficiency=0.5)
        >>> round(doses.g, 6), round(doses.s, 6), doses.regime
        (0.5, 0.5, 'characterisation')

    Source: Korotkov, arXiv:1111.4016; Murch et al., arXiv:1305.7270.
    """
    g, s, eps_pulse, regime, _ = _core.probe_doses_from_rate(strength, duration_ns * 1e-3, gamma_max_per_us, efficiency)
    return ProbeDoses(g, s, eps_pulse, regime)


def pulse_doses(strength: float) -> ProbeDoses:
    """Doses of the two-outcome instrument of that strength: g = -log(1 - strength**2) / 2.

    Raises:
        InputError: The strength is not between 0 and 1.

    Examples:
        >>> round(pulse_doses(0.6).g, 6)
        0.223144
    """
    g, s, eps_pulse, regime, _ = _core.probe_doses_from_pulse(strength, 1.0)
    return ProbeDoses(g, s, eps_pulse, regime)


def gaussian_information(dose: ArrayLike, *, prior_of_0: ArrayLike = 0.5) -> Any:
    """Bits a Gaussian record of information dose s tells about |0> against |1>: I = H(Z) - E[H(Z|r)].

    Args:
        dose (float64, (...)): s = 2 * eta * g, at least 0.
        prior_of_0 (float64, (...)): Probability of |0> before the record.

    Returns:
        Information in bits, shape of the broadcast arguments; exact to 1e-12.

    Raises:
        InputError: A dose is negative or a prior is no probability.

    Examples:
        >>> print(np.round(gaussian_information([0.2, 2.0]), 6))
        [0.131416 0.721452]

    Source: Binary-input Gaussian channel, e.g. Richardson and Urbanke, Modern Coding Theory, ch. 4.
    """
    return _core.gaussian_information(dose, prior_of_0)


def dichotomic_information(strength: ArrayLike) -> Any:
    """Bits the outcome of the two-outcome instrument tells: 1 - h2((1 + strength) / 2), equal priors.

    Args:
        strength (float64, (...)): 0 to 1.

    Returns:
        Information in bits, same shape.

    Raises:
        InputError: A strength is not between 0 and 1.

    Examples:
        >>> print(np.round(dichotomic_information([0.0, 0.6, 1.0]), 6))
        [0.       0.278072 1.      ]
    """
    return _core.dichotomic_information(strength)


def information_with_decay(
    dose: float,
    duration_us: float,
    *,
    t1_us: float,
    up_rate_per_us: float = 0.0,
    prior_of_0: float = 0.5,
    samples: int = 2048,
) -> Estimate:
    """Bits about the state at the probe's start when the qubit may jump during it.

    Monte Carlo over simulated records with the exact filter of the jump process, stratified and compared record by
    record with the closed form without jumps. Deterministic; takes about 0.2 ms.

    Args:
        dose: Information dose s of the whole probe.
        duration_us: Length of the probe.
        t1_us: Lifetime of |1>; infinite for none.
        up_rate_per_us: Rate of jumps from |0> to |1>.
        prior_of_0: Probability of |0> at the start.
        samples: Simulated records.

    Returns:
        Estimate in bits; its standard error is 0 without jumps.

    Raises:
        InputError: An argument is out of its range.

    Examples:
        >>> lost = gaussian_information(8.0) - float(information_with_decay(8.0, 1.0, t1_us=10.0))
        >>> bool(0.05 < lost < 0.1)
        True
    """
    if not t1_us > 0:
        raise InputError(f"Argument `t1_us` must be greater than 0, but is {t1_us}.")
    return Estimate(*_core.jumping_information(dose, duration_us, 1.0 / t1_us, up_rate_per_us, prior_of_0, samples))


def backaction(with_probe: ArrayLike, without_probe: ArrayLike) -> float:
    """Trace distance B of two ensemble states at the same time.

    Args:
        with_probe (complex128, (n, n)): Density matrix after the probe.
        without_probe (complex128, (n, n)): Density matrix at the same time without it.

    Returns:
        Distance from 0 (nothing happened) to 1.

    Raises:
        ShapeError: The arrays are not square or differ in shape.

    Examples:
        >>> round(backaction([[0.5, 0.3], [0.3, 0.5]], [[0.5, 0.5], [0.5, 0.5]]), 6)
        0.2
    """
    first = np.asarray(with_probe, dtype=np.complex128)
    second = np.asarray(without_probe, dtype=np.complex128)
    if first.shape != second.shape:
        raise ShapeError(f"Argument `without_probe` must have shape {first.shape}, but has shape {second.shape}.")
    return float(_core.trace_distance(first, second))


def qnd_backaction(dose: ArrayLike, *, coherence: ArrayLike = 0.5) -> Any:
    """Back-action of a probe that commutes with everything else: |rho_01| (1 - exp(-g)).

    Args:
        dose (float64, (...)): Dephasing dose g.
        coherence (float64, (...)): |rho_01| before the probe, at most 0.5.

    Returns:
        Trace distance of the ensemble states.

    Examples:
        >>> round(float(qnd_backaction(0.5)), 6)
        0.196735
    """
    return _core.qnd_backaction(coherence, dose)


def shot_backaction(state: ArrayLike, dose: float, *, efficiency: float = 1.0) -> tuple[float, float]:
    """Mean over records of what one shot feels: (trace distance, 1 - fidelity) to the state before.

    Args:
        state (complex128, (2, 2)): Density matrix before the probe.
        dose: Dephasing dose g.
        efficiency: Share of the information that reaches the record.

    Returns:
        Mean trace distance and mean infidelity.

    Raises:
        ShapeError: The state is not a 2 by 2 matrix.

    Examples:
        >>> distance, infidelity = shot_backaction([[0.5, 0.5], [0.5, 0.5]], 0.1)
        >>> distance > float(qnd_backaction(0.1))
        True
    """
    distance, infidelity = _core.gaussian_shot_backaction(np.asarray(state, np.complex128), dose, efficiency)
    return distance, infidelity


def dichotomic_fidelities(strength: float) -> tuple[float, float]:
    """Fidelities (F, G) of the two-outcome instrument: F = (2 + sqrt(1 - eps^2)) / 3, G = (3 + eps) / 6.

    F is that of the state after the measurement, G that of the best guess from its outcome.

    Examples:
        >>> [round(fidelity, 6) for fidelity in dichotomic_fidelities(0.6)]
        [0.933333, 0.6]

    Source: Banaszek, PRL 86, 1366 (2001).
    """
    operation, estimation = _core.dichotomic_fidelities(strength)
    return operation, estimation


def banaszek_slack(operation: ArrayLike, estimation: ArrayLike) -> Any:
    """Distance from Banaszek's bound: sqrt(G - 1/3) + sqrt(2/3 - G) - sqrt(F - 1/3), never negative for one qubit.

    Args:
        operation (float64, (...)): F, mean fidelity of the state after the measurement.
        estimation (float64, (...)): G, mean fidelity of the best guess from its outcome.

    Examples:
        >>> bool(abs(banaszek_slack(*dichotomic_fidelities(0.6))) < 1e-14)
        True

    Source: Banaszek, PRL 86, 1366 (2001), eq. (13).
    """
    return _core.banaszek_slack(operation, estimation)


def assignment_error(dose: ArrayLike) -> Any:
    """Error of the midway threshold without decay: erfc(sqrt(s / 2)) / 2.

    Examples:
        >>> round(float(assignment_error(2.0)), 6)
        0.07865
    """
    return _core.assignment_error(dose)


def assignment_errors(dose: float, *, decay: float = 0.0, threshold: float = 0.0) -> tuple[float, float]:
    """Errors (P(1|0), P(0|1)) of a threshold when |1> decays during the integration.

    Args:
        dose: Information dose s.
        decay: Integration time over T1.
        threshold: On the record whose centres are +1 for |0> and -1 for |1>.

    Examples:
        >>> [round(error, 4) for error in assignment_errors(9.0, decay=0.05)]
        [0.0013, 0.0259]
    """
    given_0, given_1 = _core.assignment_errors(dose, decay, threshold)
    return given_0, given_1


def signal_to_noise(dose: ArrayLike) -> Any:
    """Distance of the record's two centres in standard deviations: 2 sqrt(s).

    Examples:
        >>> float(signal_to_noise(4.0))
        4.0
    """
    return _core.signal_to_noise(dose)


def efficiency_from_snr(snr: ArrayLike, dose: ArrayLike) -> Any:
    """Quantum efficiency SNR**2 / (8 g) from a measured signal-to-noise ratio and a measured dephasing dose.

    Examples:
        >>> float(efficiency_from_snr(2.0, 1.0))
        0.5

    Source: Bultink et al., APL 112, 092601 (2018); SNR there is ours over sqrt(2).
    """
    return _core.efficiency_from_snr(snr, dose)


def dispersive_dephasing_rate(*, chi_mhz: float, linewidth_mhz: float, drive_mhz: float) -> float:
    """Measurement-induced dephasing (1/µs) of a qubit seen through a cavity driven midway, in the steady state.

    Args:
        chi_mhz: Half the dispersive shift between the two cavity frequencies.
        linewidth_mhz: Cavity linewidth kappa / 2 pi.
        drive_mhz: Amplitude of the cavity drive over 2 pi.

    Examples:
        >>> round(dispersive_dephasing_rate(chi_mhz=0.5, linewidth_mhz=5.0, drive_mhz=2.0), 6)
        1.487144

    Source: Gambetta et al., PRA 77, 012112 (2008).
    """
    turn = 2 * np.pi
    _, rate, _, _, _ = _core.dispersive_probe(turn * chi_mhz, turn * linewidth_mhz, turn * drive_mhz, 0.0)
    return float(rate)


def instrument_kraus(strength: float, *, levels: int = 2) -> tuple[Any, Any]:
    """Kraus operators (plus, minus) of the two-outcome instrument.

    Args:
        strength: 0 to 1.
        levels: 2 to 5; levels above |1> tell the ancilla nothing.

    Returns:
        Two arrays (complex128, (n, n)).

    Examples:
        >>> plus, minus = instrument_kraus(0.6)
        >>> bool(np.allclose(plus @ plus + minus @ minus, np.eye(2)))
        True
    """
    plus, minus = _core.instrument_kraus(strength, levels)
    return plus, minus


_OLD_NAMES = {"ProbeFigures": "ProbeDoses", "probe_figures": "probe_doses", "pulse_figures": "pulse_doses"}


def __getattr__(name: str) -> Any:
    if name in _OLD_NAMES:
        now = _OLD_NAMES[name]
        warnings.warn(f"synqc.lab.probe.{name} is called {now} now.", DeprecationWarning, stacklevel=2)
        return globals()[now]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
