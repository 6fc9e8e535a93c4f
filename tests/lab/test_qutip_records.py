"""Records change hands with QuTiP both ways, as they are: no factor, no sign, no axis lies between the two formats."""

import itertools
import math

import numpy as np
import pytest

from synqc.lab.filter_record import filter_record
from synqc.lab.smesolve import smesolve

qutip = pytest.importorskip("qutip", reason="exchanges records with QuTiP 5, which the `test` extra installs")

SX, SZ = qutip.sigmax(), qutip.sigmaz()
LOWER = qutip.basis(2, 0) * qutip.basis(2, 1).dag()
H, START = math.pi * SX, qutip.basis(2, 0)
EDGES = np.linspace(0.0, 1.0, 1001)

# Schemes of strong order 1 on both sides: at this step they differ by 5e-4 rms, seldom by 2e-3. A factor of sqrt(2), a
# sign or an exchanged quadrature costs 0.05 and more.
AGREE = 0.01

OPERATORS = {
    "bayes-strang": ([SZ / math.sqrt(2)], [0.6 * SZ, 0.4 * SZ]),
    "rouchon": ([0.8 * LOWER], [0.8 * LOWER, 0.4 * SZ]),
}
COMBINATIONS = list(itertools.product(OPERATORS, (1, 2), (False, True), (1.0, 0.4)))


def combination_name(combination):
    method, channels, heterodyne, eta = combination
    return f"{method}, {'heterodyne' if heterodyne else 'homodyne'}, {channels} channels, eta {eta}"


def qutips_solver(sc_ops, heterodyne, eta):
    """QuTiP's has no efficiency: what is not seen leaves by collapse operators."""
    seen = [math.sqrt(eta) * operator for operator in sc_ops]
    unseen = [math.sqrt(1 - eta) * operator for operator in sc_ops] if eta < 1 else []
    options = {"method": "platen", "store_states": True, "keep_runs_results": True, "progress_bar": ""}
    return qutip.SMESolver(H, seen, heterodyne, c_ops=unseen, options={**options, "store_measurement": "start"})


def as_arrays(states):
    return np.array([state.full() if isinstance(state, qutip.Qobj) else state for state in states])


def rms_distance(states, others):
    return math.sqrt(np.mean(np.sum(np.abs(states - others) ** 2, axis=(1, 2))))


@pytest.mark.parametrize("combination", COMBINATIONS, ids=map(combination_name, COMBINATIONS))
def test_a_record_of_ours_tells_qutip_the_same_states(combination, seed):
    method, channels, heterodyne, eta = combination
    sc_ops = OPERATORS[method][channels - 1]
    ours = smesolve(
        H, START, EDGES, [], sc_ops,
        eta=eta, ntraj=1, seeds=seed, dt=1.0, heterodyne=heterodyne, method=method, store_states=True,
    )  # fmt: skip
    solver = qutips_solver(sc_ops, heterodyne, eta)
    theirs = solver.run_from_experiment(qutip.ket2dm(START), EDGES, ours.measurement[0], measurement=True)
    assert rms_distance(as_arrays(theirs.states), as_arrays(ours.runs_states[0])) < AGREE, f"seed {seed}"


@pytest.mark.parametrize("combination", COMBINATIONS, ids=map(combination_name, COMBINATIONS))
def test_a_record_of_qutips_tells_us_the_same_states(combination, seed):
    method, channels, heterodyne, eta = combination
    sc_ops = OPERATORS[method][channels - 1]
    theirs = qutips_solver(sc_ops, heterodyne, eta).run(qutip.ket2dm(START), EDGES, ntraj=1, seeds=[seed])
    record = np.array(theirs.measurement[0])
    ours = filter_record(
        record, H, START, EDGES, [], sc_ops, eta=eta, heterodyne=heterodyne, method=method, keep_states="all"
    )
    states = as_arrays(ours.states).reshape(len(EDGES), 2, 2)
    assert rms_distance(states, as_arrays(theirs.runs_states[0])) < AGREE, f"seed {seed}"
