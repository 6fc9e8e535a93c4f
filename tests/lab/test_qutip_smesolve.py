"""The same physics as QuTiP's smesolve: ensembles within their errors, and conditioned states from the same records."""

import math
from dataclasses import dataclass, field

import numpy as np
import pytest

from synqc.lab.filter_record import filter_record
from synqc.lab.smesolve import smesolve

qutip = pytest.importorskip("qutip", reason="compares with QuTiP 5, which the `test` extra installs")


@dataclass(frozen=True)
class System:
    """One monitored system in QuTiP's objects; eta is ours alone."""

    name: str
    H: object
    psi0: object
    sc_ops: list
    e_ops: list
    c_ops: list = field(default_factory=list)
    eta: float = 1.0
    heterodyne: bool = False
    method: str = "bayes-strang"


def systems():
    sx, sy, sz, sm = qutip.sigmax(), qutip.sigmay(), qutip.sigmaz(), qutip.basis(2, 0) * qutip.basis(2, 1).dag()
    ground, plus = qutip.basis(2, 0), (qutip.basis(2, 0) + qutip.basis(2, 1)).unit()
    a = qutip.destroy(3)
    b = qutip.destroy(4)
    number = a.dag() * a
    weak = sz / math.sqrt(2)
    drive = [0 * sx, [sx, lambda t: 3 * math.sin(math.pi * t) ** 2]]
    return [
        System("rabi", math.pi * sx, ground, [weak], [sx, sy, sz]),
        System("rabi, eta 0.4", math.pi * sx, ground, [weak], [sx, sy, sz], eta=0.4),
        System("qnd", 0.5 * sz, plus, [weak], [sx, sy, sz]),
        System("decay and dephasing", math.pi * sx, ground, [weak], [sx, sz], c_ops=[0.5 * sm, 0.3 * sz], eta=0.7),
        System("tilted axis", math.pi / 2 * sz, plus, [0.5 * (sx + sz)], [sx, sz]),
        System("pulse", drive, ground, [weak], [sx, sz]),
        System("qutrit", math.pi / 2 * (a + a.dag()), qutip.basis(3, 0), [number / 2], [number, a + a.dag()]),
        System("heterodyne of an observable", math.pi * sx, ground, [weak], [sx, sz], heterodyne=True),
        System(
            "decay that comes and goes",
            math.pi * sx,
            ground,
            [weak],
            [sx, sz],
            c_ops=[qutip.QobjEvo([0.8 * sm, lambda t: 1 + math.sin(7 * t)])],
            eta=0.7,
        ),
        System(
            "observable watched ever more strongly",
            qutip.QobjEvo([0 * sx, [sx, lambda t: 3 * math.sin(math.pi * t) ** 2]]),
            plus,
            [qutip.QobjEvo([weak, lambda t: 0.5 + t])],
            [sx, sz],
            c_ops=[qutip.QobjEvo([0.3 * sm, lambda t: 1 + t]), 0.2 * sz],
            eta=0.6,
        ),
        System(
            "heterodyne of sigma_minus that comes and goes",
            math.pi / 2 * sx,
            qutip.basis(2, 1),
            [qutip.QobjEvo([sm, lambda t: 0.8 + 0.4 * math.cos(5 * t)])],
            [sx, sy, sz],
            heterodyne=True,
            method="rouchon",
        ),
        System(
            "homodyne of sigma_minus", math.pi / 2 * sx, qutip.basis(2, 1), [0.8 * sm], [sx, sy, sz], method="rouchon"
        ),
        System(
            "heterodyne of a cavity",
            b.dag() * b + 0.5 * (b + b.dag()),
            qutip.basis(4, 1),
            [0.7 * b],
            [b + b.dag(), b.dag() * b],
            heterodyne=True,
            method="rouchon",
        ),
    ]


SYSTEMS = systems()


def in_qutip(system):
    """Efficiency in QuTiP's words."""
    seen = [math.sqrt(system.eta) * op for op in system.sc_ops]
    unseen = [math.sqrt(1 - system.eta) * op for op in system.sc_ops] if system.eta < 1 else []
    return seen, [*system.c_ops, *unseen]


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_ensembles_agree_within_their_errors(system):
    times = np.linspace(0.0, 1.0, 6)
    seed = 31
    ours = smesolve(
        system.H,
        system.psi0,
        times,
        system.c_ops,
        system.sc_ops,
        e_ops=system.e_ops,
        eta=system.eta,
        ntraj=4000,
        seeds=seed,
        dt=0.01,
        heterodyne=system.heterodyne,
        method=system.method,
    )
    seen, unseen = in_qutip(system)
    theirs = qutip.smesolve(
        system.H,
        system.psi0,
        times,
        unseen,
        seen,
        system.heterodyne,
        e_ops=system.e_ops,
        ntraj=60,
        seeds=seed,
        options={"method": "rouchon", "dt": 0.01, "progress_bar": ""},
    )
    for w in range(len(system.e_ops)):
        allowed = 5 * np.hypot(ours.standard_errors[w], theirs.std_expect[w] / math.sqrt(60)) + 0.02
        difference = np.abs(ours.average_expect[w] - theirs.average_expect[w])
        assert (difference <= allowed).all(), f"observable {w}, seed {seed}"


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_same_record_gives_the_same_states(system):
    edges = np.linspace(0.0, 1.0, 1001)
    seed, count = 32, 3
    records = smesolve(
        system.H,
        system.psi0,
        edges,
        system.c_ops,
        system.sc_ops,
        eta=system.eta,
        ntraj=count,
        seeds=seed,
        dt=1.0,
        heterodyne=system.heterodyne,
        method=system.method,
    ).measurement
    ours = filter_record(
        records,
        system.H,
        system.psi0,
        edges,
        system.c_ops,
        system.sc_ops,
        eta=system.eta,
        heterodyne=system.heterodyne,
        method=system.method,
        keep_states="all",
    )
    seen, unseen = in_qutip(system)
    H = qutip.QobjEvo(system.H)
    solver = qutip.SMESolver(
        H,
        seen,
        system.heterodyne,
        c_ops=unseen,
        options={"method": "rouchon", "store_states": True, "progress_bar": ""},
    )
    for record, states in zip(records, ours.states, strict=True):
        # QuTiP's Rouchon takes innovations, not records: dW = (J - <m>) dt, with <m> of the state before.
        means = [
            np.einsum("tij,tji->t", [op(t).full() for t in edges[:-1]], states[:-1]).real
            for op in map(qutip.QobjEvo, solver.m_ops)
        ]
        scale = 1e-3 / (math.sqrt(2) if system.heterodyne else 1.0)
        innovations = scale * (record - np.reshape(means, record.shape))
        theirs = solver.run_from_experiment(qutip.ket2dm(system.psi0), edges, innovations)
        difference = states[::100] - np.array([state.full() for state in theirs.states[::100]])
        distance = np.abs(np.linalg.eigvalsh(difference)).sum(axis=-1).max() / 2
        # Rouchon-Ralph is the same map in both, but for operators that depend on time, which QuTiP takes at the
        # beginning of a step. Scheme S differs from it by its strong error of order 1 at this step.
        is_same_map = system.method == "rouchon" and all(isinstance(op, qutip.Qobj) for op in system.sc_ops)
        assert distance < (1e-12 if is_same_map else 0.005), f"seed {seed}"
