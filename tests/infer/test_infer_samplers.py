"""Callables for emcee, dynesty and jax: each sampler finds the posterior that a grid shows."""

import math

import numpy as np
import pytest

from synqc.infer import CountLikelihood, Decay, Parameter, grid_posterior, jax_log_posterior

DECAY = CountLikelihood(
    Decay(), [20.0, 60.0, 150.0], [68, 30, 7], {"t1_us": Parameter(5.0, 300.0, prior=(60.0, 20.0))}, shots=100
)


def grid_moments():
    grid = grid_posterior(DECAY, 4001)
    mean = grid.mean("t1_us")
    variance = grid.marginal("t1_us") @ (grid.grids["t1_us"] - mean) ** 2
    return mean, math.sqrt(variance)


def test_emcee_samples_log_posterior(seed):
    emcee = pytest.importorskip("emcee", reason="samples with emcee, which the `infer-samplers` extra installs")
    mean, deviation = grid_moments()
    start = np.random.default_rng(seed).normal(50.0, 2.0, (16, 1))
    sampler = emcee.EnsembleSampler(16, 1, DECAY.log_posterior)
    sampler.random_state = np.random.RandomState(seed % 2**32).get_state()
    sampler.run_mcmc(start, 600)
    draws = sampler.get_chain(discard=100, flat=True)[:, 0]
    # 8000 draws, correlated over some 30: six deviations of the mean of 270.
    assert draws.mean() == pytest.approx(mean, abs=6 * deviation / math.sqrt(270)), f"seed {seed}"
    assert draws.std() == pytest.approx(deviation, rel=6 / math.sqrt(2 * 270)), f"seed {seed}"


def test_dynesty_takes_the_likelihood_and_its_prior_transform(seed):
    dynesty = pytest.importorskip("dynesty", reason="samples with dynesty, which the `infer-samplers` extra installs")
    mean, deviation = grid_moments()
    sampler = dynesty.NestedSampler(
        DECAY.log_likelihood, DECAY.prior_transform, 1, nlive=200, rstate=np.random.default_rng(seed)
    )
    sampler.run_nested(print_progress=False)
    draws = sampler.results.samples_equal(rstate=np.random.default_rng(seed))[:, 0]
    # 200 live points are worth as many independent draws at least.
    assert draws.mean() == pytest.approx(mean, abs=6 * deviation / math.sqrt(200)), f"seed {seed}"


def test_prior_transform_is_the_quantile_of_the_prior():
    stats = pytest.importorskip("scipy.stats", reason="compares with scipy, which the `infer` extra installs")
    prior = stats.truncnorm((5.0 - 60.0) / 20.0, (300.0 - 60.0) / 20.0, 60.0, 20.0)
    for share in (0.001, 0.3, 0.97):
        assert DECAY.prior_transform([share])[0] == pytest.approx(prior.ppf(share), rel=1e-9)


def test_jax_sees_value_and_gradient_inside_its_programs():
    jax = pytest.importorskip("jax", reason="runs inside jax, which the `infer-jax` extra installs")
    with jax.enable_x64(True):
        log_posterior = jax_log_posterior(DECAY)
        value, gradient = jax.jit(jax.value_and_grad(log_posterior))(jax.numpy.array([45.0]))
        expected, slopes = DECAY.log_posterior_and_gradient([45.0])
        assert float(value) == pytest.approx(expected, rel=1e-14)
        assert float(gradient[0]) == pytest.approx(slopes[0], rel=1e-14)
        many = jax.vmap(log_posterior)(jax.numpy.array([[45.0], [2.0]]))
        assert float(many[0]) == pytest.approx(expected, rel=1e-14)
        assert float(many[1]) == -math.inf
