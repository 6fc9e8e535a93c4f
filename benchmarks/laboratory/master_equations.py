"""`mesolve` beside QuTiP's, on a constant and on a driven system, at equal accuracy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from synqc.benchmarks.laboratory.peers import import_qutip, without_words
from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.lab.mesolve import mesolve
from synqc.measure.turns import interleaved, ratio

__all__ = ["measure_constant", "measure_driven"]

_TIGHT = {"method": "dop853", "atol": 1e-13, "rtol": 1e-12, "nsteps": 1_000_000}
_PEER_TOLERANCE = 1e-5  # a method of the peer that is worse than this is not considered


def measure_constant(setting: Setting) -> Mapping[str, Measurement]:
    """A driven, decaying qubit with constant coefficients."""
    qutip = import_qutip()
    lower, sz = np.array([[0, 1], [0, 0]], complex), np.diag([1, -1]).astype(complex)
    hamiltonian = np.pi * (lower + lower.T) + 0.3 * np.diag([0, 1])
    jumps = [lower / np.sqrt(50.0), sz / np.sqrt(160.0)]
    start, times = np.diag([1, 0]).astype(complex), np.linspace(0, 5, 100)
    operators = [qutip.Qobj(operator) for operator in (hamiltonian, start, *jumps, sz)]

    def ours() -> Any:
        return mesolve(hamiltonian, start, times, jumps, e_ops=[sz]).expect[0]

    def peer(**options: Any) -> Any:
        generator, state, first, second, observable = operators
        return qutip.mesolve(
            generator, state, times, [first, second], e_ops=[observable], options={**without_words, **options}
        ).expect[0]

    return _against_qutip(setting, "mesolve-constant", ours, peer, ("adams", "dop853", "vern7", "tsit5", "diag"))


def measure_driven(setting: Setting) -> Mapping[str, Measurement]:
    """A transmon of three levels under a Gaussian pulse of 20 ns, everything decaying."""
    qutip = import_qutip()
    duration, width = 0.02, 0.005  # us
    lower = np.diag(np.sqrt([1.0, 2.0]), 1).astype(complex)
    number = np.diag([0, 1, 2]).astype(complex)
    drift = -2 * np.pi * 300 / 2 * (number @ number - number)
    jumps = [lower / np.sqrt(50.0), number * np.sqrt(2 / 80.0)]
    start, times = np.diag([1, 0, 0]).astype(complex), np.linspace(0, duration, 100)
    excited = np.diag([0, 1, 0]).astype(complex)
    height = np.pi / (width * np.sqrt(2 * np.pi) * math.erf(duration / 2 / width / np.sqrt(2)))

    # Each side gets the drive as it likes it best: a function of arrays here, of one number there.
    def envelope(t: Any) -> Any:
        return height / 2 * np.exp(-(((t - duration / 2) / width) ** 2) / 2)

    def peer_envelope(t: float) -> float:
        return float(height) / 2 * math.exp(-(((t - duration / 2) / width) ** 2) / 2)

    drive = lower + lower.T
    evolving = qutip.QobjEvo([qutip.Qobj(drift), [qutip.Qobj(drive), peer_envelope]])
    operators = [qutip.Qobj(operator) for operator in (start, *jumps, excited)]

    def ours() -> Any:
        return mesolve([drift, [drive, envelope]], start, times, jumps, e_ops=[excited]).expect[0]

    def peer(**options: Any) -> Any:
        state, first, second, observable = operators
        options = {**without_words, "nsteps": 100_000, **options}
        return qutip.mesolve(evolving, state, times, [first, second], e_ops=[observable], options=options).expect[0]

    return _against_qutip(setting, "mesolve-driven", ours, peer, ("adams", "dop853", "vern7", "tsit5"))


def _against_qutip(
    setting: Setting, key: str, ours: Callable[[], Any], peer: Callable[..., Any], methods: Sequence[str]
) -> Mapping[str, Measurement]:
    """Both with their default tolerances, QuTiP by the fastest of its methods that stays accurate."""
    import qutip

    reference = np.asarray(peer(**_TIGHT))
    errors = {method: float(np.abs(peer(method=method) - reference).max()) for method in methods}
    usable = [method for method in methods if errors[method] < _PEER_TOLERANCE]
    trial = interleaved({name: partial(peer, method=name) for name in usable}, repetitions=3, least_seconds=0)
    method = min(usable, key=lambda name: trial[name].best)
    error = float(np.abs(ours() - reference).max())
    # A peer by diagonalisation is exact to rounding, as we are: then both are held to the reference's own accuracy.
    refuse_unless(
        error <= max(errors[method], 1e-10),
        f"mesolve is off by {error:.2g}, which is more than QuTiP's {errors[method]:.2g}.",
    )
    clocks = interleaved(
        {"ours": ours, "peer": partial(peer, method=method), "default": peer}, repetitions=setting.repetitions
    )
    proof = f"largest error {error:.1e} here, {errors[method]:.1e} QuTiP's, against QuTiP at tolerances of 1e-12"
    return {
        key: Measurement(1e6 * clocks["ours"].median, 1e6 * clocks["ours"].best, proof=proof),
        f"{key}-vs-qutip": Measurement(
            ratio(clocks["peer"], clocks["ours"]),
            proof=proof,
            details=(
                f"QuTiP {qutip.__version__}, '{method}', the fastest of {', '.join(usable)}: "
                f"{1e6 * clocks['peer'].median:.4g} us; "
                f"by its default method {1e6 * clocks['default'].median:.4g} us; "
                f"mesolve {1e6 * clocks['ours'].median:.3g} us",
            ),
        ),
    }
