"""The same states as QuTiP's mesolve on ten systems, with QuTiP at tight tolerances."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from synqc.lab.mesolve import mesolve

qutip = pytest.importorskip("qutip", reason="compares with QuTiP 5, which the `test` extra installs")

# QuTiP at 1e-10 per step, over up to some hundred steps; ours at 1e-9 over the whole duration.
AGREEMENT = 2e-7
TIGHT = {"atol": 1e-12, "rtol": 1e-10, "nsteps": 10**6, "progress_bar": ""}


@dataclass(frozen=True)
class System:
    """One system in QuTiP's objects."""

    name: str
    H: object
    rho0: object
    tlist: np.ndarray
    c_ops: list = field(default_factory=list)
    args: dict | None = None


def gaussian(t, height, centre, sigma):
    return height * np.exp(-((t - centre) ** 2) / (2 * sigma**2))


def systems():
    sx, sy, sz, sm = qutip.sigmax(), qutip.sigmay(), qutip.sigmaz(), qutip.destroy(2)
    zero, one = qutip.basis(2, 0), qutip.basis(2, 1)
    long, short = np.linspace(0, 20, 41), np.linspace(0, 5, 26)
    b3, a = qutip.destroy(3), qutip.destroy(8)
    anharmonic = -20 * b3.dag() ** 2 * b3**2
    cavity, atom = qutip.tensor(qutip.destroy(5), qutip.qeye(2)), qutip.tensor(qutip.qeye(5), qutip.destroy(2))
    yield System("damped rabi", 0.5 * sx, zero, long, [0.2 * sm, 0.1 * sz])
    yield System(
        "detuned rabi of a mixed state", 0.3 * sx + 0.4 * sz, 0.7 * zero.proj() + 0.3 * one.proj(), long, [0.3 * sm]
    )
    yield System("unitary from a ket", sx + 0.3 * sy, (zero + 1j * one).unit(), short)
    yield System("thermal ladder", 0.2 * a.dag() * a, qutip.coherent(8, 0.8), long, [0.3 * a, 0.1 * a.dag()])
    yield System(
        "kerr cavity under drive", a.dag() ** 2 * a**2 + 0.4 * (a + a.dag()), qutip.basis(8, 0), short, [0.5 * a]
    )
    yield System(
        "transmon under a gaussian pulse",
        [anharmonic, [b3 + b3.dag(), gaussian]],
        qutip.basis(3, 0),
        short,
        [0.1 * b3, 0.1 * b3.dag() * b3],
        {"height": 1.2, "centre": 2.5, "sigma": 0.6},
    )
    yield System("drive in samples", [0.3 * sz, [sx, np.sin(3 * short)]], zero, short, [0.2 * sm])
    yield System(
        "rotating drive",
        [[sm, lambda t: 0.5 * np.exp(1j * 2 * t)], [sm.dag(), lambda t: 0.5 * np.exp(-2j * t)]],
        one,
        short,
    )
    yield System("decay that fades", 0.2 * sx, one, short, [[sm, lambda t: np.sqrt(0.8 * np.exp(-t))], 0.1 * sz])
    yield System(
        "jaynes-cummings",
        cavity.dag() * cavity + atom.dag() * atom + 0.6 * (cavity * atom.dag() + cavity.dag() * atom),
        qutip.tensor(qutip.basis(5, 2), one),
        short,
        [0.2 * cavity, 0.1 * atom],
    )


@pytest.mark.parametrize("method", ["auto", "dopri5"])
@pytest.mark.parametrize("system", list(systems()), ids=lambda system: system.name)
def test_states_agree_with_qutip(system, method):
    ours = mesolve(
        system.H, system.rho0, system.tlist, system.c_ops, args=system.args, method=method, atol=1e-9, rtol=0
    )
    theirs = qutip.mesolve(system.H, system.rho0, system.tlist, system.c_ops, args=system.args, options=TIGHT)
    distances = [np.abs(a.full() - b.full()).max() for a, b in zip(ours.states, theirs.states, strict=True)]
    assert max(distances) < AGREEMENT


def test_means_have_qutips_shapes_and_types():
    sm, sz = qutip.destroy(2), qutip.sigmaz()
    arguments = (0.5 * qutip.sigmax(), qutip.basis(2, 0), np.linspace(0, 3, 7), [0.3 * sm])
    ours = mesolve(*arguments, e_ops={"z": sz, "minus": sm})
    theirs = qutip.mesolve(*arguments, e_ops={"z": sz, "minus": sm}, options=TIGHT)
    for key in ("z", "minus"):
        assert ours.e_data[key].dtype == np.asarray(theirs.e_data[key]).dtype
        assert np.allclose(ours.e_data[key], theirs.e_data[key], atol=AGREEMENT)
    assert len(ours.states) == len(theirs.states) == 0
