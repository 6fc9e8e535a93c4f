"""Demodulation doors: filters and discrimination on synthetic traces."""

from math import erfc, sqrt

import numpy as np
import pytest

from synqc.errors import ShapeError
from synqc.lab import demodulation


def test_matched_filter_gain_is_the_closed_form():
    mean = demodulation.cavity_ring_up(1.0, linewidth_mhz=2.0, samples=400)
    matched = demodulation.filter_signal_to_noise(mean, -mean, 1.0, weights=demodulation.matched_filter(mean, -mean))
    boxcar = demodulation.filter_signal_to_noise(mean, -mean, 1.0)
    size = np.abs(mean)
    assert (matched / boxcar) ** 2 == pytest.approx(400 * (size**2).sum() / size.sum() ** 2, rel=1e-12)


def test_noisy_traces_are_told_apart_as_well_as_their_signal_to_noise_says():
    samples, noise = 200, 2.0
    shots = [
        demodulation.raw_trace(np.full(samples, a), if_mhz=50.0, noise=noise, seed=7, shot=k)
        for k, a in enumerate([0.3, -0.3] * 1000)
    ]
    points = demodulation.integrated(np.array(shots), if_mhz=50.0)
    labels = np.arange(2000) % 2
    clouds = demodulation.Clouds.from_labelled(points, labels, levels=2)
    errors = (clouds.labels(points) != labels).mean()
    deviation = noise * np.sqrt(2 / samples)
    expected = erfc(0.3 / deviation / sqrt(2)) / 2
    assert abs(errors - expected) < 4 * sqrt(expected * (1 - expected) / 2000), "seed 7"


def test_weights_of_another_length_are_refused():
    with pytest.raises(ShapeError, match="weights"):
        demodulation.integrated(np.zeros(10), weights=np.ones(9))
