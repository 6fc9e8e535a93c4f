"""A posterior as a device: samples of devices, and runs and sweeps that carry what is not known."""

import math

import numpy as np
import pytest

import synqc
from synqc.errors import InputError, ShapeError
from synqc.infer import CountLikelihood, Decay, DevicePosterior, Echo, Parameter, fit

pytest.importorskip("scipy", reason="maxima need scipy, which the `infer` extra installs")

QUIET = synqc.device("transmon-default").replace(
    levels=2, spread=0.0, drift="none", detuning_khz=0.0, amplitude_error=0.0, thermal_population=0.0
)


def decay_fit(t1, seed):
    delays = np.linspace(5.0, 300.0, 21)
    counts = np.random.default_rng(seed).binomial(1000, np.exp(-delays / t1))
    return fit(CountLikelihood(Decay(), delays, counts, {"t1_us": Parameter(5.0, 900.0)}, shots=1000))


def echo_fit(t2, seed):
    delays = np.linspace(5.0, 300.0, 21)
    counts = np.random.default_rng(seed).binomial(1000, (1 - np.exp(-delays / t2)) / 2)
    return fit(CountLikelihood(Echo(), delays, counts, {"t2_us": Parameter(5.0, 900.0)}, shots=1000))


def test_draws_have_what_the_fits_say(seed):
    t1, t2 = decay_fit(80.0, [seed, 1]), echo_fit(60.0, [seed, 2])
    known = DevicePosterior.from_fits(QUIET, [t1, t2], draws=4000, seed=seed)
    for found, name in ((t1, "t1_us"), (t2, "t2_us")):
        estimate = found.estimates[name]
        # Six deviations of 4000 draws.
        assert known.estimates[name].value == pytest.approx(estimate.value, abs=0.1 * estimate.standard_error)
        assert known.estimates[name].standard_error == pytest.approx(estimate.standard_error, rel=0.07)
    for device in known.devices(20, seed=seed):
        assert device.t2_us <= 2 * device.t1_us


def test_t2_is_drawn_below_2_t1(seed):
    known = DevicePosterior.from_fits(QUIET, [decay_fit(60.0, [seed, 1]), echo_fit(119.0, [seed, 2])], seed=seed)
    assert (known.samples["t2_us"] <= 2 * known.samples["t1_us"]).all()


def test_runs_show_what_is_not_known_of_the_device(seed):
    """Success falls with a detuning as sin^2 does: draws of the detuning must spread it by their own share."""
    experiment = synqc.Experiment(qubits=1, probe_strength=0.0)
    wide = DevicePosterior(QUIET, {"detuning_khz": np.random.default_rng(seed).normal(0.0, 600.0, 400)})
    narrow = DevicePosterior(QUIET, {"detuning_khz": np.random.default_rng(seed).normal(0.0, 1.0, 400)})
    spread = wide.run(experiment, 200, devices=12, seed=7).kpis["fidelity"]
    sharp = narrow.run(experiment, 200, devices=12, seed=7).kpis["fidelity"]
    assert spread.standard_error > 10 * sharp.standard_error, f"seed {seed}"
    assert spread.value < sharp.value, f"seed {seed}"


def test_sweeps_show_it_point_by_point(seed):
    experiment = synqc.Experiment(qubits=1)
    known = DevicePosterior(QUIET, {"t1_us": np.random.default_rng(seed).normal(60.0, 5.0, 100)})
    found = known.sweep(experiment, {"probe_strength": [0.05, 0.3]}, shots=200, devices=4, seed=3)
    assert found.mean("fidelity").shape == found.error("fidelity").shape == (2,)
    assert (found.error("fidelity") > 0).all()
    assert found.mean("backaction")[1] > found.mean("backaction")[0]


def test_refusals():
    with pytest.raises(InputError, match="`samples` must have names among"):
        DevicePosterior(QUIET, {"rabi_khz": [1.0, 2.0]})
    with pytest.raises(ShapeError, match="arrays of one shape"):
        DevicePosterior(QUIET, {"t1_us": [1.0, 2.0], "t2_us": [1.0]})
    with pytest.raises(InputError, match="must hold each parameter once"):
        DevicePosterior.from_fits(QUIET, [decay_fit(60.0, 1), decay_fit(60.0, 2)], seed=1)
    flat = fit(CountLikelihood(Decay(), [1e-3], [1000], {"t1_us": Parameter(5.0, 900.0)}, shots=1000))
    assert math.isnan(flat.estimates["t1_us"].standard_error)
    with pytest.raises(InputError, match="must determine what they hold"):
        DevicePosterior.from_fits(QUIET, [flat], seed=1)
