"""What mesolve and smesolve take from, and give back to, other libraries."""

import math

import numpy as np
import pytest
import qutip
import scipy.sparse

import synqc
from synqc.errors import InputError, UnknownName

SX = np.array([[0, 1], [1, 0]], complex)
SY = np.array([[0, -1j], [1j, 0]])
SZ = np.diag([1.0, -1.0]).astype(complex)
LOWER = np.array([[0, 1], [0, 0]], complex)
UP = np.array([1, 0], complex)
TIMES = np.linspace(0, 2, 5)


def answer(**arguments):
    """<sz> of the plain arrays, for comparison."""
    plain = {"H": SX, "rho0": UP, "tlist": TIMES, "c_ops": [0.3 * LOWER], "e_ops": [SZ], **arguments}
    return synqc.mesolve(plain.pop("H"), plain.pop("rho0"), plain.pop("tlist"), plain.pop("c_ops"), **plain).expect[0]


SPARSE = [scipy.sparse.csr_matrix, scipy.sparse.csc_array, scipy.sparse.coo_matrix, scipy.sparse.dia_matrix]


@pytest.mark.parametrize("make", SPARSE, ids=lambda make: make.__name__)
def test_sparse_matrices_are_taken_wherever_an_operator_is(make):
    given = answer(H=make(SX), c_ops=[make(0.3 * LOWER)], e_ops=[make(SZ)], rho0=make(np.outer(UP, UP)))
    np.testing.assert_array_equal(given, answer())
    np.testing.assert_array_equal(answer(H=[[make(SX), np.cos]]), answer(H=[[SX, np.cos]]))
    np.testing.assert_array_equal(answer(H=lambda t: make(np.cos(t) * SX)), answer(H=lambda t: np.cos(t) * SX))
    shots = synqc.smesolve(make(SX), UP, TIMES, [make(0.3 * LOWER)], [make(SZ)], e_ops=[make(SZ)], ntraj=5, seeds=1)
    plain = synqc.smesolve(SX, UP, TIMES, [0.3 * LOWER], [SZ], e_ops=[SZ], ntraj=5, seeds=1)
    np.testing.assert_array_equal(shots.average_expect, plain.average_expect)


def test_operators_of_qiskit_are_taken_although_they_are_callable():
    info = pytest.importorskip("qiskit.quantum_info")
    given = answer(
        H=info.Operator(SX), rho0=info.Statevector(UP), c_ops=[info.Operator(0.3 * LOWER)], e_ops=[info.Operator(SZ)]
    )
    np.testing.assert_allclose(given, answer(), atol=1e-14)
    given = answer(H=info.SparsePauliOp("X"), rho0=info.DensityMatrix(np.outer(UP, UP)), e_ops=info.Operator(SZ))
    np.testing.assert_allclose(given, answer(), atol=1e-14)
    np.testing.assert_allclose(answer(H=[[info.Operator(SX), np.cos]]), answer(H=[[SX, np.cos]]), atol=1e-14)
    shots = synqc.smesolve(info.Operator(SX), info.Statevector(UP), TIMES, (), [info.Operator(SZ)], ntraj=3, seeds=1)
    assert shots.num_trajectories == 3


def test_gates_and_sums_of_cirq_are_taken():
    cirq = pytest.importorskip("cirq")
    qubit = cirq.LineQubit(0)
    halves = 0.5 * cirq.X(qubit) + 0.5 * cirq.X(qubit)
    for hamiltonian in (cirq.X, cirq.X(qubit), cirq.PauliString({qubit: cirq.X}), halves):
        np.testing.assert_allclose(answer(H=hamiltonian, e_ops=[cirq.Z]), answer(), atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.complex64, np.float64, int, np.int8])
def test_kets_and_density_matrices_of_any_precision_are_states(dtype):
    plus = (np.ones(2) / math.sqrt(2)).astype(dtype) if np.dtype(dtype).kind != "i" else UP.real.astype(dtype)
    for start in (plus, np.outer(plus, plus)):
        result = synqc.mesolve(SZ.astype(np.complex64), start, TIMES, e_ops=[SX])
        assert abs(result.expect[0][0] - (1 if np.dtype(dtype).kind != "i" else 0)) < 1e-6
    synqc.smesolve(SZ, np.outer(plus, plus), TIMES, (), [SZ], ntraj=2, seeds=1)


@pytest.mark.parametrize("method", ["auto", "expm", "taylor", "cf4", "dopri5"])
def test_final_states_are_initial_states_of_the_next_solution(method):
    seed = 5
    random = np.random.default_rng(seed)
    jumps = [random.normal(size=(4, 4)) + 1j * random.normal(size=(4, 4))]
    hamiltonian = random.normal(size=(4, 4))
    hamiltonian = hamiltonian + hamiltonian.T
    start = np.zeros(4)
    start[0] = 1
    whole = synqc.mesolve(hamiltonian, start, [0, 1, 2], jumps, method=method)
    half = synqc.mesolve(hamiltonian, start, [0, 1], jumps, method=method)
    rest = synqc.mesolve(hamiltonian, half.final_state, [1, 2], jumps, method=method)
    assert np.abs(rest.final_state - whole.final_state).max() < 4e-6, f"seed {seed}"
    synqc.smesolve(hamiltonian, half.final_state, [0, 0.1], jumps, [np.diag([1.0, 2, 3, 4])], ntraj=2, seeds=1)


def test_qobj_in_gives_qobj_out_with_dims_of_tensors():
    two = qutip.tensor(qutip.sigmax(), qutip.qeye(2))
    start = qutip.tensor(qutip.basis(2, 0), qutip.basis(2, 1))
    ket = synqc.mesolve(two, start, TIMES)
    assert ket.final_state.dims == start.dims
    assert [state.dims for state in ket.states] == [start.dims] * len(TIMES)
    jumps = [0.3 * qutip.tensor(qutip.sigmam(), qutip.qeye(2))]
    seen = []
    mixed = synqc.mesolve(two, start, TIMES, jumps, e_ops=[lambda t, state: seen.append(state.dims) or 0.0])
    assert mixed.final_state.dims == [[2, 2], [2, 2]]
    assert seen == [[[2, 2], [2, 2]]] * len(TIMES)
    theirs = qutip.mesolve(two, start, TIMES, jumps).final_state
    assert (mixed.final_state - theirs).norm() < 1e-4
    shots = synqc.smesolve(two, start, TIMES, jumps, [qutip.tensor(qutip.sigmaz(), qutip.qeye(2))], ntraj=2, seeds=1)
    assert shots.average_final_state.dims == [[2, 2], [2, 2]]
    assert isinstance(synqc.mesolve(two, start.full(), TIMES).final_state, np.ndarray)


def test_callable_observables_of_trajectories_see_each_conditioned_state():
    def purity(t, state):
        return np.trace(state @ state).real

    shots = synqc.smesolve(
        SX, np.eye(2) / 2, TIMES, (), [SZ], e_ops={"sz": SZ, "purity": purity}, ntraj=200, seeds=3,
        keep_runs_results=True,
    )  # fmt: skip
    assert shots.e_data["purity"][0] == pytest.approx(0.5)
    assert np.all(np.diff(shots.e_data["purity"]) > 0)  # looking purifies
    assert shots.runs_expect.shape == (2, 200, len(TIMES))
    alone = synqc.smesolve(SX, np.eye(2) / 2, TIMES, (), [SZ], e_ops=[SZ], ntraj=200, seeds=3)
    np.testing.assert_array_equal(shots.e_data["sz"], alone.average_expect[0])
    np.testing.assert_allclose(shots.e_data["purity"], shots.runs_expect[1].mean(axis=0))


def test_observables_may_stand_where_qutip_had_them():
    np.testing.assert_array_equal(synqc.mesolve(SX, UP, TIMES, [0.3 * LOWER], [SZ]).expect[0], answer())
    het = synqc.smesolve(SX, UP, TIMES, (), [LOWER], True, e_ops=[SZ], ntraj=2, seeds=1, method="rouchon")
    assert het.measurement.shape == (2, 1, 2, len(TIMES) - 1)


def test_options_of_qutip_are_understood():
    tight = synqc.mesolve(
        SX, UP, TIMES, [0.3 * LOWER], e_ops=[SZ],
        options={"atol": 1e-10, "rtol": 1e-9, "store_states": True, "progress_bar": "text", "method": "adams"},
    )  # fmt: skip
    assert len(tight.states) == len(TIMES)
    options = {
        "dt": 0.01,
        "store_measurement": True,
        "keep_runs_results": True,
        "store_states": True,
        "method": "rouchon",
    }
    shots = synqc.smesolve(SX, UP, TIMES, (), [SZ], e_ops=[SZ], ntraj=3, seeds=1, options=options)
    assert shots.stats["method"] == "rouchon"
    assert shots.stats["dt"] == pytest.approx(0.01)
    assert shots.runs_states.shape == (3, len(TIMES), 2, 2)


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"atoll": 1e-8}, UnknownName, "Argument `options` must hold .* but has 'atoll'; near it: 'a?tol'"),
        ({"colour": 1}, UnknownName, "has 'colour'; known: "),
        ({"method": "magic"}, InputError, "`options`|`method`"),
        ("atol", InputError, "Argument `options` must be a dictionary, but is str"),
    ],
)
def test_other_options_are_refused_by_name(options, kind, words):
    with pytest.raises(kind, match=words):
        synqc.mesolve(SX, UP, TIMES, options=options)
    with pytest.raises(kind, match=words):
        synqc.smesolve(SX, UP, TIMES, (), [SZ], ntraj=2, options=options)


def test_options_that_contradict_an_argument_are_refused():
    with pytest.raises(InputError, match=r"Argument `rtol` must agree with `options`, but is 0.001"):
        synqc.mesolve(SX, UP, TIMES, rtol=1e-3, options={"rtol": 1e-9})


def test_initial_operators_need_not_be_hermitian():
    seed = 11
    random = np.random.default_rng(seed)
    start = random.normal(size=(2, 2)) + 1j * random.normal(size=(2, 2))
    drive = [[SX, lambda t: np.cos(3 * t)]]
    given = synqc.mesolve(drive, start, TIMES, [0.5 * LOWER], e_ops=[SZ, LOWER], store_states=True)
    theirs = qutip.mesolve(
        [[qutip.Qobj(SX), lambda t: np.cos(3 * t)]], qutip.Qobj(start), TIMES, [0.5 * qutip.Qobj(LOWER)],
        options={"atol": 1e-11, "rtol": 1e-10, "nsteps": 10**6},
    )  # fmt: skip
    for ours, state in zip(given.states, theirs.states, strict=True):
        assert np.abs(ours - state.full()).max() < 4e-6, f"seed {seed}"
    np.testing.assert_allclose(given.expect[1], [np.trace(LOWER @ state) for state in given.states], atol=1e-12)


def test_correlation_of_a_decaying_qubit_follows_the_regression_theorem():
    rate, frequency = 0.4, 3.0
    excited = np.diag([0.0, 1.0])  # in the basis in which LOWER takes |1> to |0>
    result = synqc.mesolve(
        frequency * np.diag([0.0, 1.0]), LOWER @ excited, TIMES, [math.sqrt(rate) * LOWER], e_ops=[LOWER.conj().T]
    )
    correlation = result.expect[0]
    np.testing.assert_allclose(np.abs(correlation), np.exp(-rate * TIMES / 2), atol=2e-6)
    np.testing.assert_allclose(np.abs(np.unwrap(np.angle(correlation))), frequency * TIMES, atol=1e-5)


def test_liouvillians_are_hamiltonians_of_a_kind():
    liouvillian = qutip.liouvillian(qutip.sigmax(), [0.3 * qutip.Qobj(LOWER)])
    result = synqc.mesolve(liouvillian, qutip.basis(2, 0), TIMES, e_ops=[qutip.sigmaz()])
    np.testing.assert_allclose(result.expect[0], answer(), atol=1e-9)
    more = synqc.mesolve(liouvillian, UP, TIMES, [0.2 * SZ], e_ops=[SZ])
    np.testing.assert_allclose(more.expect[0], answer(c_ops=[0.3 * LOWER, 0.2 * SZ]), atol=1e-9)
    hastening = synqc.mesolve([[liouvillian, lambda t: 2 * t]], UP, TIMES, e_ops=[SZ])
    np.testing.assert_allclose(hastening.expect[0], answer(tlist=TIMES**2), atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"H": "sx"}, "`H`"),
        ({"H": [[SX, lambda t: None]]}, "`H.*`"),
        ({"c_ops": [object()]}, "`c_ops.*`"),
        ({"e_ops": ["z"]}, "`e_ops.*`"),
        ({"rho0": "up"}, "`rho0`"),
        ({"tlist": "soon"}, "`tlist`"),
    ],
)
@pytest.mark.parametrize("door", [synqc.mesolve, synqc.smesolve], ids=lambda door: door.__name__)
def test_refusals_name_the_argument_as_it_was_written(door, arguments, words):
    plain = {"H": SX, "rho0": UP, "tlist": TIMES, **arguments}
    if door is synqc.smesolve:
        plain |= {"sc_ops": [SZ], "ntraj": 2, "seeds": 1}
    with pytest.raises(InputError, match=words):
        door(**plain)
