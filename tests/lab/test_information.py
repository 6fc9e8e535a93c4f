"""Information of records under decay, against hidden Markov chains and a differential equation solved apart."""

import numpy as np
import pytest

import synqc
from synqc.lab import probe

# probe strength, T1 (µs), duration (ns), thermal population
CASES = [(0.2, 1.0, 2000, 0.2), (0.5, 2.0, 1000, 0.0), (1.0, 5.0, 400, 0.05), (0.1, 0.5, 1000, 0.45)]


def decaying(strength, t1, duration, thermal, **arguments):
    return synqc.Experiment(
        qubits=1, probe_strength=strength, probe_duration_ns=duration, t1_us=t1, t2_us=t1, thermal_population=thermal,
        spread=0.0, levels=2, **arguments,
    )  # fmt: skip


def rates_of(t1, duration, thermal):
    """Jumps |0> -> |1> and |1> -> |0> expected within the whole probe."""
    return thermal / t1 * duration * 1e-3, (1 - thermal) / t1 * duration * 1e-3


def occupation_chain(up, down, slices):
    """Chances of (slices spent in |0>, state at the end) from each start: a chain with jumps at the slices' borders,
    half a border at both ends."""
    total = up + down

    def jumps(share):
        mixed = -np.expm1(-total * share)
        away = np.array([up, down]) / total * mixed
        return np.array([[1 - away[0], away[0]], [away[1], 1 - away[1]]])

    law = np.zeros((2, slices + 1, 2))  # start, slices in |0>, state now
    law[:, 0, :] = jumps(0.5 / slices)
    for k in range(slices):
        stayed = np.zeros_like(law)
        stayed[:, 1:, 0] = law[:, :-1, 0]
        stayed[:, :, 1] = law[:, :, 1]
        law = stayed @ jumps((1.0 if k < slices - 1 else 0.5) / slices)
    return law


def bin_kernel(up, down, dose, records, slices):
    """Density of a bin's mean with the end state: (start, end, record)."""
    centres = 2 * np.arange(slices + 1) / slices - 1
    bells = np.sqrt(dose / (2 * np.pi)) * np.exp(-dose * (records - centres[:, None]) ** 2 / 2)
    return np.einsum("icj,cr->ijr", occupation_chain(up, down, slices), bells)


def chain_information(up, down, dose, bins, slices):
    """Every record of so many bins on a product grid: mutual information with the start, equal priors."""
    deviation = np.sqrt(bins / dose)
    edge = 1 + 8 * deviation
    records = np.linspace(-edge, edge, int(2 * edge / deviation / (0.4 if deviation > 0.7 else 0.2)))
    kernel = bin_kernel(up / bins, down / bins, dose / bins, records, slices)
    likelihood = np.eye(2)[:, :, None]
    for _ in range(bins):
        likelihood = np.einsum("ija,jkr->ikar", likelihood, kernel).reshape(2, 2, -1)
    given = likelihood.sum(axis=1)
    mean = given.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(given > 0, given * np.log2(given / mean), 0)
    return terms.sum() / 2 * (records[1] - records[0]) ** bins


def extrapolated(up, down, dose, bins, slices):
    """The chain's error falls with the square of its slices."""
    coarse, fine = (chain_information(up, down, dose, bins, count) for count in (slices, 2 * slices))
    return fine + (fine - coarse) / 3


def continuous_by_differential_equation(up, down, dose):
    """d u_k/ds = sum_j Q_jk u_j + (2 d z_k + h(x)) u_k' + 2 d u_k'' over the log-likelihood ratio x, by collocation."""
    linalg = pytest.importorskip("scipy.linalg", reason="needs SciPy")
    count, reach = 161, 16.0
    k = np.arange(count)
    x = np.cos(np.pi * k / (count - 1))
    weights = np.where((k == 0) | (k == count - 1), 2.0, 1.0) * (-1.0) ** k
    difference = x[:, None] - x + np.eye(count)
    slope = np.outer(weights, 1 / weights) / difference
    slope -= np.diag(slope.sum(axis=1))
    x, slope = reach * x, slope / reach
    towards = up * (np.exp(-x) - 1) - down * (np.exp(x) - 1)
    generator = np.zeros((2, count, 2, count))
    leave = (up, down)
    for state, sign in ((0, 1.0), (1, -1.0)):
        generator[state, :, state, :] = (2 * dose * sign + towards)[:, None] * slope + 2 * dose * slope @ slope
        generator[state, :, state, :] -= leave[state] * np.eye(count)
        generator[state, :, 1 - state, :] = leave[1 - state] * np.eye(count)
    bits = [-0.5 * np.log2(0.5 + 0.5 * np.exp(-sign * x)) for sign in (1.0, -1.0)]
    end = linalg.expm(generator.reshape(2 * count, 2 * count)) @ np.concatenate(bits)
    middle = count // 2
    return end[middle] + end[count + middle]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("bins", "slices"), [(1, 400), (2, 150), (3, 60)])
def test_information_is_that_of_the_delivered_bins(case, bins, slices):
    run = decaying(*case, probe_bins=bins).run(10, seed=1)
    _, t1, duration, thermal = case
    if bins == 3 and run.probe.s > 2:
        pytest.skip("the product grid would be large")
    expected = extrapolated(*rates_of(t1, duration, thermal), run.probe.s, bins, slices)
    tolerance = 1e-6 if bins < 3 else 3e-6  # of the product grid's slices
    assert run.information_bits.value == pytest.approx(expected, abs=tolerance)
    assert run.information_bits.standard_error == 0


@pytest.mark.parametrize("case", [(0.2, 1.0, 2000, 0.2), (0.1, 0.5, 1000, 0.45), (0.3, 3.0, 1000, 0.1)])
def test_information_of_the_continuous_record_obeys_its_differential_equation(case):
    run = decaying(*case).run(10, seed=1)
    expected = continuous_by_differential_equation(*rates_of(*case[1:]), run.probe.s)
    assert run.continuous_information_bits.value == pytest.approx(expected, abs=2e-6)
    assert run.continuous_information_bits.standard_error == 0


@pytest.mark.parametrize("case", CASES)
def test_more_bins_tell_more_and_never_more_than_the_continuous_record(case):
    found = [decaying(*case, probe_bins=bins).run(10, seed=1).information_bits.value for bins in (1, 2, 4, 16, 64, 256)]
    assert (np.diff(found) > 0).all()
    run = decaying(*case).run(10, seed=1)
    limit = run.continuous_information_bits.value
    assert found[-1] < limit < probe.gaussian_information(run.probe.s)
    # The square of the bins' length is lost.
    assert limit - found[-1] == pytest.approx((limit - found[-2]) / 16, rel=0.1, abs=1e-7)


def test_the_closed_form_and_the_sampled_filter_agree_with_it():
    undecayed = decaying(0.5, 1e9, 1000, 0.0).run(10, seed=1)
    assert undecayed.information_bits.value == pytest.approx(probe.gaussian_information(undecayed.probe.s), abs=1e-6)
    for case in CASES:
        run = decaying(*case).run(10, seed=1)
        _, t1, duration, thermal = case
        sampled = probe.information_with_decay(
            run.probe.s,
            duration * 1e-3,
            t1_us=t1 / max(1 - thermal, 1e-9),
            up_rate_per_us=thermal / t1,
            samples=1 << 17,
        )
        limit = run.continuous_information_bits.value
        assert abs(sampled.value - limit) < 4 * sampled.standard_error + 3e-4 * limit  # at most 64 bins


def test_records_really_hold_the_information_they_are_said_to():
    """A histogram of delivered means from both starts, under decay that costs much of the information."""
    shots = 40_000
    experiment = decaying(0.5, 1.0, 2000, 0.0, probe_bins=1, probe_steps=64)
    means = []
    for angle in (0.0, np.pi):
        prepared = experiment.replace(first_angle=angle, amplitude_error=0.0, detuning_khz=0.0, envelope="square")
        means.append(prepared.run(shots, seed=5, keep_records=True, keep_bits=False).records.ravel())
    edges = np.linspace(min(map(np.min, means)), max(map(np.max, means)), 60)
    given = np.array([np.histogram(record, edges)[0] / shots for record in means])
    mean = given.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(given > 0, given * np.log2(given / mean), 0).sum() / 2
    run = experiment.run(10, seed=1)
    # The drive takes 24 ns, in which |1> decays: a little less is left.
    assert found == pytest.approx(run.information_bits.value, abs=0.03)
    assert found < run.continuous_information_bits.value - 0.02


def test_an_ancilla_has_one_outcome_and_nothing_finer():
    run = synqc.Experiment(qubits=2, target="ibm-qpu", probe_strength=0.6).run(10, seed=1)
    assert 0 < run.information_bits.value < probe.dichotomic_information(0.6)
    assert run.continuous_information_bits == run.information_bits


def test_a_classical_record_follows_the_mean_and_shows_no_jump():
    case = (0.5, 1.0, 2000, 0.2)
    run = decaying(*case, target="classical-only", probe_bins=4).run(10, seed=1)
    borders = np.linspace(0, 2, 5)
    distances = (np.exp(-borders[:-1]) - np.exp(-borders[1:])) / 0.5  # mean of exp(-t / T1) over each bin
    assert run.information_bits.value == pytest.approx(
        probe.gaussian_information(run.probe.s * np.mean(distances**2)), abs=1e-9
    )
    assert run.continuous_information_bits.value == pytest.approx(
        probe.gaussian_information(run.probe.s * (1 - np.exp(-4)) / 4), abs=1e-9
    )


def test_without_a_probe_nothing_is_told():
    run = synqc.Experiment(qubits=1, probe_strength=0.0).run(10, seed=1)
    assert run.information_bits.value == run.continuous_information_bits.value == 0


def test_a_register_has_the_mean_of_its_qubits():
    whole = synqc.Experiment(qubits=3, probe_strength=0.5, probe_duration_ns=2000, t1_us=1.0, t2_us=1.0, spread=0.4)
    alone = [
        decaying(0.5, qubit["t1_us"], 2000, whole.device.thermal_population).run(10, seed=1).information_bits.value
        for qubit in whole._core.qubits
    ]
    assert np.ptp(alone) > 0.01
    assert whole.run(10, seed=1).information_bits.value == pytest.approx(np.mean(alone), abs=1e-9)
