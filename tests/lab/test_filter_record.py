"""filter_record as a door: parameters, units, shapes, refusals."""

import math

import numpy as np
import pytest

from synqc.errors import InputError, ShapeError
from synqc.lab.filter_record import MonitoredQubit, filter_record
from synqc.lab.mesolve import mesolve
from synqc.lab.smesolve import smesolve

SX = np.array([[0, 1], [1, 0]], dtype=complex)
SY = np.array([[0, -1j], [1j, 0]])
SZ = np.diag([1.0 + 0j, -1.0])
LOWER = np.array([[0, 1], [0, 0]], dtype=complex)
GROUND = np.array([1.0, 0.0])
QUBIT = MonitoredQubit(rabi_khz=400.0, gamma_per_us=0.6, efficiency=0.7, t1_us=20.0)
EDGES = np.linspace(0.0, 10.0, 401)


@pytest.fixture(scope="module")
def simulated():
    return smesolve(
        QUBIT.H,
        GROUND,
        EDGES,
        QUBIT.c_ops,
        QUBIT.sc_ops,
        eta=QUBIT.efficiency,
        ntraj=5,
        seeds=41,
        dt=1.0,
        store_states=True,
    )


@pytest.mark.parametrize("method", ["bayes-strang", "rouchon"])
def test_filter_finds_the_states_that_were_sampled(method):
    result = smesolve(
        QUBIT.H,
        GROUND,
        EDGES,
        QUBIT.c_ops,
        QUBIT.sc_ops,
        eta=QUBIT.efficiency,
        ntraj=70,
        seeds=42,
        dt=1.0,
        method=method,
        store_states=True,
    )
    found = filter_record(result.measurement, QUBIT, GROUND, EDGES, method=method, dt=1.0)
    assert np.abs(found.states - result.runs_states).max() < 1e-10


def test_heterodyne_and_two_channels_round_trip():
    cavity = np.diag(np.sqrt([1.0, 2.0]), 1).astype(complex)
    H = 0.5 * (cavity + cavity.T)
    start = np.eye(3)[1]
    times = np.linspace(0, 1, 21)
    arguments = dict(
        sc_ops=[0.8 * cavity, 0.5 * cavity.T @ cavity], eta=[0.9, 0.4], heterodyne=True, method="rouchon", dt=0.05
    )
    result = smesolve(H, start, times, ntraj=3, seeds=1, store_states=True, **arguments)
    assert result.measurement.shape == (3, 2, 2, 20)
    found = filter_record(result.measurement, H, start, times, **arguments)
    assert np.abs(found.states - result.runs_states).max() < 1e-10
    one = filter_record(result.measurement[1], H, start, times, **arguments)
    assert np.array_equal(one.states, found.states[1])


def test_heterodyne_of_an_observable_round_trips_by_bayes(simulated):
    arguments = dict(sc_ops=[0.8 * SZ], eta=0.6, heterodyne=True, dt=1.0)
    times = np.linspace(0, 1, 21)
    result = smesolve(SX, GROUND, times, ntraj=3, seeds=1, store_states=True, **arguments)
    found = filter_record(result.measurement, SX, GROUND, times, **arguments)
    assert np.abs(found.states - result.runs_states).max() < 1e-10


def test_one_record_has_no_axis_of_records(simulated):
    found = filter_record(simulated.measurement[0, 0], QUBIT, GROUND, EDGES, parameters={"rabi_khz": [390.0, 400.0]})
    assert found.log_likelihood.shape == (2,)
    assert found.states.shape == (2, 1, 2, 2)
    assert np.array_equal(found.times, EDGES[-1:])
    assert found.joint_posterior.shape == (2,)


def test_axes_are_parameters_in_order_then_records(simulated):
    grids = {"detuning_khz": [-50.0, 0.0, 50.0], "rabi_khz": [380.0, 400.0]}
    found = filter_record(simulated.measurement, QUBIT, GROUND, EDGES, parameters=grids, keep_states="all")
    assert found.log_likelihood.shape == (3, 2, 5)
    assert found.states.shape == (3, 2, 5, 401, 2, 2)
    assert np.abs(found.posterior.sum(axis=(0, 1)) - 1).max() < 1e-12
    assert found.joint_posterior.sum() == pytest.approx(1)
    alone = filter_record(simulated.measurement[3, 0], MonitoredQubit(50.0, 380.0, 0.0, 0.6, 0.7, 20.0), GROUND, EDGES)
    assert found.log_likelihood[2, 0, 3] == pytest.approx(float(alone.log_likelihood), abs=1e-9)
    assert np.abs(found.states[2, 0, 3] - alone.states).max() < 1e-12
    assert np.abs(found.expect(SZ)[2, 0, 3] - alone.expect(SZ)).max() < 1e-12


@pytest.mark.parametrize(("t1", "t2"), [(20.0, 25.0), (30.0, 7.0), (20.0, 40.0), (math.inf, 9.0), (20.0, None)])
def test_a_monitored_qubit_decays_in_its_t1_and_loses_its_phase_in_its_t2_and_by_being_watched(t1, t2):
    qubit = MonitoredQubit(gamma_per_us=0.3, efficiency=0.4, t1_us=t1, t2_us=t2)
    superposed, excited, up = np.array([1, 1]) / math.sqrt(2), np.array([0.0, 1.0]), np.diag([0.0, 1.0])
    times, still = [0.0, 3.0], 0 * SX
    unwatched = mesolve(still, superposed, times, qubit.c_ops, e_ops=[SX]).expect[0][-1]
    watched = mesolve(still, superposed, times, [*qubit.c_ops, *qubit.sc_ops], e_ops=[SX]).expect[0][-1]
    left = mesolve(still, excited, times, qubit.c_ops, e_ops=[up]).expect[0][-1]
    assert unwatched == pytest.approx(math.exp(-3 / (t2 or 2 * t1)), abs=1e-6)
    assert watched == pytest.approx(math.exp(-3 / (t2 or 2 * t1) - 0.3 * 3), abs=1e-6)
    assert left == pytest.approx(math.exp(-3 / t1), abs=1e-6)
    assert qubit.measurement_time_us == pytest.approx(1 / (2 * 0.4 * 0.3))


def test_a_monitored_qubit_turns_by_its_detuning_and_both_quadratures_of_its_drive():
    found = MonitoredQubit(detuning_khz=30.0, rabi_khz=400.0, rabi_y_khz=70.0).H
    expected = 2e-3 * math.pi * (30 * np.diag([0, 1]) + (400 * SX + 70 * SY) / 2)
    assert np.abs(found - expected).max() < 1e-15


def test_records_together_are_as_likely_as_the_product_of_each(simulated):
    grids = {"detuning_khz": np.linspace(-60.0, 40.0, 5), "rabi_khz": np.linspace(360.0, 440.0, 33)}
    found = filter_record(simulated.measurement[:3], QUBIT, GROUND, EDGES, parameters=grids)
    product = np.prod(found.posterior, axis=-1)
    product /= product.sum()
    assert np.abs(found.joint_posterior - product).max() < 1e-12

    def width(law):
        of_rabi = law.sum(axis=0)
        mean = of_rabi @ grids["rabi_khz"]
        return math.sqrt(of_rabi @ (grids["rabi_khz"] - mean) ** 2)

    assert width(found.joint_posterior) < min(width(found.posterior[..., k]) for k in range(3))
    detuning, rabi = np.unravel_index(np.argmax(product), product.shape)
    assert found.best == {"detuning_khz": grids["detuning_khz"][detuning], "rabi_khz": grids["rabi_khz"][rabi]}


def test_a_parameter_may_be_written_four_ways(simulated):
    record = simulated.measurement[:, 0]
    grid = [300.0, 400.0, 500.0]
    rest = dict(c_ops=QUBIT.c_ops, sc_ops=QUBIT.sc_ops, eta=0.7)
    unit = 2e-3 * math.pi * SX / 2
    by_field = filter_record(record, QUBIT, GROUND, EDGES, parameters={"rabi_khz": grid})
    by_name = filter_record(record, [0 * SX, [unit, "f"]], GROUND, EDGES, parameters={"f": grid}, **rest)
    by_matrix = filter_record(record, lambda f: f * unit, GROUND, EDGES, parameters={"f": grid}, **rest)
    in_time = filter_record(
        record, [0 * SX, [unit, lambda t, f: f]], GROUND, EDGES, parameters={"f": grid}, dt=1.0, **rest
    )
    for other in (by_name, by_matrix, in_time):
        assert np.abs(other.log_likelihood - by_field.log_likelihood).max() < 1e-8


def test_everything_may_depend_on_parameters(simulated):
    record = simulated.measurement[0, 0]
    found = filter_record(
        record,
        QUBIT.H,
        lambda p: np.diag([1 - p, p]),
        EDGES,
        c_ops=lambda t1: [LOWER / math.sqrt(t1)],
        sc_ops=lambda gamma: [math.sqrt(gamma / 2) * SZ],
        eta=lambda eta: eta,
        parameters={"p": [0.0, 0.5], "t1": [20.0, 40.0], "gamma": [0.6], "eta": [0.7, 0.8]},
    )
    assert found.log_likelihood.shape == (2, 2, 1, 2)
    by_field = filter_record(record, QUBIT, GROUND, EDGES)
    assert found.log_likelihood[0, 0, 0, 0] == pytest.approx(float(by_field.log_likelihood), abs=1e-9)


def test_normalised_records_give_the_same_states_and_their_own_density(simulated):
    record = simulated.measurement[:, 0]
    tau = QUBIT.measurement_time_us
    grid = {"rabi_khz": np.array([380.0, 400.0])}
    plain = filter_record(record, QUBIT, GROUND, EDGES, parameters=grid)
    scaled = filter_record(record * math.sqrt(tau), QUBIT, GROUND, EDGES, parameters=grid, record_unit="normalised")
    assert np.abs(plain.states - scaled.states).max() < 1e-12
    assert np.abs(plain.posterior - scaled.posterior).max() < 1e-10


def test_normalised_density_is_the_gaussian_mixture():
    qubit = MonitoredQubit(gamma_per_us=0.8, efficiency=0.5)
    T, r, tau = 0.7, 0.4, qubit.measurement_time_us
    found = filter_record([r], qubit, np.diag([0.7, 0.3]), [0, T], record_unit="normalised")
    variance = tau / T
    gaussians = [math.exp(-((r - s) ** 2) / (2 * variance)) / math.sqrt(2 * math.pi * variance) for s in (1, -1)]
    assert float(found.log_likelihood) == pytest.approx(math.log(0.7 * gaussians[0] + 0.3 * gaussians[1]), abs=1e-12)


def test_efficiency_is_learned_from_normalised_records():
    qubit = MonitoredQubit(rabi_khz=300.0, gamma_per_us=1.0, efficiency=0.4)
    edges = np.linspace(0, 20, 801)
    traces = smesolve(qubit.H, GROUND, edges, sc_ops=qubit.sc_ops, eta=0.4, ntraj=10, seeds=43, dt=1.0).measurement
    grid = np.arange(0.2, 0.61, 0.05)
    found = filter_record(
        traces[:, 0] * math.sqrt(qubit.measurement_time_us),
        qubit,
        GROUND,
        edges,
        parameters={"efficiency": grid},
        record_unit="normalised",
    )
    assert abs(found.best["efficiency"] - 0.4) <= 0.0501, "seed 43"


@pytest.mark.parametrize("method", ["bayes-strang", "rouchon"])
def test_bytes_do_not_depend_on_threads(simulated, method):
    arguments = dict(parameters={"detuning_khz": np.linspace(-50, 50, 7)}, method=method)
    runs = [
        filter_record(simulated.measurement, QUBIT, GROUND, EDGES, threads=threads, **arguments)
        for threads in (1, 2, 7)
    ]
    assert len({run.log_likelihood.tobytes() + run.states.tobytes() for run in runs}) == 1


def test_impossible_evidence_leaves_a_state():
    found = filter_record([-1e4], 0 * SZ, GROUND, [0, 1], sc_ops=[SZ])
    assert np.abs(found.states[-1] - np.diag([1, 0])).max() < 1e-12
    assert np.isfinite(found.log_likelihood)


def test_schemes_agree_on_the_likelihood_of_fine_records():
    edges = np.linspace(0, 2, 4001)
    result = smesolve(QUBIT.H, GROUND, edges, QUBIT.c_ops, QUBIT.sc_ops, eta=0.7, ntraj=3, seeds=44, dt=1.0)
    grid = {"rabi_khz": [300.0, 500.0]}
    ratios = [
        np.diff(
            filter_record(result.measurement, QUBIT, GROUND, edges, parameters=grid, method=method).log_likelihood,
            axis=0,
        )
        for method in ("bayes-strang", "rouchon")
    ]
    assert np.abs(ratios[0] - ratios[1]).max() < 0.05


REFUSALS = {
    "wrong number of bins": (dict(record=np.zeros(7)), ShapeError, "edges of 400 bins"),
    "scalar record": (dict(record=1.0), ShapeError, "`record`"),
    "record with NaN": (dict(record=np.full(400, np.nan)), InputError, "`record` must be finite"),
    "no records": (dict(record=np.zeros((0, 400))), ShapeError, "at least one record"),
    "unknown parameter": (dict(parameters={"speed": [1.0]}), InputError, "'speed'"),
    "unused parameter": (dict(H=SX, sc_ops=[SZ], parameters={"f": [1.0]}), InputError, "'f'"),
    "empty grid": (dict(parameters={"rabi_khz": []}), ShapeError, "grid"),
    "NaN in a grid": (dict(parameters={"rabi_khz": [math.nan]}), InputError, "finite"),
    "forbidden value in a grid": (dict(parameters={"efficiency": [1.2]}), InputError, "`efficiency`"),
    "two sources of sc_ops": (dict(sc_ops=[SZ]), InputError, "MonitoredQubit"),
    "unknown unit": (dict(record_unit="volt"), InputError, "`record_unit`"),
    "normalised without a qubit": (dict(H=SX, sc_ops=[SZ], record_unit="normalised"), InputError, "MonitoredQubit"),
    "unknown states": (dict(keep_states="some"), InputError, "`keep_states`"),
    "unknown method": (dict(method="heun"), InputError, "`method`"),
    "text in H that is no parameter": (dict(H=[[SX, "f"]], sc_ops=[SZ]), InputError, "is the text 'f'"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_bad_input_gets_one_clear_sentence(name):
    changes, error, sentence = REFUSALS[name]
    arguments = dict(record=np.zeros(400), H=QUBIT, rho0=GROUND, tlist=EDGES)
    arguments.update(changes)
    with pytest.raises(error, match=sentence) as caught:
        filter_record(**arguments)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    "fields",
    [
        dict(t2_us=50.0, t1_us=20.0),
        dict(efficiency=-0.1),
        dict(gamma_per_us=math.nan),
        dict(t1_us=0.0),
        dict(rabi_khz=math.inf),
    ],
    ids=str,
)
def test_impossible_qubits_are_refused(fields):
    with pytest.raises(InputError, match=r"must be .*, but is"):
        MonitoredQubit(**fields)
